"""How a number comes about: its sums, what an output sees, and what others count."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from archstat.records.cost import LayerCost
from archstat.records.telling import ShortRecord


class ReceptiveField(msgspec.Struct, frozen=True):
    """The part of the first input that one element of an output depends on, along each axis after the channels.

    Attributes:
        size: In pixels; ``None`` where it is the whole axis, as after a global pool or a linear layer on all of it.
        stride: How many pixels the fields of neighbours lie apart; a fraction after an upsampling.
        start: The first pixel that the first element sees; negative where that is padding.
    """

    size: tuple[int | None, ...]
    stride: tuple[Fraction, ...]
    start: tuple[Fraction, ...]


class Step(msgspec.Struct, frozen=True):
    """One sum of an explanation.

    Attributes:
        quantity: What comes out: ``"output size"`` (``"output height"`` and ``"output width"`` where they differ),
            ``"parameters"``, ``"MACs"``, ``"activations"``, ``"receptive field"``.
        formula: The sum with its numbers, as :func:`archstat.expressions.evaluate` reads it; ``""`` if there is none.
        result: The value of the sum; ``None`` if that is no number: the receptive field that is the whole image.
        remark: What a reader must know besides, such as the shape, the bytes, or a pixel row that is dropped.
    """

    quantity: str
    formula: str
    result: int | None
    remark: str = ""


class Explanation(ShortRecord, frozen=True):
    """How the numbers of one row come about.

    Attributes:
        row: The row, as the table has it.
        steps: The sums of the row, one for each quantity.
        edges: What windows do at the edges of a map, which kernel and stride do not tell, as ``"padding 1"``; ``""``:
            nothing.
    """

    row: LayerCost
    steps: tuple[Step, ...]
    edges: str = ""


class Term(msgspec.Struct, frozen=True):
    """One reason why another counter's number is not ours.

    Attributes:
        name: What the counter counts besides, or leaves out: ``"batch norm, 2 an element"``.
        amount: How much the difference is; negative where something is left out.
    """

    name: str
    amount: int


class Tally(ShortRecord, frozen=True):
    """A network as a convention counts it.

    Attributes:
        convention: A key of :data:`archstat.counting.conventions.CONVENTIONS`.
        macs: Our multiply-accumulates.
        terms: What makes the difference, the largest first.
        rows: The convention's number of each row of the cost, in their order; they add up to the total.
        refusal: Why the number cannot be told, or ``""``.
    """

    convention: str
    macs: int
    terms: tuple[Term, ...] = ()
    rows: tuple[int, ...] = ()
    refusal: str = ""

    @property
    def number(self) -> int | None:
        """What the convention comes to: our multiply-accumulates and the terms; ``None`` where that cannot be told."""
        return None if self.refusal else self.macs + sum(term.amount for term in self.terms)


class Opinion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What another tool said when it was run.

    Attributes:
        number: The tool's number; ``None`` if there is none.
        failure: Why there is none, or ``""``.
        version: The tool's version, or ``""``.
    """

    number: int | None = None
    failure: str = ""
    version: str = ""
