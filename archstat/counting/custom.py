"""Say what an op of a library of your own costs: :func:`archstat.rule`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TypeVar

from archstat.counting import foreign
from archstat.counting.rules import RULES
from archstat.errors import InputError, quoted

_R = TypeVar("_R", bound=foreign.EnteredRule)

_NAME = re.compile(r"[A-Za-z_]\w*::[A-Za-z_]\w*", re.ASCII)
"""How torch names an op: a namespace and a name, without an overload."""


def rule(op: str) -> Callable[[_R], _R]:
    """Say what an op of a library of your own costs.

    The decorated function takes the op as it ran (:class:`archstat.records.OpCall`: its arguments with tensors as
    shapes and types, and its outputs) and returns a :class:`archstat.records.Cost`, or ``None`` where these do not
    tell, in which case the op is named as uncounted. A second rule for the same op replaces the first one.

    A package that brings ops can bring their rules too: it names the module that enters them under
    ``[project.entry-points."archstat.rules"]``. What is entered by hand comes before that.

    Args:
        op: The op's name as torch shows it: ``"mylibrary::fused_mlp"``.

    Raises:
        InputError: The name is of one of torch's own ops or of another one that archstat has a rule for, or is no name
            of an op; or what is decorated is no function of one argument.

    >>> import math
    >>> @rule("mylibrary::fused_mlp")
    ... def fused_mlp(call):
    ...     x, up, down = call.args
    ...     rows = math.prod(x.shape[:-1])
    ...     return Cost(macs=rows * (math.prod(up.shape) + math.prod(down.shape)), other_flops=rows * up.shape[0])
    """
    _check_name(op)

    def enter(function: _R) -> _R:
        _check_function(op, function)
        foreign.enter(op, function)
        return function

    return enter


def _check_name(op: object) -> None:
    """Refuse what names no op, and the name of one that archstat counts itself."""
    if callable(op):
        raise InputError("archstat.rule takes the name of an op first: @archstat.rule('mylibrary::fused').")
    if not isinstance(op, str) or not _NAME.fullmatch(op):
        raise InputError(
            f"{quoted(op) if isinstance(op, str) else repr(op)[:80]} is no op's name. "
            "Write it as torch shows it, without the overload: 'mylibrary::fused'."
        )
    if op.partition("::")[0] in ("aten", "prim", "prims"):
        raise InputError(f"{op!r} is torch's own op, which archstat has a rule for, or names as uncounted.")
    if op in RULES:
        raise InputError(f"{op!r} has a rule of archstat's own: archstat.rule is for ops that it does not know.")


def _check_function(op: str, function: object) -> None:
    """Refuse a rule that, as far as its signature tells, cannot be called with the op as it ran."""
    if not callable(function):
        raise InputError(f"The rule for {op!r} is {function!r:.80}, and no function.")
    try:
        signature = inspect.signature(function)
    except ValueError:  # what is written in C may have none
        return
    try:
        signature.bind(None)
    except TypeError:
        raise InputError(
            f"The rule for {op!r} takes {signature}. It is called with the op as it ran alone: 'def rule(call)'."
        ) from None
