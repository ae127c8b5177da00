"""Rules that installed packages bring for their own ops, under the entry-point group :data:`GROUP`.

They are asked for when an op of another library is met that nobody has entered a rule for: who has only torch's own ops
never looks for packages, let alone imports them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from archstat.counting import foreign
from archstat.errors import ArchstatError, InputError, UncountedError, first_line

GROUP = "archstat.rules"
"""What an installed package names its rules under: a module that enters them, or a function that does when called."""


def has_rule(op: str) -> bool:
    """Whether somebody entered a rule for an op, or an installed package brings one.

    Raises:
        UncountedError: The rules of a package cannot be loaded.
    """
    if not foreign.is_entered(op):
        load_packages()
    return foreign.is_entered(op)


@functools.cache
def load_packages() -> None:
    """Enter the rules of every installed package, once.

    Raises:
        UncountedError: A package cannot be imported, or its rules cannot be entered.
    """
    found = sorted(entry_points(group=GROUP), key=lambda entry: (_package_of(entry), entry.name))
    for entry in found:
        foreign.assign(_module_of(entry), _package_of(entry))
    for entry in found:
        with foreign.bringing(_package_of(entry)):
            _load(entry)


def _package_of(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "of no name"


def _module_of(entry: EntryPoint) -> str:
    return entry.value.partition(":")[0].strip()


def _load(entry: EntryPoint) -> None:
    """Import what an entry point names, and call it if it is a function."""
    try:
        named = _named(entry)
        if callable(named) and not foreign.is_rule(named):
            _call(named)
    except (Exception, SystemExit) as error:  # a package that ends the program must not end ours
        raise UncountedError(
            f"The rules of the package {_package_of(entry)!r} cannot be loaded: its entry point "
            f"'{entry.name} = {entry.value}' fails with {_told(error)}"
        ) from error


def _named(entry: EntryPoint) -> object:
    """The module, or what is in it."""
    module = _module_of(entry)
    if not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"{module!r} is no module's name")
    return entry.load()


def _call(enter_rules: Callable[[], object]) -> None:
    """Enter rules; what is returned does not matter."""
    enter_rules()


def _told(error: BaseException) -> str:
    """What went wrong; archstat's own errors need no name of a class."""
    told = first_line(error).rstrip(".")
    if isinstance(error, ArchstatError) and told:
        return f"this: {told}."
    return f"{type(error).__name__}: {told}." if told else f"{type(error).__name__}."
