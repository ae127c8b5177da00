"""The libraries that hubs take their networks from: imported when they are needed, and never asked for weights."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from archstat.errors import SourceError, first_line
from archstat.networks.torchvision_ops import mend_torchvision

Guard = Callable[[], contextlib.AbstractContextManager[None]]
"""What keeps the import of a library from writing files, asking the network or changing the process."""

_guards: dict[str, Guard] = {}


def import_within(package: str, guard: Guard) -> None:
    """Import a package within a guard, whoever names it first; what is imported already is left as it is."""
    _guards[package] = guard


def guarded(module: str) -> contextlib.AbstractContextManager[None]:
    """The guard that a module is imported within, if its package has one and is not imported yet."""
    package = module.partition(".")[0]
    return contextlib.nullcontext() if package in sys.modules or package not in _guards else _guards[package]()


@contextlib.contextmanager
def keras_on_torch() -> Iterator[None]:
    """Keras that is imported meanwhile runs on torch, unless the user chose a backend."""
    is_chosen = "KERAS_BACKEND" in os.environ
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        yield
    finally:
        if not is_chosen:
            os.environ.pop("KERAS_BACKEND", None)


def backend_hint(value: object) -> str:
    """A sentence on Keras' backend, if that is why something of Keras' is no module of torch; else nothing."""
    is_of_keras = any(kind.__module__.startswith("keras.") for kind in type(value).__mro__)
    if not is_of_keras:
        return ""
    return " Keras has another backend than torch here: set KERAS_BACKEND to 'torch' in the environment."


def library_of(extra: str, package: str) -> ModuleType:
    """The library of a hub, imported.

    Args:
        extra: The extra of ours that installs the library; that of a hub is called as the hub is.
        package: What to import.

    Raises:
        SourceError: The library is not installed, or cannot be imported.
    """
    try:
        return imported(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise SourceError(f"{package} cannot be imported: {first_line(error)}") from error
        raise SourceError(
            f"Networks of {extra!r} need {package}, which is not installed: pip install 'archstat[{extra}]'."
        ) from error
    except Exception as error:
        raise SourceError(f"{package} cannot be imported: {type(error).__name__}: {first_line(error)}") from error


def imported(package: str) -> ModuleType:
    """A package; one that needs torchvision also where the compiled part of that does not fit torch."""
    mend_torchvision()
    with guarded(package):
        return importlib.import_module(package)


def folder_of(extra: str, package: str) -> Path | None:
    """Where a package lies, which is not imported for it; ``None`` for one without a folder.

    Raises:
        SourceError: The package is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None:
        library_of(extra, package)
    places = found.submodule_search_locations if found is not None else None
    return Path(places[0]) if places else None


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """While it is active, a library neither warns, nor sets up the log of the process."""
    handler, before = logging.NullHandler(), logging.root.manager.disable
    logging.root.addHandler(handler)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        logging.root.removeHandler(handler)
