"""The picture of one layer of a network, on a page and as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from archstat import units
from archstat.analysis.network import Network
from archstat.errors import DataError, InputError, UnknownNameError, quoted
from archstat.language import retold, say
from archstat.published.names import display_name
from archstat.records import Explanation
from archstat.report.drawing import theme
from archstat.report.layer_pictures.field_picture import FieldSight, alt_of, field_scene
from archstat.report.layer_pictures.growth import field_growth
from archstat.report.layer_pictures.heading import PictureHeading
from archstat.report.layer_pictures.scene import Scene, on_page, svg_of
from archstat.report.layer_pictures.sum_picture import SumSight, sum_alt, sum_scene
from archstat.report.pictures.svg_picture import SvgPicture


class LayerPicture(SvgPicture, frozen=True):
    """A picture of one layer, made for a slide.

    Attributes:
        subject: The layer and its network.
        title: What stands in the picture, over all else.
        caption: What stands under the picture on a page.
        about: What the picture shows, for who cannot see it.
        wide: The picture for a slide, or a page.
        narrow: The picture for a phone.
    """

    subject: str
    title: str
    caption: str
    about: str
    wide: Scene
    narrow: Scene

    @property
    def on_page(self) -> Markup:
        """The picture in the colours of the page that it stands on, in two widths, of which the style chooses one."""
        return on_page({"wide": self.wide, "narrow": self.narrow}, self.title, self.about)

    def svg(self, *, is_dark: bool = False) -> str:
        """The picture as a file; of equal pictures, the same bytes.

        Args:
            is_dark: Draw for a dark page.
        """
        return svg_of(self.wide, theme.DARK if is_dark else theme.LIGHT, self.title, self.about)

    def own_page(self) -> tuple[str, LayerPicture]:
        """What a page of the picture alone is called, and the picture."""
        return self.subject, self


def picture_of_layer(network: Network, layer: str, show: str) -> LayerPicture:
    """A picture of one layer of a network.

    Args:
        network: The network; more must be known of it than a saved cost.
        layer: The path of a layer, or of a module, whose last layer is drawn; ``""``: the only one there is.
        show: ``"receptive_field"``, what one output sees of the input, or ``"arithmetic"``, what the layer works out.

    Raises:
        UnknownNameError: There is no such layer, or nothing of that name can be shown.
        InputError: No layer is named, and there are several.
        DataError: What is to be shown is not known of that layer, or cannot be drawn.
    """
    if show not in LAYER_PICTURES:
        known = ", ".join(LAYER_PICTURES)
        raise UnknownNameError.of("picture of a layer", show, LAYER_PICTURES, f"There are {known}.")
    explained = network.explanations()
    row = _row(explained, layer)
    return LAYER_PICTURES[show](network, explained, row, layer)


def _row(explained: Sequence[Explanation], layer: str) -> int:
    """The place of the row of a layer: of several runs, or several layers in a module, the last one."""
    ran = [place for place, each in enumerate(explained) if each.row.call]
    if not layer and len(ran) > 1:
        raise InputError("Of which layer is the picture to be? Name one, as 'archstat table' shows them.")
    found = [place for place in ran if not layer or _is_in(explained[place].row.layer, layer)]
    if not found:
        known = list(dict.fromkeys(explained[place].row.layer for place in ran))
        raise UnknownNameError.of("layer", layer, known, "'archstat table' shows the layers of a network.")
    return found[-1]


def _is_in(path: str, layer: str) -> bool:
    return path == layer or path.startswith(f"{layer}.")


def _heading(network: Network, each: Explanation, layer: str, title: str) -> PictureHeading:
    """A title, and under it the network, the kind of the layer, and which of several runs."""
    name = theme.cut(display_name(network.cost.architecture), 60)
    row = each.row
    runs = sum(other.layer == row.layer and other.kind == row.kind for other in network.cost.layers)
    kind = f"{row.kind} {retold(row.detail)}".rstrip()
    told = [name, row.layer if layer != row.layer else "", kind, retold(each.edges)]
    told += [say("the last of {count} runs", count=runs)] if runs > 1 and row.is_layer else []
    return PictureHeading(title, theme.cut(" · ".join(filter(None, told)), 160))


def _subject(network: Network, each: Explanation, layer: str) -> str:
    name = theme.cut(display_name(network.cost.architecture), 60)
    return say("{part} of {network}", part=theme.cut(layer, 60) or _named(each), network=name)


def _named(each: Explanation) -> str:
    row = each.row
    return theme.cut(row.layer or row.kind, 60)


# -- the receptive field -----------------------------------------------------------------------------------------------

_AXES_MOST = 3


def _field_picture(network: Network, explained: Sequence[Explanation], row: int, layer: str) -> LayerPicture:
    each = explained[row]
    _refuse_unknown_field(network, each)
    title = say("What one output of {layer} sees", layer=theme.cut(layer, 60) or _named(each))
    steps = field_growth(network, explained, row)
    sight = FieldSight(_heading(network, each, layer, title), network.cost.input_shapes[0], each, steps)
    caption = say(
        "The receptive field by the shapes of the ops in a forward pass with an input of {shapes}: pixels that can "
        "have an influence. Rows and columns are counted from 0.",
        shapes=units.shapes(network.cost.input_shapes),
    )
    scenes = field_scene(sight), field_scene(sight, is_narrow=True)
    return LayerPicture(_subject(network, each, layer), title, caption, alt_of(sight), *scenes)


def _refuse_unknown_field(network: Network, each: Explanation) -> None:
    """Refuse a layer of which no field can be drawn.

    Raises:
        DataError: The input has no axes to see a part of, or what the layer sees is not known.
    """
    name, shape = quoted(_named(each)), next(iter(network.cost.input_shapes), ())
    if len(shape) < 3:
        raise DataError(
            f"{name} has no receptive field: the input of the network, {units.shape(shape) or 'none'}, has no axes "
            "beside batch and channels."
        )
    if each.field is None:
        raise DataError(
            f"The receptive field of {name} is not known: it does not depend on the first input, or an op before it "
            "cannot be followed."
        )
    if not each.pixels:
        raise DataError(f"The outputs of {name} lie in no order of the input's pixels, so that none is in the middle.")
    if len(each.pixels) > _AXES_MOST:
        raise DataError(f"The receptive field of {name} has {len(each.pixels)} axes, of which no picture can be drawn.")


# -- the arithmetic ----------------------------------------------------------------------------------------------------


def _sum_picture(network: Network, explained: Sequence[Explanation], row: int, layer: str) -> LayerPicture:
    each = explained[row]
    if each.filters is None:
        raise DataError(
            f"The arithmetic of {quoted(_named(each))} ({theme.cut(each.row.kind, 60)}) cannot be drawn: it is no "
            "single convolution or linear layer. Name one of those, as 'archstat table' shows them."
        )
    title = say("The arithmetic of {layer}", layer=_named(each))
    sight = SumSight(_heading(network, each, layer, title), each.filters, each)
    caption = say(
        "Height and width are to one scale, the number of maps to another; the filter in the middle is enlarged. "
        "Orange is what one output comes from. The sums are those of the layer in a forward pass with an input of "
        "{shapes}.",
        shapes=units.shapes(network.cost.input_shapes),
    )
    scenes = sum_scene(sight), sum_scene(sight, is_narrow=True)
    return LayerPicture(_subject(network, each, layer), title, caption, sum_alt(sight), *scenes)


LAYER_PICTURES: Mapping[str, Callable[[Network, Sequence[Explanation], int, str], LayerPicture]] = {
    "receptive_field": _field_picture,
    "arithmetic": _sum_picture,
}
"""What can be shown of a layer, by the name that a user asks for."""
