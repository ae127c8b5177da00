"""Libraries whose networks have names: one file of ``networks/hubs/`` is one of them, and registers itself.

A hub builds networks without weights and never asks the network for anything: a name that is not on this machine is an
error that says what to install.
"""

from __future__ import annotations

import fnmatch
import importlib
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from archstat.errors import SourceError
from archstat.registry import Registry


class Hub(msgspec.Struct, frozen=True):
    """A library of networks.

    Attributes:
        name: What stands before the colon: ``"timm"``.
        package: The package that must be there.
        source: From what the user wrote, the name after the colon and the arguments to a
            :class:`archstat.networks.source.Source`, whose module needs torch as this one does not; raises an
            UnknownNameError if it has none of that name.
        names: The names of its networks; of an open hub, those that are sure to work.
        about: What the hub has, in one line.
        prefixes: What may stand in place of the name and the colon.
    """

    name: str
    package: str
    source: Callable[[str, str, list[Any], dict[str, Any]], Any]
    names: Callable[[], Iterable[str]]
    about: str
    prefixes: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether the library of the hub is there."""
        return importlib.util.find_spec(self.package) is not None

    def has(self, name: str) -> bool:
        """Whether a network of it is called so; ``False`` if its library is not there or cannot be imported."""
        try:
            return self.is_installed and name in set(self.names())
        except SourceError:
            return False


HUBS: Registry[Hub] = Registry("archstat.networks.hubs", "hub")
"""The hubs by name."""

HUB_NAMES = ("diffusers", "hf", "keras", "open_clip", "smp", "timm", "torchvision", "ultralytics")
"""The names of the hubs, known without torch; a test holds this to what is registered."""


def hub_of(place: str) -> tuple[Hub | None, str]:
    """The hub that a name begins with, and the name that it has there: ``timm:resnet50``, ``timm/resnet50.a1_in1k``."""
    if not place.startswith(HUB_NAMES):  # which needs no hub's file, and so no torch
        return None, ""
    if place.rpartition(":")[0].endswith(".py"):  # a file in a folder that is called as the library is
        return None, ""
    for hub in HUBS.all().values():
        for prefix in (f"{hub.name}:", *hub.prefixes):
            if place.startswith(prefix) and len(place) > len(prefix):
                return hub, place[len(prefix) :]
    return None, ""


def names_in(hub: Hub, pattern: str = "") -> list[str]:
    """The names of a hub's networks, in order.

    Args:
        hub: The hub.
        pattern: What is in a name, in capitals or not; with ``*`` or ``?`` the form of a whole name.

    Raises:
        SourceError: The library of the hub is not installed, or cannot be imported.
    """
    asked = pattern.lower()
    form = asked if set(asked) & set("*?") else f"*{asked}*"
    return sorted(name for name in hub.names() if fnmatch.fnmatchcase(name.lower(), form))
