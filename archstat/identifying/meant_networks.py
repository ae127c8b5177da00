"""Which networks, on which inputs, may be meant where a text names one; the likeliest come first."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archstat.analysis.network import Network
from archstat.language import recorded
from archstat.networks.hub import HUBS
from archstat.networks.settings import Setting
from archstat.published.figures import counted, published
from archstat.registry import parse_call

RESOLUTIONS = tuple(
    map(int, "32 64 96 128 160 192 224 227 240 256 288 299 320 331 384 416 448 480 512 608 640 1024".split())
)
"""The sides of images on which people report networks."""

SEQUENCES = (1, 64, 77, 128, 256, 384, 512, 1024, 2048, 4096)
"""The lengths of sequences on which people report networks."""

CLASSES = (10, 100, 1001, 21841, 21843)
"""The classes of data sets that people train on, besides the 1000 of ImageNet."""

_LIBRARIES = ("torchvision", "timm")


class MeantNetwork(msgspec.Struct, frozen=True):
    """A network on an input.

    Attributes:
        name: The network, as a user types it.
        setting: The input that the network is counted on.
        assumptions: What has to be so that it is meant.
        strain: By how much that is further from what was named.
        is_of_totals: Whether parameters and MACs alone are asked for, which need no trace.
    """

    name: str
    setting: Setting
    assumptions: tuple[str, ...] = ()
    strain: int = 0
    is_of_totals: bool = False


def search_stages(name: str, setting: Setting, network: Network, *, varies: bool) -> Iterator[list[MeantNetwork]]:
    """Networks and inputs that may be meant, in three stages: what is named, its other inputs, and others like it.

    Args:
        name: The network that a text names.
        setting: The input that the text names.
        network: What is known of it.
        varies: Whether the numbers in question depend on the input.
    """
    own = MeantNetwork(name, setting)
    named = [own, *_namesakes(own), *_longer_names(own)]
    yield named
    inputs = [each for subject in named[:2] for each in _other_inputs(subject, network)] if varies else []
    yield [*_variants(own), *inputs]
    yield [*_of_libraries(own), *_of_other_classes(own), *_relatives(own)]


def _own_name(name: str) -> str:
    """The name of an architecture of ours that a network has behind the colon of a library, or itself."""
    bare = name.rpartition(":")[2]
    return bare if bare in published() else ""


def _namesakes(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """The architectures of ours that go by the same name."""
    bare = _own_name(own.name)
    if not bare:
        return
    for name in dict.fromkeys((bare, published()[bare].twin)):
        if name and name != own.name:
            yield MeantNetwork(name, own.setting, (recorded("another network of that name"),), 1)


def _longer_names(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """The architectures of ours whose name goes on from this one, as ``googlenet_aux``."""
    bare = _own_name(own.name)
    twin = published()[bare].twin if bare else ""
    for name in published():
        if bare and name.startswith(f"{bare}_") and name != twin:
            yield MeantNetwork(name, own.setting, (recorded("a variant"),), 1)


def _other_inputs(own: MeantNetwork, network: Network) -> Iterator[MeantNetwork]:
    """The network on other images, or other lengths of sequences, if the user said none."""
    setting = own.setting
    shapes = network.cost.input_shapes
    if setting.inputs or setting.resolution or setting.sequence or setting.is_test_size or len(shapes) != 1:
        return
    shape = shapes[0]
    name, sizes = ("resolution", RESOLUTIONS) if len(shape) == 4 else ("sequence", SEQUENCES)
    for size in sizes:
        if len(shape) >= 2 and size != shape[-1 if name == "resolution" else 1]:
            other = msgspec.structs.replace(setting, **{name: size})
            yield MeantNetwork(
                own.name, other, (*own.assumptions, recorded("another size of the input")), own.strain + 1
            )


def _variants(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """What figures were published of, with other arguments or on another resolution."""
    bare = _own_name(own.name)
    for variant in published()[bare].variants if bare else ():
        resolution = variant.resolution or own.setting.resolution
        setting = msgspec.structs.replace(own.setting, resolution=resolution)
        yield MeantNetwork(variant.call, setting, (recorded("a variant"),), 1)


def _of_libraries(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """The networks of the same name in libraries that are installed."""
    bare = _own_name(own.name)
    for library in _LIBRARIES if bare else ():
        spelt = (bare, bare.removesuffix("_v1_5"))
        name = next((each for each in spelt if HUBS.get(library).has(each)), "")
        if name and f"{library}:{name}" != own.name:
            yield MeantNetwork(f"{library}:{name}", own.setting, (recorded("another network of that name"),), 1)


def _of_other_classes(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """The network for data sets of other classes."""
    bare, arguments, keywords = parse_call(own.name)
    about = counted().get(bare)
    if about is None or arguments or keywords or "classes=" not in about.arguments:
        return
    for classes in CLASSES:
        told = recorded("{count} classes", count=classes)
        yield MeantNetwork(f"{bare}(classes={classes})", own.setting, (told,), 1)


def _relatives(own: MeantNetwork) -> Iterator[MeantNetwork]:
    """All architectures of the same family, which a text may have mixed up."""
    bare = _own_name(own.name)
    if not bare or own.setting != Setting():
        return
    for name, about in counted().items():
        if about.family == counted()[bare].family and name != bare:
            told = recorded("another network of its family")
            yield MeantNetwork(name, own.setting, (told,), 2, is_of_totals=True)
