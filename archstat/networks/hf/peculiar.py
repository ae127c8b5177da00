"""Model types whose inputs no rule tells: one entry is one of them."""

from __future__ import annotations

from collections.abc import Callable

from archstat.networks.hf.needs import Need
from archstat.networks.input_specs import InputSpec

PECULIAR: dict[str, Callable[[Need], tuple[InputSpec, ...] | None]] = {}
"""The model type → its inputs; ``None``: as by the rules."""
