"""Where the answers of a command are kept: in the folder of the user, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from archstat.analysis.kept import Answers

_KEY = "archstat.counts_anew"
"""Where click keeps, for the command that runs, that it must count anew."""


def count_anew(context: click.Context, _: click.Parameter, value: bool) -> None:
    """Note whether the command that runs must count anew, and keep nothing."""
    context.meta[_KEY] = value


def answers() -> Answers:
    """The answers that the command that runs may use."""
    from archstat.analysis.kept import Answers
    from archstat.files.cache import Cache, cache_folder

    context = click.get_current_context(silent=True)
    counts_anew = context is not None and context.meta.get(_KEY, False)
    folder = None if counts_anew else cache_folder()
    return Answers(None if folder is None else Cache(folder))
