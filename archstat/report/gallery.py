"""A site of many pages: a start page with a search and the charts, and a page for each architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

import msgspec

from archstat import units
from archstat.analysis.network import Analyse
from archstat.finding.candidates import NO_CHOICE, Choice
from archstat.finding.ratings import NO_RATINGS, RatedBy
from archstat.language import message, retold, say
from archstat.networks.settings import Setting
from archstat.published.figures import Published, counted, published, published_of
from archstat.published.names import display_name
from archstat.records import Measurement
from archstat.report.blocks import Block, Heading, Link, Links, Page, Paper, Sheet, Tiles
from archstat.report.chart import CHARTS
from archstat.report.compose import chosen_sheets, compose, drawable
from archstat.report.material import Material, Subject, material_from
from archstat.report.playing import play_page
from archstat.tables.columns import Column, Table
from archstat.tables.networks import list_table
from archstat.tables.published import published_table

START = "index.html"
PLAY = "layer.html"
SCRIPTS = "libraries.js"
"""What all pages need to draw and to sort, once for the whole site."""


class SitePage(msgspec.Struct, frozen=True):
    """One page of a site.

    Attributes:
        place: The file of the page, from the folder of the site, with ``/`` between folders.
        page: What stands on it.
        beside: The way from the page to :data:`SCRIPTS`; ``""``: the page needs none of them.
    """

    place: str
    page: Page
    beside: str


def gallery_of(
    names: Sequence[str],
    analyse: Analyse,
    *,
    measurements: Sequence[Measurement] = (),
    choice: Choice = NO_CHOICE,
    evaluation: str = "",
    accuracies: RatedBy = NO_RATINGS,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Iterator[SitePage]:
    """The pages of a site, those of architectures first, then that of a layer, and the start page.

    Args:
        names: Architectures of ours.
        analyse: Counts one.
        measurements: What was measured of any of them; on an input of another size it is passed over.
        choice: Networks of a store, for the charts of the start page.
        evaluation: Whose accuracies the chart of ours has; ``""``: those of the source that has most.
        accuracies: What a user knows of accuracies, before that.
        watch: Gives the names out one by one, and may tell how far it is.

    Raises:
        ArchstatError: A network cannot be counted.
    """
    subjects: list[Subject] = []
    for name in watch(names):
        own = [each for each in measurements if _is_as_counted(name, each)]
        material = material_from([name], own, analyse, Setting())
        subjects += material.subjects
        yield SitePage(_file_of(name), _architecture_page(material, names), f"../{SCRIPTS}")
    whole = Material(tuple(subjects), tuple(measurements), evaluation, choice=choice, accuracies=accuracies)
    yield SitePage(PLAY, play_page(Link(START, say("Every architecture"), "")), "")
    yield SitePage(START, _start_page(whole), SCRIPTS)


def _is_as_counted(name: str, measurement: Measurement) -> bool:
    """Whether a measurement is of an architecture on the input that it is counted on."""
    own, totals = counted()[name], measurement.counted
    macs = own.macs * measurement.conditions.batch_size
    return measurement.architecture == name and (totals.parameters, totals.macs) == (own.parameters, macs)


def _file_of(name: str) -> str:
    return f"architectures/{quote(name, safe='')}.html"


# -- the start page ----------------------------------------------------------------------------------------------------

_CHARTS = ("best", "accuracy", "cloud", "latency")
"""What a start page shows of all networks at once, where there is what it is drawn of."""


def _start_page(material: Material) -> Page:
    names = material.names
    stored = len(material.choice.candidates)
    return Page(
        say("What {count} architectures cost", count=len(names))
        if len(names) > 1
        else say("What {network} costs", network=display_name(names[0])),
        tuple(_start_blocks(material)),
        say(
            "Each counted layer by layer from its paper, with the sums behind every row, and held against what was "
            "published of it."
        ),
        (say("{count} results of a store are drawn beside them.", count=units.exact(stored)),) if stored else (),
    )


def _start_blocks(material: Material) -> Iterator[Block]:
    told = say("Set a convolution, a pool or a linear layer, and see its sums and a picture of it.")
    yield Links((Link(PLAY, say("What does a layer cost?"), told),))
    yield Heading(say("Every architecture"))
    yield _index(material.names)
    charts = drawable(map(CHARTS.get, _CHARTS), material)
    if charts:
        yield Heading(say("Accuracy and cost"))
        yield from charts
    yield from chosen_sheets(material.choice)


_SHOWN = ("architecture", "parameters", "macs", "input_shape", "year", "task", "title", "authors")
"""The columns of the start page, the numbers where a phone shows them."""


def _index(names: Sequence[str]) -> Sheet:
    """A row for each architecture, as it is typed and as it is printed; what can be varied stands on its page."""
    table = list_table(names)
    places = [[column.key for column in table.columns].index(key) for key in _SHOWN]
    typed, *columns = (msgspec.structs.replace(table.columns[place], is_heading=False) for place in places)
    printed = Column("display", message("Name"))
    rows = tuple((row[places[0]], display_name(row[places[0]]), *(row[at] for at in places[1:])) for row in table.rows)
    return Sheet(say("Architectures"), Table((typed, printed, *columns), rows), links=tuple(map(_file_of, names)))


# -- the page of an architecture ---------------------------------------------------------------------------------------


def _architecture_page(material: Material, names: Sequence[str]) -> Page:
    page = compose(material)
    (name,) = material.names
    first = [block for block in page.blocks if isinstance(block, Tiles)]
    rest = [block for block in page.blocks if not isinstance(block, Tiles)]
    about = published()[name]
    cost = material.subjects[0].network.cost
    known = published_of(cost)
    blocks: list[Block] = [*first, reference_to(name, about), Heading(say("Where the cost is")), *rest]
    if known is not None:
        table = published_table(cost, known)
        blocks += [Heading(say("What was published")), Sheet(say("Published"), table)] if table.rows else []
    relatives = _relatives(name, names)
    blocks += [Heading(say("Of the same family")), Links(relatives)] if relatives else []
    back = Link(f"../{START}", say("Every architecture"), "")
    return Page(page.title, tuple(blocks), f"{name} · {retold(about.task)}", page.notes, back)


def _relatives(name: str, names: Sequence[str]) -> tuple[Link, ...]:
    """The pages of the other architectures of the same file."""
    own = counted()[name].family
    others = [each for each in names if each != name and counted()[each].family == own]
    return tuple(
        Link(_file_of(each).partition("/")[2], display_name(each), published()[each].paper.partition(" (")[0])
        for each in others
    )


def reference_to(name: str, about: Published) -> Paper:
    """The paper of an architecture, and how to cite it."""
    text = f"{about.authors}: {about.title} ({about.year}), {about.where}."
    return Paper(text, about.link, bibtex(name, about), about.note)


def bibtex(name: str, about: Published) -> str:
    """What BibTeX takes of the paper of an architecture.

    >>> print(bibtex("lenet5", published()["lenet5"]))
    @misc{lenet5,
      author = {LeCun and Bottou and Bengio and Haffner},
      title = {{Gradient-Based Learning Applied to Document Recognition}},
      year = {1998},
      url = {https://doi.org/10.1109/5.726791},
    }
    """
    authors = " and ".join(each.strip() for each in about.authors.split(","))
    fields = {"author": authors, "title": f"{{{about.title}}}", "year": str(about.year), "url": about.link}
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
    return "\n".join([f"@misc{{{name},", *lines, "}"])
