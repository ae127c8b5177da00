"""The door to a named network: it is found, built and fed in one act.

>>> loaded = load("lenet5", Setting(batch_size=2))
>>> type(loaded.model).__name__, [tuple(tensor.shape) for tensor in loaded.args]
('Sequential', [(2, 1, 32, 32)])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from archstat.networks import sources
from archstat.networks.inputs import specs_of, tensors_for
from archstat.networks.placement import in_precision, without_values
from archstat.networks.settings import InputSpec, Setting
from archstat.networks.sources import Source
from archstat.networks.trust import Reach

Place = Literal["meta", "cpu"]

_SEED = 0
"""A named network that branches on its activations takes the same branches each time it is counted."""


class Loaded(NamedTuple):
    """A network, and what its ``forward`` takes.

    Attributes:
        source: What is known of it.
        model: The network, in the element type that was asked for.
        args: The inputs of the network by position.
        kwargs: The inputs of the network by name.
    """

    source: Source
    model: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


def load(spec: str, setting: Setting, *, on: Place | None = None, reach: Reach | None = None) -> Loaded:
    """A named network and the inputs that the setting says.

    Args:
        spec: The network: ``"resnet50"``, ``"./net.py:Net(width=2)"``.
        setting: The inputs of the network, and its element type.
        on: The device of the network; ``None``: without values, if its constructor does without.
        reach: The code that the name may lead to, if a file holds it.

    Raises:
        ArchstatError: The name leads nowhere, or further than it may, or there is no such input.
    """
    return Loader(spec, reach).load(setting, on=on)


class Loader:
    """A named network that is found once, built once in each place, and fed for many settings.

    Attributes:
        source: What is known of it.
    """

    def __init__(self, spec: str, reach: Reach | None = None) -> None:
        """The network of that name, which may be limited to the code that a file can name.

        Raises:
            ArchstatError: The name leads nowhere, or further than it may.
        """
        self.source = sources.find(spec, reach)
        self._models: dict[Place | None, nn.Module] = {}

    def inputs(self, setting: Setting) -> tuple[InputSpec, ...]:
        """What goes in.

        Raises:
            InputError: None is known, or it is said twice.
        """
        return specs_of(self.source, setting)

    def load(self, setting: Setting, *, on: Place | None = None) -> Loaded:
        """The network and the inputs that the setting says.

        Args:
            setting: The inputs of the network, and its element type.
            on: The device of the network; ``None``: without values, if its constructor does without.

        Raises:
            SourceError: The constructor of the network raised.
            InputError: There is no such input.
        """
        specs = self.inputs(setting)  # before the network is built, which can take long
        model = in_precision(self.model(on=on), getattr(torch, setting.dtype))
        return Loaded(self.source, model, tensors_for(model, specs, setting), {})

    def model(self, *, on: Place | None = None) -> nn.Module:
        """The network alone, for who has an input already.

        Args:
            on: The device of the network; ``None``: without values, if its constructor does without.

        Raises:
            SourceError: The constructor of the network raised.
        """
        if on not in self._models:
            self._models[on] = self._built(on)
        return self._models[on]

    def _built(self, on: Place | None) -> nn.Module:
        if on == "cpu":
            return sources.build_on_cpu(self.source, _SEED)
        model = sources.build_on_meta(self.source)
        return without_values(model) if on == "meta" else model
