"""The applications of Keras 3 by name: ``keras:ResNet50``, ``'keras:MobileNetV2(alpha=0.5)'``.

Keras runs on torch: that backend is chosen when it is imported here, and where it was imported with another one before,
nothing of it can be counted. Its import reads and writes a file of settings; it is given a folder for that which is
gone afterwards.

The input is the one that the network was made for, with its channels last, as Keras has them.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import torch

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_positions, refuse_unknown
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.libraries import folder_of, import_within, library_of
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.tracing.keras_layers import fresh_names

_NOT_ON_TORCH = frozenset({"NASNetMobile"})
"""Applications of which Keras 3.15 says that they do not work with torch."""

_SIDE = 224
"""Height and width of what any size may go into, as Keras documents them."""


# -- the library -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _on_torch() -> Iterator[None]:
    """The backend is torch, and settings go to a folder that is gone afterwards; the environment is put back.

    Matplotlib, which Keras imports if it is there, would write a list of fonts: unless it was imported before, Keras is
    told that it is not there, and draws no galleries of images in this process.
    """
    environment, has_plots = dict(os.environ), "matplotlib" in sys.modules
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(KERAS_BACKEND="torch", KERAS_HOME=folder)
        if not has_plots:
            sys.modules["matplotlib"] = None  # type: ignore[assignment]  # how Python itself marks what is not there
        try:
            yield
        finally:
            if not has_plots:
                del sys.modules["matplotlib"]
            os.environ.clear()
            os.environ.update(environment)
            _tell_home()


def _tell_home() -> None:
    """Let Keras keep what a user has it download where it would have."""
    config: Any = sys.modules.get("keras.src.backend.config")
    if hasattr(config, "_KERAS_DIR"):
        config._KERAS_DIR = os.environ.get("KERAS_HOME") or str(Path.home() / ".keras")  # noqa: SLF001 - no public way


def _library() -> Any:
    """Keras on torch.

    Raises:
        SourceError: Keras is not installed, or was imported with another backend before.
    """
    keras = library_of("keras", "keras")
    backend = keras.config.backend()
    if backend != "torch":
        raise SourceError(
            f"Keras was imported with the backend {quoted(backend)} before: set KERAS_BACKEND to 'torch' in the "
            "environment, since only networks on torch can be counted."
        )
    return keras


def _names() -> Iterable[str]:
    """Every application that works on torch."""
    return [name for name in _applications() if name not in _NOT_ON_TORCH]


@functools.cache
def _applications() -> tuple[str, ...]:
    """Every application, read from the package: importing it takes seconds."""
    folder = folder_of("keras", "keras")
    if folder is None:
        return ()
    init = folder / "applications" / "__init__.py"
    imports = [each for each in ast.parse(init.read_text(encoding="utf-8")).body if isinstance(each, ast.ImportFrom)]
    return tuple(name.name for each in imports for name in each.names if name.name[:1].isupper())


# -- networks ----------------------------------------------------------------------------------------------------------


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The application of that name, and what it takes."""
    if name not in _applications():
        raise UnknownNameError.of("network of keras", name, _names(), helps={"source": "keras"})
    refuse_positions(spec, args, "keras:ResNet50(classes=10)")
    given = {key: value for key, value in kwargs.items() if (key, value) != ("weights", None)}
    refuse_arguments(spec, given, ("weights",))
    arguments = inspect.signature(getattr(_library().applications, name)).parameters
    refuse_unknown(spec, name, given, [each for each in arguments if each not in ("weights", "input_tensor")])

    def build() -> Any:
        return _built(spec, name, given, on_meta=torch.empty(0).is_meta)

    @functools.cache
    def own() -> InputSpec:
        shape = _input_shape(_built(spec, name, given, on_meta=True))
        if None in shape:  # without its top, a network takes any size: the usual one is that with its top
            usual = _input_shape(_built(spec, name, {}, on_meta=True))
            shape = tuple(mine or theirs or _SIDE for mine, theirs in zip(shape, usual, strict=True))
        return InputSpec(shape)

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        return (_resized(own(), setting.resolution),)

    return Source(spec, build, takes)


def _input_shape(model: Any) -> tuple[Any, ...]:
    return tuple(model.input_shape[1:])


def _resized(image: InputSpec, side: int | None) -> InputSpec:
    """An image of another height and width."""
    if side is None:
        return image
    is_last = _library().config.image_data_format() == "channels_last"
    shape = (side, side, image.shape[2]) if is_last else (image.shape[0], side, side)
    return msgspec.structs.replace(image, shape=shape)


def _built(spec: str, name: str, given: dict[str, Any], *, on_meta: bool) -> Any:
    """An application without the weights of others, which takes images of any size if its layers do."""
    keras = _library()
    with warnings.catch_warnings(), fresh_names(), keras.device("meta" if on_meta else "cpu"):
        warnings.simplefilter("ignore")  # of input shapes that fit no weights of its own
        try:
            model = getattr(keras.applications, name)(**{**given, "weights": None})
        except (TypeError, ValueError, AttributeError) as error:
            raise SourceError(f"{quoted(spec)} does not fit: {first_line(error).rstrip('.')}.") from error
    model.input_spec = keras.InputSpec(ndim=4)
    return model


import_within("keras", _on_torch)
HUBS.add(Hub("keras", "keras", _source, _names, "the applications of Keras 3, on torch, with their channels last"))
