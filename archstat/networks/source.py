"""A network that was found, and one that was built: what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from torch import nn

from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.settings import Setting
from archstat.records import Shape


class Source(msgspec.Struct, frozen=True):
    """A network and what is known of it.

    Attributes:
        name: As the user wrote it.
        build: Makes the network, or the network with what its ``forward`` is called with; ``build()`` may be called
            more than once.
        takes: From a setting to what goes in, if that is known before the network is built; it may return ``None``
            where it turns out not to be.
        note: What a reader must know about it.
        paper: Where the structure of the network was published.
    """

    name: str
    build: Callable[[], nn.Module | Built]
    takes: Callable[[Setting], tuple[AnyInput, ...] | None] | None = None
    note: str = ""
    paper: str = ""

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one input without the batch, where it is known to be a single tensor."""
        inputs = (None if self.takes is None else self.takes(Setting())) or ()
        return inputs[0].shape if len(inputs) == 1 and isinstance(inputs[0], InputSpec) else None


class Built(NamedTuple):
    """A network, and what it was made with to be called.

    Attributes:
        model: The network.
        example: The arguments of its ``forward`` by position and by name; ``None``: none came with it.
    """

    model: nn.Module
    example: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None
