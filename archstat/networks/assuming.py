"""An input for a network of which none is known: what it says of itself, tried until one works.

In this order:

1. ``example_input_array``, as Lightning modules have it;
2. ``dummy_inputs``, as networks of transformers and diffusers have them;
3. ``inputs``, as networks of Keras have them;
4. ``pretrained_cfg`` or ``default_cfg``, as networks of timm have it: the size of the image;
5. its first layer with weights: an image, clip or signal with the channels that it takes, of the sizes that networks
   are made for most often, a row of features, or whole numbers for an embedding.

What is assumed is always said, with the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from archstat import units
from archstat.errors import ForwardError, InputError, quoted
from archstat.language import recorded
from archstat.networks.input_specs import (
    AnyInput,
    InputGroup,
    InputLiteral,
    InputSpec,
    at_resolution,
    tensor_specs,
)
from archstat.networks.inputs import arguments_for, sizes_not_in
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.tracing import trace
from archstat.tracing.keras_layers import is_keras

_SIDES = (224, 32, 28, 64, 256, 299, 331, 384, 512, 128, 96, 227, 160, 640, 1024)
"""Heights and widths that are tried for an image, the most usual first."""
_CLIPS = ((16, 112), (16, 224), (32, 224), (16, 64), (8, 32))
"""Frames, and the height and width, of clips and volumes."""
_LENGTHS = (128, 1024, 16000, 64, 32, 16, 8)
"""Lengths of signals and sequences."""


class Guess(NamedTuple):
    """An input that may work.

    Attributes:
        inputs: What goes in.
        why: What says so, as it stands after "assumed".
    """

    inputs: tuple[AnyInput, ...]
    why: str


def assume(source: Source, model: nn.Module, setting: Setting) -> tuple[tuple[AnyInput, ...], str]:
    """The first input that a network can take, and what says that it may.

    Raises:
        InputError: None is known, and none that was tried works; or one may not be assumed, under ``strict``.
    """
    tried: dict[Guess, str] = {}
    for guess in _guesses(model, setting):
        failed = _failure_on(model, guess.inputs, setting)
        if failed:
            tried[guess] = failed
        elif setting.strict:
            raise InputError(
                f"Which input does {quoted(source.name)} take? Under 'strict' none is assumed; {_described(guess)} "
                "would do.",
                helps=_helps(guess),
            )
        else:
            _refuse_sizes_without_effect(source, guess, setting)
            return guess.inputs, guess.why
    raise _nothing_works(source, model, tried)


def _refuse_sizes_without_effect(source: Source, guess: Guess, setting: Setting) -> None:
    """Refuse a size that the input does not have."""
    for size in sizes_not_in(guess.inputs, setting):
        what = "a sequence length" if size == "sequence" else "a resolution"
        raise InputError(
            f"{quoted(source.name)} is given {_described(guess)}, which {what} does not change: give the sizes of its "
            "input instead.",
            helps={"inputs": ""},
        )


def _failure_on(model: nn.Module, inputs: Sequence[AnyInput], setting: Setting) -> str:
    """What keeps a network from taking an input; ``""``: nothing."""
    try:
        args, kwargs = arguments_for(model, inputs, setting)
        trace(model, args, kwargs)
    except (ForwardError, InputError) as error:
        # what fails for want of values fails on every input, and is run for real afterwards
        needs_values = isinstance(error, ForwardError) and error.needs_values
        return "" if needs_values else str(error)
    return ""


def _nothing_works(source: Source, model: nn.Module, tried: Mapping[Guess, str]) -> InputError:
    asks = f"Which input does {quoted(source.name)} take? Give its sizes without the batch, such as 3x224x224."
    needed = _needed_by(model)
    if len(needed) > 1:
        asks += f" Its forward takes {', '.join(needed)}."
    if not tried:
        return InputError(asks, helps={"inputs": "3x224x224"})
    several = list(dict.fromkeys(map(_described, tried)))
    told = ", ".join(several[:6]) + (f" and {len(several) - 6} more" if len(several) > 6 else "")
    first = next(iter(tried.values()))
    return InputError(f"{asks} None of these works: {told}. On the first: {first}", helps={"inputs": "3x224x224"})


def _needed_by(model: nn.Module) -> list[str]:
    """The arguments of ``forward`` that have no default."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [each.name for each in parameters if each.kind in kinds and each.default is inspect.Parameter.empty]


def _described(guess: Guess) -> str:
    shapes = [
        f"{units.shape(spec.shape) or '1'}{f':{spec.dtype}' if spec.dtype else ''}"
        for spec in tensor_specs(guess.inputs)
    ]
    return f"{', '.join(shapes)} ({guess.why})"


def _helps(guess: Guess) -> Mapping[Any, str]:
    """The option that would give it, for a single tensor."""
    spec = guess.inputs[0]
    if len(guess.inputs) > 1 or not isinstance(spec, InputSpec) or spec.name or not spec.has_batch:
        return {"inputs": ""}
    dtype = f":{spec.dtype}" if spec.dtype else ""
    return {"inputs": f"{'x'.join(map(str, spec.shape))}{dtype}"}


# -- what it says of itself --------------------------------------------------------------------------------------------


def _guesses(model: nn.Module, setting: Setting) -> Iterator[Guess]:
    """What may work, the surest first."""
    for name in ("example_input_array", "dummy_inputs"):
        made = _inputs_like(_attribute(model, name))
        if made:
            yield Guess(at_resolution(made, setting.resolution), f"its {name}")
    made = _keras_inputs(model, setting)
    if made:
        yield Guess(made, "its inputs")
    size = _config_size(model)
    if size is not None:
        yield Guess(at_resolution((InputSpec(size),), setting.resolution), "its pretrained_cfg")
    yield from _of_first_layer(model, setting)


def _attribute(model: nn.Module, name: str) -> Any:
    """An attribute of the network, or of the one that it wraps; ``None`` if there is none, or looking it up fails."""
    try:
        return getattr(model, name, None)
    except Exception:  # noqa: BLE001 - a property is the user's code, and raises what it likes
        return None


def _inputs_like(value: Any) -> tuple[AnyInput, ...]:
    """Inputs of the shapes and types of an example; none for what is no example."""
    if isinstance(value, Tensor):
        return (_spec_like(value),)
    if isinstance(value, tuple):
        return tuple(filter(None, map(_like, value)))
    if isinstance(value, Mapping) and all(isinstance(key, str) and key.isidentifier() for key in value):
        return tuple(_named(key, each) for key, each in value.items() if each is not None)
    return ()


def _named(name: str, value: Any) -> AnyInput:
    return msgspec.structs.replace(_like(value), name=name)


def _like(value: Any) -> AnyInput:
    if isinstance(value, Tensor):
        return _spec_like(value)
    if isinstance(value, list | tuple) and any(isinstance(each, Tensor) for each in value):
        return InputGroup("list" if isinstance(value, list) else "tuple", tuple(map(_like, value)))
    if isinstance(value, dict) and any(isinstance(each, Tensor) for each in value.values()):
        return InputGroup("dict", tuple(map(_like, value.values())), tuple(map(str, value)))
    return InputLiteral(value)


def _spec_like(tensor: Tensor) -> InputSpec:
    dtype = "" if tensor.is_floating_point() else str(tensor.dtype).removeprefix("torch.")
    fill = 1.0 if dtype and tensor.numel() and not tensor.is_meta and bool((tensor == 1).all()) else None
    if not tensor.dim():
        return InputSpec((), dtype, "", fill, has_batch=False)
    return InputSpec(tuple(tensor.shape[1:]), dtype, "", fill)


def _keras_inputs(model: Any, setting: Setting) -> tuple[AnyInput, ...]:
    """What a functional or sequential network of Keras was made for; sizes that it leaves open are usual ones."""
    inputs = _attribute(model, "inputs") if is_keras(type(model)) else None
    if not isinstance(inputs, list) or not inputs or isinstance(_attribute(model, "input"), dict):
        return ()
    specs = tuple(_spec_of_keras(each, setting) for each in inputs)
    return specs if len(specs) == 1 else (InputGroup("list", specs),)


def _spec_of_keras(tensor: Any, setting: Setting) -> InputSpec:
    """One input, whose open sizes are those of the setting, or usual ones."""
    is_image = len(tensor.shape) == 4
    usual = (setting.resolution or _SIDES[0]) if is_image else (setting.sequence or _LENGTHS[0])
    dtype = "" if tensor.dtype.startswith(("float", "bfloat")) else tensor.dtype
    return InputSpec(tuple(size or usual for size in tensor.shape[1:]), dtype)


def _config_size(model: nn.Module) -> tuple[int, ...] | None:
    """The image size that a network of timm says it was trained on."""
    for name in ("pretrained_cfg", "default_cfg"):
        config = _attribute(model, name)
        size = config.get("input_size") if isinstance(config, Mapping) else None
        if isinstance(size, tuple | list) and len(size) == 3 and all(isinstance(each, int) for each in size):
            return tuple(size)
    return None


# -- what its first layer takes ----------------------------------------------------------------------------------------


def _of_first_layer(model: nn.Module, setting: Setting) -> Iterator[Guess]:
    """Inputs for the first layer with weights, in the order in which layers were made."""
    first = next((module for module in model.modules() if isinstance(module, _KINDS)), None)
    if first is None:
        return
    lengths = (setting.sequence,) if setting.sequence else _LENGTHS
    if isinstance(first, nn.Embedding | nn.EmbeddingBag):
        why = recorded("first layer is an embedding of {count} rows", count=first.num_embeddings)
        yield from (Guess((InputSpec((length,), "int64"),), why) for length in lengths)
    elif isinstance(first, nn.Linear):
        yield from _of_features(first, setting)
    elif isinstance(first, nn.RNNBase | nn.MultiheadAttention):
        width = first.input_size if isinstance(first, nn.RNNBase) else first.embed_dim
        yield from (Guess((InputSpec((length, width)),), f"first layer takes vectors of {width}") for length in lengths)
    else:
        yield from _of_convolution(first, setting)


_KINDS = (
    nn.Embedding,
    nn.EmbeddingBag,
    nn.Linear,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def _of_features(layer: nn.Linear, setting: Setting) -> Iterator[Guess]:
    """A row of features, a sequence of such rows, or an image that has so many pixels."""
    count = layer.in_features
    why = recorded("first layer takes {count} features", count=count)
    if is_lazy(layer.weight):
        return
    if setting.sequence is None and setting.resolution is None:
        yield Guess((InputSpec((count,)),), why)
    for length in (setting.sequence,) if setting.sequence else _LENGTHS[:1]:
        yield Guess((InputSpec((length, count)),), why)
    for channels in (1, 3):
        side = round((count / channels) ** 0.5)
        if channels * side * side == count:
            yield Guess((InputSpec((channels, side, side)),), why)


def _of_convolution(layer: Any, setting: Setting) -> Iterator[Guess]:
    """An image, a clip or a signal with the channels that the layer takes."""
    if is_lazy(layer.weight):
        return
    channels, axes = layer.in_channels, len(layer.kernel_size)
    many = recorded("first layer takes {count} channels", count=channels)
    why = recorded("first layer takes 1 channel") if channels == 1 else many
    if axes == 2:
        for side in (setting.resolution,) if setting.resolution else _SIDES:
            yield Guess((InputSpec((channels, side, side)),), why)
    elif axes == 1:
        for length in (setting.sequence,) if setting.sequence else (1024, 16000, 128, 32):
            yield Guess((InputSpec((channels, length)),), why)
    else:
        for frames, side in _CLIPS:
            yield Guess((InputSpec((channels, frames, setting.resolution or side, setting.resolution or side)),), why)
