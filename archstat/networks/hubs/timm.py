"""PyTorch Image Models: ``timm:convnext_tiny``, ``timm/resnet50.a1_in1k``, ``hf-hub:timm/…``.

The part after the dot names weights. They are not fetched, but can change the size of the image that the network was
trained on, which is the input; ``pretrained_cfg`` tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_positions
from archstat.networks.input_specs import AnyInput, InputSpec, at_resolution
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting
from archstat.networks.source import Source

_OF_WEIGHTS = ("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir")


def _names() -> Iterable[str]:
    """Every architecture, without tags."""
    found: list[str] = library_of("timm", "timm").list_models()
    return found


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of that name, and the image that it was trained on."""
    timm = library_of("timm", "timm")
    check_name_in_timm(name)
    refuse_positions(spec, args, "timm:resnet50(in_chans=1)")
    refuse_arguments(spec, kwargs, _OF_WEIGHTS)
    config = timm.get_pretrained_cfg(name)

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        size = image_in_timm(config, kwargs, is_test=setting.is_test_size)
        return at_resolution((InputSpec(size),), setting.resolution)

    def build() -> Any:
        try:
            return timm.create_model(name, pretrained=False, **kwargs)
        except TypeError as error:
            raise SourceError(f"{quoted(spec)} does not fit: {first_line(error)}.") from error

    return Source(spec, build, takes)


def check_name_in_timm(name: str, before: str = "") -> None:
    """Refuse a name, with a tag or without one, that timm has not.

    Args:
        name: The name.
        before: What stands before the names of timm where it is asked for.

    Raises:
        UnknownNameError: There is no such network, or no such set of weights of it.
    """
    timm = library_of("timm", "timm")
    architecture, dot, tag = name.partition(".")
    if not timm.is_model(architecture):
        known = [before + each for each in _names()]
        raise UnknownNameError.of("network of timm", before + architecture, known, helps={"source": "timm"})
    tags = [each.partition(".")[2] for each in timm.list_pretrained(f"{architecture}.*")]
    if dot and tag not in tags:
        raise UnknownNameError.of(f"set of weights of {architecture}", tag, tags, _known("Its weights", tags))


def _known(what: str, names: list[str]) -> str:
    return f"{what} are {', '.join(names)}." if names else f"{what} have no tags."


def image_in_timm(config: Any, given: Mapping[str, Any], *, is_test: bool) -> tuple[int, ...]:
    """Channels, height and width: of the arguments, else of the weights, else 3×224×224 as is timm's own default."""
    trained = tuple(getattr(config, "input_size", None) or (3, 224, 224))
    tested = tuple(getattr(config, "test_input_size", None) or trained)
    channels, *sides = tested if is_test else trained
    own = given.get("img_size")
    if own is not None:
        sides = [own, own] if isinstance(own, int) else own
        if not isinstance(sides, list | tuple) or not all(isinstance(side, int) and side > 0 for side in sides):
            raise SourceError(f"{quoted(own)} is no size of an image: 'img_size' is a whole number, or two.")
    return (given.get("in_chans", channels), *sides)


HUBS.add(
    Hub(
        "timm",
        "timm",
        _source,
        _names,
        "PyTorch Image Models, with the image size of the weights",
        ("timm/", "hf-hub:timm/"),
    )
)
