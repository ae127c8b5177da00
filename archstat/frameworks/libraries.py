"""The frameworks themselves: imported by the module that is theirs, and by no other."""

from __future__ import annotations

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
    for package in sorted(packages, key=lambda name: name not in sys.modules):
        try:
            return imported(package)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{package}.".startswith(f"{error.name}."):
                raise
    name = packages[0].partition(".")[0]
    raise MissingPackageError(f"This needs {name}, which is not installed: pip install 'archstat[{extra}]'.")
