"""Which input would do where a network cannot take the one that it was given: found by trying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import torch

from archstat.errors import ForwardError, Helps
from archstat.networks import sources
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.inputs import arguments_for
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.records import Shape
from archstat.tracing import trace

_LARGEST_TRIED = 1024
_NEAREST_TRIED = 64


class Advice(NamedTuple):
    """Which input a network can take.

    Attributes:
        text: A sentence that says so, with a space before it; ``""``: nothing is known.
        helps: The setting that gives such an input, as in :class:`archstat.errors.ArchstatError`.
    """

    text: str = ""
    helps: Mapping[Helps, str] = MappingProxyType({})


def advice(source: Source, inputs: Sequence[AnyInput], setting: Setting) -> Advice:
    """Which input the network can take in place of the one that it was given."""
    specs = [each for each in inputs if isinstance(each, InputSpec) and not each.name]
    if len(specs) < len(inputs):
        return Advice()
    if source.input_shape is not None and len(specs) == 1:
        return _known_advice(source, source.input_shape, specs[0].shape, setting)
    if source.input_shape is None and len(specs) == 1 and len(specs[0].shape) == 3:
        return _size_advice(source, specs[0].shape, setting)
    return Advice()


def _known_advice(source: Source, known: Shape, given: Shape, setting: Setting) -> Advice:
    """Which input a network of a known one can take in place of another, or of its own with other arguments."""
    sizes = "x".join(map(str, known))
    if given == known:
        told = f" {source.name} may take other sizes than {sizes}, which are those without arguments: give them."
        return Advice(told, {"inputs": ""}) if "(" in source.name else Advice()
    if len(given) == len(known) + 1:
        return Advice(f" Sizes are without the batch: {source.name} takes {sizes}.")
    if len(given) != len(known) or given[0] != known[0]:
        return Advice(f" {source.name} takes {sizes}.")
    return _size_advice(source, known, setting)


def _size_advice(source: Source, shape: Shape, setting: Setting) -> Advice:
    """A square image that works: the smallest, or the nearest for a network that takes one size only."""

    def works(size: int) -> bool:
        model = sources.build_on_meta(source).to(getattr(torch, setting.dtype))
        try:
            trace(model, *arguments_for(model, (InputSpec((shape[0], size, size)),), setting))
        except ForwardError:
            return False
        return True

    given = max(shape[1:])
    doubled = (given << power for power in range(_LARGEST_TRIED.bit_length()) if given << power <= _LARGEST_TRIED)
    large_enough = next(filter(works, doubled), None)
    size = _nearest(works, given) if large_enough is None else _smallest(works, large_enough)
    if size is None:
        return Advice()
    of_any_sizes = source.input_shape is None
    helps: dict[Helps, str]
    helps = {"inputs": f"{shape[0]}x{size}x{size}"} if of_any_sizes else {"resolution": str(size)}
    return Advice(f" An image of {size}x{size} would do.", helps)


def _smallest(works: Callable[[int], bool], size: int) -> int:
    """The smallest size that works, by halving below one that does."""
    too_small = 0
    while size - too_small > 1:
        middle = (size + too_small) // 2
        too_small, size = (too_small, middle) if works(middle) else (middle, size)
    return size


def _nearest(works: Callable[[int], bool], given: int) -> int | None:
    """The size nearest to the given one that works."""
    near = (size for step in range(1, _NEAREST_TRIED) for size in (given - step, given + step))
    return next((size for size in near if size > 0 and works(size)), None)
