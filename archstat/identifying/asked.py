"""The number that is asked about: its digits, what they are worth, and of what it is a number."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from archstat import units
from archstat.errors import DataError, quoted, shortened
from archstat.language import recorded
from archstat.units import Printed

NumberKind = Literal["parameters", "MACs", "FLOPs", "bytes", "elements"]
"""What a number can be one of; elements are those of activations."""

ANY: Literal[""] = ""
"""The kind of a number that says nothing of it."""

_LONGEST = 200
_ABOUT = re.compile(r"^(?:[~≈\u223c≃]|ca\.?(?=\s)|about\b|approx\.?)\s*", re.IGNORECASE)
_POWER = re.compile(r"\s*(?:[×x*·]|\\times|\\cdot)\s*10\s*\^?\s*\{?(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}|\d{1,2})\}?")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_GROUPED = re.compile(r"\d{1,3}(?P<gap>[ \u00a0\u2009\u202f'\u2019.])\d{3}(?:(?P=gap)\d{3})*(?![\d'\u2019])", re.ASCII)
_DECIMAL_COMMA = re.compile(r"(?P<whole>\d+),(?P<fraction>\d{1,2}|\d{4,}|(?<=\b0,)\d+)(?![\d.,_])", re.ASCII)
_SPACED_POWER = re.compile(r"(?<=\d) (?=[eE]\+?\d)", re.ASCII)
_NUMBER = re.compile(r"(?P<number>\d[\d,_]*(?:\.\d+)?(?:[eE]\+?\d{1,2})?)\s*(?P<rest>[A-Za-z][A-Za-z /-]*)?", re.ASCII)
_PREFIXES = {"k", "K", "M", "G", "B", "T", "thousand", "million", "billion"}
_KINDS: dict[NumberKind, str] = {
    "parameters": r"params?|parameters?|weights?",
    "MACs": r"macs?|macc?s?|madds?|mult-?adds?|multi-?adds?|multiply-?add(?:ition)?s?|multiply-?accumulates?",
    "FLOPs": r"flops?|ops?|operations?|floating-?point-?operations?",
    "elements": r"activations?|acts?|elements?",
    "bytes": r"bytes",
}
_WORDS: dict[NumberKind, re.Pattern[str]] = {
    kind: re.compile(rf"(?P<prefix>.*?)(?:{words})", re.IGNORECASE) for kind, words in _KINDS.items()
}
_NAMED = re.compile(r"^(?:thousand|million|billion)", re.IGNORECASE)
_IN_POWERS_OF_TWO = {"kB": 1, "KB": 1, "MB": 2, "GB": 3, "TB": 4}


ROUNDED_TO_TENS = recorded("rounded to tens")
"""The assumption that the last zero of a number is none of its digits."""


class PrintedReading(msgspec.Struct, frozen=True):
    """One way to read what is printed.

    Attributes:
        printed: The number in base units.
        assumption: What has to be so, or ``""`` for what the text says itself.
    """

    printed: Printed
    assumption: str = ""


class Asked(msgspec.Struct, frozen=True):
    """A number as it is printed somewhere.

    Attributes:
        text: The number as printed.
        kind: What is counted; :data:`ANY` if the text does not say.
        readings: The ways to read it, the likeliest first.
    """

    text: str
    kind: NumberKind | Literal[""]
    readings: tuple[PrintedReading, ...]

    @property
    def printed(self) -> Printed:
        """The number as the text says it."""
        return self.readings[0].printed

    @property
    def is_whole(self) -> bool:
        """Whether the number is meant to the last digit."""
        return self.printed.step == 1


def asked(text: str, kind: NumberKind | Literal[""] = ANY) -> Asked:
    """The number that a text prints: ``"4.11G"``, ``"0.85 GMac"``, ``"25.6M params"``, ``"97.8 MB"``, ``"3.8×10⁹"``.

    Digits may be grouped as elsewhere in the world, ``"25 557 032"`` or ``"25.557.032"``, and ``"4,1 G"`` has a decimal
    comma; ``"4,123"`` and ``"4.123"`` are read as in English.

    Args:
        text: The text.
        kind: What the number is one of, where the text itself does not say.

    >>> asked("4.11 GFLOPs").kind, asked("4.11 GFLOPs").printed.value == 4_110_000_000
    ('FLOPs', True)

    Raises:
        DataError: The text is no such number, or is nothing.
    """
    said = _in_english(_ABOUT.sub("", text.strip()[: _LONGEST + 1]))
    said = _POWER.sub(lambda match: f"e{match['power'].translate(_SUPERSCRIPTS)}", said)
    match = _NUMBER.fullmatch(said) if len(said) <= _LONGEST else None
    found = None if match is None else _read(match["number"].replace("E", "e").replace("e+", "e"), match["rest"] or "")
    if found is None:
        told = quoted(shortened(text, 60))
        raise DataError(f"{told} is no printed number; write it like '4.11G', '0.85 GMac', '25.6M' or '97.8 MB'.")
    if not found[1][0].printed.value:
        raise DataError(f"{quoted(text)} is nothing, which anything may have: ask about a number above 0.")
    return Asked(text.strip(), found[0] or kind, found[1])


def _in_english(said: str) -> str:
    """A number with the marks that it has in English: ``25,557,032`` and ``4.1``."""
    grouped = _GROUPED.match(said)
    if grouped is None or (grouped["gap"] == "." and grouped[0].count(".") == 1):
        said = _DECIMAL_COMMA.sub(r"\g<whole>.\g<fraction>", said, count=1)
    else:
        said = grouped[0].replace(grouped["gap"], ",") + re.sub(r"^,(?=\d)", ".", said[grouped.end() :])
    return _SPACED_POWER.sub("", said)


def _read(number: str, rest: str) -> tuple[NumberKind | Literal[""], tuple[PrintedReading, ...]] | None:
    """The kind and the readings; ``None`` if what follows the number is no unit."""
    try:
        unit = _NAMED.sub(lambda name: name[0].lower(), rest.replace(" ", ""))
        if unit in _IN_POWERS_OF_TWO or unit.endswith("iB"):
            return "bytes", _sizes(number, unit)
        for kind, word in _WORDS.items():
            match = word.fullmatch(unit)
            if match is not None and (not match["prefix"] or match["prefix"] in _PREFIXES):
                return kind, _of_zeros(number, units.parse(f"{number}{match['prefix']}"), match["prefix"])
        read = units.parse(f"{number}{unit}")
        return ANY, _of_zeros(number, read, unit) if unit or read.value >= _SMALLEST else _of_a_column(number)
    except DataError:
        return None


def _of_zeros(number: str, said: Printed, prefix: str) -> tuple[PrintedReading, ...]:
    """A number, of whose last zero nobody knows whether it was rounded to: 110 M are said of 109.5 M."""
    if not (prefix and re.fullmatch(r"[1-9]\d+0", number, re.ASCII)):
        return (PrintedReading(said),)
    return PrintedReading(said), PrintedReading(Printed(said.value, said.step * 10), ROUNDED_TO_TENS)


_SMALLEST = 1000
"""Networks have more of anything: a smaller number is one of a column whose head has the prefix."""


def _of_a_column(number: str) -> tuple[PrintedReading, ...]:
    """A number whose prefix stands elsewhere."""
    return tuple(
        PrintedReading(units.parse(f"{number}{prefix}"), recorded("the prefix {prefix} left out", prefix=prefix))
        for prefix in ("G", "M", "k", "T")
    )


def _sizes(number: str, unit: str) -> tuple[PrintedReading, ...]:
    """An amount of memory, of which MB are also written for MiB."""
    said = PrintedReading(units.parse_size(f"{number}{unit}"))
    if unit not in _IN_POWERS_OF_TWO:
        return (said,)
    power = _IN_POWERS_OF_TWO[unit]
    worth = 1024**power
    bare = units.parse(number)
    told = recorded("{first} of {second} bytes", first=unit, second=units.exact(worth))
    return said, PrintedReading(Printed(bare.value * worth, bare.step * worth), told)
