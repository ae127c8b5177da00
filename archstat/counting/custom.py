"""Costs of ops that are not torch's own, entered by whoever knows them.

An op of another library is counted by a rule that was entered with :func:`register_rule`, else by the formula that its
library gave torch (:func:`torch.utils.flop_counter.register_flop_formula`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from archstat.errors import InputError
from archstat.records import Cost, OpCall, TensorSpec

_Rule = Callable[[OpCall], "Cost | None"]

_entered: dict[str, _Rule] = {}


def register_rule(op: str) -> Callable[[_Rule], _Rule]:
    """Say what an op of a library of your own costs.

    The decorated function takes the op as it ran (:class:`archstat.records.OpCall`: its arguments with tensors as
    shapes and types, and its outputs) and returns a :class:`archstat.records.Cost`, or ``None`` where these do not
    tell, in which case the op is named as uncounted. A second rule for the same op replaces the first one.

    Args:
        op: The op's name as torch shows it: ``"mylibrary::fused_mlp"``.

    Raises:
        InputError: The name is of one of torch's own ops, whose rules are archstat's, or is no name of an op.

    >>> import math
    >>> @register_rule("mylibrary::fused_mlp")
    ... def fused_mlp(call):
    ...     x, up, down = call.args
    ...     rows = math.prod(x.shape[:-1])
    ...     return Cost(macs=rows * (math.prod(up.shape) + math.prod(down.shape)), other_flops=rows * up.shape[0])
    """
    namespace, _, name = op.partition("::")
    if not namespace or not name or "." in name:
        raise InputError(
            f"{op!r} is no op's name. Write it as torch shows it, without the overload: 'mylibrary::fused'."
        )
    if namespace in ("aten", "prim"):
        raise InputError(f"{op!r} is torch's own op, which archstat has a rule for, or names as uncounted.")

    def enter(rule: _Rule) -> _Rule:
        _entered[op] = rule
        return rule

    return enter


def entered_cost(call: OpCall) -> Cost | None:
    """What was entered for an op, ``None`` if nothing was."""
    rule = _entered.get(call.op)
    return rule(call) if rule is not None else _by_formula(call)


def _by_formula(call: OpCall) -> Cost | None:
    """By a formula that torch was given: its FLOPs are, as all of torch's, two for each multiply-accumulate.

    Whoever entered one has imported torch's counter, so that it need not be imported for those who have not.
    """
    counter = sys.modules.get("torch.utils.flop_counter")
    if counter is None:
        return None
    for packet, formula in counter.flop_registry.items():
        if _name_of(packet) == call.op:
            out = [_without_values(spec) for spec in call.outputs]
            args = _without_values(call.args)
            flops = int(formula(*args, **_without_values(call.kwargs), out_val=out[0] if len(out) == 1 else tuple(out)))
            return Cost(flops // 2, flops % 2)
    return None


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
