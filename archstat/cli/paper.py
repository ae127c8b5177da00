"""The command ``archstat paper``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archstat.cli._commands import command
from archstat.cli._documents import evidence_named
from archstat.cli._finding import accuracy_option, rated_by
from archstat.cli._names import NetworkName
from archstat.cli._options import convention_option, input_options, language_option, put, wrote
from archstat.errors import OutputError

if TYPE_CHECKING:
    from archstat.documents.evidence import Evidence


@command()
@click.argument("names", nargs=-1, metavar="NAME|RESULT.json...", type=NetworkName())
@click.option("--columns", default="params,macs", show_default=True, metavar="NAMES", help="What the table has.")
@click.option("--store", "place", metavar="FILE|URL", help="Take what a store has measured of them too.")
@click.option("--evaluation", default="", metavar="NAME", help="Whose accuracies, as 'canziani2016'.")
@accuracy_option
@convention_option
@input_options
@click.option("--output", type=click.Path(path_type=Path), help="Write table.tex, macros.tex and methods.tex there.")
@language_option
def paper(
    names: tuple[str, ...],
    *,
    columns: str,
    place: str | None,
    evaluation: str,
    accuracies: tuple[str, ...],
    convention: str | None,
    output: Path | None,
    **given: Any,
) -> None:
    r"""Write the table of a paper, and its numbers as commands of LaTeX, so that none is typed by hand.

    The columns are params, macs, flops, activations, activation_memory, peak_memory, top1, top5, latency, throughput,
    energy, power. Notes under the table state conventions, input, device, versions and sources, and why there is a
    dash. In the folder of --output, table.tex is the table, methods.tex a paragraph on how all came about, and
    macros.tex makes '\archstat{resnet50.macs}' and '\archstat[exact]{resnet50.macs}' print that number. Without
    --output, all three follow each other.

    Example: archstat paper alexnet resnet50 --columns params,macs,top1 --output paper
    """
    from archstat.documents.macros import macros_file
    from archstat.documents.paper import methods_file, table_of_paper
    from archstat.documents.paper_columns import paper_columns
    from archstat.tables.formats import latex

    chosen = paper_columns(columns.split(","))
    if output is not None:
        _refuse_foreign(output)
    found = _rated(evidence_named(names, place, convention, **given), evaluation, accuracies)
    files = {
        "table.tex": latex(table_of_paper(found, chosen)),
        "macros.tex": macros_file(found),
        "methods.tex": methods_file(found, chosen),
    }
    _put_files({name: _signed(text, names, columns) for name, text in files.items()}, output)


def _rated(found: Sequence[Evidence], evaluation: str, accuracies: Sequence[str]) -> tuple[Evidence, ...]:
    """The networks with their accuracies."""
    rated = rated_by([each.name for each in found], evaluation, accuracies)
    replace = msgspec.structs.replace
    return tuple(
        replace(each, rating=rated.of(each.name, each.cost.input_shapes), rated_by=rated.source) for each in found
    )


def _signed(text: str, names: Sequence[str], columns: str) -> str:
    """A file that says what made it: the first line tells it from what people write."""
    from archstat.documents.paper import MADE_BY
    from archstat.files.text import printable
    from archstat.version import __version__

    line = printable(" ".join(["archstat paper", *names, "--columns", columns]))
    return f"{MADE_BY} {__version__}, and written anew by it: {line}\n{text}"


def _refuse_foreign(folder: Path) -> None:
    """Refuse to write over a file that somebody else made.

    Raises:
        OutputError: A file of that name is there, and was not made by archstat.
    """
    from archstat.documents.paper import MADE_BY
    from archstat.files.text import bytes_of

    for name in ("table.tex", "macros.tex", "methods.tex"):
        path = folder / name
        if path.is_file() and not bytes_of(path).startswith(MADE_BY.encode()):
            raise OutputError(f"{path} was not made by archstat: move it away first, or its text would be lost.")


def _put_files(files: Mapping[str, str], folder: Path | None) -> None:
    """Write the files into a folder; without one, put them out one after the other."""
    if folder is None:
        put("\n".join(files.values()), None)
        return
    from archstat.files.saving import make_folder, write_whole

    make_folder(folder)
    for name, text in files.items():
        write_whole(folder / name, text)
    wrote([folder])
