"""Files that are written: whole or not at all, and none that somebody else has just made."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from archstat.errors import OutputError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half-written; a pipe or a device is written to directly.

    A file that is there keeps its mode; one of several names (hard links) keeps them too, and is written in place.
    What UTF-8 cannot hold, half a pair of surrogates in a name, becomes a question mark, as on a terminal.

    Raises:
        OutputError: The file cannot be written.
    """
    content = _bytes(content)
    with _complaining(path):
        real, status = _place(path)
        if status is None or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            _replace(real, content, status)
        else:
            real.write_bytes(content)


def check_place(path: Path) -> None:
    """Find out whether a file could be written there, before the work that is to go into it is done.

    Raises:
        OutputError: No file could be written there.
    """
    with _complaining(path):
        real, status = _place(path)
        if status is None or stat.S_ISREG(status.st_mode):
            _try(real.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, where they are not there, and see to it that files can be made in it.

    Raises:
        OutputError: The folder cannot be made, or nothing in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"{folder} cannot be made: {_reason(error)}.") from error
    with _complaining(folder):
        _try(folder)


def write_new(paths: Iterable[Path], content: str | bytes) -> Path:
    """Write a file under the first name that is free, also where others take names at the same moment.

    Args:
        paths: The names, in one folder.
        content: The text or bytes of the file.

    Returns:
        The name.

    Raises:
        OutputError: No such file can be written.
    """
    for path in paths:
        with _complaining(path):
            if _write_if_new(path, _bytes(content)):
                return path
    raise OutputError("Every name for the file is taken.")


def _write_if_new(path: Path, content: bytes) -> bool:
    if os.path.lexists(path):
        return False
    with _beside(path, content) as name:
        Path(name).chmod(0o666 & ~_umask())
        try:
            os.link(name, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            return _write_exclusively(path, content)
        return True


def _write_exclusively(path: Path, content: bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _place(path: Path) -> tuple[Path, os.stat_result | None]:
    """Where a path leads, and what is there; ``None``: nothing."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    try:
        status = real.stat()
    except FileNotFoundError:
        return real, None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(real, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return real, status


def _replace(path: Path, content: bytes, status: os.stat_result | None) -> None:
    with _beside(path, content) as name:
        Path(name).chmod(0o666 & ~_umask() if status is None else stat.S_IMODE(status.st_mode))
        Path(name).replace(path)


@contextlib.contextmanager
def _beside(path: Path, content: bytes) -> Iterator[str]:
    """The content in a file beside another, which is there no longer afterwards."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")  # up to 4 bytes each
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def _try(folder: Path) -> None:
    with _beside(folder / "archstat", b""):
        pass


@contextlib.contextmanager
def _complaining(path: Path) -> Iterator[None]:
    """What the system says of a place, in our words."""
    try:
        yield
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise OutputError(f"{path} cannot be written: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)


def _bytes(content: str | bytes) -> bytes:
    return content.encode(errors="replace") if isinstance(content, str) else content


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
