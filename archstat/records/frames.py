"""Rows as a pandas frame, for those who have pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archstat.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas as pd


def pandas_frame(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A pandas frame.

    Args:
        rows: The values of each row, in the order of the columns.
        columns: The names of the columns.

    Raises:
        MissingPackageError: Pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - pandas takes as long to import as the rest together
    except ModuleNotFoundError as error:
        raise MissingPackageError.of(error) or error from error
    frame: pd.DataFrame = pd.DataFrame(list(rows), columns=list(columns))
    return frame
