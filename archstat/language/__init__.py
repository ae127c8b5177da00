"""The language of what people read: English as it is written in the code, others from catalogues of messages.

A message is a whole sentence or label with named places, never a piece of one: other languages put words elsewhere.
CSV, JSON, names, errors and what is put out for other programs stay as they are: a record holds what it tells in
English, and whoever shows the record tells it again. The catalogues are gettext's, in ``locale``; ``make messages``
brings them up to date with the code.

>>> say("{count} rows", count=3)
'3 rows'
"""

from __future__ import annotations

import contextlib
import functools
import gettext
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from archstat.errors import UnknownNameError

ENGLISH = "en"
"""The language of the code, which needs no catalogue."""

LOCALE = Path(__file__).parent / "locale"
"""Where the catalogues are, one folder a language."""

_DOMAIN = "archstat"


class _Speech:
    """Which language is spoken: one for the whole process, since a notebook runs each cell in a context of its own."""

    language = ENGLISH
    messages = gettext.NullTranslations()


def say(message: str, /, **values: object) -> str:
    """A message in the language that is spoken, with values in its named places; in English where it has none yet.

    Args:
        message: The message in English: a literal, so that it gets into the catalogues.
        values: What stands in the places.
    """
    said = _Speech.messages.gettext(message) if message else ""
    return said.format(**values) if values else said


def message(text: str) -> str:
    """Mark a text as a message that is said later, where it is written in one place and said in another.

    Args:
        text: The message in English, as it is returned.
    """
    return text


def listed(names: Iterable[str]) -> str:
    """Names one after the other, as the language that is spoken lists them.

    >>> listed(["float32", "float16"]), listed([])
    ('float32 and float16', '')
    """
    first, *others = [*names] or [""]
    return functools.reduce(lambda before, name: say("{before} and {name}", before=before, name=name), others, first)


def recorded(text: str, /, **values: object) -> str:
    """A message that a record holds: in English, whatever is spoken; :func:`retold` tells it to people.

    Args:
        text: The message in English: a literal, so that it gets into the catalogues.
        values: What stands in the places; numbers in those of :data:`NUMBERS`.
    """
    return text.format(**values) if values else text


NUMBERS = frozenset("count number size stride padding value share first second".split())
"""The places of recorded messages that hold no letter but x: ``from {size}`` would else be any text from anywhere."""

_NAMES = frozenset({"layer", "network"})
"""The places of recorded messages that hold no space."""


def retold(text: str) -> str:
    """What a record tells, in the language that is spoken; names and whatever is of no recorded message stay.

    >>> retold("padding 1, output padding 1")
    'padding 1, output padding 1'
    """
    spoken = _Speech.messages
    is_english = type(spoken) is gettext.NullTranslations
    return text if is_english or len(text) > _LONGEST else _retold(text, spoken)


_LONGEST = 2_000
"""A longer text is none that archstat made, and would take long to look through."""


_JOINTS = ("; ", " · ", ": ", ", ", " × ")
"""Between what several messages of a record stand."""


@functools.lru_cache(maxsize=1 << 14)
def _retold(text: str, spoken: gettext.NullTranslations, *, is_part: bool = False) -> str:
    """The message that a text comes from, or those of its parts, with what stands in the places retold as well.

    Args:
        text: The text in English.
        spoken: The catalogue; it tells apart what is remembered.
        is_part: Whether only messages whose places hold numbers and ops are looked for, as in a part of a sentence.
    """
    for form, said, is_closed in _recorded():
        found = form.fullmatch(text) if is_closed or not is_part else None
        if found is not None:
            return say(said, **{place: _retold(value, spoken) for place, value in found.groupdict().items()})
    joint = next((each for each in _JOINTS if each in text), "")
    if not joint:
        return text
    is_whole = not is_part and joint in _JOINTS[:3]
    return joint.join(_retold(part, spoken, is_part=not is_whole) for part in text.split(joint))


@functools.cache
def _recorded() -> list[tuple[re.Pattern[str], str, bool]]:
    """The recorded messages, those that say most first: what they come to, and if they can be parts of a sentence."""
    messages = json.loads((LOCALE / "recorded.json").read_text(encoding="utf-8"))
    longest = sorted(messages, key=lambda each: -len(_PLACE.sub("", each)))
    return [(_form(each), each, (NUMBERS | {"op"}).issuperset(_PLACE.findall(each))) for each in longest]


_PLACE = re.compile(r"\{(\w+)\}")


def _form(text: str) -> re.Pattern[str]:
    """What a message comes to, whatever stands in its places."""
    parts = _PLACE.split(text)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>{_held(name)}+?)" for name in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


def _held(place: str) -> str:
    """Which characters a place may hold."""
    return "[^A-WYZa-wyz;]" if place in NUMBERS else r"\S" if place in _NAMES else "."


def language() -> str:
    """The language that is spoken: ``"en"``, ``"ko"``."""
    return _Speech.language


def languages() -> list[str]:
    """The languages that can be spoken, by their codes of ISO 639-1.

    >>> languages()
    ['en', 'ko']
    """
    return sorted([ENGLISH, *(found.parent.parent.name for found in LOCALE.glob(f"*/LC_MESSAGES/{_DOMAIN}.mo"))])


def speak(language: str) -> None:
    """Speak a language from now on, in the titles, labels, captions and notes of tables, charts and pages.

    Args:
        language: One of :func:`languages`.

    Raises:
        UnknownNameError: There is no catalogue of that language.
    """
    known = languages()
    if language not in known:
        raise UnknownNameError.of("language", language, known, f"The languages are {', '.join(known)}.")
    _Speech.language, _Speech.messages = language, _catalogue(language)


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within a ``with`` statement.

    Args:
        language: One of :func:`languages`.

    Raises:
        UnknownNameError: There is no catalogue of that language.
    """
    before = _Speech.language, _Speech.messages
    speak(language)
    try:
        yield
    finally:
        _Speech.language, _Speech.messages = before


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(_DOMAIN, LOCALE, [language])
