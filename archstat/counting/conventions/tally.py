"""A trace, counted by the rules of someone else: every difference from our number has a name.

:mod:`archstat.counting.conventions` lists the ways to count that we know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archstat.counting import foreign
from archstat.counting.conventions.convention import (
    BATCH,
    FOREIGN,
    NO_IMAGE,
    OWN_CLASS,
    PRODUCTS,
    SHARED,
    UNSCALED,
    Convention,
    Use,
)
from archstat.counting.conventions.scaling_up import scales_up
from archstat.counting.entries import FREE
from archstat.counting.rows import RowOrigin, rows_of
from archstat.counting.rules import cost_of
from archstat.language import recorded
from archstat.records import LayerCost, OpCall, Tally, Term, Trace


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
    ours = 0
    for row, origin in rows_of(trace):
        total = our_number(row, convention)
        ours += total
        for term, amount in _row_differences(row, tuple(_uses(trace, row, origin)), convention):
            amounts[term] = amounts.get(term, 0) + amount
            total += amount
        rows.append(total)
    if refusal:
        return Tally(name, ours, refusal=refusal)
    terms = sorted((Term(*entry) for entry in amounts.items() if entry[1]), key=lambda term: -abs(term.amount))
    return Tally(name, ours, tuple(terms), tuple(rows))


def our_number(row: LayerCost, convention: Convention) -> int:
    """What we count of a row where a convention counts the same quantity, or operations."""
    if convention.unit == "activations":
        return row.activations
    return row.parameters if convention.unit == "parameters" else row.macs


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


def _row_differences(row: LayerCost, uses: Sequence[Use], convention: Convention) -> Iterator[tuple[str, int]]:
    """By how much, and why, the convention's number of a row is not ours."""
    for each in convention.row_rules:
        yield each.term, each.count(row, uses)
    if convention.rules:
        for use in uses:
            yield from _differences(use, convention)


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
        yield recorded("{ops} left out", ops=_what(use.call.op)), seen - macs
    if convention.unit == "FLOPs":
        yield recorded("two operations for each multiply-accumulate"), seen


_FAMILIES = {
    "transpose": recorded("transposed convolutions"),
    "conv": recorded("convolutions"),
    "linear": recorded("linear layers"),
    "attention": recorded("attention products"),
    "transformer": recorded("layers of transformers"),
    **dict.fromkeys(("lstm", "gru", "rnn"), recorded("recurrent layers")),
}
"""What ops are called whose name has a word that begins so."""


def _what(op: str) -> str:
    """What an op with multiply-accumulates is called; one that somebody else entered by its name."""
    if foreign.is_entered(op):
        return op
    return next(
        (what for start, what in _FAMILIES.items() if re.search(rf"(^|_|:){start}", op)), recorded("matrix products")
    )


# -- what cannot be told -----------------------------------------------------------------------------------------------


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
    if OWN_CLASS in convention.refusals and _has_own_classes(trace):
        yield OWN_CLASS
    if convention.is_scaled_up:
        yield from _unscaled(trace)


_OF_CLASSES = re.compile(r"^(conv\d|conv_transpose\d|(batch|layer|group|rms)_norm)")
_CLASSES_OF_TORCH = re.compile(r"^(Conv(Transpose)?\dd|(Batch|Instance)Norm\dd|SyncBatchNorm|(Layer|Group|RMS)Norm)$")


def _has_own_classes(trace: Trace) -> bool:
    """Whether a layer without layers inside convolves or normalizes, and is not torch's own by its name."""
    layers = (trace.layers[trace.calls[op.call].layer] for op in trace.ops if _OF_CLASSES.match(op.op))
    return any(layer.is_leaf and not _CLASSES_OF_TORCH.match(layer.kind) for layer in layers)


_IMAGE_AXES = 4


def _unscaled(trace: Trace) -> Iterator[str]:
    """What keeps the number of an image from being worked out from smaller ones."""
    if len(trace.inputs) != 1 or len(trace.inputs[0]) != _IMAGE_AXES:
        yield NO_IMAGE
    elif not scales_up(trace):
        yield UNSCALED


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
