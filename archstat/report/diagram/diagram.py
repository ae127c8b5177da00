"""A diagram of a network, as a page shows it, and as a file."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from markupsafe import Markup

from archstat import units
from archstat.analysis.network import Network
from archstat.errors import DataError, UnknownNameError
from archstat.files.choosing import conditions_text
from archstat.language import retold, say
from archstat.published.names import display_name
from archstat.records import Measurement, ModelCost
from archstat.report.diagram.amounts import BOX_AMOUNTS, LATENCY
from archstat.report.diagram.colours import colours
from archstat.report.diagram.content import Content
from archstat.report.diagram.drawn import content_of
from archstat.report.diagram.engine import Direction, Look, picture
from archstat.report.drawing import theme
from archstat.report.pictures.svg_picture import SvgPicture
from archstat.tables.quantities import MACS

DIAGRAM = "diagram"
"""What a user chooses a diagram by, among the charts of a page."""


class Diagram(SvgPicture, frozen=True, dict=True):
    """What feeds what in a network, with the cost of each part.

    Attributes:
        title: What stands over the diagram.
        content: The boxes and the edges.
        look: What is shown of the boxes, and which are open to begin with.
        caption: What stands under the diagram.
    """

    title: str
    content: Content
    look: Look
    caption: str = ""

    @property
    def labels(self) -> Mapping[str, str]:
        """What can be shown of the boxes, by key: what every box has none of is left out."""
        boxes = self.content.boxes
        return {key: label for key, label in self.content.labels.items() if any(box.values[key] for box in boxes)}

    @property
    def can_open(self) -> bool:
        """Whether there is a box to open."""
        return any(box.has_parts for box in self.content.boxes)

    @functools.cached_property
    def on_page(self) -> Markup:
        """The picture in the colours of the page that it stands on."""
        return Markup(picture(self.content.plain(), self.look, self.title, None))  # noqa: S704 - our script escapes

    def svg(self, *, is_dark: bool = False) -> str:
        """The picture as a file; of equal diagrams, the same bytes.

        Args:
            is_dark: Draw for a dark page.
        """
        return picture(self.content.plain(), self.look, self.title, colours(is_dark=is_dark))

    def own_page(self) -> tuple[str, Diagram]:
        """What a page of the diagram alone is called, and the diagram, on which boxes open and close."""
        return self.title, msgspec.structs.replace(self, title=say("What feeds what"))


def diagram_of(
    network: Network,
    part: str = "",
    *,
    depth: int | None = None,
    show: str = "",
    measurement: Measurement | None = None,
    is_folded: bool = True,
    direction: Direction = "down",
    is_wrapped: bool = False,
) -> Diagram:
    """A diagram of a network.

    Args:
        network: The network; more must be known of it than a saved cost.
        part: The path of a module, of which alone the inside is drawn; ``""``: all of the network.
        depth: How many levels of modules are open; ``None``: as many as can be taken in at a glance.
        show: The key of what is shown of each box: ``"macs"``, ``"parameters"``, ``"activation_bytes"`` or, where that
            was measured, ``"latency"``; ``""``: the latency if there is one, else MACs.
        measurement: How the network ran, by layer; ``None``: the latency of boxes is not known.
        is_folded: Whether equal neighbours are one box.
        direction: Where data flows.
        is_wrapped: Whether a long way is broken into columns, or rows.

    Raises:
        DataError: Only the cost of the network is known, the measurement is of something else or not by layer, or a
            latency is to be shown that was not measured.
        UnknownNameError: There is no such module, or nothing of that name can be shown.
    """
    if show and show not in BOX_AMOUNTS:
        raise UnknownNameError.of("quantity of a diagram", show, BOX_AMOUNTS, f"There are {', '.join(BOX_AMOUNTS)}.")
    if show == LATENCY and measurement is None:
        raise DataError(
            "The latency of layers is measured, not counted, and no measurement is given.",
            helps={"layers": "", "measured": ""},
        )
    content = content_of(network, part, measurement=measurement, is_folded=is_folded)
    show = show or (MACS.key if measurement is None else LATENCY)
    name = theme.cut(display_name(network.cost.architecture))
    title = say("{part} of {network}", part=theme.cut(part), network=name) if part else name
    look = Look(show, content.opened(depth), direction, is_wrapped)
    return Diagram(title, content, look, " ".join(_caption(network.cost, measurement)))


def _caption(cost: ModelCost, measurement: Measurement | None) -> Iterator[str]:
    yield say(
        "Drawn from the trace of a forward pass with an input of {shapes}. A shape stands where it changes; a "
        "normalization or an activation behind a layer stands in its box; equal parts behind each other are one.",
        shapes=units.shapes(cost.input_shapes),
    )
    if measurement is not None and measurement.layers is not None:
        yield say(
            "Latency was measured layer by layer ({conditions}); {time} for the whole network. What a module's own ops "
            "take stands with the module, not in the boxes inside.",
            conditions=retold(conditions_text(measurement.conditions)),
            time=units.seconds(measurement.layers.whole_s),
        )


def content_on_pages(diagrams: Sequence[Diagram]) -> dict[str, object]:
    """What the script of a page draws its diagrams from, by the names that they have there."""
    return {
        f"diagram-{number}": {"data": each.content.plain(), "title": each.title} for number, each in enumerate(diagrams)
    }
