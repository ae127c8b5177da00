"""The columns of the table of layers that a worksheet can hide, and the sums behind their cells."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from archstat import units
from archstat.claims.statements import Result
from archstat.language import message, say
from archstat.records import Explanation

_Sums = Callable[[Explanation], str]


class Hideable(msgspec.Struct, frozen=True):
    """A column that can be hidden.

    Attributes:
        column: The key of the column in ``archstat table``.
        english: What stands over the column, in English.
        english_rule: What is asked, in a sentence for who fills the sheet in, in English.
        sums: From the sums behind a row to the one behind its cell; ``""``: there is none.
        unit: The unit of the values, as claims have it; ``""``: they are plain numbers, or shapes.
        is_added: Whether the rows add up to a total.
    """

    column: str
    english: str
    english_rule: str
    sums: _Sums
    unit: str = ""
    is_added: bool = False

    @property
    def header(self) -> str:
        """What stands over the column, in the language that is spoken."""
        return say(self.english)

    @property
    def rule(self) -> str:
        """What is asked, in the language that is spoken."""
        return say(self.english_rule)


def _formulas(beginning: str) -> _Sums:
    """The formulas of the quantities that begin so, as ``"output height"`` and ``"output width"``."""

    def sums(explained: Explanation) -> str:
        found = [step for step in explained.steps if step.quantity.startswith(beginning) and step.formula]
        return "; ".join(f"{step.formula} = {units.exact(step.result or 0)}" for step in found)

    return sums


def _flops(explained: Explanation) -> str:
    """Two operations for each multiply-accumulate, and all others; without any, so many for each output."""
    row = explained.row
    outputs = math.prod(row.output_shape)
    if not row.macs and outputs and row.other_flops and row.other_flops % outputs == 0:
        each = f"{row.other_flops // outputs} · " if row.other_flops != outputs else ""
        return f"{each}{'·'.join(str(size) for size in row.output_shape if size > 1) or '1'} = {units.exact(row.flops)}"
    terms = [f"2·{units.exact(row.macs)}" if row.macs else "", units.exact(row.other_flops) if row.other_flops else ""]
    return f"{' + '.join(filter(None, terms))} = {units.exact(row.flops)}" if row.macs else ""


def _activation_bytes(explained: Explanation) -> str:
    """The elements, and the bytes of each."""
    found = [step for step in explained.steps if step.quantity == "activations" and step.formula]
    return "; ".join(f"{step.formula} {step.remark}" for step in found)


HIDEABLE: dict[str, Hideable] = {
    "output": Hideable(
        "output_shape",
        message("Output"),
        message("Output: the shape for one input, as maps × height × width."),
        _formulas("output"),
    ),
    "receptive_field": Hideable(
        "receptive_field",
        message("Receptive field"),
        message("Receptive field: the height and width of what one output sees, in pixels of the input."),
        _formulas("receptive field"),
    ),
    "parameters": Hideable(
        "parameters",
        message("Parameters"),
        message("Parameters: weights and biases; what has none has 0."),
        _formulas("parameters"),
        is_added=True,
    ),
    "macs": Hideable(
        "macs",
        message("MACs"),
        message("MACs: multiply-accumulates of convolutions and linear layers; a bias adds none."),
        _formulas("MACs"),
        "MAC",
        is_added=True,
    ),
    "flops": Hideable(
        "flops",
        message("FLOPs"),
        message("FLOPs: 2 for each multiply-accumulate, and 1 for each other operation, as the addition of a bias."),
        _flops,
        "FLOP",
        is_added=True,
    ),
    "activation_memory": Hideable(
        "activation_bytes",
        message("Activation memory"),
        message("Activation memory: the bytes of what the layer hands on; what it does in place adds none."),
        _activation_bytes,
        "B",
        is_added=True,
    ),
}
"""By name, as they follow each other on a sheet."""


def shown_result(result: Result | None, unit: str) -> str:
    """What belongs into a cell, as a solution shows it.

    >>> shown_result(1792, ""), shown_result(12845056, "B"), shown_result((64, 224, 224), "")
    ('1,792', '12,845,056 B', '64×224×224')
    """
    if result is None:
        return "–"
    if isinstance(result, tuple):
        return units.shape(result)
    return f"{units.exact(int(result))}{' B' if unit == 'B' else ''}"
