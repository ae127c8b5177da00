"""What a claim can name of what was published: the error rates of an architecture, in percent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from archstat.errors import DataError, UnknownNameError, quoted
from archstat.published.figures import ErrorRate, Variant, counted, published
from archstat.registry import parse_call

RATES: dict[str, Callable[[ErrorRate], float | None]] = {
    "top1_error": lambda rate: rate.top1,
    "top5_error": lambda rate: rate.top5,
    "top1_accuracy": lambda rate: rate.top1,
    "top5_accuracy": lambda rate: rate.top5,
}
"""Percent wrong of each; an accuracy is what is left of 100."""


def published_rate(architecture: str, resolution: int | None, protocol: str, quantity: str) -> Fraction:
    """An error rate or an accuracy as it was published, in percent.

    Args:
        architecture: An architecture of ours, with arguments if it was published of a variant.
        resolution: Height and width of its input, if it was published at others than its own.
        protocol: What picks one of its error rates, see :func:`picked`.
        quantity: A key of :data:`RATES`.

    Raises:
        UnknownNameError: There is no such architecture.
        DataError: No published rate fits, or several do.
    """
    name = f"{architecture} at {resolution}×{resolution}" if resolution else architecture
    rate = picked(_rates(architecture, resolution), protocol, name)
    error = RATES[quantity](rate)
    if error is None:
        raise DataError(f"No {quantity} of {name} was published under {described(rate)!r}.")
    return 100 - Fraction(str(error)) if quantity.endswith("_accuracy") else Fraction(str(error))


def picked(rates: Sequence[ErrorRate], protocol: str, name: str) -> ErrorRate:
    """The one error rate of a protocol.

    A rate is meant by its whole protocol; by protocol and source, as in ``"ImageNet val, 1-crop; Table 3"``; or, where
    it is so of none, by the beginning of that.

    Raises:
        DataError: None is meant, or several are.
    """
    if not rates:
        raise DataError(f"No error rate of {name} was published.")
    ways: tuple[Callable[[ErrorRate], bool], ...] = (
        lambda rate: rate.protocol == protocol,
        lambda rate: described(rate) == protocol,
        lambda rate: described(rate).startswith(protocol),
    )
    found = next(filter(None, ([rate for rate in rates if is_meant(rate)] for is_meant in ways)), [])
    if len(found) != 1:
        told = ", ".join(repr(described(rate)) for rate in found or rates)
        raise DataError(f"{len(found) or 'No'} error rates of {name} are {quoted(protocol)}: choose from {told}.")
    return found[0]


def described(rate: ErrorRate) -> str:
    """A protocol and where it stands."""
    return f"{rate.protocol}; {rate.source}"


def _rates(architecture: str, resolution: int | None) -> tuple[ErrorRate, ...]:
    """The error rates of an architecture, or of a variant of it."""
    name, args, kwargs = parse_call(architecture)
    about = published().get(name)
    if about is None:
        raise UnknownNameError.of("architecture", name, published(), "'archstat list' shows every name.")
    own = counted()[name].input_shape[-1] if name in counted() else None
    at = None if resolution == own else resolution
    if not args and not kwargs and at is None:
        return about.errors
    variants = [each for each in about.variants if _is_variant(each, (name, args, kwargs), at)]
    return tuple(rate for variant in variants for rate in variant.errors)


def _is_variant(variant: Variant, call: tuple[str, list[object], dict[str, object]], resolution: int | None) -> bool:
    return parse_call(variant.call) == call and variant.resolution == resolution
