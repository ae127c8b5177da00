"""The modules and files that hold networks of the user's own: importing one runs it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from archstat.errors import SourceError, first_line, quoted
from archstat.networks.afresh import FreshLoader, compiled_anew
from archstat.networks.libraries import guarded, keras_on_torch
from archstat.networks.trust import Reach, is_installed_in, is_standard_module


def attribute_at(module: ModuleType, container: str, name: str) -> Any:
    """What a module has of that name, which may lead through classes: ``Net.small``.

    Raises:
        SourceError: The module has nothing of that name.
    """
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
            has = f"It defines {', '.join(own)}." if own else "It defines nothing itself."
            raise SourceError(f"{quoted(container)} has no {quoted(name)}. {has}")
        value = getattr(value, part)
    return value


def check_module_name(name: str) -> None:
    """Refuse what is no module, or has no networks, before it is imported."""
    if re.search(r"[^\w.]", name) or not all(name.split(".")):
        raise SourceError(
            f"{quoted(name)} is no module: write a file as './net.py:Net', a module as 'package.module:Net'."
        )
    if is_standard_module(name):
        raise SourceError(f"{quoted(name)} has no networks: it is of Python's standard library.")


def imported_module(name: str) -> ModuleType:
    """Import a module that is installed, or lies in the folder that is worked in.

    Raises:
        SourceError: There is none, or it raised.
    """
    for known in [each for each, module in sys.modules.items() if _is_of_past(module)]:
        del sys.modules[known]
    try:
        with guarded(name):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise SourceError(
                f"No module is named {quoted(name)}. Is it installed? A file is written './net.py:Net'."
            ) from error
        raise _import_failure(name, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failure(name, error) from error


def imported_file(path: Path, reach: Reach | None = None) -> ModuleType:
    """Import a file: as part of its package, if it lies in one, else under a name of its own.

    Files beside it can be imported by it, and files of its package by their relative names.

    Args:
        path: The file.
        reach: The code that may be run, if a file names it: no package reaches further up than that.

    Raises:
        SourceError: There is no such file, or it raised.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file() raises if the name is too long or has a NUL
        raise SourceError(f"There is no file {quoted(str(path))}.")
    _forget_neighbours()
    top, name = _package_of(path.resolve(), reach)
    if name:
        try:
            return _imported(path, name, top, lambda: importlib.import_module(name))
        except SourceError:  # the package may need what is not installed, and the file itself nothing of that
            _forget_neighbours()
            if _IS_RELATIVE.search(path.read_text(encoding="utf-8", errors="replace")):
                raise
    name = f"archstat_source_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SourceError(f"{quoted(str(path))} is no Python file.")
    if isinstance(spec.loader, SourceFileLoader):
        spec.loader = FreshLoader(name, str(path))
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    sys.modules[spec.name] = module  # dataclasses look their module up there

    def run() -> ModuleType:
        loader.exec_module(module)
        return module

    return _imported(path, spec.name, path.parent.resolve(), run)


_IS_RELATIVE = re.compile(r"^\s*from\s+\.", re.MULTILINE)


def _package_of(path: Path, reach: Reach | None) -> tuple[Path, str]:
    """The folder above the outermost package that a file lies in, and its dotted name; ``""``: it lies in none."""
    folder, parts = path.parent, [path.stem] if path.stem != "__init__" else []

    def is_package() -> bool:
        init = folder / "__init__.py"
        return init.is_file() and folder.name.isidentifier() and (reach is None or reach.has(init))

    while is_package():
        parts.insert(0, folder.name)
        folder = folder.parent
    is_module = len(parts) > (path.stem != "__init__") and all(part.isidentifier() for part in parts)
    return folder, ".".join(parts) if is_module else ""


def _imported(path: Path, name: str, top: Path, run: Callable[[], ModuleType]) -> ModuleType:
    """What an import gives, while the files beside it, and those beside its package, can be imported."""
    folders = list(dict.fromkeys(map(str, (top, path.parent.resolve()))))
    _forget_others(name, top)
    known = set(sys.modules)
    sys.path[:0] = folders
    importlib.invalidate_caches()
    own = [] if is_installed_in(top) else folders  # where every package lies beside every other one
    try:
        with keras_on_torch(), compiled_anew(own):
            return run()
    except (Exception, SystemExit) as error:
        raise _import_failure(str(path), error) from error
    finally:
        for folder in folders:
            if folder in sys.path:
                sys.path.remove(folder)
        new = set(sys.modules) - known
        _neighbours.update(each for each in new for folder in own if _is_in(Path(folder), each.partition(".")[0]))


def _forget_others(name: str, top: Path) -> None:
    """Let a package be found where its file lies, though another of the same name was imported before."""
    first = name.partition(".")[0]
    known = getattr(sys.modules.get(first), "__file__", None)
    if known is not None and not Path(known).resolve().is_relative_to(top):
        for each in [each for each in sys.modules if each.partition(".")[0] == first]:
            del sys.modules[each]


_neighbours: set[str] = set()
"""The modules that the last file imported from beside it."""


def _forget_neighbours() -> None:
    """Let the next file import its own ``blocks.py``, and not that of another folder."""
    for name in _neighbours:
        sys.modules.pop(name, None)
    _neighbours.clear()


def _is_in(folder: Path, name: str) -> bool:
    """Whether a module of that name is a file or a package of the folder."""
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


_past: set[str] = set()
"""Folders with files as they once were: what was imported from there is not what a module of that name is now."""


def is_past(folder: Path) -> None:
    """Note that a folder holds files as they once were."""
    _past.add(f"{folder}{os.sep}")


def _is_of_past(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return bool(_past) and isinstance(file, str) and file.startswith(tuple(_past))


def _import_failure(name: str, error: BaseException) -> SourceError:
    return SourceError(f"{quoted(name)} could not be imported: {python_error(error)}")


def python_error(error: BaseException) -> str:
    """An error in one line, with the line of the user's own code that raised it."""
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {first_line(error) or 'without a message'}{line}"


def see_working_folder() -> None:
    """Let modules of the folder that is worked in be found, as Python itself does, but after all that is installed."""
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)
