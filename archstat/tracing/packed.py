"""The weights of quantized layers, which torch packs for its kernels and no longer calls parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_QUANTIZED = "torch.ao.nn."
"""Where torch's quantized layers are defined."""


UNPACKED = frozenset(
    f"quantized::conv{transposed}{axes}d{then}"
    for transposed in ("", "_transpose")
    for axes in (1, 2, 3)
    for then in ("", "_relu", "_add", "_add_relu", "_dynamic")
)
"""The quantized convolutions, which are recorded with the arguments of plain ones."""


def may_pack(kind: type) -> bool:
    """Whether layers of a class may have packed weights: quantized ones of torch's, and classes made from these."""
    if kind.__module__.startswith("torch.nn."):  # most are, and this is asked for each class of each network
        return False
    return any(base.__module__.startswith(_QUANTIZED) for base in kind.__mro__)


def packed_of(module: nn.Module) -> dict[str, Tensor] | None:
    """The weights that a quantized layer has packed, unpacked, each once, by name; ``None`` if it has none.

    Modules inside of it that only keep them are taken for a part of it.
    """
    if not all(_keeps_only(inner) for inner in module.modules() if inner is not module):
        return None
    found: dict[int, tuple[str, Tensor]] = {}
    for path, inner in module.named_modules():
        for name, value in vars(inner).items():
            for place, tensor in _tensors_in(value):
                label = ".".join(part for part in (*path.split("."), name, place) if part not in _UNTOLD)
                found.setdefault(tensor.data_ptr(), (label, _on_own_axes(inner, tensor.detach())))
    return dict(found.values()) or None


def _on_own_axes(layer: nn.Module, weight: Tensor) -> Tensor:
    """The weight of a convolution along one axis, of which torch makes one along two, the first of size 1."""
    return weight.squeeze(2) if len(getattr(layer, "kernel_size", ())) == 1 and weight.dim() == 4 else weight


def packed_in(model: nn.Module) -> list[Tensor]:
    """The packed weights of all layers of a network."""
    found: list[Tensor] = []
    seen: set[nn.Module] = set()
    for module in model.modules():
        packed = packed_of(module) if may_pack(type(module)) and module not in seen else None
        if packed is not None:
            found += packed.values()
            seen |= set(module.modules())
    return found


def with_unpacked(name: str, args: tuple[Any, ...], own: Iterable[Tensor]) -> tuple[Any, ...]:
    """The arguments of a quantized convolution as those of a plain one: what is packed tells no sizes to a record.

    Args:
        name: The op's plain name.
        args: What the op was called with; other ops than quantized convolutions keep it.
        own: The network's parameters, in which the unpacked weights are looked up.
    """
    packed = next((each for each in args if isinstance(each, torch.ScriptObject)), None)
    if packed is None or not hasattr(packed, "output_padding"):
        return args
    weight, bias = packed.unpack()  # type: ignore[attr-defined]  # of which torch's stubs know nothing
    spatial = 1 if "1d" in name else weight.dim() - 2  # of one axis torch makes two, the first of size 1
    # The kernels of some engines keep weights in an order of their own and unpack them into new memory each time.
    weight = weight.squeeze(2) if spatial == 1 else weight
    weight = next((each for each in own if _is_same_weight(each, weight)), weight)
    bias = next((each for each in own if bias is not None and each.data_ptr() == bias.data_ptr()), bias)
    sizes = {
        key: tuple(getattr(packed, key)()[-spatial:]) for key in ("stride", "padding", "dilation", "output_padding")
    }
    groups = packed.groups()  # type: ignore[attr-defined]
    rest = [each for each in args[1:] if isinstance(each, Tensor)]  # what "conv2d_add" adds
    stride, padding, dilation = sizes["stride"], sizes["padding"], sizes["dilation"]
    if packed.transpose():  # type: ignore[attr-defined]
        return (args[0], weight, bias, stride, padding, sizes["output_padding"], groups, dilation)
    return (args[0], weight, bias, stride, padding, dilation, groups, *rest)


def _is_same_weight(own: Tensor, unpacked: Tensor) -> bool:
    if not own.is_quantized or own.numel() != unpacked.numel():
        return False
    return torch.equal(own.int_repr().flatten(), unpacked.int_repr().flatten())


def _keeps_only(module: nn.Module) -> bool:
    return isinstance(module, nn.ModuleList) or may_pack(type(module))


_PARTS = ("weight", "bias")
_UNTOLD = frozenset({"", "_packed_params", "_packed_weight", "_all_weight_values"})
"""Names of what only packs."""


def _tensors_in(value: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a packed object, and what they are."""
    if not isinstance(value, torch.ScriptObject):
        return
    if hasattr(value, "unpack"):
        unpacked = value.unpack()
        parts = unpacked if isinstance(unpacked, tuple | list) else (unpacked,)
        yield from ((name, part) for name, part in zip(_PARTS, parts, strict=False) if isinstance(part, Tensor))
        return
    state = value.__getstate__()  # type: ignore[attr-defined]  # of which torch's stubs know nothing
    for number, inner in enumerate(_objects_in(state)):
        yield from ((f"{number}.{name}", tensor) for name, tensor in _tensors_in(inner))


def _objects_in(state: Any) -> Iterator[Any]:
    """The packed objects that another one consists of: those of a recurrent layer's cell."""
    if isinstance(state, tuple | list):
        for item in state:
            yield from _objects_in(item)
    elif isinstance(state, torch.ScriptObject):
        yield state
