"""What was found out once, kept in a folder: one file is one entry, so that processes need not wait for each other.

An entry that is damaged is one that is not there. Nothing here fails: where nothing can be kept, nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import platformdirs

VARIABLE = "ARCHSTAT_CACHE"
"""The variable of the environment that names the folder, or says ``off``."""

_OFF = frozenset({"", "0", "off", "no", "none", "false"})

LIMIT_BYTES = 256 * 2**20
"""What all entries may take together; those that were used longest ago make room."""

_ENDING = ".entry"
_DIGEST_BYTES = 16
_ABANDONED_S = 3600
"""A file that was not given its name for so long belongs to a process that died."""


def cache_folder() -> Path | None:
    """Where entries are kept; ``None``: nowhere, as the environment says ``off``."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return platformdirs.user_cache_path("archstat", appauthor=False)
    if named.strip().lower() in _OFF:
        return None
    try:
        return Path(named).expanduser()
    except RuntimeError:  # of a user who is not there
        return Path(named)


class CacheSize(msgspec.Struct, frozen=True):
    """How much a cache holds.

    Attributes:
        entries: The number of results.
        nbytes: The bytes of all files of results together.
    """

    entries: int
    nbytes: int


class Cache(msgspec.Struct, frozen=True):
    """Entries in a folder, which is made with the first one.

    Attributes:
        folder: The folder of the entries.
        limit_bytes: The most bytes that all entries may take together.
    """

    folder: Path
    limit_bytes: int = LIMIT_BYTES

    def get(self, key: str) -> bytes | None:
        """What was kept under a key; ``None``: nothing, or nothing whole."""
        path = self._path(key)
        try:
            content = _whole(path.read_bytes())
        except OSError:
            return None
        if content is not None:
            with contextlib.suppress(OSError):
                os.utime(path)  # what was used last is thrown away last
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep something under a key, in place of what was there; a folder that cannot be written keeps nothing."""
        path = self._path(key)
        packed = zlib.compress(content)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest() + packed)
            if _looks_after(key):
                self.make_room()

    def make_room(self) -> None:
        """Throw away what was used longest ago, until the rest takes no more than it may."""
        left = self.size().nbytes
        for _, nbytes, path in sorted(_dated(self._files())):
            if left <= self.limit_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                left -= nbytes

    def size(self) -> CacheSize:
        """How much there is."""
        sizes = [nbytes for _, nbytes, _ in _dated(self._files())]
        return CacheSize(len(sizes), sum(sizes))

    def clear(self) -> CacheSize:
        """Throw everything away.

        Returns:
            What there was.
        """
        there = self.size()
        for path in list(self._files()):
            with contextlib.suppress(OSError):
                path.unlink()
        for path in self._parts():
            with contextlib.suppress(OSError):
                path.rmdir()
        return there

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_ENDING}"

    def _parts(self) -> list[Path]:
        """The folders of entries; nothing else in the folder is ours, should a user name one of theirs."""
        with contextlib.suppress(OSError):
            return [each for each in self.folder.iterdir() if len(each.name) == 2 and each.is_dir()]
        return []

    def _files(self) -> Iterator[Path]:
        """Every entry, and what processes that died have left of one."""
        for part in self._parts():
            with contextlib.suppress(OSError):
                for path in list(part.iterdir()):
                    if path.suffix == _ENDING or _is_abandoned(path):
                        yield path


def _whole(stored: bytes) -> bytes | None:
    """What was packed into an entry, if nobody changed a bit of it."""
    digest, packed = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest() != digest:
        return None
    with contextlib.suppress(zlib.error):
        return zlib.decompress(packed)
    return None


def _write(path: Path, content: bytes) -> None:
    """Write a file so that no reader ever sees a part of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{_PART}{path.stem[:8]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


_PART = ".part-"


def _is_abandoned(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.name.startswith(_PART) and time.time() - path.stat().st_mtime > _ABANDONED_S
    return False


def _looks_after(key: str) -> bool:
    """Whether the size is to be looked after: one entry in sixteen does, as looking takes time."""
    return key.endswith("0")


def _dated(paths: Iterator[Path]) -> Iterator[tuple[float, int, Path]]:
    """Files with when they were used last, and their sizes; one that has just gone has none."""
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path
