"""Notes that begin with a label, whose texts stand under each other on a terminal."""

from __future__ import annotations

from rich.cells import cell_len

from archstat.language import say

LABEL_WIDTH = 18
"""How many columns of a terminal a label takes, with the space behind it."""


def labelled(label: str, text: str, *, width: int = LABEL_WIDTH) -> str:
    """A text behind its label; letters that are two columns wide are counted as two.

    >>> labelled("MACs", "15,470,264,320")
    'MACs              15,470,264,320'

    Args:
        label: The label in the language that is spoken; ``""``: it is that of the note before.
        text: What is told.
        width: How many columns the label takes at least.
    """
    return f"{label}{' ' * max(width - cell_len(label), 1)}{text}"


def in_layer(told: str, layer: str) -> str:
    """What is told, and the layer that it is told of, if that is known.

    Args:
        told: The end of a note, without a full stop.
        layer: The path of the layer, or ``""``.
    """
    return say("{what}, in {layer}", what=told, layer=layer) if layer else told
