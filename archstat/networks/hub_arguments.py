"""What hubs refuse of names, arguments and configs, each in the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from archstat.errors import ArchstatError, InputError, SourceError, UnknownNameError, quoted, shortened

_Made = TypeVar("_Made")

_SAID_MOST = 400
_LISTED_MOST = 12


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


def refuse_positions(spec: str, args: Iterable[object], example: str) -> None:
    """Refuse arguments by position.

    Raises:
        SourceError: There is one.
    """
    if args:
        raise SourceError(f"{quoted(spec)} does not fit: give arguments by name, as in {example!r}.")


def refuse_unknown(spec: str, owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse arguments that a library does not have, or would pass over without a word.

    Raises:
        SourceError: One is none of the owner's, with those that are called nearly so.
    """
    names = list(known)
    for wrong in given:
        if wrong not in names:
            hint = f"Its arguments are {', '.join(names)}." if len(names) <= _LISTED_MOST else ""
            said = UnknownNameError.of(f"argument of {owner}", wrong, names, hint)
            raise SourceError(f"{quoted(spec)} does not fit: {said}")


def told_by_config(spec: str, ask: Callable[[], _Made]) -> _Made:
    """What a config tells of the input; configs may have anything in their fields.

    Raises:
        InputError: The config does not tell.
    """
    try:
        return ask()
    except ArchstatError:
        raise
    except Exception as error:
        raise InputError(
            f"Which input does {quoted(spec)} take? Its config does not tell ({said_by(error)[:-1]}): give it.",
            helps={"inputs": ""},
        ) from error


def said_by(error: Exception) -> str:
    """What a library says of what it cannot build, as a sentence."""
    said = shortened(" ".join(str(error).split()), _SAID_MOST)
    if not isinstance(error, ValueError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{said.removesuffix('.')}."
