"""A badge: one total of a network, for a README, as a picture or as what shields.io draws one from."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from archstat import units
from archstat.files.text import json_text, printable
from archstat.language import say
from archstat.records import ModelCost
from archstat.report.drawing import theme
from archstat.report.drawing.labels import columns
from archstat.tables.quantities import Quantity

_CHARACTER = 6.6
"""How wide a character of usual width is set, in pixels: its text is stretched to that, whatever the font."""
_ROOM = 8
_HEIGHT = 20
_LATIN = "Verdana, 'DejaVu Sans'"
_COLOURS = {"left": "#4a5058", "right": "#0b62a8"}
"""White text has a contrast of 8:1 and 6:1 on them."""

_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label={name}>
<title>{title}</title>
<clipPath id="c"><rect width="{width}" height="{height}" rx="3"/></clipPath>
<g clip-path="url(#c)"><rect width="{middle}" height="{height}" fill="{left}"/>\
<rect x="{middle}" width="{rest}" height="{height}" fill="{right}"/></g>
<g fill="#fff" font-family="{font}" font-size="11">
{texts}
</g>
</svg>
"""


def badge_svg(cost: ModelCost, quantity: Quantity, label: str = "") -> str:
    """The badge as a picture.

    Args:
        cost: The network.
        quantity: Which of its totals.
        label: What stands on the left; ``""``: the name of the quantity.
    """
    label, message = printable(label or quantity.label), quantity.show(getattr(cost, quantity.key))
    widths = [columns(text) * _CHARACTER for text in (label, message)]
    middle = round(widths[0] + 2 * _ROOM)
    rest = round(widths[1] + 2 * _ROOM)
    places = (_ROOM, middle + _ROOM)
    texts = [
        f'<text x="{place}" y="14" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        for place, width, text in zip(places, widths, (label, message), strict=True)
    ]
    return _TEMPLATE.format(
        width=middle + rest,
        height=_HEIGHT,
        middle=middle,
        rest=rest,
        name=quoteattr(f"{label}: {message}"),
        title=escape(_told(cost, label, message)),
        font=f"{_LATIN}, {theme.other_letters()}, sans-serif".replace('"', "'"),
        texts="\n".join(texts),
        **_COLOURS,
    )


def _told(cost: ModelCost, label: str, message: str) -> str:
    """What a reader finds on pointing: the network and its input, without which the number says little."""
    network = printable(cost.architecture)
    shapes = units.shapes(cost.input_shapes)
    return say(
        "{label}: {amount}, {network} on an input of {shapes}, {dtype}",
        label=label,
        amount=message,
        network=network,
        shapes=shapes,
        dtype=cost.dtype,
    )


def badge_json(cost: ModelCost, quantity: Quantity, label: str = "") -> str:
    """The badge as JSON that shields.io draws, from wherever it is served.

    Source: shields.io, endpoint badge, schema version 1.

    Args:
        cost: The network.
        quantity: Which of its totals.
        label: What stands on the left; ``""``: the name of the quantity.
    """
    message = quantity.show(getattr(cost, quantity.key))
    told = {"schemaVersion": 1, "label": printable(label or quantity.label), "message": message, "color": "blue"}
    return json_text(told) + "\n"
