"""One network: a row for each layer, or for each kind of op."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from archstat import units
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import DataError, UnknownNameError
from archstat.language import message, recorded, retold, say
from archstat.published.figures import Figure, published_of
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
    LAYER,
    NETWORK_ITSELF,
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
from archstat.tables.labels import in_layer, labelled
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
    LAYER,
    Column("kind", "Kind", retold, least=20),
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
        notes = (*notes, say("Equal blocks are shown as one, with what all of them come to."))
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
    number = f"{_full(tally.number or 0)} {about.unit}"
    yield labelled(say("By {convention}", convention=tally.convention), f"{number} ({retold(about.source)})")
    for term in tally.terms:
        yield labelled("", f"{'−' if term.amount < 0 else '+'} {_full(abs(term.amount))} {retold(term.name)}")


_SUMS = (
    Column("parameters_formula", "Parameters =", least=sys.maxsize, gives_way=5),
    Column("macs_formula", "MACs =", least=sys.maxsize, gives_way=4),
)
"""Sums are shown in full or not at all."""


def _sums(explained: Explanation) -> tuple[str, ...]:
    formulas = {step.quantity: step.formula for step in explained.steps}
    return tuple(formulas.get(quantity, "") for quantity in ("parameters", "MACs"))


WHOLE_NETWORK = NETWORK_ITSELF
"""What stands for the empty path."""


def kind_of(row: LayerCost) -> str:
    """What a row is, with its hyper-parameters; the runs of a layer are told apart, those of an op are not."""
    return run_of(row) if row.is_layer else f"{row.kind} {row.detail}".rstrip()


def run_of(row: LayerCost | LayerTraining) -> str:
    """What a row is, and which of several runs."""
    told = f"{row.kind} {row.detail}".rstrip()
    return f"{told}, {recorded('run {number}', number=row.call)}" if row.call > 1 else told


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
    if origin == "assumed":
        return say("input assumed: {shapes} ({reason})", shapes=inputs, reason=retold(reason))
    return say("input {shapes}", shapes=inputs)


def _notes(cost: ModelCost) -> tuple[str, ...]:
    """The totals in full, what was not counted, and what a reader must know."""
    size = units.data_size
    whole = say("{total} = 2 · MACs + {other}", total=_full(cost.flops), other=units.exact(cost.other_flops))
    peak = say("{size} of activations at once", size=size(cost.peak_activation_bytes))
    lines = [
        labelled(say("Parameters"), _trainable(cost)),
        labelled(say("Buffers"), units.exact(cost.buffers)) if cost.buffers else "",
        labelled(say("MACs"), _full(cost.macs)),
        labelled(say("FLOPs"), whole),
        labelled(say("Activations"), _full(cost.activations)),
        labelled(say("Activation memory"), say("{size} of all layers", size=size(cost.activation_bytes))),
        labelled(say("Peak memory"), in_layer(peak, cost.peak_layer)),
        labelled(say("Not counted"), uncounted_in(cost)),
        *([retold(RUN_FOR_REAL)] if cost.forward == "real" else []),
        *map(retold, cost.remarks),
        *_published(cost),
        labelled(say("Paper"), cost.paper) if cost.paper else "",
        labelled(say("Note"), cost.note) if cost.note else "",
    ]
    return tuple(line for line in lines if line)


def _trainable(cost: ModelCost) -> str:
    """All parameters, and how many of them are trained."""
    if cost.parameters == cost.trainable_parameters:
        return say("{total}, all trainable", total=_full(cost.parameters))
    return say(
        "{total}, {trainable} of them trainable",
        total=_full(cost.parameters),
        trainable=units.exact(cost.trainable_parameters),
    )


def _published(cost: ModelCost) -> list[str]:
    """What was published of an architecture of ours, if it was counted as published."""
    about = published_of(cost)
    if about is None:
        return []
    told = [
        (figure, say(english, figure=figure.printed))
        for figure, english in (
            (about.parameters, message("{figure} parameters")),
            (about.macs, message("{figure} MACs")),
        )
        if figure
    ]
    return [
        labelled(
            "" if number else say("Published"),
            f"{figure_told(figure, shown)} ({figure.source}): {verdict_told(figure)}.",
        )
        for number, (figure, shown) in enumerate(told)
    ]


def figure_told(figure: Figure, shown: str) -> str:
    """A printed figure, or what stands for it, with what it counts where that is not what its name says."""
    return say(FIGURES[figure.convention], figure=shown) if figure.convention in FIGURES else shown


def verdict_told(figure: Figure) -> str:
    """How our count relates to a printed figure, and why."""
    return "; ".join(filter(None, (say(VERDICTS[figure.verdict]), figure.why)))


FIGURES = {
    "conv": message("{figure} of the convolutions alone"),
    "conv+linear+add": message("{figure} with the residual additions"),
    "conv+linear+norm": message("{figure} with one operation for each normalized or biased element"),
    "weights": message("{figure} without biases and norms"),
    "all+running": message("{figure} with the running means and variances"),
}
VERDICTS = {
    "exact": message("as counted"),
    "rounds": message("as counted, rounded"),
    "truncated": message("as counted, cut off instead of rounded"),
    "differs": message("not as counted"),
}


def _full(number: int) -> str:
    compact = units.compact(number)
    return units.exact(number) if compact == units.exact(number) else f"{units.exact(number)} ({compact})"


def uncounted_in(cost: ModelCost | TrainingCost) -> str:
    """The ops that no rule covers."""
    if not cost.uncounted:
        return say("nothing")
    ops = [
        say("{op} ({calls} ×, {count} elements)", op=op.op, calls=op.calls, count=units.compact(op.elements))
        for op in cost.uncounted
    ]
    return say("{ops}: MACs and FLOPs are lower bounds", ops=", ".join(ops))
