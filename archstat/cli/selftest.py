"""The command ``archstat selftest``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._measuring import device_options, progress_bar, setting_of, time_option
from archstat.cli._options import output_options, put_long, put_table


@command()
@device_options
@time_option(20, "How long both copies are measured together.")
@output_options
def selftest(*, format_: str, output: Path | None, is_exact: bool, **given: Any) -> None:
    """Measure two copies of one network by turns: is this machine quiet, and how small a difference can it see.

    Exit code 1: the copies differ by more than chance.

    Example: archstat selftest --max-time 15
    """
    from archstat.files.saving import check_place
    from archstat.measuring.selftest import run_selftest
    from archstat.tables import selftest_table

    if output is not None:
        check_place(output)
    with progress_bar() as progress:
        found = run_selftest(setting_of(**given), progress=progress)
    put_long(output, lambda place: put_table(selftest_table(found), format_, place, is_exact=is_exact))
    raise click.exceptions.Exit(0 if found.is_fair else 1)
