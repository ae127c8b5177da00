"""Files of the user's own are compiled whenever they are imported, and nothing is written beside them.

Python takes the bytecode that it once wrote for a file as long as the file is of the same second and has as many
bytes: of one that a script has just changed, from 3 channels to 4, it would run what it was before.
"""

from __future__ import annotations

import contextlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

from archstat.networks.trust import is_installed_in


class FreshLoader(SourceFileLoader):
    """Loads a file from its source, whatever bytecode there is."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file as it is now."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _is_of_others(place: Path) -> bool:
    """Whether a folder is of Python, of a package or of archstat, all of which may lie in the folder of a project."""
    return is_installed_in(place) or any(place.is_relative_to(folder) for folder in _KEPT)


_KEPT = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(__file__).parents[1]))
_LOADERS = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (FreshLoader, SOURCE_SUFFIXES))


@contextlib.contextmanager
def compiled_anew(folders: Sequence[str]) -> Iterator[None]:
    """What is imported meanwhile from some folders, and from those inside, is compiled anew."""

    def is_own(path: str) -> bool:
        place = Path(path)
        return any(place.is_relative_to(folder) for folder in folders) and not _is_of_others(place)

    def finder(path: str) -> FileFinder:
        if not is_own(path):
            raise ImportError(path)  # so that the next hook is asked
        return FileFinder(path, *_LOADERS)

    def forget() -> None:
        for path in filter(is_own, [*sys.path_importer_cache]):
            sys.path_importer_cache.pop(path, None)

    forget()
    sys.path_hooks.insert(0, finder)
    try:
        yield
    finally:
        sys.path_hooks.remove(finder)
        forget()
