"""The networks of torchvision by name: ``torchvision:resnet50``, ``torchvision:fasterrcnn_resnet50_fpn``.

Each is built as torchvision builds it for its default weights, whose code sets more than numbers (a head for training
that is left out, norms that are frozen, the size of a transformer's image); the weights themselves are never fetched.
With arguments that do not fit those weights it is built without them.

The input is the one that torchvision counted the operations of its own tables with, as the ``meta`` of the weights
tells: an image for classification and segmentation, a list with one image for detection, a clip of 16 frames for video,
two images for optical flow.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_positions
from archstat.networks.input_specs import AnyInput, InputGroup, InputSpec, at_resolution
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting
from archstat.networks.source import Source

_FRAMES = 16
_FLOW_SIDE = 512
"""The sizes with which the operations in torchvision's ``meta`` are reproduced, of every clip and of both RAFT."""


def _names() -> Iterable[str]:
    found: list[str] = library_of("torchvision", "torchvision").models.list_models()
    return found


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of that name, and the input of its weights."""
    models = library_of("torchvision", "torchvision").models
    if name not in set(models.list_models()):
        raise UnknownNameError.of("network of torchvision", name, _names(), helps={"source": "torchvision"})
    refuse_positions(spec, args, "torchvision:resnet50(num_classes=10)")
    refuse_arguments(spec, kwargs, ("weights", "weights_backbone"))
    weights = models.get_model_weights(name).DEFAULT

    def build() -> nn.Module:
        with warnings.catch_warnings():  # of what its builders use of torch; none of it is the user's to change
            warnings.simplefilter("ignore")
            return _built(spec, models.get_model_builder(name), weights, kwargs)

    @functools.cache
    def own() -> tuple[AnyInput, ...]:
        return _inputs(weights.transforms(), build)

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        return at_resolution(own(), setting.resolution)

    return Source(spec, build, takes)


def _built(spec: str, builder: Callable[..., nn.Module], weights: Any, arguments: Mapping[str, Any]) -> nn.Module:
    """A network as for its weights, or without any where the arguments do not fit those."""
    takes = inspect.signature(builder).parameters
    arguments = {"quantize": True, **arguments} if "quantize" in takes else arguments
    try:
        with _nothing_fetched(type(weights)):
            return builder(**_with_frozen_backbone(takes), weights=weights, **arguments)
    except ValueError:  # "The parameter 'num_classes' expected value 1000 but got 10 instead."
        pass
    except TypeError as error:
        raise SourceError(f"{quoted(spec)} does not fit: {first_line(error)}.") from error
    without = {each: None for each in ("weights", "weights_backbone") if each in takes}
    try:
        return builder(**without, **arguments)
    except (TypeError, ValueError) as error:
        raise SourceError(f"{quoted(spec)} does not fit: {first_line(error)}.") from error


def _with_frozen_backbone(takes: Mapping[str, Any]) -> dict[str, None]:
    return {"weights_backbone": None} if "weights_backbone" in takes else {}


@contextlib.contextmanager
def _nothing_fetched(kind: type) -> Iterator[None]:
    """While it is active, weights of a class are empty and every network takes them."""
    fetch, load = kind.get_state_dict, nn.Module.load_state_dict  # type: ignore[attr-defined]
    kind.get_state_dict = lambda *_, **__: {}  # type: ignore[attr-defined]
    nn.Module.load_state_dict = lambda *_, **__: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        kind.get_state_dict = fetch  # type: ignore[attr-defined]
        nn.Module.load_state_dict = load  # type: ignore[method-assign]


def _inputs(transforms: Any, build: Callable[[], Any]) -> tuple[AnyInput, ...]:
    """The input of a network, by the task that the transforms of its weights are made for."""
    task = type(transforms).__name__
    if task == "ObjectDetection":
        return (InputGroup("list", (InputSpec((3, *_detected_size(build())), has_batch=False),)),)
    if task == "OpticalFlow":
        return (InputSpec((3, _FLOW_SIDE, _FLOW_SIDE)), InputSpec((3, _FLOW_SIDE, _FLOW_SIDE)))
    if task == "VideoClassification":
        return (InputSpec((3, _FRAMES, *transforms.crop_size)),)
    (side,) = transforms.resize_size if task == "SemanticSegmentation" else transforms.crop_size
    return (InputSpec((3, side, side)),)


def _detected_size(detector: Any) -> tuple[int, int]:
    """The height and the width to which a detector resizes a square image."""
    resize = detector.transform
    if resize.fixed_size is not None:  # stored as width and height
        width, height = resize.fixed_size
        return height, width
    side = resize.min_size[-1]
    return side, side


HUBS.add(Hub("torchvision", "torchvision", _source, _names, "torchvision's builders of all tasks"))
