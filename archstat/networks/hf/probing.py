"""How many tokens a network makes of an image or a sound: its own code is asked, without values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from archstat.errors import ForwardError, InputError, quoted
from archstat.networks import sources
from archstat.networks.input_specs import InputSpec
from archstat.networks.inputs import arguments_for
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.tracing import trace


class _Encoder(nn.Module):
    """The part of a network that makes tokens of an image or a sound."""

    def __init__(self, whole: nn.Module, method: str) -> None:
        super().__init__()
        self.whole = whole
        self._method = method

    def forward(self, **given: Any) -> Any:
        """What stands in the place of the tokens."""
        owner: Any = self.whole
        if not hasattr(owner, self._method):
            owner = getattr(owner, "model", None)
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
    encoder = _Encoder(sources.build_on_meta(source), f"get_{kind}_features")
    args, kwargs = arguments_for(encoder, media, Setting())
    try:
        made = trace(encoder, args, kwargs).calls[0].outputs
    except ForwardError as error:
        raise InputError(
            f"How many tokens {quoted(source.name)} makes of the {kind} that it takes cannot be told: {error}",
            helps={"inputs": ""},
        ) from error
    return sum(math.prod(each.shape[:-1]) for each in made)
