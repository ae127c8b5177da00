"""What was published of each architecture: ``architectures/published.toml``, validated, and our own counts beside it.

Needs no torch, so ``archstat list`` answers at once. Our counts (``architectures/counted.json``) are written by
``make counts`` and compared with fresh ones in the tests.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any, Literal

import msgspec

from archstat.errors import DataError
from archstat.units import parse

Convention = Literal["all", "weights", "all+running", "conv+linear", "conv", "conv+linear+add"]
Verdict = Literal["exact", "rounds", "truncated", "differs"]


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure as it was printed.

    Attributes:
        printed: Its digits and prefix: ``"3.8e9"``.
        convention: What it counts. Of parameters ``"all"``, ``"weights"`` (no biases, no normalization) or
            ``"all+running"`` (with the running means and variances of batch normalization); of MACs ``"conv+linear"``,
            ``"conv"`` or ``"conv+linear+add"`` (with one for each element of a residual addition).
        source: Where it stands.
        verdict: What our count says of it.
        why: Why it is not our count rounded; needed where it is not.
    """

    printed: str
    convention: Convention
    source: str
    verdict: Verdict
    why: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no number, or differs without a reason."""
        try:
            parse(self.printed)
        except DataError as error:
            raise ValueError(str(error).rstrip(".")) from error
        if self.verdict in ("truncated", "differs") and not self.why:
            raise ValueError(f"{self.printed} is {self.verdict}: say why")

    def __str__(self) -> str:
        """Its digits."""
        return self.printed


class ErrorRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured error.

    Attributes:
        protocol: The data, the crops and the number of networks.
        source: Where it stands.
        top1: Percent wrong.
        top5: Percent without the right one among five.
    """

    protocol: str
    source: str
    top1: float | None = None
    top5: float | None = None


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An architecture with other arguments, or on another resolution, that figures were published of.

    Attributes:
        call: How a user names it: ``"mobilenet_v1(width=0.5)"``.
        resolution: Height and width of its input, if they are others.
        parameters: Their number.
        macs: The multiply-accumulates.
        errors: The error rates.
    """

    call: str
    resolution: int | None = None
    parameters: Figure | None = None
    macs: Figure | None = None
    errors: tuple[ErrorRate, ...] = ()


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One architecture as its paper describes it.

    Attributes:
        title: The paper.
        authors: Its authors' surnames.
        year: When it appeared.
        link: Where to read it.
        where: The table or figure that gives the structure.
        task: What the network does, on which data.
        note: What differs from the paper, or from what a reader expects.
        parameters: Their number.
        macs: The multiply-accumulates.
        errors: The error rates.
        variants: What was published of it with other arguments or on another resolution.
    """

    title: str
    authors: str
    year: int
    link: str
    where: str
    task: str
    note: str = ""
    parameters: Figure | None = None
    macs: Figure | None = None
    errors: tuple[ErrorRate, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def paper(self) -> str:
        """Where the structure stands, in one line."""
        return f"{self.authors}: {self.title} ({self.year}), {self.where}. {self.link}"


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our own totals of one architecture at its own input size and batch 1."""

    parameters: int
    macs: int


def _data(name: str) -> bytes:
    return files("archstat").joinpath("architectures").joinpath(name).read_bytes()


@functools.cache
def published() -> dict[str, Published]:
    """Every architecture by name, in the order of the file.

    Raises:
        DataError: The file does not hold together.
    """
    return decode(_data("published.toml"))


def decode(text: bytes) -> dict[str, Published]:
    """The entries of a file like ``published.toml``.

    Raises:
        DataError: It does not hold together; the message says where.
    """
    try:
        entries = msgspec.toml.decode(text, type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"published.toml does not hold together: {error}.") from error
    return {name: _entry(name, entry) for name, entry in entries.items()}


def _entry(name: str, entry: dict[str, Any]) -> Published:
    try:
        return msgspec.convert(entry, Published)
    except msgspec.ValidationError as error:
        raise DataError(f"published.toml does not hold together in [{name}]: {error}.") from error


@functools.cache
def counted() -> dict[str, Counted]:
    """Our totals by name."""
    return msgspec.json.decode(_data("counted.json"), type=dict[str, Counted])
