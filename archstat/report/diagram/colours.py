"""The colours of diagrams: shades of one colour, which everybody tells apart, also in print."""

from __future__ import annotations

from archstat.report.diagram.content import STEPS
from archstat.report.drawing import theme

_LEAST, _MOST = 0.10, 1.0
"""How much of the colour the lightest shade has, and the strongest."""


def colours(*, is_dark: bool) -> dict[str, str]:
    """The colours of a diagram by their names, for light paper or a dark page.

    ``cost0`` … are the shades of a cost, ``on0`` … the ink that is read on each.
    """
    return (theme.DARK if is_dark else theme.LIGHT) | shades(is_dark=is_dark)


def shades(*, is_dark: bool) -> dict[str, str]:
    """The colours that only diagrams have."""
    scheme = theme.DARK if is_dark else theme.LIGHT
    paper, blue = _rgb(scheme["paper"]), _rgb(scheme["blue"])
    found = {"edge": scheme["muted"]}
    for step in range(STEPS):
        part = _LEAST + (_MOST - _LEAST) * step / (STEPS - 1)
        shade = tuple(round(p + (b - p) * part) for p, b in zip(paper, blue, strict=True))
        found[f"cost{step}"] = "#{:02x}{:02x}{:02x}".format(*shade)
        found[f"on{step}"] = max(("#000000", "#ffffff"), key=lambda ink: _contrast(_rgb(ink), shade))
    return found


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast of two colours by the Web Content Accessibility Guidelines 2.2, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in colour)]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
