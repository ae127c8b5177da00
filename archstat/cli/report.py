"""The command ``archstat report``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._cache import answers
from archstat.cli._commands import COMMANDS
from archstat.cli._names import NetworkName
from archstat.cli._networks import analyse_quietly, material_of
from archstat.cli._options import cache_option, input_options, put_text_of_page, trust_option, wrote
from archstat.errors import OutputError

if TYPE_CHECKING:
    from archstat.report.material import Material
    from archstat.report.page import Page


class _Pages(click.Group):
    """``archstat report NAME...`` stands for ``archstat report page NAME...``: a page is what is asked for most."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args[:1] and args[0] in self.commands else ["page", *args])


@click.group(cls=_Pages)
def report() -> None:
    """Make one HTML page of networks and measurements, or build written reports.

    Example: archstat report vgg16 resnet34 --output report.html
    """


COMMANDS.add(report)


@report.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME|RESULT.json...", type=NetworkName())
@click.option("--title", default="", help="What stands over the page.")
@click.option("--charts", default="", metavar="NAMES", help="Only these charts, as 'accuracy,top1'.")
@click.option("--evaluation", default="", metavar="NAME", help="Whose accuracies to draw, as 'canziani2016'.")
@click.option(
    "--offline/--cdn", "is_offline", default=True, help="Put plotly.js into the page, or let a browser fetch it."
)
@click.option(
    "--image", "image", type=click.Choice(["svg", "png", "pdf"]), help="Write the charts as pictures into the folder."
)
@click.option("--output", type=click.Path(path_type=Path), help="The page; with --image the folder, else this one.")
@input_options
def page(
    names: tuple[str, ...],
    *,
    title: str,
    charts: str,
    evaluation: str,
    is_offline: bool,
    image: Any,
    output: Path | None,
    **given: Any,
) -> None:
    """Make one HTML page of networks and saved measurements: charts, and tables that sort and search.

    One NAME: its layers, memory and sums. Several: accuracy against cost, totals side by side. A file of 'archstat
    measure' adds times, rooflines and batch sizes. The page needs no network, and the same records give the same bytes.
    'archstat report build FOLDER...' makes the pages of written reports.

    Example: archstat report vgg16 resnet34 --charts accuracy,top1 --output report.html
    """
    chosen = [name.strip() for name in charts.split(",") if name.strip()]
    material = material_of(names, evaluation, **given)

    def compose_page() -> Page:
        from archstat.report.compose import compose

        return compose(material, title=title, charts=chosen)

    if image:
        from archstat.report.images import write_images

        wrote(write_images(compose_page().charts, output or Path(), image))
    else:
        put_text_of_page(_text(material, compose_page, title, chosen, is_offline=is_offline), output)


def _text(
    material: Material, compose_page: Callable[[], Page], title: str, chosen: Sequence[str], *, is_offline: bool
) -> str:
    """The page of some material, as it is kept, or made now."""

    def work_out() -> str:
        from archstat.report.page import render

        return render(compose_page(), is_offline=is_offline)

    return answers().text(
        "page", material.networks, work_out, material.measurements, material.evaluation, title, chosen, is_offline
    )


@report.command()
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option(
    "--offline/--cdn", "is_offline", default=True, help="Put plotly.js into the page, or let a browser fetch it."
)
@cache_option
@trust_option
def build(folders: tuple[Path, ...], *, is_offline: bool, is_trusted: bool) -> None:
    """Build written reports: in each FOLDER index.html from its text and its claims, and beside them the start page.

    docs/written-reports.md shows how to write one. Nothing is written if a claim has not the verdict that its file
    expects, or over an index.html that archstat did not make.

    What stands in a FOLDER is data. 'FILE.py:NAME' and 'MODULE:NAME' import and run code, so it may only name them
    with --trust, or where your pyproject.toml trusts it; SECURITY.md says how. Folders beside it are not checked.

    Example: archstat report build reports/errata
    """
    from archstat.files.saving import write_whole
    from archstat.networks.trust import NOTHING, Trust
    from archstat.report.page import render
    from archstat.report.writing.reports import pages_of

    made = pages_of(folders, analyse_quietly, Trust.of(folders) if is_trusted else NOTHING)
    pages = [(path, render(page, is_offline=is_offline)) for path, page in made]
    for path, _ in pages:
        _refuse_foreign(path)
    for path, text in pages:
        write_whole(path, text)
        wrote([path])


def _refuse_foreign(path: Path) -> None:
    """Refuse to write over a page that somebody else made, or into what is no file.

    Raises:
        OutputError: The path is such a page, or no file.
    """
    from archstat.files.saving import check_place
    from archstat.files.text import bytes_of

    check_place(path)
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} cannot be written: it is a pipe or a device, and no page.")
    if path.is_file() and b'name="generator" content="archstat ' not in bytes_of(path)[:2000]:
        raise OutputError(f"{path} was not made by archstat: move it away first, or its text would be lost.")
