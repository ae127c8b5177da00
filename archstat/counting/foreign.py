"""Costs of ops that are not torch's own, as somebody told them: rules that were entered, formulas that torch was given.

Rules are entered with :func:`archstat.rule`, by hand or by an installed package
(:mod:`archstat.counting.installed`). Whoever wrote one may have erred, so what it returns is looked at before it is
counted.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import index
from typing import Any, NamedTuple

from archstat.errors import InputError, UncountedError, first_line
from archstat.records import Cost, OpCall, TensorSpec

EnteredRule = Callable[[OpCall], "Cost | None"]


class Entered(NamedTuple):
    """A rule that somebody entered.

    Attributes:
        rule: The rule.
        package: The installed package that brought it, ``""`` if it was entered by hand.
    """

    rule: EnteredRule
    package: str


_entered: dict[str, Entered] = {}
_package: ContextVar[str] = ContextVar("package", default="")
"""The installed package whose rules are being entered."""


@contextmanager
def bringing(package: str) -> Iterator[None]:
    """Rules that are entered meanwhile are those of that package."""
    token = _package.set(package)
    try:
        yield
    finally:
        _package.reset(token)


def enter(op: str, rule: EnteredRule) -> None:
    """Have an op counted by that rule.

    What is entered by hand comes before what a package brings, whichever is first.

    Raises:
        InputError: Two packages bring a rule for the same op.
    """
    package, held = _package.get(), _entered.get(op)
    if package and held is not None:
        if not held.package:
            return
        if held.package != package:
            raise InputError(
                f"the package {held.package!r} has a rule for {op!r} too: uninstall one of them, or enter the right "
                "rule yourself with archstat.rule"
            )
    _entered[op] = Entered(rule, package)


def assign(module: str, package: str) -> None:
    """The rules that a module entered when somebody imported it are those of the package that names it."""
    for op, (rule, holder) in _entered.items():
        if not holder and f"{getattr(rule, '__module__', '')}.".startswith(f"{module}."):
            _entered[op] = Entered(rule, package)


def is_entered(op: str) -> bool:
    """Whether there is a rule for that op."""
    return op in _entered


def is_rule(value: object) -> bool:
    """Whether something was entered as a rule."""
    return any(value is entry.rule for entry in _entered.values())


def cost_by_rule(call: OpCall) -> Cost | None:
    """By the rule that was entered; ``None`` if it says that the arguments do not tell.

    Raises:
        UncountedError: The rule fails, or returns what is no cost.
    """
    rule, package = _entered[call.op]
    whose = f"The rule for {call.op!r}" + (f" of the package {package!r}" if package else "")
    return _checked(_asked(functools.partial(rule, call), whose), whose)


def _asked(question: Callable[[], Any], whose: str) -> Any:
    """What a rule or a formula answers."""
    try:
        return question()
    except Exception as error:
        told = f"{type(error).__name__}: {first_line(error)}" if first_line(error) else type(error).__name__
        raise UncountedError(
            f"{whose} fails with {told}. Where the arguments do not tell the cost, it should return None."
        ) from error


def _checked(cost: object, whose: str) -> Cost | None:
    """A cost of whole numbers, none below 0."""
    if cost is None:
        return None
    if not isinstance(cost, Cost):
        raise UncountedError(f"{whose} returns {_shown(cost)}. It should return an archstat.Cost, or None.")
    try:
        counts = index(cost.macs), index(cost.other_flops)
    except TypeError:
        counts = (-1, -1)
    if min(counts) < 0:
        raise UncountedError(
            f"{whose} returns {_shown(cost)}. MACs and other FLOPs are whole numbers (// divides so), and not below 0."
        )
    return Cost(*counts)


def _shown(value: object) -> str:
    return f"{value!r:.80}"


# -- formulas of torch -------------------------------------------------------------------------------------------------


def cost_by_formula(call: OpCall) -> Cost | None:
    """By a formula that torch was given: its FLOPs are, as all of torch's, two for each multiply-accumulate.

    Whoever entered one has imported torch's counter, so that it need not be imported for those who have not.
    """
    counter = sys.modules.get("torch.utils.flop_counter")
    if counter is None:
        return None
    for packet, formula in counter.flop_registry.items():
        if _name_of(packet) == call.op:
            whose = f"The formula that torch was given for {call.op!r}"
            flops = _asked(functools.partial(_flops, formula, call), whose)
            return _checked(Cost(flops // 2, flops % 2), whose)
    return None


def _flops(formula: Callable[..., Any], call: OpCall) -> int:
    out = [_without_values(spec) for spec in call.outputs]
    args, kwargs = _without_values(call.args), _without_values(call.kwargs)
    return int(formula(*args, **kwargs, out_val=out[0] if len(out) == 1 else tuple(out)))


def _name_of(packet: Any) -> str:
    name = getattr(packet, "_qualified_op_name", "")
    return str(name)


def _without_values(value: Any) -> Any:
    """A tensor of that shape and type for a formula that asks for more than a shape."""
    if isinstance(value, TensorSpec):
        torch = sys.modules["torch"]
        return torch.empty(value.shape, dtype=getattr(torch, value.dtype), device="meta")
    if isinstance(value, tuple):
        return [_without_values(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_values(item) for name, item in value.items()}
    return value
