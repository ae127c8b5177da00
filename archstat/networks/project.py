"""The networks of a project by names of its own, as its ``archstat.toml`` or ``pyproject.toml`` lists them.

Each name is one of the user's own words: what it leads to is what the user would type, with the input that belongs to
it. A name that archstat has already stays archstat's, so that no folder that is worked in changes what a name means.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from archstat.errors import DataError, quoted
from archstat.files.text import text_of, toml_of
from archstat.networks.beside import from_folder, is_there
from archstat.networks.hub import HUB_NAMES
from archstat.networks.settings import Setting
from archstat.networks.trust import PROJECT, belongs_to_user, is_in_standard_library
from archstat.networks.written import WrittenSetting
from archstat.published.figures import published

PROJECT_FILE = "archstat.toml"
_NAME = re.compile(r"[A-Za-z_][\w-]*")


class ProjectNetwork(WrittenSetting, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network of a project.

    Attributes:
        network: The network, as a user types it; a path in it begins at the folder of the file.
        max: The most that it may have, by quantity: ``{"macs": "4.1G"}``.
    """

    network: str
    max: Mapping[str, str | int | float] = {}


class Project(msgspec.Struct, frozen=True):
    """What a project says of its networks.

    Attributes:
        path: The file that says it.
        networks: Each network by its name.
    """

    path: Path
    networks: Mapping[str, ProjectNetwork]

    def typed(self, name: str) -> str:
        """A network of the project as a user would type it in the folder that is worked in."""
        return from_folder(self.networks[name].network, self.path.parent)

    def how(self, name: str) -> WrittenSetting:
        """How a network of the project is counted, if nothing else is said, as a user would type it."""
        said = {key: getattr(self.networks[name], key) for key in WrittenSetting.__struct_fields__}
        return WrittenSetting(**{**said, "input": tuple(map(self._typed_input, said["input"]))})

    def _typed_input(self, text: str) -> str:
        return f"@{from_folder(text[1:], self.path.parent)}" if text.startswith("@") else text


NO_PROJECT = Project(Path(), {})


def as_in_project(name: str, setting: Setting) -> tuple[str, Setting]:
    """What a name that a user typed leads to, and how it is counted: what the setting leaves open, the project says.

    Args:
        name: The name: ``"tiny"``, or with a revision of git ``"main:tiny"``; any other is returned as it is.
        setting: What the user says of the input.

    Raises:
        DataError: The file of the project does not hold together.
        InputError: The input in it is none.
    """
    place, how = _found(name)
    return (place, setting) if how is None else (place, _with_defaults(setting, how.setting))


def written_in_project(name: str, how: WrittenSetting) -> tuple[str, WrittenSetting]:
    """:func:`as_in_project`, of a setting as a user writes it.

    Raises:
        DataError: The file of the project does not hold together.
    """
    place, known = _found(name)
    return (place, how) if known is None else (place, _with_defaults(how, known))


def _found(name: str) -> tuple[str, WrittenSetting | None]:
    """What a name leads to, and how the project counts it, if it is one of the project."""
    revision, colon, last = name.rpartition(":")
    if not _NAME.fullmatch(last) or last in published() or _leads_elsewhere(revision):
        return name, None
    project = project_here()
    if last not in project.networks:
        return name, None
    return f"{revision}{colon}{project.typed(last)}", project.how(last)


def _leads_elsewhere(before: str) -> bool:
    """Whether what stands before the last colon is a library, a file, a folder or a module, and no revision."""
    if not before:
        return False
    return before in HUB_NAMES or before.endswith(".py") or ":" in before or is_there(before) or _is_module(before)


def _is_module(name: str) -> bool:
    """Whether a name is that of a module, for ``MODULE:NAME`` means the same in every project.

    Those of Python itself have no networks, and some are called as branches are: ``test``.
    """
    top = name.partition(".")[0]
    if not name.replace(".", "").isidentifier():
        return False
    if is_there(top) or is_there(f"{top}.py"):
        return True
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # "__main__" has none, and ".tiny" has no module before the point
        return False
    return found is not None and not (found.origin and is_in_standard_library(found.origin))


_Settings = TypeVar("_Settings", Setting, WrittenSetting)


def _with_defaults(setting: _Settings, default: _Settings) -> _Settings:
    """A setting, in which what is as by default is that of another one."""
    plain = type(setting)()
    both = ((name, getattr(setting, name), getattr(plain, name)) for name in setting.__struct_fields__)
    return msgspec.structs.replace(default, **{name: said for name, said, silent in both if said != silent})


def project_here() -> Project:
    """The project of the nearest file above the folder that is worked in that lists networks.

    Raises:
        DataError: The file does not hold together.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        for path in (folder / PROJECT_FILE, folder / PROJECT):
            if path.is_file() and belongs_to_user(path):
                found = read_project(path)
                if found.networks:
                    return found
    return NO_PROJECT


def read_project(path: Path) -> Project:
    """What a file says of the networks of its project.

    Args:
        path: An ``archstat.toml``, or a ``pyproject.toml``, in whose ``[tool.archstat]`` they stand.

    Raises:
        DataError: The file cannot be read, or does not hold together.
    """
    changed = path.stat().st_mtime_ns if path.is_file() else 0
    found = _read(os.path.abspath(path), changed)  # noqa: PTH100 - links stay
    return msgspec.structs.replace(found, path=Path(os.path.relpath(path)))


@functools.cache
def _read(path: str, _: int) -> Project:
    """The project that a file describes; the time of its last change is there to know it again by."""
    content: Any = toml_of(text_of(Path(path)), path)
    is_whole = Path(path).name != PROJECT
    own = content if is_whole else content.get("tool", {})
    if not is_whole:
        own = own.get("archstat", {}) if isinstance(own, dict) else {}
    if not isinstance(own, dict):
        raise DataError(f"{path}: [tool.archstat] is no table.")
    networks = own.get("networks", {})
    shown = os.path.relpath(path)
    if not isinstance(networks, dict):
        heading = "networks.NAME" if is_whole else "tool.archstat.networks.NAME"
        raise DataError(f"{shown}: 'networks' is a table of tables, as [{heading}].")
    return Project(Path(path), {name: _network(name, each, shown) for name, each in networks.items()})


def _network(name: str, entry: Any, path: str) -> ProjectNetwork:
    if not _NAME.fullmatch(name):
        raise DataError(f"{path}: {quoted(name)} is no name for a network: take letters, digits, '_' and '-'.")
    if name in published():
        raise DataError(f"{path}: archstat has a network {quoted(name)} already: give yours another name.")
    try:
        if isinstance(entry, dict) and isinstance(entry.get("input"), str):
            entry = {**entry, "input": [entry["input"]]}
        return msgspec.convert(entry, ProjectNetwork)
    except msgspec.ValidationError as error:
        raise DataError(f"{path}: network {quoted(name)}: {str(error).rstrip('.')}.") from error
