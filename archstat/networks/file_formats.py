"""Formats of files that hold a whole network: one file of ``networks/files/`` is one of them, and registers itself."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from archstat.errors import SourceError, quoted
from archstat.networks.source import Source
from archstat.networks.trust import Reach
from archstat.registry import Registry


class FileFormat(msgspec.Struct, frozen=True):
    """A format of files that hold a network.

    Attributes:
        name: What the format is called: ``"torch.export"``.
        endings: How such files end: ``(".pt2",)``.
        source: From what the user wrote to the network; raises a SourceError if the file holds none.
        about: What is read of it, in one line.
        runs_code: Whether the file can have something run that is no arithmetic, so that a file of claims may only
            name it where the user trusts that.
    """

    name: str
    endings: tuple[str, ...]
    source: Callable[[str], Source]
    about: str
    runs_code: bool = True


FILE_FORMATS: Registry[FileFormat] = Registry("archstat.networks.files", "file format")
"""The formats by name."""


def format_of(place: str) -> FileFormat | None:
    """The format of the file that a name leads to; ``None``: the name is not that of such a file.

    A name with a colon is one of a hub or of code (``ultralytics:yolo11n.pt``), unless there is a file of that name.
    """
    ending = os.path.splitext(place)[1].lower()  # noqa: PTH122 - a Path drops the "." of "./net.onnx"
    for each in FILE_FORMATS.all().values():
        if ending in each.endings and (":" not in place or os.path.isfile(place)):  # noqa: PTH113 - see imported_file
            return each
    return None


def network_in(place: str, kind: FileFormat, reach: Reach | None, *, has_arguments: bool) -> Source:
    """The network that a file holds.

    Args:
        place: The file.
        kind: The format of it.
        reach: The code that the name may lead to, if a file names it.
        has_arguments: Whether arguments stand behind it.

    Raises:
        SourceError: There is no such file, it holds no network, or it may not be named.
    """
    if has_arguments:
        raise SourceError(
            f"{quoted(place)} does not fit: the network in a file is made already and takes no arguments."
        )
    if kind.runs_code and reach is not None and not reach.has(place):
        raise reach.refusal(place)
    check_file(place)
    return kind.source(place)


def check_file(place: str) -> None:
    """Refuse a file that is not there, is none, or has nothing in it.

    Raises:
        SourceError: The file is one of these.
    """
    if not os.path.exists(place):  # noqa: PTH110 - Path.exists() raises if the name is too long or has a NUL
        raise SourceError(f"There is no file {quoted(place)}.")
    if not os.path.isfile(place):  # noqa: PTH113 - likewise
        raise SourceError(f"{quoted(place)} is no regular file.")
    if not os.path.getsize(place):  # noqa: PTH202 - likewise
        raise SourceError(f"{quoted(place)} is empty.")
    if not os.access(place, os.R_OK):
        raise SourceError(f"{quoted(place)} cannot be read: it may not be opened.")
