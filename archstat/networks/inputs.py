"""What goes into a named network: what is known of it, and the tensors themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from archstat import units
from archstat.errors import InputError, quoted, shortened
from archstat.networks import sources
from archstat.networks.input_specs import (
    AnyInput,
    InputLiteral,
    InputMaker,
    InputSpec,
    tensor_specs,
)
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.networks.trust import Reach
from archstat.tracing.nested import tensors_in


class Arguments(NamedTuple):
    """What a ``forward`` is called with.

    Attributes:
        args: By position.
        kwargs: By name.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


def known_inputs(source: Source, setting: Setting) -> tuple[AnyInput, ...] | None:
    """What goes in; ``None`` if neither the user nor the source of the network says it.

    Raises:
        InputError: The size is said twice, or the network has no such size.
    """
    both = "The sizes of the input and its {} both say how large it is: give one of them."
    if setting.inputs and setting.resolution:
        raise InputError(both.format("resolution"), helps={"inputs": "", "resolution": ""})
    if setting.inputs and setting.sequence:
        raise InputError(both.format("sequence length"), helps={"inputs": "", "sequence": ""})
    if setting.inputs or source.takes is None:
        return setting.inputs or None
    inputs = source.takes(setting)
    if inputs is not None:
        for size in sizes_not_in(inputs, setting):
            _refuse_without_effect(source, setting, inputs, size)
    return inputs


AskedSize = Literal["sequence", "resolution"]


def sizes_not_in(inputs: Sequence[AnyInput], setting: Setting) -> list[AskedSize]:
    """The sizes that were asked for and that no input has: to pass them over without a word would be wrong."""
    there = {extent for spec in tensor_specs(inputs) for extent in spec.shape}
    asked: dict[AskedSize, int | None] = {"sequence": setting.sequence, "resolution": setting.resolution}
    return [name for name, size in asked.items() if size is not None and size not in there]


def _refuse_without_effect(source: Source, setting: Setting, inputs: Sequence[AnyInput], size: AskedSize) -> None:
    """Refuse a size that changes no input of the network: it would be passed over without a word.

    Raises:
        InputError: The inputs are the same without it.
    """
    if source.takes is None or source.takes(msgspec.structs.replace(setting, **{size: None})) != inputs:
        return
    kind, what = ("sequence", "a sequence length") if size == "sequence" else ("image", "a resolution")
    raise InputError(
        f"{quoted(source.name)} takes no {kind}: give the sizes of its input instead of {what}.", helps={"inputs": ""}
    )


def arguments_with(
    inputs: Sequence[AnyInput], make: Callable[[InputSpec], Tensor], batch_size: int, reach: Reach | None = None
) -> Arguments:
    """The arguments of a call.

    Args:
        inputs: The inputs as data.
        make: Makes one tensor.
        batch_size: How many inputs at once; a list that holds one tensor for each input holds them so many times.
        reach: The code that a file may name, if a file names a function that makes inputs.

    Raises:
        InputError: One name is given twice, or a function that makes inputs fails.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for each in inputs:
        if isinstance(each, InputMaker):
            if len(inputs) > 1:
                raise InputError(f"'@{each.place}' makes all inputs: give no other beside it.")
            return _made_by(each.place, batch_size, reach)
        value = _value(each, make, batch_size)
        if not each.name:
            args.append(value)
        elif each.name in kwargs:
            raise InputError(f"The input {quoted(each.name)} is given twice.")
        else:
            kwargs[each.name] = value
    return Arguments(tuple(args), kwargs)


def _value(each: AnyInput, make: Callable[[InputSpec], Tensor], batch_size: int) -> Any:
    if isinstance(each, InputSpec):
        return make(each)
    if isinstance(each, InputLiteral):
        return each.value
    if isinstance(each, InputMaker):
        raise InputError(f"'@{each.place}' makes all inputs and stands in no other.")
    held = [_value(item, make, batch_size) for item in each.items]
    if each.kind == "dict":
        return dict(zip(each.keys, held, strict=True))
    if each.kind == "tuple":
        return tuple(held)
    is_of_the_batch = all(not spec.has_batch for spec in tensor_specs(each.items))
    return held * batch_size if is_of_the_batch else held


def _made_by(place: str, batch_size: int, reach: Reach | None) -> Arguments:
    """What a function of the user's makes: ``(args, kwargs)``, only the arguments, or one of them."""
    made = sources.call_maker(place, batch_size, reach)
    if isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], tuple | list) and isinstance(made[1], dict):
        args, kwargs = tuple(made[0]), made[1]
    elif isinstance(made, dict):
        args, kwargs = (), made
    else:
        args, kwargs = (tuple(made), {}) if isinstance(made, tuple | list) else ((made,), {})
    if not all(isinstance(name, str) for name in kwargs) or not tensors_in((args, kwargs)):
        said = shortened(type(made).__name__, 80)
        raise InputError(
            f"'@{place}' returned no inputs but a {said}: return '(args, kwargs)', a tuple, a dictionary or a tensor."
        )
    return Arguments(args, kwargs)


def arguments_for(
    model: nn.Module, inputs: Sequence[AnyInput], setting: Setting, reach: Reach | None = None
) -> Arguments:
    """Inputs without values for a network without values, and with values for another, which may need them.

    Raises:
        InputError: There is no such tensor, or one name is given twice.
    """
    is_meta = any(parameter.is_meta for parameter in model.parameters())

    def make(spec: InputSpec) -> Tensor:
        dtype = getattr(torch, spec.dtype or setting.dtype)
        on_meta = is_meta and dtype.is_floating_point
        shape = spec.whole_shape(setting.batch_size)
        try:
            if spec.values and not on_meta:
                return torch.tensor(spec.values, dtype=dtype).expand(shape).contiguous()
            return torch.full(shape, spec.fill or 0, dtype=dtype, device="meta" if on_meta else "cpu")
        except (RuntimeError, TypeError, OverflowError) as error:
            raise InputError(
                f"No tensor can have {units.shape(shape)} elements of {spec.dtype or setting.dtype}."
            ) from error

    return arguments_with(inputs, make, setting.batch_size, reach)
