"""The libraries that hubs take their networks from: imported when they are needed, and never asked for weights."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from types import ModuleType

from archstat.errors import SourceError, first_line, shortened
from archstat.networks.torchvision_ops import mend_torchvision


def library_of(extra: str, package: str) -> ModuleType:
    """The library of a hub, imported.

    Args:
        extra: The extra of ours that installs the library; that of a hub is called as the hub is.
        package: What to import.

    Raises:
        SourceError: The library is not installed, or cannot be imported.
    """
    try:
        return _imported(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise SourceError(f"{package} cannot be imported: {first_line(error)}") from error
        raise SourceError(
            f"Networks of {extra!r} need {package}, which is not installed: pip install 'archstat[{extra}]'."
        ) from error
    except Exception as error:
        raise SourceError(f"{package} cannot be imported: {type(error).__name__}: {first_line(error)}") from error


def _imported(package: str) -> ModuleType:
    """A package; one that needs torchvision also where the compiled part of that does not fit torch."""
    try:
        return importlib.import_module(package)
    except (ImportError, RuntimeError) as error:
        if not _is_torchvisions(error):
            raise
    mend_torchvision()
    for name in [name for name in sys.modules if name.partition(".")[0] == package != "torchvision"]:
        del sys.modules[name]  # half of it was imported when it failed
    return importlib.import_module(package)


def _is_torchvisions(error: BaseException | None) -> bool:
    """Whether an import failed as torchvision's did, which transformers tells as its own."""
    while error is not None and "torchvision::" not in str(error):
        error = error.__cause__
    return error is not None


def refuse_arguments(spec: str, given: Iterable[str], refused: Iterable[str]) -> None:
    """Refuse arguments that would ask the network for weights.

    Raises:
        SourceError: One of the refused arguments is given.
    """
    wrong = sorted(set(given) & set(refused))
    if wrong:
        raise SourceError(
            f"{spec!r} does not fit: weights change no count and are never fetched, so leave out {', '.join(wrong)}."
        )


def said_by(error: Exception) -> str:
    """What a library says of what it cannot build, as a sentence."""
    said = shortened(" ".join(str(error).split()), _SAID_MOST)
    if not isinstance(error, ValueError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{said.removesuffix('.')}."


_SAID_MOST = 400


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
