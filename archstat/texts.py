"""Files that people write: text in UTF-8, and TOML in it; one that cannot be read is a sentence, whatever it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from archstat.errors import DataError


def bytes_of(path: Path) -> bytes:
    """What a file holds.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {reason}.") from error


def text_of(path: Path) -> str:
    """The text of a file, lines ending alike, without the mark that some editors begin it with.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return bytes_of(path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} cannot be read: it is no UTF-8 text.") from error


def toml_of(text: str, path: str) -> dict[str, Any]:
    """The tables and keys of a text in TOML.

    Args:
        text: The text.
        path: Its file, for complaints.

    Raises:
        DataError: It is no TOML.
    """
    try:
        found: dict[str, Any] = msgspec.toml.decode(text)
    except RecursionError as error:
        raise DataError(f"{path} is no TOML that can be read: it is nested too deeply.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"{path} is no TOML: {error}.") from error
    return found
