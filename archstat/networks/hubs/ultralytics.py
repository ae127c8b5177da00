"""Networks of Ultralytics by name: ``ultralytics:yolo11n``, ``ultralytics:yolov8x-seg``, ``ultralytics:rtdetr-l``.

The names are those of the configs that come with the package, with the letter of a size where a config has several:
``yolo11.yaml`` is ``yolo11n`` to ``yolo11x``. A network is built from its config alone, without weights.

Importing the library writes a file of settings, asks whether there is a network, and speaks on stdout. It is imported
with its own switches against that, and with a folder for its settings that is gone afterwards.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_positions, refuse_unknown
from archstat.networks.input_specs import AnyInput, InputSpec, at_resolution
from archstat.networks.libraries import folder_of, import_within, library_of, unheard
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.tracing.torch_private import print_options

_OF_WEIGHTS = ("pretrained", "weights", "model")
_ARGUMENTS = ("ch", "fuse", "kpt_shape", "nc")
_SIDE, _CLASSIFIED_SIDE = 640, 224
"""The size of images in the library's default settings, and the one that it sets for classification."""

_NETWORKS = {
    "Classify": "ClassificationModel",
    "Depth": "DepthModel",
    "OBB": "OBBModel",
    "OBB26": "OBBModel",
    "Pose": "PoseModel",
    "Pose26": "PoseModel",
    "RTDETRDecoder": "RTDETRDetectionModel",
    "Segment": "SegmentationModel",
    "Segment26": "SegmentationModel",
    "SemanticSegment": "SemanticSegmentationModel",
    "WorldDetect": "WorldModel",
    "YOLOEDetect": "YOLOEModel",
    "YOLOESegment": "YOLOESegModel",
    "YOLOESegment26": "YOLOESegModel",
}
"""The last layer of a config → the class of networks that has it; all others are plain detectors."""

_SIZED = re.compile(r"(yolo(?:e-)?v?\d+)(-.*)?")
"""A config whose name has a place for the letter of a size."""

_SWITCHES = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


# -- the library -------------------------------------------------------------------------------------------------------


def _library() -> Any:
    """The part of the library that makes networks of configs."""
    return library_of("ultralytics", "ultralytics.nn.tasks")


@contextlib.contextmanager
def _left_as_found() -> Iterator[None]:
    """Settings go to a folder that is gone afterwards; what the import changes of the process is put back.

    That are the environment, ``torch.save``, which warnings are shown, and how arrays and tensors are printed.
    """
    environment, save = dict(os.environ), torch.save
    arrays, tensors = np.get_printoptions(), print_options()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        os.environ.update(_SWITCHES, YOLO_CONFIG_DIR=folder)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(environment)
            torch.save = save
            np.set_printoptions(**arrays)
            torch.set_printoptions(**tensors)  # type: ignore[no-untyped-call]  # torch gives it no types


# -- names -------------------------------------------------------------------------------------------------------------


class _Config(NamedTuple):
    """A config of the package, and the size of it that a name means; ``""``: there is one only."""

    file: Path
    size: str


def _names() -> Iterable[str]:
    """Every config in each of its sizes."""
    return _configs()


@functools.cache
def _configs() -> Mapping[str, _Config]:
    """The networks by name; the library need not be imported to know them, but be installed."""
    package = folder_of("ultralytics", "ultralytics")
    if package is None:
        return {}
    folder = package / "cfg" / "models"
    return {name: config for file in sorted(folder.rglob("*.yaml")) for name, config in _sizes_of(file)}


def _sizes_of(file: Path) -> Iterator[tuple[str, _Config]]:
    """The names of one config."""
    sizes = list(_content(file).get("scales") or ())
    match = _SIZED.fullmatch(file.stem)
    if match is None or not sizes:  # "rtdetr-l" and "yolov10b" have the letter of their only size already
        yield file.stem, _Config(file, sizes[0] if sizes else "")
        return
    for size in sizes:
        yield f"{match[1]}{size}{match[2] or ''}", _Config(file, size)


@functools.cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _content(file: Path) -> dict[str, Any]:
    """What a config says, made anew each time: the library changes it."""
    yaml = library_of("ultralytics", "yaml")
    content: dict[str, Any] = yaml.load(_text(file), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return content


# -- networks ----------------------------------------------------------------------------------------------------------


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of that name, and the image that it takes."""
    known = _configs()
    config = known.get(name) or known.get(re.sub(r"\.(pt|yaml)$", "", name))
    if config is None:
        raise UnknownNameError.of("network of ultralytics", name, known, helps={"source": "ultralytics"})
    refuse_positions(spec, args, "ultralytics:yolo11n(nc=10)")
    refuse_arguments(spec, kwargs, _OF_WEIGHTS)
    content = _content(config.file)
    _check_arguments(spec, kwargs, has_points="kpt_shape" in content)
    side = _CLASSIFIED_SIDE if _head(content) == "Classify" else _SIDE

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        return at_resolution((InputSpec((kwargs.get("ch", 3), side, side)),), setting.resolution)

    return Source(spec, functools.partial(_built, spec, name, config, kwargs), takes)


def _head(content: Mapping[str, Any]) -> str:
    return str(content["head"][-1][2])


def _check_arguments(spec: str, given: Mapping[str, Any], *, has_points: bool) -> None:
    """Refuse what the library would pass over, or fail of in a place that nobody knows.

    Raises:
        SourceError: There is no such argument, or its value is none.
    """
    refuse_unknown(spec, "that network", given, [name for name in _ARGUMENTS if has_points or name != "kpt_shape"])
    for name, value in given.items():
        if name == "fuse":
            fits, wanted = isinstance(value, bool), "True or False"
        elif name == "kpt_shape":
            fits = isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_count, value))
            wanted = "the number of points and of numbers for each, as in (17, 3)"
        else:
            fits, wanted = _is_count(value), "a whole number from 1 to 1,000,000"
        if not fits:
            raise SourceError(f"{quoted(spec)} does not fit: {name} is {wanted}.")


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 1_000_000


def _built(spec: str, name: str, config: _Config, given: Mapping[str, Any]) -> Any:
    """The network of a config, in the size that the name means, and without weights of others."""
    tasks, content = _library(), _content(config.file)
    content.update(scale=config.size, yaml_file=f"{name}.yaml")
    for row in (*content["backbone"], *content["head"]):
        if row[2] == "TorchVision":  # module, weights, and how much of it is taken
            row[3][2] = None
    if "kpt_shape" in given:
        content["kpt_shape"] = list(given["kpt_shape"])
    network = getattr(tasks, _NETWORKS.get(_head(content), "DetectionModel"))
    with unheard():  # the library's log goes to stdout, and a classifier has thop warn of what it uses
        try:
            model = network(content, ch=given.get("ch", 3), nc=given.get("nc"), verbose=False)
        except (TypeError, ValueError, KeyError) as error:
            raise SourceError(f"{quoted(spec)} cannot be built: {first_line(error)}.") from error
        return _with_own_activations(model.fuse(verbose=False) if given.get("fuse") else model)


def _with_own_activations(model: nn.Module) -> nn.Module:
    """The network with one activation for each layer: one that all of them share has the name of the first."""
    seen: set[int] = set()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if id(child) in seen and name == "act":
                setattr(module, name, copy.deepcopy(child))
            seen.add(id(child))
    return model


import_within("ultralytics", _left_as_found)
HUBS.add(Hub("ultralytics", "ultralytics", _source, _names, "YOLO and RT-DETR by the configs of Ultralytics"))
