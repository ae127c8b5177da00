"""What networks did cost: in a saved cost, or in a lock."""

from __future__ import annotations

from pathlib import Path

from archstat.claims.growth import Counted
from archstat.claims.locks import LockedNetwork, is_lock, read_lock
from archstat.errors import DataError, quoted
from archstat.files.results import read_cost
from archstat.networks.beside import absolute_name
from archstat.networks.settings import Setting


def baseline_in(path: Path, name: str, setting: Setting) -> Counted:
    """What a network did cost, as a file says.

    Args:
        path: A saved cost, or a lock.
        name: The network with the whole path of its file, which a lock must hold.
        setting: How the network is counted.

    Raises:
        DataError: The file cannot be read, or does not hold the network.
    """
    if not is_lock(path):
        return read_cost(path)
    lock = read_lock(path)
    named = [each for each in lock.networks if absolute_name(each.name, path.parent) == name]
    return _only([each for each in named if each.how.setting == setting], path, name)


def _only(found: list[LockedNetwork], path: Path, name: str) -> LockedNetwork:
    if len(found) != 1:
        raise DataError(f"{path} locks no {quoted(name)} that is counted on this input: 'archstat lock' adds it.")
    return found[0]
