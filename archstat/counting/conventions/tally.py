"""A trace, counted by the rules of someone else: every difference from our MACs has a name.

A :class:`Convention` is data, a tuple of :class:`ConventionRule`; :mod:`archstat.counting.conventions` lists those we
know. A rule says of an op, wherever it ran or within layers of some classes alone, how much the convention counts, and
as what.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from archstat.counting import RowOrigin, foreign, rows_of
from archstat.counting.entries import FREE
from archstat.counting.rules import cost_of
from archstat.records import Cost, LayerCost, OpCall, ParameterSpec, Shape, Tally, Term, Trace


class Use(msgspec.Struct, frozen=True, gc=False):
    """One op of a trace, and the layer that ran it.

    Attributes:
        call: The op.
        cost: What we count.
        kind: The class of the layer that ran it, if that has no layers inside; else ``""``.
        output: The shape of what that layer hands on.
        parameters: The layer's own parameters that no op of the same run has used before.
    """

    call: OpCall
    cost: Cost
    kind: str
    output: Shape
    parameters: tuple[ParameterSpec, ...]

    @property
    def taken(self) -> int:
        """The elements of its first input."""
        return math.prod(self.call.tensors()[0].shape)

    @property
    def made(self) -> int:
        """The elements of its output."""
        return math.prod(self.call.outputs[0].shape)


Amount = Callable[[Use], int]

PRODUCTS = ""
"""What a rule counts as that counts multiply-accumulates as we do."""


class ConventionRule(msgspec.Struct, frozen=True):
    """How a convention counts some ops.

    Attributes:
        term: The name of what the rule counts: :data:`PRODUCTS`, or a name for what it adds to them.
        count: How much.
        ops: The ops; none: all of them.
        kinds: The classes of layers that must have run them; none: wherever they ran.
        is_in_layer: A layer without layers inside must have run them, of whatever class.
    """

    term: str
    count: Amount
    ops: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    is_in_layer: bool = False

    def covers(self, use: Use) -> bool:
        """Whether the rule speaks of that op there."""
        if self.ops and use.call.op not in self.ops:
            return False
        return use.kind in self.kinds if self.kinds else bool(use.kind) or not self.is_in_layer


def counts_as(term: str, count: Amount, *, ops: str = "", kinds: str = "", is_in_layer: bool = False) -> ConventionRule:
    """A rule with its names as words."""
    return ConventionRule(term, count, frozenset(ops.split()), frozenset(kinds.split()), is_in_layer)


class Convention(msgspec.Struct, frozen=True):
    """A way to count.

    Attributes:
        source: The paper or the tool that counts so.
        unit: The unit of the number, as the source says or ought to: FLOPs are two for each multiply-accumulate.
        rules: The rules of what is counted; multiply-accumulates that no rule covers are left out.
        package: The distribution that can be asked for the number, or ``""``.
        refusals: The ops and classes of layers with which its number cannot be told, and why.
        is_by_layer: Whether the layers of the network are counted, which a layer that stands in two places misleads.
    """

    source: str
    unit: Literal["MACs", "FLOPs"]
    rules: tuple[ConventionRule, ...]
    package: str = ""
    refusals: Mapping[str, str] = {}
    is_by_layer: bool = False


def tally(trace: Trace, name: str, convention: Convention) -> Tally:
    """What a network comes to by a convention.

    Args:
        trace: The forward pass of the network.
        name: What the convention is called.
        convention: The convention.
    """
    refusal = _refusal(trace, convention)
    amounts: dict[str, int] = {}
    rows: list[int] = []
    macs = 0
    for row, origin in rows_of(trace):
        total = row.macs
        for use in _uses(trace, row, origin):
            for term, amount in _differences(use, convention):
                amounts[term] = amounts.get(term, 0) + amount
                total += amount
        macs += row.macs
        rows.append(total)
    if refusal:
        return Tally(name, macs, refusal=refusal)
    terms = sorted((Term(*entry) for entry in amounts.items() if entry[1]), key=lambda term: -abs(term.amount))
    return Tally(name, macs, tuple(terms), tuple(rows))


def _uses(trace: Trace, row: LayerCost, origin: RowOrigin) -> Iterator[Use]:
    """The ops of a row."""
    first, end, _, outputs = origin
    ops = trace.ops[first:end]
    if not ops:
        return
    layer = trace.layers[trace.calls[ops[0].call].layer]
    unused = set(layer.parameters) if layer.is_leaf else set()
    output = outputs[0].shape if outputs else ()
    for op in ops:
        found = {~spec.storage for spec in op.tensors() if spec.storage < 0} & unused
        unused -= found
        parameters = tuple(trace.parameters[index] for index in sorted(found))
        yield Use(op, cost_of(op) or FREE, row.kind if layer.is_leaf else "", output, parameters)


def _differences(use: Use, convention: Convention) -> Iterator[tuple[str, int]]:
    """By how much, and why, the convention's number of one op is not our multiply-accumulates."""
    macs, seen = use.cost.macs, 0
    for each in convention.rules:
        if each.covers(use):
            amount = each.count(use)
            if each.term == PRODUCTS:
                seen += amount
            else:
                yield each.term, amount
    if seen != macs:
        yield f"{_what(use.call.op)} left out", seen - macs
    if convention.unit == "FLOPs":
        yield "two operations for each multiply-accumulate", seen


_FAMILIES = {
    "transpose": "transposed convolutions",
    "conv": "convolutions",
    "linear": "linear layers",
    "attention": "attention products",
    "transformer": "layers of transformers",
    **dict.fromkeys(("lstm", "gru", "rnn"), "recurrent layers"),
}
"""What ops are called whose name has a word that begins so."""


def _what(op: str) -> str:
    """What an op with multiply-accumulates is called; one that somebody else entered by its name."""
    if foreign.is_entered(op):
        return op
    return next((what for start, what in _FAMILIES.items() if re.search(rf"(^|_|:){start}", op)), "matrix products")


# -- what cannot be told -----------------------------------------------------------------------------------------------

SHARED = "a layer that runs outside the layer that holds it"
FOREIGN = "a layer that uses a parameter of another one"
BATCH = "a batch of several inputs"
"""What may stand in :attr:`Convention.refusals` besides ops and classes."""


def _refusal(trace: Trace, convention: Convention) -> str:
    """Why the number of a convention cannot be told, or ``""``."""
    for name in _met(trace, convention):
        if name in convention.refusals:
            reason = convention.refusals[name]
            return f"{name}: {reason}" if reason else name
    return ""


def _met(trace: Trace, convention: Convention) -> Iterator[str]:
    """Whatever in a trace could be in the way."""
    yield from dict.fromkeys(op.op for op in trace.ops)
    yield from dict.fromkeys(trace.layers[call.layer].kind for call in trace.calls)
    if trace.inputs and trace.inputs[0] and trace.inputs[0][0] > 1:
        yield BATCH
    if convention.is_by_layer:
        yield from _misplaced(trace)


def _misplaced(trace: Trace) -> Iterator[str]:
    """Layers that do not stand where they run; a trace knows one place of each."""
    for call in trace.calls:
        holder = trace.layers[trace.calls[call.parent].layer].path if call.parent >= 0 else ""
        if holder and not trace.layers[call.layer].path.startswith(f"{holder}."):
            yield SHARED
            return
    for op in trace.ops:
        layer = trace.layers[trace.calls[op.call].layer]
        if layer.is_leaf and _foreign(op, layer.parameters, len(trace.parameters)):
            yield FOREIGN
            return


def _foreign(op: OpCall, own: Sequence[int], count: int) -> bool:
    return any(spec.storage < 0 and ~spec.storage < count and ~spec.storage not in own for spec in op.tensors())
