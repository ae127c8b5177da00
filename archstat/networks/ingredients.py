"""What a result was made from, so that a kept one is never stale: archstat and torch, what is installed, files.

Two parts: what can be told before anything is imported is in the key of a result; what was read on the way, such as
the files that a network's module opened, is kept beside the result and looked at again before it is used.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from archstat.networks.settings import Setting
from archstat.networks.trust import Reach, is_our_code
from archstat.version import __version__

_OURS = Path(__file__).parent.parent
_READ = (".py", ".toml", ".json")
_METADATA = ("METADATA", "PKG-INFO", "RECORD", "direct_url.json")
_INFO = (".dist-info", ".egg-info", ".pth", ".egg-link")
_MODULES = (".py", ".so", ".pyd")

LARGEST_READ = 256 * 2**20
"""The most bytes of files that are read again for one result: reading more takes longer than counting."""


def key_of(question: str, name: str, setting: Setting, reach: Reach | None = None, *more: object) -> str:
    """The name that a result is kept under: a digest of all that can be known of it before anything is imported.

    Args:
        question: What is asked of the network.
        name: The network, as the user wrote it.
        setting: The input that it is counted on.
        reach: The code that the name may lead to, if a file holds it.
        more: What else the answer depends on.
    """
    parts: list[object] = [question, name, setting, *more, *_of_program()]
    if not is_ours(name, setting):
        parts += [reach, *_of_surroundings()]
    return digest_of(repr(parts).encode(errors="surrogatepass"))


def key_of_parts(question: str, parts: Iterable[str], *more: object) -> str:
    """The name that something made of several kept results is kept under; what is installed has a part in it."""
    told = (question, tuple(parts), more, *_of_program(), _installed(tuple(sys.path)))
    return digest_of(repr(told).encode(errors="surrogatepass"))


_OWN_NAME = re.compile(r"\s*\w+\s*(\(.*)?", re.DOTALL)


def is_ours(name: str, setting: Setting) -> bool:
    """Whether nothing but archstat and torch has a part in a network: in its name, and in its inputs."""
    is_plain = all(hasattr(each, "shape") for each in setting.inputs)
    return is_plain and (_OWN_NAME.fullmatch(name) is not None or is_our_code(name))


def digest_of(content: bytes) -> str:
    """A digest that no two contents share."""
    return hashlib.blake2b(content, digest_size=20).hexdigest()


@functools.cache
def _of_program() -> tuple[str, ...]:
    """The program that counts: archstat to the letter, Python, and torch."""
    return __version__, digest_of_archstat(), sys.version, platform.machine(), _of_torch()


@functools.cache
def digest_of_archstat() -> str:
    """A digest of archstat's own files: who works on it has the same version for weeks."""
    made = hashlib.blake2b(digest_size=20)
    for path in sorted(_OURS.rglob("*")):
        if path.suffix in _READ:
            made.update(path.relative_to(_OURS).as_posix().encode())
            made.update(path.read_bytes())
    return made.hexdigest()


def _of_torch() -> str:
    """Torch's version, its build and its commit, as its own file has them: importing it takes seconds."""
    place = _place_of_torch()
    return "" if place is None else f"{place} {digest_of(place.read_bytes())}"


def version_of_torch() -> str:
    """Torch's version without what names the build, ``"2.13.0"``; ``""``: there is none."""
    place = _place_of_torch()
    found = None if place is None else _VERSION.search(place.read_text(encoding="utf-8", errors="replace"))
    return "" if found is None else found[1]


_VERSION = re.compile(r"""^__version__ *= *['"]([^'"+]*)""", re.MULTILINE)


def _place_of_torch() -> Path | None:
    """The file in which torch says its version."""
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec("torch")
        if found is not None and found.origin:
            path = Path(found.origin).with_name("version.py")
            return path if path.is_file() else None
    return None


def _of_surroundings() -> tuple[object, ...]:
    """Where code of others comes from: the folder, the machine, where Python looks for modules, what is installed."""
    return Path.cwd(), platform.node(), os.environ.get("CUDA_VISIBLE_DEVICES"), sys.path[:], _installed(tuple(sys.path))


@functools.cache
def _installed(folders: tuple[str, ...]) -> str:
    """A digest of every distribution that Python can see, by version and by when it was installed."""
    found = [fact for folder in folders for fact in _distributions(folder)]
    return digest_of(repr(sorted(found)).encode(errors="surrogatepass"))


def _distributions(folder: str) -> Iterator[tuple[str, int, int]]:
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder or "."):
            if entry.name.endswith(_INFO):
                names = (entry.path, *(os.path.join(entry.path, each) for each in _METADATA))  # noqa: PTH118 - a Path each takes twice as long
                for name in names:
                    with contextlib.suppress(OSError):
                        status = os.stat(name)  # noqa: PTH116 - likewise
                        yield name, status.st_size, status.st_mtime_ns


# -- what was read on the way ------------------------------------------------------------------------------------------


class Ingredients(msgspec.Struct, frozen=True):
    """What others brought to a result, besides what its key has.

    Attributes:
        files: The digest of each file, by its path; ``""``: it was not there.
        folders: A digest of what could be imported from each folder.
        listings: A digest of the names in each folder that was listed.
        variables: A digest of each variable of the environment that was read; ``""``: it was not set.
    """

    files: Mapping[str, str] = {}
    folders: Mapping[str, str] = {}
    listings: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}

    @classmethod
    def now(
        cls, files: Iterable[str], folders: Iterable[str], listings: Iterable[str], variables: Mapping[str, str]
    ) -> Ingredients:
        """What files and folders are at this moment, and what variables were when they were read."""
        return cls(
            files={each: _file(each) for each in files},
            folders={each: _importable(each) for each in folders},
            listings={each: _listing(each) for each in listings},
            variables=variables,
        )

    def hold(self) -> bool:
        """Whether each is as it was."""
        variables = {each: digest_of_variable(os.environ.get(each)) for each in self.variables}
        return self == Ingredients.now(self.files, self.folders, self.listings, variables)


def _file(path: str) -> str:
    """The digest of what a file holds; ``""`` where there is none."""
    try:
        return digest_of(Path(path).read_bytes()) if os.path.isfile(path) else ""  # noqa: PTH113 - any text may be asked for
    except (OSError, ValueError):
        return "unreadable"


def _importable(folder: str) -> str:
    """A digest of the names that Python could import from a folder: a new one may come before another."""
    with contextlib.suppress(OSError):
        entries = [entry for entry in os.scandir(folder) if entry.name.endswith(_MODULES) or _is_package(entry)]
        return digest_of(repr(sorted(entry.name for entry in entries)).encode(errors="surrogatepass"))
    return ""


def _is_package(entry: os.DirEntry[str]) -> bool:
    return entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir()


def _listing(folder: str) -> str:
    with contextlib.suppress(OSError):
        return digest_of(repr(sorted(os.listdir(folder))).encode(errors="surrogatepass"))  # noqa: PTH208 - likewise
    return ""


def digest_of_variable(value: str | None) -> str:
    """The digest of a variable of the environment, whose values can be secrets; ``""``: it is not set."""
    return "" if value is None else digest_of(value.encode(errors="surrogatepass"))
