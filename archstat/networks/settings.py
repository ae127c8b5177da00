"""How a named network is to be counted; needs no torch, as a saved cost does not."""

from __future__ import annotations

import re

import msgspec

from archstat import units
from archstat.errors import DataError, InputError, quoted
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.records import ELEMENT_TYPES, Precision

__all__ = ["InputSpec", "MeasureSetting", "Setting", "TrainingSetting"]  # an input had its place here in version 0.1


COUNTED_IN = ("float32", "float16", "bfloat16", "float64")
"""The element types that a network can be counted in."""


class Setting(msgspec.Struct, frozen=True):
    """How a named network is to be counted.

    Attributes:
        inputs: The inputs of the network; none: the input it is made for.
        resolution: Height and width of the images it is made for, if they are to be others.
        sequence: The length of the sequences it is made for, if it is to be another.
        is_test_size: Images have the size that it is tested with, where that is another than it is trained with.
        batch_size: How many inputs at once.
        dtype: The element type of parameters and inputs.
        strict: Refuse ops that no rule covers.
    """

    inputs: tuple[AnyInput, ...] = ()
    resolution: int | None = None
    batch_size: int = 1
    dtype: str = "float32"
    strict: bool = False
    sequence: int | None = None
    is_test_size: bool = False


#: The optimizers that a step can be made with.
OPTIMIZER_NAMES = ("sgd", "sgd-momentum", "adam", "adamw")


class TrainingSetting(msgspec.Struct, frozen=True):
    """How a training step is to be made.

    Attributes:
        optimizer: A name of :data:`OPTIMIZER_NAMES`.
        amp: Run the forward pass under autocast to bfloat16.
        device: The device whose ops are replayed.
    """

    optimizer: str = "sgd"
    amp: bool = False
    device: str = "cpu"


class MeasureSetting(msgspec.Struct, frozen=True):
    """How networks are to be measured.

    Attributes:
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        precision: How numbers are represented.
        batch_sizes: Each network is measured at each of them.
        layers: Whether to measure by layer as well.
        energy: Whether to measure the energy as well.
        meter: The energy meter to use, a name of ``archstat.measuring.metering.METERS``; ``None``: that of the device.
        channels_last: Keep images with their channels innermost.
        compiled: Run it through ``torch.compile``.
        threads: Threads that work on one op; ``None``: as many as there are physical cores to use.
        max_s: The most that the samples of one network and batch may take together.
        target: The relative half-width of the interval to aim at; ``None``: 2 % on a CPU, 1 % on a GPU.
        seed: What weights, inputs and orders are drawn with.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    batch_sizes: tuple[int, ...] = (1,)
    layers: bool = False
    energy: bool = False
    meter: str | None = None
    channels_last: bool = False
    compiled: bool = False
    threads: int | None = None
    max_s: float = 30.0
    target: float | None = None
    seed: int = 0

    @property
    def dtype(self) -> str:
        """The element type in torch's words."""
        return ELEMENT_TYPES[self.precision]


def parse_limit(text: str) -> int:
    """An amount of memory in bytes: ``16GiB``, ``24 GB``.

    >>> parse_limit("16GiB")
    17179869184

    Raises:
        InputError: The text is no such amount, or none at all.
    """
    try:
        limit = int(units.parse_size(text).value)
    except DataError as error:
        raise InputError(f"{quoted(text)} is no amount of memory: write it as '16GiB' or '24GB'.") from error
    if limit < 1:
        raise InputError(f"{quoted(text)} is no memory at all: write it as '16GiB' or '24GB'.")
    amount = text.strip()
    if amount.isdecimal():
        raise InputError(f"{quoted(text)} has no unit: write it as '{amount}GiB', or '{amount}B' if that is meant.")
    return limit


def parse_peaks(text: str) -> tuple[float, float]:
    """FLOP/s and bytes/s at a device's best: ``1.2e12,2e11``.

    >>> parse_peaks("1.2e12, 2e11")
    (1200000000000.0, 200000000000.0)

    Raises:
        InputError: The text is no such pair.
    """
    number = r"\s*(\d{1,24}(?:\.\d{1,24})?(?:e\+?\d{1,2})?)\s*"
    match = re.fullmatch(f"{number},{number}", text, re.ASCII | re.IGNORECASE)
    if match is None or not (float(match[1]) and float(match[2])):
        raise InputError(f"{quoted(text)} are no peaks: write FLOP/s and bytes/s as '1.2e12,2e11', or name a file.")
    return float(match[1]), float(match[2])


def parse_years(text: str) -> tuple[int, int]:
    """The first and the last year of ``2015``, ``2012-2015``, ``2015-`` or ``-2015``.

    >>> parse_years("2012-2015"), parse_years("2015"), parse_years("-2015")
    ((2012, 2015), (2015, 2015), (0, 2015))

    Raises:
        InputError: The text is none of these, or the last year comes before the first.
    """
    match = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", text.strip(), re.ASCII)
    if match and (match[1] or match[3]) and (match[2] or not match[3]):
        first, last = int(match[1] or 0), int(match[3] or (9999 if match[2] else match[1]))
        if first <= last:
            return first, last
    raise InputError(f"{quoted(text)} is no year: write 2015, 2012-2015, 2015- or -2015.")


def parse_sizes(text: str) -> tuple[int, ...]:
    """``64,96,128``, in ascending order.

    >>> parse_sizes("96, 64,96")
    (64, 96)

    Raises:
        InputError: The text does not list sizes.
    """
    if not re.fullmatch(r"\s*\d{1,9}\s*(,\s*\d{1,9}\s*)*", text, re.ASCII):
        raise InputError(f"{quoted(text)} are no sizes: write them as '64,96,128'.")
    sizes = sorted({int(size) for size in text.split(",")})
    if not sizes[0]:
        raise InputError(f"{quoted(text)} has a size of 0: the smallest is 1.")
    return tuple(sizes)
