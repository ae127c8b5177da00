"""The conditions of measurements: in words, and as what picks one measurement out of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archstat import units
from archstat.errors import DataError, quoted
from archstat.language import recorded
from archstat.records import Conditions, Measurement


def conditions_text(conditions: Conditions, *, has_batch: bool = True) -> str:
    """What must be the same for a comparison, in English, for a record or an error; people read it retold.

    Args:
        conditions: The conditions.
        has_batch: Whether the size of the batch is among what is said.
    """
    limit = conditions.power_limit_w
    parts = (
        conditions.device_name,
        threads_text(conditions.threads) if conditions.threads is not None else "",
        conditions.precision,
        recorded("batch {number}", number=units.exact(conditions.batch_size)) if has_batch else "",
        conditions.mode,
        conditions.memory_format,
        recorded("limited to {power}", power=units.watts(limit)) if limit is not None else "",
    )
    return " · ".join(part for part in parts if part)


def threads_text(count: int) -> str:
    """How many threads work on one op, in English."""
    return recorded("1 thread") if count == 1 else recorded("{number} threads", number=count)


def fitting(
    measurements: Sequence[Measurement],
    architecture: str = "",
    *,
    batch_size: int | None = None,
    dtype: str | None = None,
    by_layer: bool = True,
) -> Measurement:
    """The one measurement that is meant.

    Args:
        measurements: What a file holds.
        architecture: The name of the network; ``""``: any.
        batch_size: At that batch; ``None``: at any.
        dtype: With that element type; ``None``: with any.
        by_layer: Of several, one with layers is meant.

    Raises:
        DataError: None fits, or several do.
    """
    named = [each for each in measurements if architecture in ("", each.architecture)]
    if not named:
        others = ", ".join(dict.fromkeys(each.architecture for each in measurements))
        raise DataError(f"No measurement is of {quoted(architecture)}; there is {others}.")
    fits = [
        each
        for each in named
        if batch_size in (None, each.conditions.batch_size) and dtype in (None, each.conditions.dtype)
    ]
    asked = [f"at batch {batch_size}"] * (batch_size is not None) + [f"in {dtype}"] * (dtype is not None)
    whose = f"of {quoted(architecture)} " if architecture else ""
    if not fits:
        raise DataError(f"No measurement {whose}is {' '.join(asked)}; there is {_described(named, architecture)}.")
    fits = [each for each in fits if by_layer and each.layers is not None] or fits
    if len(fits) > 1:
        choice = (
            "a batch size or an element type" if architecture else "an architecture, a batch size or an element type"
        )
        told = _described(fits, architecture)
        raise DataError(f"{len(fits)} measurements {whose}fit: {told}. Choose {choice}, or keep one in the file.")
    return fits[0]


def _described(measurements: Iterable[Measurement], architecture: str) -> str:
    """The conditions of measurements in words, and their networks where none was asked for."""
    return "; ".join(
        ("" if architecture else f"{each.architecture} on ") + conditions_text(each.conditions) for each in measurements
    )
