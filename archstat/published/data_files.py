"""The data files that come with the package: tables in TOML, each entry validated under its name."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from archstat.errors import DataError

RecordT = TypeVar("RecordT", bound=msgspec.Struct)


def data_file(file: str) -> bytes:
    """What a file of this package holds."""
    return files("archstat").joinpath("published").joinpath(file).read_bytes()


def entries(text: bytes, file: str, kind: type[RecordT], *, named: str = "") -> dict[str, RecordT]:
    """The tables of such a file, by their names and in its order.

    Args:
        text: The content of the file.
        file: The name of the file, for complaints.
        kind: What each table is.
        named: The field that takes the name of the table; ``""``: none does.

    Raises:
        DataError: The text does not hold together; the message says where.
    """
    try:
        tables = msgspec.toml.decode(text, type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"{file} does not hold together: {error}.") from error
    return {
        name: _entry(name, {**table, named: name} if named else table, file, kind) for name, table in tables.items()
    }


def _entry(name: str, table: dict[str, Any], file: str, kind: type[RecordT]) -> RecordT:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise DataError(f"{file} does not hold together in [{name}]: {error}.") from error
