"""The command ``archstat report``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archstat.cli._cache import answers
from archstat.cli._commands import COMMANDS
from archstat.cli._finding import accuracy_option, choice_in, own_ratings
from archstat.cli._names import NetworkName
from archstat.cli._networks import analyse_quietly, material_of, measured_in_store
from archstat.cli._options import (
    cache_option,
    input_options,
    is_given,
    language_option,
    put_text_of_page,
    trust_option,
    wrote,
)
from archstat.cli._progress import watched
from archstat.cli._streams import tell
from archstat.errors import DataError, InputError, OutputError, UnknownNameError
from archstat.language import language

if TYPE_CHECKING:
    from archstat.finding.candidates import Choice
    from archstat.report.blocks import Page
    from archstat.report.material import Material


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
@click.argument("names", nargs=-1, metavar="NAME|RESULT.json...", type=NetworkName())
@click.option("--store", "place", metavar="FILE|URL", help="Draw all results of a store too, a dot each.")
@click.option("--where", "limits", multiple=True, metavar="LIMIT", help="Only of those, as 'macs<1G' or 'top1>75'.")
@accuracy_option
@click.option("--title", default="", help="What stands over the page.")
@click.option("--charts", default="", metavar="NAMES", help="Only these charts, as 'accuracy,top1'.")
@click.option("--evaluation", default="", metavar="NAME", help="Whose accuracies to draw, as 'canziani2016'.")
@click.option(
    "--offline/--cdn", "is_offline", default=True, help="Put plotly.js into the page, or let a browser fetch it."
)
@click.option(
    "--image", "image", type=click.Choice(["svg", "png", "pdf"]), help="Write the charts as pictures into the folder."
)
@click.option("--size", metavar="SIZE", help="Of pictures: slide, column, page, or WIDTHxHEIGHT in pixels.")
@click.option("--caption", "has_caption", is_flag=True, help="Put title and caption into the pictures too.")
@click.option("--output", type=click.Path(path_type=Path), help="The page; with --image the folder, else this one.")
@language_option
@input_options
def page(
    names: tuple[str, ...],
    *,
    place: str | None,
    limits: tuple[str, ...],
    accuracies: tuple[str, ...],
    title: str,
    charts: str,
    evaluation: str,
    is_offline: bool,
    image: Any,
    size: str | None,
    has_caption: bool,
    output: Path | None,
    **given: Any,
) -> None:
    """Make one HTML page of networks and saved measurements: charts, and tables that sort and search.

    One NAME: its layers, memory and sums. Several: accuracy against cost, totals side by side. A file of 'archstat
    measure' adds times, rooflines and batch sizes, and a store a dot for each of its results. The page needs no
    network, and the same records give the same bytes. 'archstat report build FOLDER...' makes the pages of written
    reports.

    Example: archstat report vgg16 resnet34 --charts accuracy,top1 --output report.html
    """
    chosen = [name.strip() for name in charts.split(",") if name.strip()]
    _check_pictures(image, size, has_caption=has_caption)
    if place is None and not names:
        raise click.UsageError("Missing argument 'NAME|RESULT.json...'. Name a network, or a store.")
    choice = _choice(place, limits, evaluation, accuracies, given["batch_size"], names)
    if place is not None and not choice.candidates:
        _refuse_empty(place, has_names=bool(names))
    material = material_of(names, evaluation, **given)
    known = [*material.names, *(each.network for each in choice.candidates)]
    material = msgspec.structs.replace(material, choice=choice, accuracies=own_ratings(known, accuracies))

    if not chosen or {"accuracy", "top1"} & set(chosen):
        _tell_unrated(material)

    def compose_page() -> Page:
        from archstat.report.compose import compose

        return compose(material, title=title, charts=chosen)

    if image:
        wrote(_pictures(compose_page, output or Path(), image, size, has_caption=has_caption))
    else:
        put_text_of_page(_text(material, compose_page, title, chosen, is_offline=is_offline), output)


def _check_pictures(image: str | None, size: str | None, *, has_caption: bool) -> None:
    """Refuse what is asked of pictures, before anything is counted for them.

    Raises:
        InputError: The size is none, or there are to be no pictures.
    """
    from archstat.report.pictures.sizes import picture_size

    if image is None and (size is not None or has_caption):
        asked = "--caption" if size is None else "--size"
        raise InputError(f"'{asked}' is of pictures: add '--image svg', or png or pdf.")
    if size is not None:
        picture_size(size)


def _pictures(
    compose_page: Callable[[], Page], folder: Path, image: Any, size: str | None, *, has_caption: bool
) -> list[Path]:
    """The files of the pictures of a page and of their texts, written while a line says which is drawn."""
    from archstat.report.images import write_images
    from archstat.report.pictures.sizes import DEFAULT, picture_size

    def watch(names: Sequence[str]) -> Iterable[str]:
        return watched(names, "Drawing")

    chosen = DEFAULT if size is None else picture_size(size)
    page = compose_page()
    return write_images(
        page.charts, folder, image, size=chosen, has_caption=has_caption, watch=watch, diagrams=page.diagrams
    )


_NAMED_MAX = 8


def _tell_unrated(material: Material) -> None:
    """Say which networks will be in no chart of accuracy, where there is one: who asks for a network looks for it."""
    from archstat.files.text import named_up_to
    from archstat.report.rated import evaluation_of, unrated

    evaluation, missing = evaluation_of(material), unrated(material)
    if not missing or len(material.subjects) - len(missing) < 2:
        return
    whose = "no accuracy of them is known" if evaluation is None else f"{evaluation.key} has not evaluated them"
    tell(f"Note: no chart of accuracy has {named_up_to(missing, _NAMED_MAX)}: {whose}.")


def _refuse_empty(place: str, *, has_names: bool) -> None:
    """Say that a store has nothing to draw.

    Raises:
        DataError: There is nothing else either.
    """
    from archstat.store.opening import without_password

    told = f"The store {without_password(place)} has no result that fits."
    if not has_names:
        raise DataError(told)
    tell(f"Note: {told}")


def _choice(
    place: str | None,
    limits: tuple[str, ...],
    evaluation: str,
    accuracies: tuple[str, ...],
    batch_size: int,
    names: tuple[str, ...],
) -> Choice:
    """What a store has to choose from; nothing, where none is named.

    Raises:
        InputError: Something is asked of a store, and none is named.
    """
    from archstat.finding.candidates import NO_CHOICE
    from archstat.published.figures import expand

    if place is not None:
        size = batch_size if is_given("batch_size") else None
        return choice_in(place, limits, evaluation, accuracies, size, expand(names))
    if limits:
        raise InputError("'--where' is of the results of a store: add '--store FILE'.")
    return NO_CHOICE


def _text(
    material: Material, compose_page: Callable[[], Page], title: str, chosen: Sequence[str], *, is_offline: bool
) -> str:
    """The page of some material, as it is kept, or made now."""

    def work_out() -> str:
        from archstat.report.page import render

        return render(compose_page(), is_offline=is_offline)

    return answers().text(
        "page",
        material.networks,
        work_out,
        material.measurements,
        material.evaluation,
        material.choice,
        material.accuracies,
        title,
        chosen,
        is_offline,
        language(),
    )


@report.command()
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@click.option(
    "--offline/--cdn", "is_offline", default=True, help="Put plotly.js into the page, or let a browser fetch it."
)
@language_option
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


@report.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--store", "place", metavar="FILE|URL", help="Draw its results too, and show what was measured.")
@accuracy_option
@click.option("--evaluation", default="", metavar="NAME", help="Whose accuracies to draw, as 'canziani2016'.")
@language_option
@cache_option
def gallery(
    folder: Path, names: tuple[str, ...], *, place: str | None, accuracies: tuple[str, ...], evaluation: str
) -> None:
    """Make a site in FOLDER: a start page with a search and the charts, and a page for each architecture.

    NAME is one of 'archstat list', with * or ? several; all of them if none is named. The pages need no network, and
    share one file of scripts: put the folder on any server, or open index.html.

    Example: archstat report gallery site --store results.db
    """
    from archstat.files.saving import make_folder, write_whole
    from archstat.finding.candidates import NO_CHOICE
    from archstat.published.figures import expand, published
    from archstat.report.assets import libraries_file
    from archstat.report.gallery import SCRIPTS, START, gallery_of
    from archstat.report.page import render

    chosen = expand(names or ("*",))
    for name in chosen:
        if name not in published():
            raise UnknownNameError.of("architecture", name, published(), "'archstat list' shows every name.")
    choice = NO_CHOICE if place is None else choice_in(place, accuracies=accuracies, beside=chosen)
    known = [*chosen, *(each.network for each in choice.candidates)]
    own = own_ratings(known, accuracies)
    measurements = [] if place is None else measured_in_store(place, chosen)
    if place is not None and not (choice.candidates or measurements):
        _refuse_empty(place, has_names=True)
    made = gallery_of(
        chosen,
        analyse_quietly,
        measurements=measurements,
        choice=choice,
        evaluation=evaluation,
        accuracies=own,
        watch=watched,
    )
    make_folder(folder)
    _refuse_foreign(folder / START)
    texts = {folder / each.place: render(each.page, beside=each.beside) for each in made}
    for path, text in {folder / SCRIPTS: libraries_file(), **texts}.items():
        make_folder(path.parent)
        write_whole(path, text)
    wrote([folder / START])


@report.command()
@click.option("--output", type=click.Path(path_type=Path), help="The page.")
@language_option
def play(output: Path | None) -> None:
    """Make a page on which a reader sets a layer and sees its sums: sizes, parameters, MACs, FLOPs, memory, field.

    The page needs no network and nothing else: put it on the site of a course. What is set stands in its address, so
    that any layer can be linked.

    Example: archstat report play --output play.html
    """
    from archstat.report.page import render
    from archstat.report.playing import play_page

    put_text_of_page(render(play_page()), output)
