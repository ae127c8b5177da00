"""Files that people write: text in UTF-8, and TOML in it; one that cannot be read is a sentence, whatever it holds."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from archstat.errors import DataError, OutputError, quoted, shortened
from archstat.language import say

LARGEST_FILE = 256 * 2**20
"""The most bytes of a file that are read: a saved cost of half a million rows."""

LARGEST_TEXT = 4 * 2**20
"""The most of a file that people write."""

_DEEPEST_KEY = 100
_LONGEST_MESSAGE = 1000


def bytes_of(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """What a file holds.

    Raises:
        DataError: The file cannot be read, is no regular file, or holds more than that.
    """
    try:
        with _opened(path) as file:
            content = file.read(largest + 1)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {reason}.") from error
    if len(content) > largest:
        raise DataError(f"{path} cannot be read: it holds more than {largest // 2**20} MiB.")
    return content


def _opened(path: Path) -> BinaryIO:
    """A regular file; a pipe that nobody writes to would be waited for, and a device may never end."""
    file = open(os.open(path, os.O_RDONLY | _NO_WAITING), "rb")  # noqa: PTH123, SIM115 - of a descriptor; the caller closes it
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "it is a pipe or a device, and no regular file")


_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)


def text_of(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The text of a file, lines ending alike, without the mark that some editors begin it with.

    Args:
        path: The file.
        largest: The most bytes that it may hold.

    Raises:
        DataError: The file cannot be read.
    """
    return exact_text_of(path, largest).removeprefix("\ufeff").replace("\r\n", "\n")


def exact_text_of(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The text of a file that is written again: with every character of it, whatever its lines end in.

    Args:
        path: The file.
        largest: The most bytes that it may hold.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        return bytes_of(path, largest).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} cannot be read: it is no UTF-8 text.") from error


def toml_of(text: str, path: str) -> dict[str, Any]:
    """The tables and keys of a text in TOML.

    Args:
        text: The text.
        path: The path of the file, for complaints.

    Raises:
        DataError: The text is no TOML.
    """
    _refuse_deep_keys(text, path)
    try:
        found: dict[str, Any] = msgspec.toml.decode(text)
    except RecursionError as error:
        raise DataError(f"{path} is no TOML that can be read: it is nested too deeply.") from error
    except (msgspec.DecodeError, ValueError) as error:
        mark = _MERGE_MARK.search(text)
        if mark is not None:
            line = text.count("\n", 0, mark.start()) + 1
            raise DataError(
                f"{path}:{line}: {quoted(mark[0])} marks a conflict of a merge: resolve it first."
            ) from error
        raise DataError(f"{path} is no TOML: {shortened(str(error), _LONGEST_MESSAGE)}.") from error
    return found


_MERGE_MARK = re.compile(r"^(?:<{7}|={7}|>{7})(?=\s|\Z)", re.MULTILINE)

_PIECE = re.compile(
    r""""{3}[\s\S]*?(?:"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|\#[^\n]*|(?P<dot>\.)|(?P<end>[=,{}\[\]\n])|[^"'\#.=,{}\[\]\n]+"""
)
"""Strings and comments as wholes, dots, what ends a key, and the rest: each alternative reads on and never back."""


def _refuse_deep_keys(text: str, path: str) -> None:
    """Refuse a key of very many parts: the time and the memory that TOML libraries take grow with their square."""
    dots = 0
    for piece in _PIECE.finditer(text):
        dots = 0 if piece["end"] else dots + bool(piece["dot"])
        if dots > _DEEPEST_KEY:
            line = text.count("\n", 0, piece.start()) + 1
            raise DataError(f"{path}:{line}: a key has more than {_DEEPEST_KEY} parts.")


def encoded(fields: Any, **options: Any) -> bytes:
    """JSON in UTF-8.

    Args:
        fields: What the JSON holds.
        options: Arguments of :func:`msgspec.json.encode`.

    Raises:
        OutputError: A name in it is no text that JSON could hold.
    """
    try:
        return msgspec.json.encode(fields, **options)
    except UnicodeEncodeError as error:
        raise OutputError(f"{quoted(error.object)} holds half a character, which no JSON can: rename it.") from error


def json_text(fields: Any, **options: Any) -> str:
    """JSON as people can read it; what would steer a terminal is written as its code, which JSON reads as the same.

    Args:
        fields: What the JSON holds.
        options: Arguments of :func:`msgspec.json.encode`.

    Raises:
        OutputError: A name in it is no text that JSON could hold.
    """
    text = msgspec.json.format(encoded(fields, **options), indent=2).decode()
    if text.isascii():  # its control characters are written as codes anyhow, and line feeds are its own
        return text
    return "".join(c if c == "\n" or c.isprintable() else _json_code(c) for c in text)


def _json_code(character: str) -> str:
    """The code of a character in JSON: one or two units of UTF-16."""
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def printable(text: str) -> str:
    """A text without what would break a line or steer a terminal: a layer can have any name."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


_COMMAND = re.compile(r"^(\s*'?:)(?=:)|(#)(?=#\w*\[)", re.MULTILINE)


def named_up_to(names: Sequence[str], most: int) -> str:
    """Names, as many as are read.

    >>> named_up_to(["a", "b", "c"], 2), named_up_to(["a", "b"], 2)
    ('a, b and 1 more', 'a, b')
    """
    shown = ", ".join(names[:most])
    return say("{names} and {count} more", names=shown, count=f"{len(names) - most:,}") if len(names) > most else shown


def inert(text: str) -> str:
    """A result in which no line is a command to the runner of a continuous integration.

    Runners look for them in what programs print: GitHub's begin a line with ``::``, older ones and Azure's hold ``##[``
    or ``##vso[``, and a claim or a layer can have any name.

    >>> inert("::add-mask::x"), inert("a ##vso[task.setvariable]b"), inert("nn::conv ## 3")
    (': :add-mask::x', 'a # #vso[task.setvariable]b', 'nn::conv ## 3')
    """
    return _COMMAND.sub(lambda match: f"{match[0]} ", text)


def escaped(text: str) -> str:
    r"""A message in which what would steer a terminal, or turn its direction, is seen as its code.

    >>> escaped("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
