"""How many tokens a network makes of an image or a sound: its own code is asked, without values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from archstat.errors import ForwardError, InputError, quoted
from archstat.networks import sources
from archstat.networks.fitting import refuse_too_large
from archstat.networks.input_specs import InputSpec
from archstat.networks.inputs import arguments_for
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.records import TensorSpec
from archstat.tracing import trace


class _Encoder(nn.Module):
    """The part of a network that makes tokens of an image or a sound."""

    def __init__(self, whole: nn.Module, method: str) -> None:
        super().__init__()
        self.whole = whole
        self._method = method

    def forward(self, **given: Any) -> Any:
        """What stands in the place of the tokens."""
        owner = next((each for each in self.whole.modules() if hasattr(each, self._method)), self.whole)
        made = getattr(owner, self._method)(**given)
        return getattr(made, "pooler_output", made)


def count_tokens(source: Source, kind: str, media: Sequence[InputSpec]) -> int:
    """How many tokens stand for what goes in.

    Args:
        source: The network.
        kind: ``"image"`` or ``"audio"``.
        media: What goes in.

    Raises:
        InputError: The network cannot say.
    """
    try:
        made = _made_by_encoder(source, kind, media)
    except ForwardError as error:
        raise InputError(
            f"How many tokens {quoted(source.name)} makes of the {kind} that it takes cannot be told: {error}",
            helps={"inputs": ""},
        ) from error
    return sum(math.prod(each.shape[:-1]) for each in made)


def _made_by_encoder(source: Source, kind: str, media: Sequence[InputSpec]) -> tuple[TensorSpec, ...]:
    """The tokens, which are made for real only where they have to be."""
    encoder = _Encoder(sources.build_on_meta(source), f"get_{kind}_features")
    try:
        return trace(encoder, *arguments_for(encoder, media, Setting())).calls[0].outputs
    except ForwardError as error:
        if not error.needs_values:
            raise
        refuse_too_large(encoder, error)
    encoder = _Encoder(sources.build_on_cpu(source, seed=0), f"get_{kind}_features")
    return trace(encoder, *arguments_for(encoder, media, Setting())).calls[0].outputs
