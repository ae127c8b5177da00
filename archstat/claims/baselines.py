"""What networks did cost: in a saved cost, or in a lock."""

from __future__ import annotations

from collections.abc import Callable
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

    def is_meant(each: LockedNetwork) -> bool:
        return absolute_name(each.name, path.parent) == name and each.how.setting == setting

    complaint = f"{path} locks no {quoted(name)} that is counted on this input: 'archstat lock' adds it."
    return _held(path, is_meant, complaint)


def baseline_called(path: Path, name: str) -> Counted:
    """What a network did cost, as a file says, of which no more is known than what it is called.

    Args:
        path: A saved cost, or a lock.
        name: The name under which a lock holds the network, or that of its class.

    Raises:
        DataError: The file cannot be read, or it is a lock that does not hold just one such network.
    """

    def is_meant(each: LockedNetwork) -> bool:
        return name in (each.name, _class_of(each.name))

    complaint = f"{path} does not lock just one network that is called {quoted(name)}: name a 'baseline' that does."
    return _held(path, is_meant, complaint)


def _class_of(name: str) -> str:
    """The name of the class in that of a network: ``"Net"`` of ``"./net.py:Net(width=2)"``."""
    return name.partition("(")[0].rpartition(":")[2]


def _held(path: Path, is_meant: Callable[[LockedNetwork], bool], complaint: str) -> Counted:
    """The saved cost, or the only network of a lock that is meant."""
    if not is_lock(path):
        return read_cost(path)
    found = [each for each in read_lock(path).networks if is_meant(each)]
    if len(found) != 1:
        raise DataError(complaint)
    return found[0]
