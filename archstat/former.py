"""Where things were imported from in version 0.1 before they had their rooms: those places lead to the new ones.

Only names that the manual once showed, or that scripts are known to use, are here. They go with the next version.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULES = {
    "archstat.measurements": "archstat.records",
    "archstat.results": "archstat.files.results",
    "archstat.settings": "archstat.networks.settings",
    "archstat.sources": "archstat.networks.sources",
    "archstat.training": "archstat.analysis.training",
}
"""The modules by their former names."""

RENAMED = {"from_json": "cost_from_json", "read": "read_cost", "to_json": "cost_to_json"}
"""What is called otherwise now, of what stood in these modules."""

PUBLIC = {"register_rule": "rule"}
"""The public names of ``archstat`` itself that are called otherwise now."""


def names_of(module: str) -> Callable[[str], Any]:
    """A ``__getattr__`` that looks names up in another module, which is imported when the first one is asked for.

    Args:
        module: The name of that module.
    """

    def look_up(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = importlib.import_module(module)
        return getattr(found, name) if hasattr(found, name) else getattr(found, RENAMED.get(name, name))

    return look_up


class FormerPlaces(MetaPathFinder, Loader):
    """Finds the modules under their former names."""

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        """How to load a module by its former name; ``None`` of any other name."""
        return ModuleSpec(fullname, self) if fullname in MODULES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Let it have the names of the one that it leads to."""
        vars(module)["__getattr__"] = names_of(MODULES[module.__name__])


def install() -> None:
    """Have Python ask after all other places."""
    if not any(isinstance(finder, FormerPlaces) for finder in sys.meta_path):
        sys.meta_path.append(FormerPlaces())
