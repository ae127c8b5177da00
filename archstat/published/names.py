"""What networks are called where they are read: as their papers print them, and not as one types them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archstat.published.figures import published


def display_name(name: str) -> str:
    """The name of a network as its paper prints it; any other network keeps its own.

    Arguments stand behind the printed name, unless that tells of a size itself: then the name stays as it is typed.

    >>> [display_name(each) for each in ("resnet50", "resnet50(classes=10)", "timm:resnet50", "shufflenet_v2(width=2)")]
    ['ResNet-50', 'ResNet-50 (classes=10)', 'timm:resnet50', 'shufflenet_v2(width=2)']
    """
    own, bracket, arguments = name.partition("(")
    about = published().get(own)
    if about is None or (bracket and _tells_a_size(about.display)):
        return name
    return f"{about.display} {bracket}{arguments}".rstrip()


def _tells_a_size(display: str) -> bool:
    return any(mark in display for mark in "(×")


def display_names(names: Iterable[str]) -> dict[str, str]:
    """What each of several networks is called beside the others: where two would be called alike, as one types them.

    >>> display_names(["resnet50", "vgg16", "ResNet-50"])
    {'resnet50': 'resnet50', 'vgg16': 'VGG-16', 'ResNet-50': 'ResNet-50'}
    """
    shown = {name: display_name(name) for name in names}
    times = Counter(shown.values())
    return {name: display if times[display] == 1 else name for name, display in shown.items()}
