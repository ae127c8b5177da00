"""Who won the ImageNet classification challenge, and with how many layers: ``published/challenge.toml``, validated.

Needs no torch.
"""

from __future__ import annotations

import functools

import msgspec

from archstat.errors import DataError
from archstat.published.data_files import data_file

CHALLENGE_FILE = "challenge.toml"


class Winner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry to the challenge, as lectures chart it. It is an ensemble, not one network.

    Attributes:
        year: When the entry took part.
        entry: What the chart calls it.
        team: The people who took part.
        top5_error: Percent without the right class among five, as the chart prints it.
        measured: The data and the networks that the error is of.
        place: 1 if it won.
        source: Where the error stands.
        precise: The error to more digits; ``None`` if none were found.
        layers: How many the chart says; ``None`` for a shallow method.
        architecture: The architecture of ours that goes by its name, or ``""``.
        note: What a reader must know before drawing conclusions.
    """

    year: int
    entry: str
    team: str
    top5_error: float
    measured: str
    place: int
    source: str
    precise: float | None = None
    layers: int | None = None
    architecture: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no percentage, and digits that do not round to those of the chart."""
        _check_percent(self.top5_error)
        if self.precise is not None and round(self.precise, 1) != self.top5_error:
            raise ValueError(f"{self.precise:g} does not round to {self.top5_error:g}")


class Human(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well a person does the same task.

    Attributes:
        top5_error: Percent without the right class among five.
        measured: On what, and by whom.
        source: Where the error stands.
        note: What a reader must know before drawing conclusions.
    """

    top5_error: float
    measured: str
    source: str
    note: str

    def __post_init__(self) -> None:
        """Refuse what is no percentage."""
        _check_percent(self.top5_error)


def _check_percent(value: float) -> None:
    if not 0 < value < 100:
        raise ValueError(f"{value:g} is no error in percent")


class Challenge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds.

    Attributes:
        entries: In the order of the chart.
        human: How well a person does, for the line across the chart.
    """

    entries: tuple[Winner, ...]
    human: Human


@functools.cache
def challenge() -> Challenge:
    """The winners and the person.

    Raises:
        DataError: The file does not hold together.
    """
    return challenge_of(data_file(CHALLENGE_FILE))


def challenge_of(text: bytes) -> Challenge:
    """What a file like ``challenge.toml`` holds.

    Raises:
        DataError: The text does not hold together; the message says where.
    """
    try:
        return msgspec.toml.decode(text, type=Challenge)
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"{CHALLENGE_FILE} does not hold together: {error}.") from error


def winners() -> tuple[Winner, ...]:
    """The entries in the order of the chart: by year, and in 2014 the second before the first.

    >>> [(each.entry, each.layers) for each in winners() if each.layers and each.year < 2015]
    [('AlexNet', 8), ('Zeiler & Fergus', 8), ('VGG', 19), ('GoogLeNet', 22)]
    """
    return challenge().entries


def human() -> Human:
    """The error of a person."""
    return challenge().human
