"""The families that networks are shown by, each with a colour that it keeps on every page."""

from __future__ import annotations

from collections.abc import Iterable

from archstat.published.figures import counted
from archstat.report.drawing import theme

_FAMILIES = (
    ("VGG", ("vgg",), theme.BLUE),
    (
        "Inception",
        ("googlenet", "bn_inception", "inception_v3", "inception_v4", "inception_resnet", "xception"),
        theme.ORANGE,
    ),
    ("ResNet", ("resnet", "resnet_cifar", "preact_resnet", "wide_resnet", "resnext", "stochastic_depth"), theme.GREEN),
    ("SENet", ("senet",), theme.PURPLE),
    (
        "MobileNet, SqueezeNet",
        ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "shufflenet_v1", "shufflenet_v2", "squeezenet"),
        theme.SKY,
    ),
    ("AlexNet", ("alexnet", "zfnet"), theme.RED),
    ("DenseNet", ("densenet",), theme.GOLD),
)
"""The name of each, the files of :mod:`archstat.architectures` that belong to it, and its colour."""

OTHER = ("Other", theme.GREY)


def family_of(name: str) -> tuple[str, str]:
    """The family of a network, and its colour.

    >>> family_of("vgg16"), family_of("se_resnet50(reduction=8)")[0], family_of("timm:vgg16")
    (('VGG', 'var(--blue)'), 'SENet', ('Other', 'var(--grey)'))
    """
    own = counted().get(name.partition("(")[0])
    fits = ((title, colour) for title, files, colour in _FAMILIES if own is not None and own.family in files)
    return next(fits, OTHER)


def families(names: Iterable[str]) -> list[tuple[str, str]]:
    """The families of networks with their colours, each once and always in one order."""
    found = {family_of(name) for name in names}
    known = [(title, colour) for title, _, colour in _FAMILIES]
    return [each for each in (*known, OTHER) if each in found]
