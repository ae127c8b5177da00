"""The families that networks are shown by, each with a colour that it keeps on every page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from archstat.language import say
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

OTHER = (theme.REST, theme.GREY)


def family_of(name: str) -> tuple[str, str]:
    """The family of a network, and its colour.

    >>> family_of("vgg16"), family_of("se_resnet50(reduction=8)")[0], family_of("timm:vgg16")
    (('VGG', 'var(--blue)'), 'SENet', ('Other', 'var(--grey)'))
    """
    own = counted().get(name.partition("(")[0])
    fits = ((title, colour) for title, files, colour in _FAMILIES if own is not None and own.family in files)
    return next(fits, OTHER)


def families(names: Iterable[str]) -> list[tuple[str, str]]:
    """The families of networks as they are called, with their colours, each once and always in one order."""
    found = {family_of(name) for name in names}
    known = [(title, colour) for title, _, colour in _FAMILIES]
    return [(say(title), colour) for title, colour in (*known, OTHER) if (title, colour) in found]


class Stems(msgspec.Struct, frozen=True):
    """The families of very many networks, by how their names begin: the largest have a colour each.

    Attributes:
        colours: The colour of each family that has one.
        shown: What colours mean.
    """

    colours: Mapping[str, str]
    shown: tuple[tuple[str, str], ...]

    def of(self, name: str) -> str:
        """The colour of a network."""
        return self.colours.get(stem(name), theme.GREY)


def stems(names: Sequence[str]) -> Stems:
    """The largest families of networks, by how names begin, each with a colour; all others are grey.

    >>> stems(["timm:resnet50", "resnet18", "vit_base", "timm:vit_tiny", "lenet5"]).shown
    (('resnet', 'var(--blue)'), ('vit', 'var(--orange)'), ('Other', 'var(--grey)'))
    """
    sizes = Counter(map(stem, names))
    coloured = [each for each in theme.CYCLE if each != theme.GREY]
    large = sorted((each for each in sizes if sizes[each] > 1), key=lambda each: (-sizes[each], each))[: len(coloured)]
    colours = dict(zip(large, coloured, strict=False))
    others = [(say(theme.REST), theme.GREY)] if len(colours) < len(sizes) else []
    return Stems(colours, (*colours.items(), *others))


_STEM = re.compile(r"[^\W\d_]+?(?=v?\d|_|\.|-|\(|$)")


def stem(name: str) -> str:
    """How the name of a network begins, without its library, version and size.

    >>> [stem(each) for each in ("timm:tf_efficientnetv2_s", "resnet50(width=2)", "./net.py:Small", "152")]
    ['efficientnet', 'resnet', 'Small', '152']
    """
    own = name.rpartition(":")[2].removeprefix("tf_")
    found = _STEM.match(own)
    return found[0] if found else own
