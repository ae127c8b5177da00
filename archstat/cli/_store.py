"""The options of commands that read a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from archstat.store.questions import Wanted

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

DEFAULT_STORE = "results.db"


def store_option(command: _Decorated) -> _Decorated:
    """``--store``, the place of the results."""
    told = "The store: a file of SQLite, or a URL such as postgresql+psycopg://user@host/name."
    return click.option("--store", "place", default=DEFAULT_STORE, show_default=True, metavar="FILE|URL", help=told)(
        command
    )


def question_options(command: _Decorated) -> _Decorated:
    """``--where``, ``--failed`` or ``--counted``, ``--sort`` and ``--limit``."""
    for option in (
        click.option("--limit", "most", type=click.IntRange(1, 10**9), help="Show as many at the most."),
        click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first."),
        click.option("--failed/--counted", "has_failed", default=None, help="Only what failed, or only what did not."),
        click.option(
            "--where", "limits", multiple=True, metavar="LIMIT", help="What must hold, as 'macs<1G' or 'source=timm'."
        ),
    ):
        command = option(command)
    return command


def question_of(
    pattern: str, record: type, *, limits: tuple[str, ...], has_failed: bool | None, sort: str | None, most: int | None
) -> Wanted:
    """What the options of a command ask of a store."""
    from archstat.store.questions import Wanted, parse_bound
    from archstat.store.store import columns_of

    columns = columns_of(record)
    return Wanted(pattern, tuple(parse_bound(each, columns) for each in limits), has_failed, sort, most)
