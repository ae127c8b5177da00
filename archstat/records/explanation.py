"""How a number comes about: its sums, what an output sees, and what others count."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from archstat import units
from archstat.records.above import above
from archstat.records.cost import LayerCost, ModelCost
from archstat.records.telling import ShortRecord, counted_on, inert_path, short, three_lines
from archstat.records.trace import Shape


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


class PixelsSeen(msgspec.Struct, frozen=True):
    """The pixels of the first input that the middle of a map sees along one axis, and its neighbour.

    Pixels are counted from 0; what lies in the padding is below 0, or not below ``size``.

    Attributes:
        size: How many pixels the input has along the axis.
        count: How many elements the map has along the axis; 1 where each sees the whole axis.
        position: The element in the middle, counted from 0.
        first: The first pixel that the element in the middle sees.
        last: The last pixel that the element in the middle sees.
        next_first: The first pixel that the next element sees; ``None`` if there is none.
        next_last: The last pixel that the next element sees; ``None`` if there is none.
    """

    size: int
    count: int
    position: int
    first: int
    last: int
    next_first: int | None = None
    next_last: int | None = None


class Filters(msgspec.Struct, frozen=True):
    """The filters of a convolution or a linear layer, and what they work on.

    Attributes:
        input_shape: The shape of what the op takes, the batch included.
        output_shape: The shape of what the op makes.
        count: How many filters there are: as many as output maps, or output features; of a transposed convolution as
            many as input maps.
        maps: How many maps, or features, a filter has: those of one group.
        kernel: The size of a filter along each axis behind the maps; ``()``: the layer is a linear one.
        stride: How far a filter moves, along each of these axes.
        padding: What is added before and after, along each of these axes.
        dilation: How far the elements of a filter lie apart, along each of these axes.
        groups: How many groups the maps fall into.
        is_transposed: Whether each input is spread over a filter; else each output is summed over one.
    """

    input_shape: Shape
    output_shape: Shape
    count: int
    maps: int
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    is_transposed: bool = False


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


class Explanation(msgspec.Struct, frozen=True):
    """How the numbers of one row come about.

    Attributes:
        row: The row, as the table has it.
        steps: The sums of the row, one for each quantity.
        edges: What windows do at the edges of a map, which kernel and stride do not tell, as ``"padding 1"``; ``""``:
            nothing.
        field: What one element of the row's output sees of the input; ``None``: it cannot be followed, or there is
            nothing to see.
        pixels: Which pixels the middle of the map sees, along each axis of the field; ``()``: the map has no middle, as
            where its elements were put in another order.
        filters: The filters of the only convolution or linear layer that the row runs; ``None``: it runs none, several,
            or one whose sizes are not known.
    """

    row: LayerCost
    steps: tuple[Step, ...]
    edges: str = ""
    field: ReceptiveField | None = None
    pixels: tuple[PixelsSeen, ...] = ()
    filters: Filters | None = None

    def __repr__(self) -> str:
        """Three lines: the row, its sums, and what comes out."""
        row = self.row
        title = (inert_path(row.layer) or "the network itself", f"{row.kind} {row.detail}".rstrip())
        sums = [f"{each.quantity} {_equation(each)}" for each in self.steps if each.formula or each.result is not None]
        return three_lines(title, sums or ["no sums"], f"Output {units.shape(row.output_shape)}")


def _equation(step: Step) -> str:
    """``formula = result``; a number alone is not repeated."""
    result = "" if step.result is None else units.exact(step.result)
    is_sum = step.formula and step.formula != str(step.result)
    return " = ".join(filter(None, (step.formula if is_sum else "", result)))


def _several(count: int, noun: str) -> str:
    return f"{units.exact(count)} {noun}{'' if count == 1 else 's'}"


class Explanations(tuple[Explanation, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """The sums behind each row of a cost: a tuple that a console shows in three lines, and a notebook as a table.

    Attributes:
        cost: The cost whose rows are explained.
    """

    cost: ModelCost

    def __new__(cls, explained: Iterable[Explanation], cost: ModelCost) -> Explanations:  # noqa: PYI034 - Self came with Python 3.11
        """The explanations of some rows of a cost, in their order."""
        made = super().__new__(cls, explained)
        made.cost = cost
        return made

    def __getnewargs__(self) -> tuple[tuple[Explanation, ...], ModelCost]:
        """What a copy is made of."""
        return tuple(self), self.cost

    def __repr__(self) -> str:
        """Three lines: the network and its input, how many sums there are, and how to see them."""
        cost = self.cost
        steps = [step for each in self for step in each.steps]
        quantities = ", ".join(dict.fromkeys(step.quantity for step in steps))
        amounts = (f"{_several(len(steps), 'sum')} behind {_several(len(self), 'row')}", quantities)
        path = next((each.row.layer for each in self if each.row.layer), "")
        of_one = f", .layer({short(path)}) those of one layer" if path and len(self) > 1 else ""
        title = counted_on(cost.architecture, cost.input_shapes, cost.dtype)
        return three_lines(title, amounts, f".table() has all of them{of_one}")

    def layer(self, path: str) -> Explanations:
        """The explanations of one layer and of the layers inside.

        Args:
            path: The path of a layer, the beginning of some, or a form of them with * and ?.

        Raises:
            UnknownNameError: There is no such layer.
        """
        return Explanations(above("tables.explanation", "chosen")(self, path), self.cost)

    def table(self, format: str = "text") -> str:  # noqa: A002 - as pandas calls it
        """The sums as the table that ``archstat explain`` prints.

        Args:
            format: ``"text"``, ``"markdown"``, ``"csv"``, ``"json"`` or ``"latex"``.

        Raises:
            UnknownNameError: There is no such format.
        """
        text: str = above("tables.explanation", "sums_as")(self, format)
        return text


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
        ours: Our number of what it counts: activations, parameters, or else multiply-accumulates, in FLOPs too.
        terms: What makes the difference, the largest first.
        rows: The convention's number of each row of the cost, in their order; they add up to the total.
        refusal: Why the number cannot be told, or ``""``.
    """

    convention: str
    ours: int
    terms: tuple[Term, ...] = ()
    rows: tuple[int, ...] = ()
    refusal: str = ""

    @property
    def number(self) -> int | None:
        """What the convention comes to: our number and the terms; ``None`` where that cannot be told."""
        return None if self.refusal else self.ours + sum(term.amount for term in self.terms)


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
