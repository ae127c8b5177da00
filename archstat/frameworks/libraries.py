"""The frameworks themselves: imported by the module that is theirs, and by no other."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from archstat.errors import MissingPackageError
from archstat.networks.libraries import imported


def framework(extra: str, *packages: str) -> ModuleType:
    """A framework, imported; of several packages the one that is imported already, else the first that is installed.

    Args:
        extra: The extra of ours that installs it.
        packages: The names that it is imported by.

    Raises:
        MissingPackageError: None is installed.
    """
    known = sorted(packages, key=lambda name: name not in sys.modules)
    found = next((name for name in known if _is_there(name)), None)
    if found is None:
        raise MissingPackageError.brought_by(extra, packages[0].partition(".")[0])
    return imported(found)


def _is_there(package: str) -> bool:
    """Whether a package is imported or installed; importing it would begin with what it lies in."""
    top = package.partition(".")[0]
    # Where somebody bars a package from being imported, the module in its place is none.
    return sys.modules.get(top) is not None or (top not in sys.modules and importlib.util.find_spec(top) is not None)
