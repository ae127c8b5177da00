"""The command ``archstat quiz``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import analyse_typed
from archstat.cli._options import input_options, is_given, language_option, put, put_table, put_tables, put_text_of_page
from archstat.errors import InputError

if TYPE_CHECKING:
    from archstat.quiz.worksheets import Worksheet

_FORMATS = {"text": "", "markdown": ".md", "csv": ".csv", "json": ".json", "latex": ".tex", "html": ".html"}
"""The formats, and how files of each end."""


@command()
@click.argument("name", type=NetworkName())
@click.option(
    "--hide",
    default="parameters,macs",
    show_default=True,
    metavar="COLUMNS",
    help="Of output, receptive_field, parameters, macs, flops, activation_memory.",
)
@click.option("--cells", type=click.IntRange(1), help="Hide only so many cells of them, drawn by the seed.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Which cells are drawn.")
@click.option("--rows", type=click.IntRange(1), help="Only so many layers, from the first on.")
@click.option("--solution", type=click.Path(path_type=Path), help="Write the solution to this file.")
@language_option
@input_options
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_FORMATS)),
    default="text",
    show_default=True,
    help="By default, what the name of the file ends with.",
)
def quiz(
    name: str,
    *,
    hide: str,
    cells: int | None,
    seed: int,
    rows: int | None,
    solution: Path | None,
    format_: str,
    output: Path | None,
    **given: Any,
) -> None:
    """Make a worksheet of NAME, its layers with cells to fill in, and the solution.

    The solution has the sum behind every cell. The same NAME, options and seed make the same sheet. HTML and LaTeX are
    for paper; in Markdown, or on the page, answers are typed, and 'archstat check SHEET.md' marks them.

    Example: archstat quiz vgg16 --hide parameters,macs --seed 3 --output vgg16.md
    """
    from archstat.networks.written import written_as
    from archstat.quiz.exercises import Exercise, chosen_columns
    from archstat.quiz.worksheets import worksheet_of

    if solution is not None and output is not None and solution.absolute() == output.absolute():
        raise InputError(f"The sheet and its solution cannot both be {output}: name two files.")
    exercise = Exercise(name, chosen_columns(hide.split(",")), seed, cells, rows, **written_as(**given))
    sheet = worksheet_of(exercise, analyse_typed(name, exercise.setting))
    if solution is not None:
        _put_solution(sheet, _format(format_, solution), solution)
    _put_sheet(sheet, _format(format_, output), output)


def _format(format_: str, path: Path | None) -> str:
    """The format that was asked for; else the one that the name of the file ends with."""
    if path is None or is_given("format_"):
        return format_
    endings = {ending: name for name, ending in _FORMATS.items() if ending}
    return endings.get(path.suffix.lower(), format_)


def _put_sheet(sheet: Worksheet, format_: str, output: Path | None) -> None:
    from archstat.quiz.worksheets import sheet_table, sheet_text

    if format_ == "markdown":
        put(sheet_text(sheet), output)
    elif format_ == "html":
        from archstat.report.page import render
        from archstat.report.worksheets import worksheet_page

        put_text_of_page(render(worksheet_page(sheet)), output)
    else:
        put_table(sheet_table(sheet), format_, output, is_exact=False)


def _put_solution(sheet: Worksheet, format_: str, path: Path) -> None:
    """Write the sheet filled in, and the sum of each cell; what programs read has the cells alone."""
    from archstat.quiz.worksheets import filled_table, key_table

    tables = [filled_table(sheet), key_table(sheet)]
    put_tables(tables[1:] if format_ in ("csv", "json") else tables, format_, path, is_exact=False)
