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

from archstat.errors import InputError, quoted
from archstat.networks import sources
from archstat.networks.assuming import assume
from archstat.networks.input_specs import AnyInput
from archstat.networks.inputs import Arguments, arguments_for, known_inputs
from archstat.networks.placement import in_precision, without_values
from archstat.networks.settings import Setting
from archstat.networks.source import Built, Source
from archstat.networks.trust import Reach
from archstat.tracing.keras_layers import make_weights

Place = Literal["meta", "cpu"]

SEED = 0
"""A named network that branches on its activations takes the same branches each time it is counted."""


class Loaded(NamedTuple):
    """A network, and what its ``forward`` takes.

    Attributes:
        source: What is known of it.
        model: The network, in the element type that was asked for.
        args: The inputs of the network by position.
        kwargs: The inputs of the network by name.
        origin: Where the inputs come from: ``"given"`` by the user, ``"known"`` of that name, ``"example"`` if its
            factory or file brought them, or ``"assumed: …"`` with the reason.
    """

    source: Source
    model: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    origin: str


def load(spec: str, setting: Setting, *, on: Place | None = None, reach: Reach | None = None) -> Loaded:
    """A named network and the inputs that the setting says.

    Args:
        spec: The network: ``"resnet50"``, ``"timm:resnet50"``, ``"./net.py:Net(width=2)"``.
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
        self._reach = reach
        self._built: dict[Place | None, Built] = {}
        self._assumed: dict[Setting, tuple[tuple[AnyInput, ...], str]] = {}

    def inputs(self, setting: Setting) -> tuple[AnyInput, ...]:
        """What goes in: as the user says, as is known of the network, or as it has to be assumed.

        Raises:
            InputError: None is known and none can be assumed, it is said twice, or the network brought its own, which
                has one size.
        """
        known = known_inputs(self.source, setting)
        if known is not None:
            return known
        if self.example() is not None:
            raise InputError(
                f"{quoted(self.source.name)} brings its own input, of one size: give another one.",
                helps={"inputs": ""},
            )
        return self._assume(setting)[0]

    def example(self, *, on: Place | None = None) -> Arguments | None:
        """What the network brought to be called with, if its factory or file did.

        Args:
            on: Where the network was built with it: what is made beside a network without values has none either.
        """
        found = self._whole(on).example
        return None if found is None else Arguments(*found)

    def load(self, setting: Setting, *, on: Place | None = None) -> Loaded:
        """The network and the inputs that the setting says.

        Args:
            setting: The inputs of the network, and its element type.
            on: The device of the network; ``None``: without values, if its constructor does without.

        Raises:
            SourceError: The constructor of the network raised.
            InputError: There is no such input.
        """
        known = known_inputs(self.source, setting)  # before the network is built, which can take long
        model = in_precision(self.model(on=on), getattr(torch, setting.dtype))
        loaded = self._fed(model, known, setting, on)
        make_weights(model, loaded.args, loaded.kwargs)
        return loaded

    def _fed(self, model: nn.Module, known: tuple[AnyInput, ...] | None, setting: Setting, on: Place | None) -> Loaded:
        """The network with what goes in: as is known, as it brought it, or as it has to be assumed."""
        if known is not None:
            args, kwargs = arguments_for(model, known, setting, self._reach)
            return Loaded(self.source, model, args, kwargs, "given" if setting.inputs else "known")
        example = self.example(on=on)
        if example is not None:
            _refuse_sizes(self.source, setting)
            return Loaded(self.source, model, example.args, example.kwargs, "example")
        assumed, reason = self._assume(setting)
        args, kwargs = arguments_for(model, assumed, setting)
        return Loaded(self.source, model, args, kwargs, f"assumed: {reason}")

    def model(self, *, on: Place | None = None) -> nn.Module:
        """The network alone, for who has an input already.

        Args:
            on: The device of the network; ``None``: without values, if its constructor does without.

        Raises:
            SourceError: The constructor of the network raised.
        """
        return self._whole(on).model

    def _whole(self, on: Place | None) -> Built:
        if on not in self._built:
            self._built[on] = self._build(on)
        return self._built[on]

    def _build(self, on: Place | None) -> Built:
        if on == "cpu":
            return sources.whole_on_cpu(self.source, SEED)
        built = sources.whole_on_meta(self.source)
        return built._replace(model=without_values(built.model)) if on == "meta" else built

    def _assume(self, setting: Setting) -> tuple[tuple[AnyInput, ...], str]:
        if setting not in self._assumed:
            self._assumed[setting] = assume(self.source, self.model(), setting)
        return self._assumed[setting]


def _refuse_sizes(source: Source, setting: Setting) -> None:
    """Refuse to make an input of another size of one that the network brought with it."""
    asked = {
        "a resolution": setting.resolution is not None,
        "a sequence length": setting.sequence is not None,
        "a batch size": setting.batch_size != 1,
    }
    for what, is_asked in asked.items():
        if is_asked:
            raise InputError(
                f"{quoted(source.name)} brings its own input, which {what} does not change: give another one.",
                helps={"inputs": ""},
            )
