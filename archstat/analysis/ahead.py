"""What the wheel brings: every architecture of ours, counted when it was built.

Counts can differ between versions of torch, so that those in the file are used with the torch alone that they were made
with, and with the very files of archstat.
"""

from __future__ import annotations

import contextlib
import functools
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from archstat.networks.ingredients import digest_of_archstat, version_of_torch

FILE = Path(__file__).parent.parent / "counted.zip"
"""Made by ``tools/count_ahead.py`` for a wheel; a checkout has none."""

HEADER = "made_with.json"


class MadeWith(msgspec.Struct, frozen=True):
    """The program that the file was made with.

    Attributes:
        archstat: The digest of archstat's own files.
        torch: The version of torch.
    """

    archstat: str
    torch: str

    @classmethod
    def now(cls) -> MadeWith:
        """The program that runs."""
        return cls(digest_of_archstat(), version_of_torch())


def member_of(question: str, name: str) -> str:
    """Where in the file an answer stands."""
    return f"{question}/{name}.json"


def counted_ahead(question: str, name: str) -> bytes | None:
    """What the file has of an architecture on the input that it is made for; ``None``: nothing that can be used."""
    with contextlib.suppress(*_DAMAGED):
        archive = _archive(FILE)
        return None if archive is None else archive.read(member_of(question, name))
    return None


_DAMAGED = (KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What reading of an archive raises that lacks a member, or of which bits were changed."""


@functools.cache
def _archive(path: Path) -> zipfile.ZipFile | None:
    """The file, if it was made with the program that runs."""
    if not path.is_file():
        return None
    archive = zipfile.ZipFile(path)
    with contextlib.suppress(ValueError):
        if msgspec.json.decode(archive.read(HEADER), type=MadeWith) == MadeWith.now():
            return archive
    return None


def write_ahead(path: Path, entries: Mapping[str, bytes]) -> None:
    """Write such a file; of equal entries, the same bytes.

    Args:
        path: Where to.
        entries: What is kept of each answer, by its place in the file.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), msgspec.json.encode(MadeWith.now()))
        for place, entry in sorted(entries.items()):
            member = zipfile.ZipInfo(place)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, entry)
