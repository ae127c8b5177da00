"""Sees what is read while a network is found, built and traced, so that a kept result can be held against it.

Python tells an audit hook of every file, folder, connection and program that is opened. What it does not tell, such as
the clock, is looked for in the sources of the user's own modules (:mod:`archstat.networks.unseen`); where a module has
it, nothing is kept.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from archstat.networks.ingredients import LARGEST_READ, Ingredients, digest_of_variable, is_ours
from archstat.networks.settings import Setting
from archstat.networks.trust import is_in_standard_library, is_installed_in
from archstat.networks.unseen import reads_unseen
from archstat.registry import parse_call

_OURS = f"{Path(__file__).parent.parent}{os.sep}"
_OF_THE_MACHINE = ("/proc/", "/sys/", "/dev/")
_FAR = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"})
_PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"}
)
_LISTS = frozenset({"os.listdir", "os.scandir"})
_TERMINAL = frozenset({"COLUMNS", "LINES", "TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"})
"""What libraries read of a terminal when they are imported; no network depends on it."""


class Witness:
    """What this process has read of others so far, for as long as somebody watches.

    A process has one: what a module read when it was imported is known to the next network that comes from it.
    """

    def __init__(self) -> None:
        """Nobody watches yet."""
        self._is_watching = self._is_hooked = False
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._listed: set[str] = set()
        self._variables: dict[str, str] = {}
        self._set: set[str] = set()
        self._copied: list[str] = []
        self._is_blind = False
        self._brought: set[str] = set()

    @contextlib.contextmanager
    def watching(self, name: str, setting: Setting) -> Iterator[None]:
        """Watch what is read, for a network of that name."""
        if is_ours(name, setting):
            yield
            return
        self._note_arguments(name)
        before = set(map(_source, _own_modules()))
        if not self._is_hooked:  # a hook cannot be taken away, so that it must be idle where nobody watches
            sys.addaudithook(self._hear)
            self._is_hooked = True
        with self._reading_variables():
            self._is_watching = True
            try:
                yield
            finally:
                self._is_watching = False
                if set(map(_source, _own_modules())) - before:
                    self._brought.add(name)

    def ingredients(self, name: str, setting: Setting) -> Ingredients | None:
        """What a network that was just built comes from; ``None``: it must not be kept.

        It must not where something was read that cannot be seen, or where code of others than its own has run in this
        process, which may have changed anything.
        """
        if self._brought - {name}:
            return None
        if is_ours(name, setting):
            return Ingredients()
        lasting = set(filter(os.path.isfile, self._written))
        if self._is_blind or self._read & lasting:
            return None
        files = sorted({*(self._read - self._written), *filter(None, map(_source, _own_modules()))})
        sources = [each for each in files if each.endswith(".py")]
        if _size(files) > LARGEST_READ or any(map(reads_unseen, sources)):
            return None
        searched = [os.path.abspath(each) for each in sys.path]  # noqa: PTH100 - links may change too
        folders = {
            each for each in (*searched, *map(os.path.dirname, sources), *_package_folders()) if _is_foreign(each)
        }
        return Ingredients.now(files, sorted(folders), sorted(self._listed), dict(self._variables))

    def _note_arguments(self, name: str) -> None:
        """Take what a name or an argument leads to for a file that is read, or a folder that is listed.

        Some readers are not written in Python, and no hook hears them.
        """
        place, args, kwargs = parse_call(name)
        for each in (place, place.partition(":")[2], *args, *kwargs.values()):
            if isinstance(each, str) and os.path.isdir(each):  # noqa: PTH112 - any text may be asked for
                self._listed.add(os.path.abspath(each))  # noqa: PTH100 - links may change too
            elif isinstance(each, str) and os.path.isfile(each):  # noqa: PTH113 - as above
                self._read.add(os.path.abspath(each))  # noqa: PTH100 - as above

    @contextlib.contextmanager
    def _reading_variables(self) -> Iterator[None]:
        """Note each variable of the environment that is read, unless this process had set it itself."""
        kind: Any = type(os.environ)
        get, put, walk = kind.__getitem__, kind.__setitem__, kind.__iter__
        witness = self

        def got(self: Any, key: Any) -> Any:
            value = None
            try:
                value = get(self, key)
            finally:
                witness._hear_variable(key, value)
            return value

        def set_(self: Any, key: Any, value: Any) -> None:
            put(self, key, value)
            witness._set.add(str(key))

        def walked(self: Any) -> Any:
            names = list(walk(self))
            witness._hear_all_variables(names)
            return iter(names)

        kind.__getitem__, kind.__setitem__, kind.__iter__ = got, set_, walked
        try:
            yield
        finally:
            kind.__getitem__, kind.__setitem__, kind.__iter__ = get, put, walk

    def _hear_variable(self, key: Any, value: Any) -> None:
        if not isinstance(key, (str, bytes)):
            return
        text, reader = os.fsdecode(key), _reader()
        if self._copied and self._copied.pop() == text:
            return
        self._copied = []
        matters = reader == "user" or (reader == "library" and text not in _TERMINAL)
        if matters and text not in self._variables and text not in self._set:
            self._variables[text] = digest_of_variable(None if value is None else os.fsdecode(value))

    def _hear_all_variables(self, names: list[str]) -> None:
        """Let a library copy the environment, as it does to hand it to a program: that is no reading of all of it."""
        self._is_blind = self._is_blind or _reader() == "user"
        self._copied = names[::-1]

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Take note of what Python tells of; it must never fail, as what was asked for would."""
        if not self._is_watching:
            return
        if event == "open":
            self._hear_file(args)
        elif event in _LISTS:
            self._hear_folder(args[0])
        elif event in _FAR or event in {"sqlite3.connect", "builtins.input"}:
            self._is_blind = True
        elif event in _PROGRAMS:
            self._is_blind = self._is_blind or _reader() == "user"

    def _hear_file(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0])
        if path is None or path.startswith(_OURS):
            return
        if path.startswith(_OF_THE_MACHINE):
            self._is_blind = self._is_blind or (path != os.devnull and _reader() == "user")
        elif path.endswith(".pyc"):
            self._hear_bytecode(path)
        elif _is_foreign(path):
            mode = args[1] if isinstance(args[1], str) else ""
            flags = args[2] if isinstance(args[2], int) else 0
            is_written = bool(set("wax+") & set(mode)) or bool(flags & (os.O_WRONLY | os.O_RDWR))
            if not is_written or "+" in mode or flags & os.O_RDWR:
                self._read.add(path)
            if is_written:
                self._written.add(path)

    def _hear_bytecode(self, path: str) -> None:
        """A module that is read from where Python keeps it compiled: its source is what it was made from."""
        with contextlib.suppress(ValueError):
            source = importlib.util.source_from_cache(path)
            if _is_foreign(source):
                self._read.add(source)

    def _hear_folder(self, folder: Any) -> None:
        path = _text(folder if folder is not None else ".")
        if path is None or not _is_foreign(path) or _is_importing():
            return
        if _reader() == "user":
            self._listed.add(path)


def _text(path: Any) -> str | None:
    """The whole path of what is opened; ``None`` for a descriptor."""
    if isinstance(path, int):
        return None
    with contextlib.suppress(TypeError, ValueError, OSError):
        return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - a link may lead elsewhere tomorrow
    return None


_foreign: dict[str, bool] = {}


def _is_foreign(path: str) -> bool:
    """Whether a file or folder belongs neither to Python, nor to a package that was installed, nor to archstat."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)  # noqa: PTH112, PTH120 - asked for each file that is opened
    if folder not in _foreign:
        real = Path(os.path.realpath(folder))
        is_known = is_in_standard_library(real) or is_installed_in(real)
        _foreign[folder] = not is_known and not f"{real}{os.sep}".startswith(_OURS)
    return _foreign[folder]


def _reader() -> str:
    """Whose code reads: the first that is not Python's own, from where it reads outwards: user, library or ours."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - Python has no public one
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_OURS) and path != __file__:
            return "ours"
        if os.path.isabs(path) and path != __file__ and not _is_of_python(path):  # noqa: PTH117 - likewise
            return "user" if _is_foreign(path) else "library"
        frame = frame.f_back
    return "library"


_of_python: dict[str, bool] = {}


def _is_of_python(path: str) -> bool:
    if path not in _of_python:
        _of_python[path] = is_in_standard_library(path)
    return _of_python[path]


def _is_importing() -> bool:
    """Whether the import system lists a folder, which is noted by what could be imported from it."""
    frame: FrameType | None = sys._getframe(3)  # noqa: SLF001 - likewise
    return frame is not None and "importlib" in frame.f_code.co_filename


def _own_modules() -> list[ModuleType]:
    """The modules of this process that the user has written: neither Python's, nor installed, nor ours."""
    files = [(each, getattr(each, "__file__", None)) for each in list(sys.modules.values())]
    return [each for each, path in files if isinstance(path, str) and os.path.isabs(path) and _is_foreign(path)]  # noqa: PTH117 - any text may be there


def _package_folders() -> list[str]:
    """The folders of packages, those too that have no file of their own."""
    found = [getattr(each, "__path__", ()) for each in list(sys.modules.values())]
    return [os.path.abspath(each) for paths in found for each in _texts(paths)]  # noqa: PTH100 - links may change too


def _texts(paths: Any) -> list[str]:
    with contextlib.suppress(Exception):  # what a module says of itself can be anything
        return [each for each in paths if isinstance(each, str)]
    return []


def _source(module: ModuleType) -> str:
    """The file that a module was made from."""
    return str(module.__file__) if module.__file__ else ""


def _size(files: list[str]) -> int:
    total = 0
    for each in files:
        with contextlib.suppress(OSError):
            total += Path(each).stat().st_size
    return total


WITNESS = Witness()
"""The one of this process."""
