"""One network: a row for each layer, or for each kind of op."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from archstat import units
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import DataError, UnknownNameError
from archstat.published.figures import published_of
from archstat.records import (
    RUN_FOR_REAL,
    Explanation,
    InferenceMemory,
    LayerCost,
    LayerTraining,
    ModelCost,
    OpCost,
    ReceptiveField,
    Tally,
    TrainingCost,
)
from archstat.tables.columns import (
    SHAPE,
    SHARE,
    Column,
    Table,
    number,
    path,
    sort_rows,
)
from archstat.tables.folding import FoldedRow, folded
from archstat.tables.formats import FORMATS
from archstat.tables.quantities import ACTIVATION_BYTES, ACTIVATIONS, FLOPS, MACS, PARAMETERS
from archstat.tables.sums import sum_of_rows
from archstat.tables.tree import as_tree

_AMOUNTS = (
    PARAMETERS.column(),
    MACS.column(),
    FLOPS.column(gives_way=4),
    ACTIVATIONS.column(gives_way=5),
    ACTIVATION_BYTES.column(gives_way=3),
)

_LAYER_COLUMNS = (
    path("layer", "Layer"),
    Column("kind", "Kind", least=20),
    msgspec.structs.replace(SHAPE, gives_way=1),
    *_AMOUNTS,
    SHARE,
)


def layer_table(
    cost: ModelCost,
    *,
    depth: int | None = None,
    sort: str | None = None,
    explained: Sequence[Explanation] | None = None,
    tally: Tally | None = None,
    folds: bool = False,
    is_tree: bool = False,
    fields: Mapping[str, ReceptiveField | None] | None = None,
    attributes: Sequence[str] = (),
) -> Table:
    """One row for each layer in the order of execution.

    Args:
        cost: What to show.
        depth: Put everything below that many parts of a path into one row.
        sort: The key of the column to sort by, largest first.
        explained: The sums behind the rows, to stand in columns of their own; rows that are put together have none.
        tally: Another convention, to stand in a column of its own.
        folds: Show equal blocks that follow each other as one; it has no part in rows that are put together otherwise.
        is_tree: Show each module over what is in it, with what that comes to.
        fields: The receptive field of each layer, to stand in a column of its own.
        attributes: Keys of :data:`MORE_OF_LAYERS`, to stand in columns of their own.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
        DataError: The convention's number cannot be told.
    """
    is_folded = folds and depth is None and sort is None and explained is None and not is_tree
    together = folded(cost.layers) if is_folded else []
    rows = [each.row for each in together] or rows_to_depth(cost.layers, depth)
    rows = as_tree(rows) if is_tree else rows
    counted = () if tally is None else (number("by_convention", tally.convention),)
    seen = () if fields is None else (_FIELD,)
    columns = (*_LAYER_COLUMNS, *counted, *(_SUMS if explained is not None else ()), *seen)
    columns = (*columns, *(MORE_OF_LAYERS[key] for key in attributes))
    numbers = [()] * len(rows) if tally is None else _numbers(cost, tally, depth, together)
    sums = map(_sums, explained) if explained is not None else [()] * len(rows)
    values = [
        (
            row.layer or WHOLE_NETWORK,
            kind_of(row),
            row.output_shape,
            *_counts(row),
            _part(row.macs, cost.macs),
            *more,
            *formulas,
            *(() if fields is None else (_field_of(row, fields),)),
            *(getattr(row, key) for key in attributes),
        )
        for row, more, formulas in zip(rows, numbers, sums, strict=True)
    ]
    notes = (*_notes(cost), *_by_convention(tally)) if tally is not None else _notes(cost)
    if len(rows) < len(cost.layers) and together:
        notes = (*notes, "Equal blocks are shown as one, with what all of them come to.")
    return Table(columns, sort_rows(columns, values, sort), title_of(cost), notes)


def layers_as(cost: ModelCost, format_: str, *, depth: int | None = None, sort: str | None = None) -> str:
    """The rows of a network in one of the formats, without a terminal's width.

    Raises:
        UnknownNameError: There is no such format or column.
    """
    if format_ not in FORMATS:
        raise UnknownNameError.of("format", format_, FORMATS, f"The formats are {', '.join(FORMATS)}.")
    return FORMATS[format_](layer_table(cost, depth=depth, sort=sort, folds=True))


MORE_OF_LAYERS = {
    each.key: each
    for each in (
        number("weights", "Weights"),
        number("trainable_parameters", "Trainable"),
        number("buffers", "Buffers"),
        number("other_flops", "Other FLOPs"),
    )
}
"""Columns of layers that a table has where they are asked for."""

_FIELD = Column("receptive_field", "Receptive field", units.shape, wraps=True)


def _field_of(row: LayerCost, fields: Mapping[str, ReceptiveField | None]) -> tuple[int, ...] | None:
    """How many pixels an element of a row sees; ``None``: a whole axis, or it cannot be followed."""
    field = fields.get(row.layer) if row.is_layer else None
    sizes = () if field is None else tuple(size for size in field.size if size is not None)
    return sizes if field is not None and sizes and len(sizes) == len(field.size) else None


def _numbers(
    cost: ModelCost, tally: Tally, depth: int | None, together: Sequence[FoldedRow]
) -> Sequence[tuple[int, ...]]:
    """The convention's number of each row, or of the rows that are put together."""
    if tally.refusal:
        raise DataError(f"What {tally.convention} says of {cost.architecture} cannot be told: {tally.refusal}.")
    if together:
        return [(sum(tally.rows[place] for place in each.members),) for each in together]
    if depth is None:
        return [(counted,) for counted in tally.rows]
    totals: dict[str, int] = {}
    for row, counted in zip(cost.layers, tally.rows, strict=True):
        totals[_beginning(row.layer, depth)] = totals.get(_beginning(row.layer, depth), 0) + counted
    return [(total,) for total in totals.values()]


def _beginning(path: str, depth: int) -> str:
    return ".".join(path.split(".")[:depth])


def _by_convention(tally: Tally) -> Iterator[str]:
    """The total by another convention, and what makes the difference."""
    about = CONVENTIONS[tally.convention]
    yield f"{f'By {tally.convention}':<18}{_full(tally.number or 0)} {about.unit} ({about.source})"
    for term in tally.terms:
        yield f"{'':<18}{'−' if term.amount < 0 else '+'} {_full(abs(term.amount))} {term.name}"


_SUMS = (
    Column("parameters_formula", "Parameters =", least=sys.maxsize, gives_way=5),
    Column("macs_formula", "MACs =", least=sys.maxsize, gives_way=4),
)
"""Sums are shown in full or not at all."""


def _sums(explained: Explanation) -> tuple[str, ...]:
    formulas = {step.quantity: step.formula for step in explained.steps}
    return tuple(formulas.get(quantity, "") for quantity in ("parameters", "MACs"))


WHOLE_NETWORK = "(network)"
"""What stands for the empty path: ops that the network's own ``forward`` runs."""


def kind_of(row: LayerCost) -> str:
    """What a row is, with its hyper-parameters; the runs of a layer are told apart, those of an op are not."""
    return run_of(row) if row.is_layer else f"{row.kind} {row.detail}".rstrip()


def run_of(row: LayerCost | LayerTraining) -> str:
    """What a row is, and which of several runs."""
    again = f", run {row.call}" if row.call > 1 else ""
    return f"{row.kind} {row.detail}".rstrip() + again


def _counts(row: LayerCost | OpCost) -> tuple[int, ...]:
    counts = (row.macs, row.flops, row.activations, row.activation_bytes)
    return (row.parameters, *counts) if isinstance(row, LayerCost) else counts


def _part(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def rows_to_depth(rows: Sequence[LayerCost], depth: int | None) -> Sequence[LayerCost]:
    """Rows with everything below so many parts of a path in one row; ``None``: as they are."""
    return rows if depth is None else _merged(rows, depth)


def _merged(rows: Iterable[LayerCost], depth: int) -> list[LayerCost]:
    """Rows of one path prefix together, where the first of them stood; the output is that of the last."""
    groups: dict[str, list[LayerCost]] = {}
    for row in rows:
        groups.setdefault(_beginning(row.layer, depth), []).append(row)
    return [_together(path, members) for path, members in groups.items()]


def _together(path: str, members: Sequence[LayerCost]) -> LayerCost:
    return members[0] if len(members) == 1 and members[0].layer == path else sum_of_rows(path, members)


_OP_COLUMNS = (path("op", "Op"), number("calls", "Calls"), *_AMOUNTS[1:], SHARE)


def op_table(cost: ModelCost, *, sort: str | None = None) -> Table:
    """One row for each kind of op; its activations are all that it allocated, also within a layer.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
    """
    values = [(op.op, op.calls, *_counts(op), _part(op.macs, cost.macs)) for op in cost.ops]
    return Table(_OP_COLUMNS, sort_rows(_OP_COLUMNS, values, sort), title_of(cost), _notes(cost))


def title_of(cost: ModelCost | InferenceMemory | TrainingCost) -> str:
    """What was counted, on which input."""
    return f"{cost.architecture} · {inputs_told(cost)} · {cost.dtype}"


def inputs_told(cost: ModelCost | InferenceMemory | TrainingCost) -> str:
    """What went in; an input that was assumed is told as that, with the reason."""
    inputs = ", ".join(units.shape(shape) for shape in cost.input_shapes)
    origin, _, reason = cost.input_origin.partition(": ")
    return f"input assumed: {inputs} ({reason})" if origin == "assumed" else f"input {inputs}"


def _notes(cost: ModelCost) -> tuple[str, ...]:
    """The totals in full, what was not counted, and what a reader must know."""
    frozen = cost.parameters - cost.trainable_parameters
    lines = [
        f"Parameters        {_full(cost.parameters)}, {units.exact(cost.trainable_parameters)} of them trainable"
        if frozen
        else f"Parameters        {_full(cost.parameters)}, all trainable",
        f"Buffers           {units.exact(cost.buffers)}" if cost.buffers else "",
        f"MACs              {_full(cost.macs)}",
        f"FLOPs             {_full(cost.flops)} = 2 · MACs + {units.exact(cost.other_flops)}",
        f"Activations       {_full(cost.activations)}",
        f"Activation memory {units.data_size(cost.activation_bytes)} of all layers",
        f"Peak memory       {units.data_size(cost.peak_activation_bytes)} of activations at once"
        + (f", in {cost.peak_layer}" if cost.peak_layer else ""),
        f"Not counted       {uncounted_in(cost)}",
        *([RUN_FOR_REAL] if cost.forward == "real" else []),
        *cost.remarks,
        *_published(cost),
        f"Paper             {cost.paper}" if cost.paper else "",
        f"Note              {cost.note}" if cost.note else "",
    ]
    return tuple(line for line in lines if line)


def _published(cost: ModelCost) -> list[str]:
    """What was published of an architecture of ours, if it was counted as published."""
    about = published_of(cost)
    if about is None:
        return []
    figures = [(figure, name) for figure, name in ((about.parameters, "parameters"), (about.macs, "MACs")) if figure]
    return [
        f"{'' if number else 'Published':<18}{figure.printed} {name}{FIGURES.get(figure.convention, '')} "
        f"({figure.source}): {VERDICTS[figure.verdict]}{figure.why and f'; {figure.why}'}."
        for number, (figure, name) in enumerate(figures)
    ]


FIGURES = {
    "conv": " of the convolutions alone",
    "conv+linear+add": " with the residual additions",
    "conv+linear+norm": " with one operation for each normalized or biased element",
    "weights": " without biases and norms",
    "all+running": " with the running means and variances",
}
VERDICTS = {
    "exact": "as counted",
    "rounds": "as counted, rounded",
    "truncated": "as counted, cut off instead of rounded",
    "differs": "not as counted",
}


def _full(number: int) -> str:
    compact = units.compact(number)
    return units.exact(number) if compact == units.exact(number) else f"{units.exact(number)} ({compact})"


def uncounted_in(cost: ModelCost | TrainingCost) -> str:
    """The ops that no rule covers."""
    if not cost.uncounted:
        return "nothing"
    ops = ", ".join(f"{op.op} ({op.calls} ×, {units.compact(op.elements)} elements)" for op in cost.uncounted)
    return f"{ops}: MACs and FLOPs are lower bounds"
