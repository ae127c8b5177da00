"""Which code a name in a file may lead to: none, unless the user trusts the file, and then what belongs to it.

A file of claims or a report is data. It names architectures of ours and saved costs freely. ``FILE.py:NAME`` and
``MODULE:NAME`` import and run what they name, so a file may only write them where the user said so: by
naming the file as trusted, or in the ``pyproject.toml`` of the folder that is worked in.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import site
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from archstat.errors import DataError, SourceError, quoted
from archstat.files.text import text_of, toml_of
from archstat.networks.hub import Hub, hub_of
from archstat.networks.input_specs import InputMaker
from archstat.networks.settings import Setting
from archstat.registry import parse_call

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_Network = TypeVar("_Network")
PROJECT = "pyproject.toml"
ENDINGS_OF_CODE = (".py", ".pt2", ".pt", ".pth", ".ts")
"""How files end that can have something run: Python, and programs that torch runs, whose ops may be any of torch's."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def names_code(name: str) -> bool:
    """Whether a network is found by importing something of the user's; one of ours or of a library is not.

    A library must be installed: a file beside the one that names it could have its name too.

    >>> names_code("resnet50(classes=10)"), names_code("cost.json"), names_code("net.onnx")
    (False, False, False)
    >>> names_code("./net.py:Net"), names_code("os:system"), names_code("net.pt2")
    (True, True, True)

    Raises:
        SourceError: The arguments in the name cannot be read.
    """
    if name.endswith(".json"):
        return False
    place, _, _ = parse_call(name)
    hub, inner = hub_of(place)
    if hub is not None and installed_by(hub.package) and (hub.package != hub.name or _is_of(hub, inner)):
        return False
    return hub is not None or ":" in place or place.lower().endswith(ENDINGS_OF_CODE)


def _is_of(hub: Hub, name: str) -> bool:
    """Whether a name is one of a hub's, with or without a tag, or that of a file; it is no function of the library."""
    first = name.partition(".")[0]
    return not first.isidentifier() or hub.has(name) or hub.has(first)


class Reach(msgspec.Struct, frozen=True):
    """The code that one file may name.

    Attributes:
        file: The file, as the user wrote it.
        folders: Where code of the file's own lies, links resolved.
    """

    file: str
    folders: tuple[str, ...]

    def has(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file of Python is code of its own, wherever links lead to; installed packages are not."""
        real = Path(os.path.realpath(path))
        is_installed = bool(_INSTALLED.intersection(real.parts)) or is_in_standard_library(real)
        return not is_installed and any(real.is_relative_to(folder) for folder in self.folders)

    def refusal(self, name: str) -> SourceError:
        """The complaint about a name that leads elsewhere."""
        if not self.folders:
            own = "no layer of torch and no network of ours"
            return SourceError(f"{quoted(name)} is {own}: {self.file} may name no other code.")
        own = " or ".join(self.folders)
        return SourceError(
            f"{quoted(name)} leads to code that {self.file} may not name: its own lies below {own}; of an installed "
            "package it may name networks, as 'package.module:Net'."
        )

    def check_module(self, name: str, module: str) -> None:
        """Refuse a module before it is imported.

        Raises:
            SourceError: The module is neither code of its own nor an installed package of networks.
        """
        top = module.partition(".")[0]
        is_there = top == "torch" or module.startswith(_OURS)
        if not is_there and (top == "archstat" or not self._may_import(top)):
            raise self.refusal(name)

    def check_functions(self, name: str, functions: Iterable[FunctionType]) -> None:
        """Refuse a function that was defined elsewhere, and so were all that it decorates.

        Raises:
            SourceError: All of the functions were defined elsewhere.
        """
        if not any(map(self._may_call, functions)):
            raise self.refusal(name)

    def _may_call(self, function: FunctionType) -> bool:
        """Whether a function is of its own code or of a package; those of torch load files, and make no networks."""
        module = str(function.__globals__.get("__name__", ""))
        top = module.partition(".")[0]
        is_known = top not in {"torch", "archstat"} and is_package_of_networks(top)
        return is_known or module.startswith(_OURS) or self.has(function.__code__.co_filename)

    def _may_import(self, top: str) -> bool:
        places = _places(top)
        return (bool(places) and all(map(self.has, places))) or is_package_of_networks(top)


_OURS = "archstat.architectures."
_OWN_CODE = re.compile(r"\s*(torch\.nn|archstat\.architectures\.\w+):\w+\s*(\(.*\)\s*)?", re.DOTALL)
"""A layer of torch, or a builder of ours, by its own name: both are there anyhow, and run nothing of others."""


def is_our_code(name: str) -> bool:
    """Whether a name leads to a layer of torch or to a builder of ours, by the module that it is in.

    >>> is_our_code("torch.nn:Linear(3, 4)"), is_our_code("torch.hub:load('a')"), is_our_code("./net.py:Net")
    (True, False, False)
    """
    return _OWN_CODE.fullmatch(name) is not None


Bounded = Callable[[str, Setting], _Network]
"""From a name and a setting to a network, within the reach of one file."""


class Trust(msgspec.Struct, frozen=True):
    """What the user trusts.

    Attributes:
        named: The files and folders that the user named as trusted, links resolved.
    """

    named: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Trust:
        """Trust in the code that these files, or files in these folders, name."""
        return cls(tuple(map(os.path.realpath, paths)))

    def reach(self, file: str | Path, name: str) -> Reach:
        """The code that a file may name.

        Raises:
            SourceError: None: the user does not trust it.
            DataError: The project that could say so cannot be read.
        """
        real = Path(os.path.realpath(file))
        if any(real.is_relative_to(each) for each in self.named):
            project = _project(real.parent)
        else:
            project = _trusting(real)
            if project is None and is_our_code(name):
                return Reach(str(file), ())
            if project is None:
                raise SourceError(
                    f"{quoted(name)} names code, and {file} may not run any unless you trust it: name its folder in "
                    f'your {PROJECT} ([tool.archstat] trust = ["…"]), or say that you trust this file.',
                    helps={"trusts_files": ""},
                )
        folders = [real.parent] if project is None else [real.parent, project]
        return Reach(str(file), tuple(dict.fromkeys(map(os.path.realpath, folders))))

    def within(self, file: str | Path, analyse: Callable[..., _Network]) -> Bounded[_Network]:
        """``analyse`` for the names that a file holds: what they may not lead to is a :class:`SourceError`."""

        def bounded(name: str, setting: Setting) -> _Network:
            has_maker = any(isinstance(each, InputMaker) for each in setting.inputs)
            if names_code(name) or has_maker:
                return analyse(name, setting, self.reach(file, name))
            return analyse(name, setting)

        return bounded


NOTHING = Trust()
"""No file was named as trusted; the project that is worked in may still name some."""


# -- the project that is worked in -------------------------------------------------------------------------------------


def _project(start: Path) -> Path | None:
    """The folder of the nearest pyproject.toml, at or above a folder."""
    found = (folder for folder in (start, *start.parents) if (folder / PROJECT).is_file())
    return next(found, None)


def _trusting(real: Path) -> Path | None:
    """The folder of the project that is worked in, if it trusts a file."""
    project = _project(Path.cwd())
    if project is None or not belongs_to_user(project / PROJECT):
        return None
    folders = [os.path.realpath(project / each) for each in _trusted(project / PROJECT)]
    return project if any(real.is_relative_to(folder) for folder in folders) else None


def belongs_to_user(path: Path) -> bool:
    """Whether a file belongs to who works here: in a shared folder such as /tmp anybody can leave one."""
    if not hasattr(os, "getuid"):
        return True
    return path.stat().st_uid in {0, os.getuid(), Path.cwd().stat().st_uid}


def _trusted(path: Path) -> list[str]:
    tool = toml_of(text_of(path), str(path)).get("tool")
    own = tool.get("archstat") if isinstance(tool, dict) else None
    folders = own.get("trust", []) if isinstance(own, dict) else []
    if not isinstance(folders, list) or not all(isinstance(each, str) and "\0" not in each for each in folders):
        raise DataError(f"{path}: [tool.archstat] trust is a list of folders: write it as ['reports'].")
    return folders


# -- what is installed -------------------------------------------------------------------------------------------------


def is_in_standard_library(path: str | os.PathLike[str]) -> bool:
    """Whether a file belongs to Python itself."""
    real = Path(os.path.realpath(path))
    return any(
        real.is_relative_to(folder) and not _INSTALLED.intersection(real.relative_to(folder).parts)
        for folder in _standard_library()
    )


@functools.cache
def _standard_library() -> frozenset[str]:
    return frozenset(os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def is_standard_module(name: str) -> bool:
    """Whether importing a name would import a module of Python itself, and not one of the same name beside it."""
    top = name.partition(".")[0]
    places = _places(top)
    return top in sys.stdlib_module_names and (not places or any(map(is_in_standard_library, places)))


def _places(top: str) -> list[str]:
    """Where a module or a package lies that nothing has to be imported to find."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin and spec.has_location else []


@functools.cache
def is_package_of_networks(top: str) -> bool:
    """Whether a package was installed, and builds on torch: no other one has a network, and many have tools."""
    return any(map(_builds_on_torch, installed_by(top)))


@functools.cache
def installed_by(top: str) -> tuple[Distribution, ...]:
    """What installed a package; nothing, if it was not installed, or what is found by that name lies elsewhere."""
    places = [Path(os.path.realpath(place)) for place in _places(top)]
    if not places or is_standard_module(top):
        return ()
    from importlib.metadata import distribution  # noqa: PLC0415 - see _distributions

    distributions = [distribution(name) for name in _distributions().get(top, ())]
    own = [each for each in distributions if is_installed_in(Path(os.path.realpath(str(each.locate_file("")))))]
    folders = [*_sites(), *filter(None, map(_edited, own))]
    is_there = all(any(place.is_relative_to(folder) for folder in folders) for place in places)
    return tuple(own) if is_there else ()


@functools.cache
def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - takes as long as a kept answer

    return dict(packages_distributions())


@functools.cache
def _sites() -> tuple[str, ...]:
    """The folders that packages are installed in."""
    paths = [*site.getsitepackages(), site.getusersitepackages(), *map(sysconfig.get_path, ("purelib", "platlib"))]
    return tuple(dict.fromkeys(map(os.path.realpath, paths)))


def is_installed_in(path: Path) -> bool:
    """Whether a path is a folder that packages are installed in, or lies below one."""
    return any(path.is_relative_to(folder) for folder in _sites())


def _edited(distribution: Distribution) -> str | None:
    """Where the source of a package lies that is worked on while it is installed."""
    from urllib.parse import urlparse  # noqa: PLC0415 - likewise
    from urllib.request import url2pathname  # noqa: PLC0415 - likewise

    text = distribution.read_text("direct_url.json")
    told = json.loads(text) if text else {}
    is_edited = told.get("dir_info", {}).get("editable", False)
    return os.path.realpath(url2pathname(urlparse(told["url"]).path)) if is_edited else None


def _builds_on_torch(distribution: Distribution) -> bool:
    name = distribution.metadata["Name"]
    needs = distribution.requires or []
    return name == "torch" or any(re.match(r"torch(?![\w.-])", each) for each in needs)
