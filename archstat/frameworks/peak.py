"""The most that a device can compute, against which a training is set."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from archstat.errors import InputError, quoted
from archstat.files.results import read_peaks
from archstat.measuring.environment.devices import device_name
from archstat.measuring.peaks import measure_peaks
from archstat.records import PRECISIONS, Peaks, Precision

GivenPeak = float | str | Path | Peaks | None
"""FLOP/s of one device; what :command:`archstat peaks` measured, or its file; ``"measure"``; ``None``: not known."""

MEASURE = "measure"
"""Asks for the peak to be measured before the first step, which takes about three seconds."""


def most_flops_per_s(peak: GivenPeak, device: torch.device, precision: str) -> float | None:
    """The most FLOP/s of a device; ``None`` if nobody said.

    Args:
        peak: What was said of it.
        device: The device that trains.
        precision: How the products of the training are represented: ``"fp32"``, ``"tf32"``, ``"bf16"``, ``"fp16"``.

    Raises:
        InputError: The peak is no positive number, or of another device or precision.
        ArchstatError: The file cannot be read, or the device cannot be measured.
    """
    if peak is None:
        return None
    if isinstance(peak, int | float):
        return _checked(float(peak))
    found = peak if isinstance(peak, Peaks) else _found(peak, device, precision)
    if found.how != "given" and (found.device_name, found.precision) != (device_name(device), precision):
        raise InputError(
            f"The peak is of {found.device_name} in {found.precision}, the training is on {device_name(device)} in "
            f"{precision}: measure it there with 'archstat peaks', or give FLOP/s."
        )
    return _checked(found.flops_per_s)


def _found(peak: str | Path, device: torch.device, precision: str) -> Peaks:
    """The peak that a file holds, or the device shows."""
    if peak != MEASURE:
        return read_peaks(Path(peak))
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"The peak of {quoted(device.type)} cannot be measured: give it in FLOP/s.")
    # Random numbers are multiplied, and the training's own are to stay the same.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        return measure_peaks(device, _known(precision))


def _known(precision: str) -> Precision:
    for each in PRECISIONS:
        if each == precision:
            return each
    raise InputError(f"The peak in {quoted(precision)} cannot be measured: give it in FLOP/s.")


def _checked(flops_per_s: float) -> float:
    if not (math.isfinite(flops_per_s) and flops_per_s > 0):
        raise InputError(f"A peak of {flops_per_s:g} FLOP/s is none: give a positive number, as 312e12.")
    return flops_per_s


def precision_of(dtype: torch.dtype, device: torch.device) -> str:
    """How products of numbers of that type are worked out on a device, as ``archstat peaks`` calls it."""
    names = {torch.bfloat16: "bf16", torch.float16: "fp16"}
    is_tf32 = device.type == "cuda" and torch.get_float32_matmul_precision() != "highest"
    return names.get(dtype, "tf32" if is_tf32 else "fp32") if dtype != torch.float64 else "fp64"
