"""What the modules of a network keep, noted in microseconds: only few of them keep anything that a pass can change."""

from __future__ import annotations

import operator
import weakref
from collections.abc import Sequence
from typing import Any

from torch import nn

from archstat.tracing.keepers import ATOMS
from archstat.tracing.snapshot import Snapshot

_STANDARD = tuple(vars(nn.Module()))
"""The attributes of every module, in the order in which it gets them."""

_NONE_OF_ITS_OWN = len(_STANDARD)
"""How many attributes a module has that holds other modules and nothing else."""

_HOOKS = tuple(name for name in _STANDARD if "hooks" in name or name == "_non_persistent_buffers_set")
_hooks_of = operator.itemgetter(*_HOOKS)


class Kept:
    """The containers and objects that modules and inputs hold, and the hooks of every module.

    Attributes:
        remaining: The memory without values that was there after each pass.
    """

    def __init__(self, modules: Sequence[nn.Module], inputs: Any) -> None:
        """Note what is in them; the modules' own dictionaries are left to whoever swaps them."""
        self.remaining: list[weakref.ref[Any]] = []
        self._snapshot = snapshot = Snapshot()
        snapshot.skip(modules)
        snapshot.add(inputs)
        for kind in set(map(type, modules)) - _PLAIN.keys():
            snapshot.add_class(kind)
        for module in modules:
            state = module.__dict__
            # By their number, which is known at once: whatever else such a layer keeps is an attribute more.
            if len(state) != _PLAIN.get(type(module), _NONE_OF_ITS_OWN):
                self._note_attributes(state)
        states = [module.__dict__ for module in modules if "_forward_hooks" in module.__dict__]
        self._hooks = list(map(_hooks_of, states))
        for hooks in filter(any, self._hooks):
            snapshot.add(*hooks)
        snapshot.add_functions()

    def _note_attributes(self, state: dict[str, Any]) -> None:
        """The attributes of a module that torch does not give every module."""
        own = [value for name, value in state.items() if name not in _IS_STANDARD and type(value) not in ATOMS]
        if own:
            self._snapshot.add(*own)

    def restore(self, *, is_last: bool = True) -> None:
        """Put everything back, as :meth:`archstat.tracing.snapshot.Snapshot.restore` does; may be called again."""
        for hooks in filter(any, self._hooks):
            for each in hooks:
                if not self._snapshot.holds(each):  # it was empty
                    each.clear()
        self._snapshot.restore(is_last=is_last)


_IS_STANDARD = frozenset(_STANDARD)

_PLAIN: dict[type, int] = {
    type(layer): len(vars(layer))
    for layer in (
        nn.Conv1d(1, 1, 1),
        nn.Conv2d(1, 1, 1),
        nn.Conv3d(1, 1, 1),
        nn.Linear(1, 1),
        nn.BatchNorm1d(1),
        nn.BatchNorm2d(1),
        nn.BatchNorm3d(1),
        nn.LayerNorm(1),
        nn.GroupNorm(1, 1),
        nn.Embedding(1, 1),
        nn.ReLU(),
        nn.GELU(),
        nn.SiLU(),
        nn.Sigmoid(),
        nn.Tanh(),
        nn.Softmax(0),
        nn.Dropout(),
        nn.Identity(),
        nn.Flatten(),
        nn.MaxPool2d(1),
        nn.AvgPool2d(1),
        nn.AdaptiveAvgPool2d(1),
        nn.Sequential(),
        nn.ModuleList(),
    )
}
"""Layers that keep nothing a forward pass changes, and how many attributes they have; one with more is walked."""
