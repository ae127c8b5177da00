"""The language of what people read: English as it is written in the code, others from catalogues of messages.

A message is a whole sentence or label with named places, never a piece of one: other languages put words elsewhere.
CSV, JSON, names, errors and what is put out for other programs stay as they are. The catalogues are gettext's, in
``locale``; ``make messages`` brings them up to date with the code.

>>> say("{count} rows", count=3)
'3 rows'
"""

from __future__ import annotations

import contextlib
import functools
import gettext
from collections.abc import Iterator
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
