"""Networks that FSDP has sharded, as they would be on one device.

To count such a network as it is would gather its parameters, for which every other process has to call the same thing
at the same time. So its twin is counted: the same modules with whole parameters on the meta device, without the hooks
that talk.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import torch
from torch import nn

_HOOKS = (
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
)

_FOLDER = "torch.distributed."


def is_sharded(model: nn.Module) -> bool:
    """Whether ``FullyShardedDataParallel`` or ``fully_shard`` is anywhere in a network."""
    if "torch.distributed.fsdp" not in sys.modules:  # each class of each network would have to be asked
        return False
    return any(_wraps(module) or _sharder(type(module)) for module in model.modules())


def unsharded(model: nn.Module) -> nn.Module:
    """The twin of a sharded network: modules of its own classes, whose parameters are whole and have no values.

    The network itself is left as it is. Mixed precision that the sharding was told of is left out.
    """
    return _Twins(model).of(model)


def sharders(model: nn.Module) -> tuple[str, ...]:
    """What has sharded a network, by name."""
    found = {"FullyShardedDataParallel" if _wraps(module) else _sharder(type(module)) for module in model.modules()}
    return tuple(sorted(found - {""}))


def _wraps(module: nn.Module) -> bool:
    """Whether a module is the wrapper of the older FSDP."""
    return hasattr(module, "_fsdp_wrapped_module")


def _sharder(kind: type) -> str:
    """What made a class from the one of the layer: the newer FSDP puts its own in front; ``""``: nothing did."""
    is_made = any(base.__name__ == "FSDPModule" and base.__module__.startswith(_FOLDER) for base in kind.__mro__)
    return "fully_shard" if is_made else ""


class _Twins:
    """The twin of each module of a network, each made once."""

    def __init__(self, model: nn.Module) -> None:
        self._originals = {id(module) for module in model.modules()}
        self._made: dict[int, nn.Module] = {}
        self._whole: dict[int, nn.Parameter] = {}
        self._flat = _flattened(model)
        self._gone = {id(handle.flat_param) for handle in _handles(model)}

    def of(self, module: nn.Module) -> nn.Module:
        """The twin of a module; of a wrapper, that of the module inside."""
        if _wraps(module):
            inner: Any = module._fsdp_wrapped_module
            return self.of(inner)
        if id(module) not in self._made:
            self._make(module)
        return self._made[id(module)]

    def _make(self, module: nn.Module) -> None:
        kind = type(module)
        if _sharder(kind):
            kind = next(base for base in kind.__mro__ if not base.__module__.startswith(_FOLDER))
        twin = self._made[id(module)] = kind.__new__(kind)
        own = dict(vars(module))
        flat = {name: whole for (owner, name), whole in self._flat.items() if owner == id(module)}
        for name in flat:  # where the sharding keeps a view of its own
            own.pop(name, None)
        kept = own.pop("_parameters")
        twin.__dict__.update(own)  # before what is made of it, which may lead back here
        parameters = {name: self._parameter(value) for name, value in kept.items() if id(value) not in self._gone}
        twin.__dict__["_parameters"] = parameters | flat
        for name in _HOOKS:
            kept_hooks = [(key, hook) for key, hook in own[name].items() if not _talks(key, module)]
            twin.__dict__[name] = type(own[name])(kept_hooks)
        for name, value in own.items():
            if name not in _HOOKS:
                twin.__dict__[name] = self._within(value)

    def _parameter(self, value: nn.Parameter | None) -> nn.Parameter | None:
        """A parameter with its own whole shape; a shared one stays shared."""
        if value is None:
            return None
        if id(value) not in self._whole:
            self._whole[id(value)] = _on_meta(value.shape, value.dtype, is_trained=value.requires_grad)
        return self._whole[id(value)]

    def _within(self, value: Any) -> Any:
        """What a module keeps, with the twins of the modules in it."""
        if isinstance(value, nn.Module) and id(value) in self._originals:
            return self.of(value)
        if type(value) in {list, tuple}:
            return type(value)(map(self._within, value))
        if type(value) is dict:
            return {key: self._within(each) for key, each in value.items()}
        if isinstance(value, types.MethodType) and id(value.__self__) in self._originals:
            return types.MethodType(value.__func__, self.of(value.__self__))  # type: ignore[arg-type]
        return value


def _talks(key: int, module: nn.Module) -> bool:
    """Whether a hook is one of the sharding's, which gather parameters and free them again."""
    hook: Any = module._forward_pre_hooks.get(key) or module._forward_hooks.get(key)
    while isinstance(hook, functools.partial):
        hook = hook.func
    return str(getattr(hook, "__module__", "")).startswith(_FOLDER)


def _on_meta(shape: Any, dtype: torch.dtype, *, is_trained: bool) -> nn.Parameter:
    return nn.Parameter(torch.empty(tuple(shape), dtype=dtype, device="meta"), requires_grad=is_trained)


def _handles(model: nn.Module) -> list[Any]:
    """What the older FSDP has of each flat parameter; a wrapper of a network without parameters has none."""
    found: list[Any] = [getattr(module, "_handle", None) for module in model.modules() if _wraps(module)]
    return [handle for handle in found if handle is not None]


def _flattened(model: nn.Module) -> dict[tuple[int, str], nn.Parameter]:
    """The parameters that the older FSDP has put into flat ones, by the module that has them and their name."""
    found: dict[tuple[int, str], nn.Parameter] = {}
    for flat in [handle.flat_param for handle in _handles(model)]:
        originals = flat._params or [flat] * len(flat._shapes)
        for (name, owner, _), shape, original in zip(flat._param_infos, flat._shapes, originals, strict=True):
            found[id(owner), name] = _on_meta(shape, flat.dtype, is_trained=original.requires_grad)
        for name, owner, _, first_name, first_owner, _ in flat._shared_param_infos:
            found[id(owner), name] = found[id(first_owner), first_name]
    return found
