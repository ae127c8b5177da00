"""The command ``archstat cache``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archstat.cli._commands import COMMANDS
from archstat.cli._options import output_options, put_table

if TYPE_CHECKING:
    from archstat.files.cache import Cache


@click.group()
def cache() -> None:
    """Show or clear the results that are kept: a second look at a network takes a fraction of a second.

    A kept result is not used any more once archstat, torch, an installed package, or a file or variable of the
    environment that the network was made from is another. ARCHSTAT_CACHE names the folder; ARCHSTAT_CACHE=off keeps
    nothing, and --no-cache nothing of one command.

    Example: archstat cache show
    """


COMMANDS.add(cache)


@cache.command(name="show")
@output_options
def show_cache(format_: str, output: Path | None, *, is_exact: bool) -> None:
    """Show where results are kept, how many there are, and what they take.

    Example: archstat cache show
    """
    from archstat.tables import cache_table

    found = _cache()
    table = cache_table(None if found is None else (found.folder, found.size(), found.limit_bytes))
    put_table(table, format_, output, is_exact=is_exact)


@cache.command(name="clear")
@output_options
def clear_cache(format_: str, output: Path | None, *, is_exact: bool) -> None:
    """Throw away every result that is kept, and show how many there were.

    Example: archstat cache clear
    """
    from archstat.tables import cache_table

    found = _cache()
    table = cache_table(None if found is None else (found.folder, found.clear(), found.limit_bytes), is_cleared=True)
    put_table(table, format_, output, is_exact=is_exact)


def _cache() -> Cache | None:
    """The cache of the user; ``None``: the environment says that nothing is kept."""
    from archstat.files.cache import Cache, cache_folder

    folder = cache_folder()
    return None if folder is None else Cache(folder)
