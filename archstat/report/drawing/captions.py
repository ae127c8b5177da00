"""What the captions of several charts say in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archstat.files.text import named_up_to
from archstat.language import say
from archstat.report.drawing import theme


def some(names: Sequence[str], most: int = 12) -> str:
    """Names, as many as are read, each as long as a caption takes it.

    >>> some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    return named_up_to([theme.cut(name) for name in names], most)


_SHAPES_MAX = 4
"""More other sizes than these are counted and not listed."""


def inputs(networks: Iterable[tuple[str, str]]) -> str:
    """What networks were counted for: the shape that most have, and the others.

    Args:
        networks: The name of each, and the shape of its input.

    >>> inputs([("a", "1×8"), ("b", "1×9"), ("c", "1×8")])
    '1×8 (1×9: b)'
    """
    shapes: dict[str, list[str]] = {}
    for name, shape in networks:
        shapes.setdefault(shape, []).append(theme.cut(name))
    first, *others = sorted(shapes, key=lambda shape: -len(shapes[shape]))
    if len(others) > _SHAPES_MAX:
        return say("{shape}, or the size that a network takes ({count} others)", shape=first, count=len(others))
    further = "; ".join(f"{shape}: {some(shapes[shape])}" for shape in others)
    return f"{first} ({further})" if further else first
