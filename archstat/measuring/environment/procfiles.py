"""The files in which Linux tells about the computer and about this process.

Every reader takes the directory that stands for ``/``, so that tests can lay out a computer of their own. What a file
does not tell is an error with the reason, and :func:`gather_fields` turns that into ``None`` beside the reason.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from archstat.errors import ArchstatError

ROOT = Path("/")
_SHOWN = 40  # characters of a file that is not understood


class NotToldError(ArchstatError):
    """The computer does not tell; the text says why."""

    @classmethod
    def of(cls, path: str, text: str) -> NotToldError:
        """The error for a file that is not as the kernel's documentation has it."""
        return cls(f"{path} says {text[:_SHOWN]!r}, which is not understood.")


def file_text(root: Path, path: str) -> str:
    """The text of a file, without the space around it.

    Raises:
        NotToldError: The file is not there, or may not be read.
    """
    try:
        return (root / path.lstrip("/")).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError as error:
        raise NotToldError(f"There is no {path} here.") from error
    except OSError as error:
        raise NotToldError(f"{path} cannot be read: {error.strerror}.") from error


def fields(root: Path, path: str) -> dict[str, str]:
    """The first value of each ``name : value`` line, such as those of ``/proc/cpuinfo``.

    Raises:
        NotToldError: The file is not there, or may not be read.
    """
    found: dict[str, str] = {}
    for line in file_text(root, path).splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found


def asked_system(call: Callable[[], Any], what: str) -> Any:
    """What psutil or Python knows of the system.

    Raises:
        NotToldError: The system does not know, or cannot be asked by this call.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # psutil's, of what a sandbox hides
            answer = call()
    except (AttributeError, NotImplementedError, OSError, RuntimeError, psutil.Error) as error:
        raise NotToldError(f"This system does not tell {what}.") from error
    if not answer:
        raise NotToldError(f"This system does not tell {what}.")
    return answer


def gather_fields(readers: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """The value of each field, ``None`` where it is not told; and for those the reason, by the field's name."""
    told = {field: _told(reader) for field, reader in readers.items()}
    values = {field: value for field, (value, _) in told.items()}
    return values, {field: reason for field, (_, reason) in told.items() if reason is not None}


def _told(reader: Callable[[], Any]) -> tuple[Any, str | None]:
    try:
        return reader(), None
    except NotToldError as error:
        return None, str(error)
