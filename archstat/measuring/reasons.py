"""How a measurement says that it cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from archstat.errors import first_line
from archstat.records import Reason

_Answer = TypeVar("_Answer")


class CannotMeasure(Exception):  # noqa: N818 - it is no failure: the quantity is None, and this says why
    """A quantity that cannot be measured here; whoever asked for it writes the reason down and goes on.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: Reason) -> None:
        """The reason, whose sentence is the message."""
        super().__init__(reason.text)
        self.reason = reason


def attempt(what: str, measure: Callable[[], _Answer], code: str = "PART_FAILED") -> _Answer | Reason:
    """What one part of a measurement gives; or why it gives nothing, which takes nothing from the other parts.

    Args:
        what: The part, as a sentence begins with it.
        measure: The function that measures the part.
        code: Of the reason, if torch or CUDA raises.
    """
    try:
        return measure()
    except CannotMeasure as error:
        return error.reason
    except (RuntimeError, MemoryError) as error:
        return reason_of(what, error, code)


def reason_of(what: str, error: Exception, code: str = "PART_FAILED") -> Reason:
    """Why a part that raised is missing; memory that did not suffice has a code of its own.

    >>> reason_of("The span of a pass", RuntimeError("no such thing")).text
    'The span of a pass cannot be measured: RuntimeError: no such thing.'
    """
    said = first_line(error).rstrip(".")
    if is_out_of_memory(error):
        return Reason("OOM", f"{what} cannot be measured: out of memory.")
    return Reason(code, f"{what} cannot be measured: {type(error).__name__}{': ' * bool(said)}{said}.")


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory was missing, by the class or by the words: those of a CPU, and some of CUDA's, have words only."""
    said = first_line(error).lower()
    is_named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return is_named or "out of memory" in said or "can't allocate memory" in said
