"""The command ``archstat draw``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import measured_of, network_of
from archstat.cli._options import input_options, language_option, refuse_options
from archstat.cli._pictures import put_picture

if TYPE_CHECKING:
    from archstat.analysis.network import Network
    from archstat.records import Measurement
    from archstat.report.diagram.diagram import Diagram
    from archstat.report.layer_pictures.layer_picture import LayerPicture
    from archstat.report.slides import Slide

_SHOWN = ("macs", "parameters", "activation_bytes", "latency")
_OF_A_LAYER = ("receptive_field", "arithmetic")


@command()
@click.argument("name", type=NetworkName())
@click.argument("layer", default="")
@click.option("--depth", type=click.IntRange(min=0), help="Open so many levels of modules; else what fits a page.")
@click.option(
    "--show",
    type=click.Choice([*_SHOWN, *_OF_A_LAYER]),
    help="What boxes are coloured by; else MACs, or what was measured. The last two are pictures of LAYER alone.",
)
@click.option(
    "--measured",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What 'archstat measure --layers --save' wrote: the latency.",
)
@click.option("--unfold", is_flag=True, help="Draw equal parts that follow each other one by one.")
@click.option(
    "--direction", type=click.Choice(["down", "right"]), default="down", show_default=True, help="Where data flows."
)
@click.option("--wrap", "is_wrapped", is_flag=True, help="Break a long way into columns, for a page or a slide.")
@click.option("--slides", "is_slide", is_flag=True, help="Write a page of 16:9 with a title, laid out to fill it.")
@click.option("--dark", "is_dark", is_flag=True, help="Draw for a dark page or slide.")
@click.option("--output", type=click.Path(path_type=Path), help="A file that ends in .svg, .html, .png or .pdf.")
@language_option
@input_options
def draw(
    name: str,
    layer: str,
    *,
    depth: int | None,
    show: str | None,
    measured: Path | None,
    unfold: bool,
    direction: Literal["down", "right"],
    is_wrapped: bool,
    is_slide: bool,
    is_dark: bool,
    output: Path | None,
    **given: Any,
) -> None:
    """Draw NAME: what feeds what, as boxes with their cost; on a page, boxes open and close.

    LAYER is the path of a module, whose inside alone is drawn. Without a file, the picture is printed as SVG. With a
    measurement, NAME is drawn as it was measured; where FILE holds several, '--batch-size' and '--dtype' choose.

    '--show receptive_field' draws the input of the network and what one output of LAYER sees of it; '--show arithmetic'
    what a convolution, or a linear layer, takes and makes, one of its filters, and the sum of its multiply-accumulates.

    Example: archstat draw resnet18 --output resnet18.svg
    """
    from archstat.report.diagram.diagram import diagram_of

    _check_output(output, is_slide=is_slide)  # before anything is counted
    if show in _OF_A_LAYER:
        _refuse_boxes(show)
        put_picture(_picture_of_layer(network_of(name, **given), layer, show), output, is_dark=is_dark)
        return
    network, measurement = _network(name, measured, given)
    diagram = diagram_of(
        network,
        layer,
        depth=depth,
        show=show or "",
        measurement=measurement,
        is_folded=not unfold,
        direction=direction,
        is_wrapped=is_wrapped,
    )
    picture = _slide(diagram, network, keeps_open=depth is not None) if is_slide else diagram
    put_picture(picture, output, is_dark=is_dark)


def _refuse_boxes(show: str) -> None:
    of_boxes = ["depth", "unfold", "direction", "is_wrapped", "is_slide", "measured"]
    refuse_options(of_boxes, f"'--show {show}' draws no boxes")


def _check_output(output: Path | None, *, is_slide: bool) -> None:
    """Refuse a file that the picture cannot be written into, and what a slide chooses itself.

    Raises:
        OutputError: The file ends otherwise than pictures do.
        UsageError: The way of data through a slide is given.
    """
    from archstat.report.pictures.svg_picture import ENDINGS, PICTURE_ENDINGS, ending_of

    if output is not None:
        ending_of(output, PICTURE_ENDINGS if is_slide else ENDINGS)
    if is_slide:
        refuse_options(["direction", "is_wrapped"], "A slide is laid out so that it fills its page")


def _slide(diagram: Diagram, network: Network, *, keeps_open: bool) -> Slide:
    from archstat.report.slides import Slide
    from archstat.tables.network import title_of

    return Slide(diagram, title_of(network.cost), keeps_open)


def _network(name: str, measured: Path | None, given: Mapping[str, Any]) -> tuple[Network, Measurement | None]:
    """The network, as it was measured if a file says how."""
    if measured is None:
        return network_of(name, **given), None
    network, measurement, _ = measured_of(name, measured, **given)
    return network, measurement


def _picture_of_layer(network: Network, layer: str, show: str) -> LayerPicture:
    from archstat.report.layer_pictures.layer_picture import picture_of_layer

    return picture_of_layer(network, layer, show)
