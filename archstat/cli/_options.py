"""Options that several commands share, and how a result is put out."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archstat.cli._cache import count_anew
from archstat.cli._streams import put_on_stdout, tell
from archstat.errors import OutputError
from archstat.language import speaking

if TYPE_CHECKING:
    from archstat.records import Step
    from archstat.tables import Table

Command = TypeVar("Command", bound=Callable[..., Any])


def output_options(command: Command) -> Command:
    """``--format``, ``--exact``, ``--output``, ``--columns`` and ``--lang``."""
    return output_options_with()(command)


def language_option(command: Command) -> Command:
    """``--lang``, of which the command itself need not know."""
    told = "Titles, labels and notes in this language: 'ko' is Korean."
    return click.option(
        "--lang", metavar="CODE", default="en", show_default=True, expose_value=False, callback=_speak, help=told
    )(command)


def _speak(context: click.Context, _: click.Parameter, value: str) -> None:
    """Speak the language that is asked for until the command ends.

    Raises:
        UnknownNameError: There is no catalogue of it.
    """
    context.with_resource(speaking(value))


def output_options_with(*more: str) -> Callable[[Command], Command]:
    """``--format``, ``--exact`` and ``--output``, with formats that only this command has."""
    formats = click.Choice(["text", "markdown", "csv", "json", "latex", "html", *more])

    def decorate(command: Command) -> Command:
        for option in (
            language_option,
            click.option(
                "--columns",
                metavar="NAMES",
                expose_value=False,
                callback=_choose_columns,
                help="Only these columns of the CSV, in this order, as 'layer,macs'.",
            ),
            click.option("--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal."),
            click.option("--exact", "is_exact", is_flag=True, help="Show counts in full (CSV and JSON always do)."),
            click.option(
                "--format", "format_", type=formats, default="text", show_default=True, help="CSV and JSON: base units."
            ),
        ):
            command = option(command)
        return command

    return decorate


_COLUMNS = "archstat.columns"
"""Where click keeps, for the command that runs, which columns are asked for."""


def _choose_columns(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Note the columns that the user names.

    Raises:
        BadParameter: No name stands there.
    """
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in (value or "").split(",")]
    names = [name for name in names if name]
    if value is not None and not names:
        raise click.BadParameter("name a column, as 'layer,macs'.")
    context.meta[_COLUMNS] = names


def columns_asked() -> list[str]:
    """The columns that the user names; none: all of them."""
    context = click.get_current_context(silent=True)
    found: list[str] = [] if context is None else context.meta.get(_COLUMNS, [])
    return found


def input_options(command: Command) -> Command:
    """``--input``, ``--resolution``, ``--batch-size``, ``--dtype``, ``--strict`` and ``--no-cache``."""
    command = cache_option(command)
    dtypes = click.Choice(["float32", "float16", "bfloat16", "float64"])
    for option in (
        click.option("--strict", is_flag=True, help="Fail if there is an op that no rule counts."),
        click.option("--dtype", type=dtypes, default="float32", show_default=True, help="Of parameters and inputs."),
        click.option("--batch-size", type=click.IntRange(1), default=1, show_default=True, help="Inputs at once."),
        click.option("--test-size", "is_test_size", is_flag=True, help="The image size of tests, where it is another."),
        click.option("--sequence", type=click.IntRange(1), help="The length of sequences."),
        click.option("--resolution", type=click.IntRange(1), help="Height and width of the image."),
        click.option(
            "--input",
            "inputs",
            multiple=True,
            metavar="SIZES",
            help="Sizes without the batch: 3x224x224, 128:int64, mask=bool:128, [3x480x640], @FILE.py:NAME.",
        ),
    ):
        command = option(command)
    return command


def cache_option(command: Command) -> Command:
    """``--no-cache``, of which the command itself need not know."""
    told = "Count anew and keep nothing; 'archstat cache show' says where else results are kept."
    return click.option("--no-cache", is_flag=True, expose_value=False, callback=count_anew, help=told)(command)


def is_given(option: str) -> bool:
    """Whether the user wrote an option of the command that runs, even as it is by default."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def refuse_counting(options: Iterable[str]) -> None:
    """Refuse, of saved measurements, what would count anew.

    Raises:
        UsageError: An option that would count anew is given.
    """
    refuse_options(options, "Measurements are shown as they were made")


def refuse_options(options: Iterable[str], reason: str) -> None:
    """Refuse options, by the names of their parameters, where a user typed one.

    Raises:
        UsageError: One is given.
    """
    typed = {parameter.name: parameter.opts[0] for parameter in click.get_current_context().command.params}
    for option in options:
        if is_given(option):
            raise click.UsageError(f"{reason}: leave out '{typed[option]}'.")


def trust_option(command: Command) -> Command:
    """``--trust``, to follow names that lead to code."""
    told = "Follow 'FILE.py:NAME' and 'MODULE:NAME' in what is named here: runs the code that belongs to it."
    return click.option("--trust", "is_trusted", is_flag=True, help=told)(command)


def convention_option(command: Command) -> Command:
    """``--convention``, to count as a paper or tool does as well."""
    told = "Also count as this paper or tool does: a name of 'archstat reconcile'."
    return click.option("--convention", metavar="NAME", help=told)(command)


def put_table(
    table: Table,
    format_: str,
    output: Path | None,
    *,
    is_exact: bool,
    text: Callable[..., str] | None = None,
    sums: Sequence[tuple[Step, ...]] = (),
    more_columns: Sequence[str] = (),
) -> None:
    """Put out a table in the format, and with the columns, that were asked for.

    Args:
        table: What to show.
        format_: The name of a format.
        output: A file; ``None``: stdout.
        is_exact: Show counts in full.
        text: A form of its own as text.
        sums: The sums behind each row, to be opened by a click in HTML.
        more_columns: Columns that the table would have if they were asked for.

    Raises:
        UnknownNameError: There is no such column.
    """
    from archstat.tables.formats import FORMATS
    from archstat.tables.selection import with_columns

    asked = columns_asked()
    table = with_columns(table, asked, more_columns)

    if format_ == "text":
        shown = FORMATS["text"] if asked or text is None else text
        put(shown(table, is_exact=is_exact, **_terminal(output)), output)
    elif format_ == "html":
        _put_sheets([table], output, is_exact=is_exact, sums=sums)
    else:
        put(FORMATS[format_](table, is_exact=is_exact), output)


def put_tables(tables: Sequence[Table], format_: str, output: Path | None, *, is_exact: bool) -> None:
    """Put out tables one under the other, in one format."""
    from archstat.tables.formats import FORMATS

    if format_ == "html":
        _put_sheets(tables, output, is_exact=is_exact)
        return
    room = _terminal(output) if format_ == "text" else {}
    tables = _with_columns_asked(tables)
    put("\n\n".join(FORMATS[format_](table, is_exact=is_exact, **room) for table in tables), output)


def _with_columns_asked(tables: Sequence[Table]) -> Sequence[Table]:
    """The tables with the columns that are asked for, those alone that have them all.

    Raises:
        UnknownNameError: No table has them.
    """
    from archstat.tables.selection import has_column, with_columns

    asked = columns_asked()
    having = [table for table in tables if all(has_column(table, name) for name in asked)]
    return [with_columns(table, asked) for table in having or tables]


def _put_sheets(
    tables: Sequence[Table], output: Path | None, *, is_exact: bool, sums: Sequence[tuple[Step, ...]] = ()
) -> None:
    """Put out a page of tables that sort and search."""
    from archstat.report.page import render, sheets_page

    put_text_of_page(render(sheets_page(tables, sums=sums, is_exact=is_exact)), output)


def put_text_of_page(text: str, output: Path | None) -> None:
    """Put out a page; megabytes of HTML are no use on a terminal.

    Raises:
        UsageError: The page would go to a terminal.
    """
    if output is None and sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError("A page is for a browser: say where to write it, as in '--output report.html'.")
    put(text, output)


def _terminal(output: Path | None) -> dict[str, Any]:
    """The width and colours of the terminal, if the text goes to one."""
    if output is not None or sys.stdout is None or not sys.stdout.isatty():
        return {}
    return {"width": shutil.get_terminal_size().columns, "is_plain": bool(os.environ.get("NO_COLOR"))}


def put(text: str, output: Path | None) -> None:
    """Put out a result: on stdout, or whole into a file."""
    text = text if text.endswith("\n") else f"{text}\n"
    if output is None:
        put_on_stdout(text)
        return
    from archstat.files.saving import write_whole

    write_whole(output, text)
    wrote([output])


def put_long(output: Path | None, show: Callable[[Path | None], None]) -> None:
    """Put out a result that took long; if its file fails after all, as on a disk that filled up, it goes to stdout.

    Raises:
        OutputError: The file failed.
    """
    try:
        show(output)
    except OutputError:
        if output is not None:
            with contextlib.suppress(click.UsageError):  # a page is for no terminal
                show(None)
        raise


def wrote(paths: Iterable[Path]) -> None:
    """Say which files were written."""
    for path in paths:
        tell(f"Wrote {path}")
