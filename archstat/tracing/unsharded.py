"""Networks that FSDP has sharded, as they would be on one device.

To count such a network as it is would gather its parameters, for which every other process has to call the same thing
at the same time. So its twin is counted: the same modules with whole parameters on the meta device, without the hooks
that talk.
"""

from __future__ import annotations

import copy
import functools
import sys
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
    waiting, seen = [model], set()
    while waiting:  # a network may be nested deeper than Python's stack, on which "modules()" goes down
        module = waiting.pop()
        if _wraps(module) or _sharder(type(module)):
            return True
        seen.add(id(module))
        waiting += [each for each in module._modules.values() if each is not None and id(each) not in seen]
    return False


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
    return "fully_shard" if any(map(_is_mixed_in, kind.__mro__)) else ""


def _is_mixed_in(kind: type) -> bool:
    return kind.__name__ == "FSDPModule" and kind.__module__.startswith(_FOLDER)


def _own_class(kind: type) -> type:
    """The class that a layer had before."""
    for made in kind.__mro__:
        if any(map(_is_mixed_in, made.__bases__)):
            return next(base for base in made.__bases__ if not _is_mixed_in(base))
    return kind


class _Twins:
    """The twin of each module of a network, wherever in the network it is kept."""

    def __init__(self, model: nn.Module) -> None:
        self._flat = _flattened(model)
        gone = {id(handle.flat_param) for handle in _handles(model)}
        modules = [module for module in model.modules() if not _wraps(module)]
        # Whatever refers to one of these has its twin in the copy: modules refer to each other, and to themselves.
        self._memo: dict[int, Any] = {id(module): _shell(module) for module in modules}
        for module in model.modules():
            if _wraps(module):
                self._memo[id(module)] = self.of(module)
            for buffer in module.buffers(recurse=False):
                self._memo[id(buffer)] = buffer
            for value in module.parameters(recurse=False):
                if id(value) not in gone:
                    self._memo[id(value)] = _on_meta(value.shape, value.dtype, is_trained=value.requires_grad)
        for module in modules:
            self._fill(self.of(module), module, gone)

    def of(self, module: Any) -> nn.Module:
        """The twin of a module; of a wrapper, that of the module inside."""
        while _wraps(module):
            module = module._fsdp_wrapped_module
        twin: nn.Module = self._memo[id(module)]
        return twin

    def _fill(self, twin: nn.Module, module: nn.Module, gone: set[int]) -> None:
        flat = {name: whole for (owner, name), whole in self._flat.items() if owner == id(module)}
        for name, value in vars(module).items():
            if name in _HOOKS:
                kept = [(key, self._copied(hook)) for key, hook in value.items() if not _talks(key, module)]
                twin.__dict__[name] = type(value)(kept)
            elif name == "_parameters":
                own = {key: each for key, each in value.items() if id(each) not in gone}
                twin.__dict__[name] = {**self._copied(own), **flat}
            elif name not in flat:  # where the sharding keeps a view of its own
                twin.__dict__[name] = self._copied(value)
        twin.__dict__["_compiled_call_impl"] = None  # it runs the original
        if isinstance(twin, nn.RNNBase):
            twin._flat_weights = [getattr(twin, name) for name in twin._flat_weights_names]

    def _copied(self, value: Any) -> Any:
        """What a module keeps, with twins in place of modules; what cannot be copied is kept itself."""
        try:
            return copy.deepcopy(value, self._memo)
        except Exception:  # noqa: BLE001 - a group of processes, a stream, a tensor with a history
            return value


def _shell(module: nn.Module) -> nn.Module:
    """A module of the class that another one had, with nothing in it."""
    shell: nn.Module = object.__new__(_own_class(type(module)))
    return shell


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
