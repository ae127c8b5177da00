"""Networks of segmentation_models_pytorch: ``smp:Unet``, ``'smp:Unet(encoder_name="resnet50", classes=3)'``.

The name is that of a class, in capitals or not, as ``smp.create_model`` takes it; arguments are those of the class.
Weights of the encoder are never fetched.

The library names no size of images. An encoder of timm (``tu-…``) takes the one that its weights were trained on, made
up to the next multiple of 32 (no encoder halves an image more than five times); every other one takes 224×224, as
ImageNet's networks do.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from archstat.errors import SourceError, UnknownNameError, quoted
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_unknown, said_by
from archstat.networks.hubs.timm import check_name_in_timm, image_in_timm
from archstat.networks.input_specs import AnyInput, InputSpec, at_resolution
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting
from archstat.networks.source import Source

_PACKAGE = "segmentation_models_pytorch"
_OF_WEIGHTS = ("encoder_weights", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path")
_SIDE = 224
_HALVED = 32


def _classes() -> dict[str, type[Any]]:
    """The class of each network, by its name in small letters."""
    with warnings.catch_warnings():  # of what the library uses of others, when it is imported
        warnings.simplefilter("ignore")
        found: dict[str, type[Any]] = library_of("smp", _PACKAGE).MODEL_ARCHITECTURES_MAPPING
    return found


def _names() -> Iterable[str]:
    return [each.__name__ for each in _classes().values()]


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of that name, and an image that its encoder can halve."""
    network = _classes().get(name.lower())
    if network is None:
        raise UnknownNameError.of("network of segmentation_models_pytorch", name, _names(), helps={"source": "smp"})
    given = _arguments(spec, network, args, kwargs)
    refuse_arguments(spec, (each for each, value in given.items() if value is not None), _OF_WEIGHTS)
    encoder = given.get("encoder_name", inspect.signature(network).parameters["encoder_name"].default)
    _check_encoder(spec, network, encoder, given)

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        size = _image(encoder, given, is_test=setting.is_test_size)
        return at_resolution((InputSpec(size),), setting.resolution)

    return Source(spec, lambda: _built(spec, network, {**given, "encoder_weights": None}), takes)


def _built(spec: str, network: type[Any], arguments: Mapping[str, Any]) -> Any:
    """The network.

    Raises:
        SourceError: The arguments do not fit each other.
    """
    try:
        with warnings.catch_warnings():  # that an encoder is better called by another name
            warnings.simplefilter("ignore")
            return network(**arguments)
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        raise SourceError(f"{quoted(spec)} does not fit: {said_by(error)}") from error


def _arguments(spec: str, network: type[Any], args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """All arguments by their names.

    Raises:
        SourceError: There are more than the class takes, or one is given twice.
    """
    try:
        bound = inspect.signature(network).bind_partial(*args, **kwargs).arguments
    except TypeError as error:
        raise SourceError(f"{quoted(spec)} does not fit: {error}.") from error
    others = bound.pop("kwargs", {})
    for each in ("in_channels", "classes"):
        if each in bound and (not isinstance(bound[each], int) or bound[each] < 1):
            raise SourceError(f"{quoted(spec)} does not fit: {each} is a whole number of 1 or more.")
    return {**bound, **others}


def _check_encoder(spec: str, network: type[Any], encoder: Any, given: Mapping[str, Any]) -> None:
    """Refuse an encoder that is none, and arguments that the library would pass over without a word.

    Raises:
        UnknownNameError: There is no such encoder.
        SourceError: An argument is none.
    """
    encoders = import_module(f"{_PACKAGE}.encoders")
    name = str(encoder)
    is_of_timm = name.startswith("tu-") or encoders.is_equivalent_to_timm_universal(name)
    if name.startswith("tu-"):
        check_name_in_timm(name.removeprefix("tu-"), "tu-")
    elif not is_of_timm and name not in encoders.encoders:
        known = [*encoders.encoders, *(f"tu-{each}" for each in library_of("timm", "timm").list_models())]
        raise UnknownNameError.of("encoder of segmentation_models_pytorch", name, known)
    if is_of_timm:
        return  # which says itself what it does not take
    own = [each for each in inspect.signature(network).parameters if each != "kwargs"]
    refuse_unknown(spec, network.__name__, given, [*own, "output_stride"])


def _image(encoder: str, given: Mapping[str, Any], *, is_test: bool) -> tuple[int, ...]:
    """Channels, height and width."""
    channels = given.get("in_channels", 3)
    if not encoder.startswith("tu-"):
        return (channels, _SIDE, _SIDE)
    config = library_of("timm", "timm").get_pretrained_cfg(encoder.removeprefix("tu-"))
    _, *sides = image_in_timm(config, given, is_test=is_test)
    is_of_any_size = not getattr(config, "fixed_input_size", False)
    return (channels, *(-(-side // _HALVED) * _HALVED if is_of_any_size else side for side in sides))


HUBS.add(Hub("smp", _PACKAGE, _source, _names, "segmentation_models_pytorch: every decoder, with every encoder"))
