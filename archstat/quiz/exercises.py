"""What a worksheet asks: the network, its input, what is hidden; and the line of the sheet that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from archstat.errors import DataError, InputError, UnknownNameError, quoted
from archstat.networks.written import WrittenSetting
from archstat.quiz.hiding import HIDEABLE

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Exercise(WrittenSetting, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a worksheet asks of a network, and how that is counted.

    Attributes:
        network: The name of the network.
        hide: The columns with cells to fill in, keys of :data:`archstat.quiz.hiding.HIDEABLE`.
        seed: Which cells are hidden, where only some of them are.
        cells: How many cells are hidden; ``None``: all of these columns.
        rows: How many layers stand on the sheet, from the first on; ``None``: all.
    """

    network: str
    hide: tuple[str, ...]
    seed: int = 0
    cells: _AtLeastOne | None = None
    rows: _AtLeastOne | None = None


def chosen_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of these names, each once and as they follow each other on a sheet.

    >>> chosen_columns(["macs", "Parameters", "activation_bytes"])
    ('parameters', 'macs', 'activation_memory')

    Raises:
        InputError: No name stands there.
        UnknownNameError: A column of that name cannot be hidden.
    """
    asked = {_key(name) for name in names if name.strip()}
    if not asked:
        raise InputError("No column is named: hide some, as 'parameters,macs'.")
    return tuple(key for key in HIDEABLE if key in asked)


def _key(name: str) -> str:
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    found = next((key for key, each in HIDEABLE.items() if plain in (key, each.column)), None)
    if found is None:
        raise UnknownNameError.of("column to hide", name.strip(), HIDEABLE, f"They are {', '.join(HIDEABLE)}.")
    return found


# -- the line of a sheet -----------------------------------------------------------------------------------------------

_LINE = re.compile(r"^[ \t]*<!--[ \t]*archstat quiz (?P<version>\d{1,9}):[ \t]*(?P<asked>.*?)[ \t]*-->", re.MULTILINE)
_VERSION = "1"
_ESCAPES = (("--", "-\\u002d"), ("<", "\\u003c"), (">", "\\u003e"))
"""What would end a comment in a name, and how JSON writes it."""


def line_of(exercise: Exercise) -> str:
    """What an exercise asks as a comment of Markdown, which nobody sees who reads the sheet as a page."""
    always = {"network": exercise.network, "hide": exercise.hide, "seed": exercise.seed}
    asked = json.dumps({**always, **msgspec.to_builtins(exercise)})
    for text, escape in _ESCAPES:
        asked = asked.replace(text, escape)
    return f"<!-- archstat quiz {_VERSION}: {asked} -->"


def is_of_quiz(text: str) -> bool:
    """Whether a text has a line that says what a worksheet asks, or what is left of one."""
    return re.search(r"<!--[ \t]*archstat quiz\b", text) is not None


def exercise_in(text: str, path: str) -> Exercise:
    """What a sheet asks.

    Args:
        text: The sheet.
        path: The file, for complaints.

    Raises:
        DataError: The text is no sheet, or its line does not hold together.
    """
    found = list(_LINE.finditer(text))
    if len(found) != 1:
        many = (
            "it has several: put each into a file of its own"
            if found
            else "the line that 'archstat quiz' begins one with is missing"
        )
        raise DataError(f"{path} is no worksheet: {many}.")
    place = f"{path}:{text.count(chr(10), 0, found[0].start()) + 1}"
    if found[0]["version"] != _VERSION:
        raise DataError(f"{place}: a worksheet of version {found[0]['version']}, and version {_VERSION} is known.")
    try:
        asked: Any = json.loads(found[0]["asked"])
        exercise = msgspec.convert(asked, Exercise)
        hide = chosen_columns(exercise.hide)
        _ = exercise.setting
    except (ValueError, RecursionError, InputError, UnknownNameError) as error:
        raise DataError(f"{place}: this line no longer says what is asked ({str(error).rstrip('.')}).") from error
    if not exercise.network.strip():
        raise DataError(f"{place}: this line names no network, but {quoted(exercise.network)}.")
    return msgspec.structs.replace(exercise, hide=hide)
