"""The sums behind each row as a lecturer writes them: ``(5·5·1 + 1)·6 = 156``.

They are made from the arguments of the ops, so they hold for any network. Every formula is worked out here, and one
that does not come to the number of the row is not shown.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from archstat import units
from archstat.counting.arithmetic.filters import filters_of
from archstat.counting.arithmetic.sizes import EXTENTS
from archstat.counting.arithmetic.terms import TERMS, WEIGHTS, map_sizes, product, total, without_ones
from archstat.counting.arithmetic.windows import Extent, Window, edges_told
from archstat.counting.receptive_field import describe, field_of, sides_of_input, sights_of
from archstat.counting.receptive_field.pixels import pixels_of
from archstat.counting.receptive_field.state import Sight
from archstat.counting.rows import RowOrigin, rows_of
from archstat.counting.rules import cost_of
from archstat.expressions import evaluate
from archstat.language import recorded
from archstat.records import Explanation, LayerCost, OpCall, ReceptiveField, Shape, Step, TensorSpec, Trace


def explain_trace(trace: Trace) -> tuple[Explanation, ...]:
    """How the numbers of each row come about, in the order of :func:`archstat.counting.count_trace`.

    Left out: quantities that are 0, and the other FLOPs.
    """
    sights = sights_of(trace)
    sides = sides_of_input(trace) if any(sights) else ()
    return tuple(_explained(trace, row, origin, sights, sides) for row, origin in rows_of(trace))


def _explained(
    trace: Trace, row: LayerCost, origin: RowOrigin, sights: Sequence[Sight | None], sides: Shape
) -> Explanation:
    first, end, *_ = origin
    sight = sights[end - 1] if end > first else None
    field = field_of(sight)
    return Explanation(
        row,
        tuple(_steps(trace, row, origin, field)),
        _edges(trace, origin),
        field,
        pixels_of(sight, sides) if sight is not None and field is not None else (),
        filters_of(trace.ops[first:end]),
    )


def _edges(trace: Trace, origin: RowOrigin) -> str:
    """What the windows of a row do at the edges of its maps."""
    told = [edges_told(EXTENTS[op.op](op)) for op in trace.ops[origin[0] : origin[1]] if op.op in EXTENTS]
    return "; ".join(filter(None, dict.fromkeys(told)))


def _steps(trace: Trace, row: LayerCost, origin: RowOrigin, field: ReceptiveField | None) -> Iterator[Step]:
    first, end, parameters, outputs = origin
    ops = trace.ops[first:end]
    sized = [op for op in ops if op.op in EXTENTS]
    yield from dict.fromkeys(step for op in sized for step in _sizes(op, len(row.output_shape)))
    if row.parameters:
        yield _parameters(trace, row, ops, parameters)
    if row.macs:
        yield _macs(row, ops)
    if row.activations:
        yield _activations(trace, row, ops, outputs)
    if field is not None and field.size:
        yield from _receptive_field(row, ops, field)


def _step(quantity: str, formula: str, result: int, remark: str = "") -> Step:
    """A step whose formula holds."""
    return Step(quantity, formula if formula and _value(formula) == result else "", result, remark)


_value = functools.lru_cache(maxsize=1 << 14)(evaluate)


# -- output size -------------------------------------------------------------------------------------------------------

_SIZE = recorded("output size")
_DEPTH, _HEIGHT, _WIDTH = recorded("output depth"), recorded("output height"), recorded("output width")
_AXES = {1: (_SIZE,), 2: (_HEIGHT, _WIDTH), 3: (_DEPTH, _HEIGHT, _WIDTH)}
_THINGS = {1: ("element",), 2: ("row", "column"), 3: ("plane", "row", "column")}


def _sizes(op: OpCall, rank: int) -> Iterator[Step]:
    """One step if all axes are alike, one for each otherwise; none where a layer takes channels for an axis of maps."""
    extents, shape = _of_maps(EXTENTS[op.op](op), op.outputs[0].shape, rank)
    if not extents or len(shape) != rank:
        return
    shown = units.shape(shape[1:] if rank > len(extents) + 1 and shape[0] == 1 else shape)
    things = _THINGS[len(extents)]
    if len(set(extents)) == 1:
        yield _size(_SIZE, extents[0], shown, things)
        return
    for name, extent, thing in zip(_AXES[len(extents)], extents, things, strict=True):
        yield _size(name, extent, shown, (thing,))


def _size(quantity: str, extent: Extent, shape: str, things: Sequence[str]) -> Step:
    remark = extent.remark(things)
    return _step(quantity, extent.formula(), extent.result, f"{shape}; {remark}" if remark else shape)


def _of_maps(extents: list[Extent], shape: Shape, rank: int) -> tuple[list[Extent], Shape]:
    """Without the height of 1 that a layer gives to its row of elements; one of its own stays."""
    if (
        len(shape) != rank
        and len(extents) == 2
        and extents[0] != extents[1]
        and extents[0].size == extents[0].result == 1
    ):
        return extents[1:], (*shape[:-2], shape[-1])
    return extents, shape


# -- parameters --------------------------------------------------------------------------------------------------------


def _parameters(trace: Trace, row: LayerCost, ops: Iterable[OpCall], held: Sequence[int]) -> Step:
    # What no op explains stays in it, and is shown as the product of its sizes.
    left: dict[int, Shape] = {index: trace.parameters[index].shape for index in held}
    terms = []
    for op in ops:
        if op.op in WEIGHTS and any(~spec.storage in left for spec in op.tensors()):
            for tensors, formula in WEIGHTS[op.op](op):
                if all(left.get(~spec.storage) == spec.shape for spec in tensors):
                    terms.append(formula)
                    for spec in tensors:
                        del left[~spec.storage]
    terms += [product(without_ones(shape)) for shape in left.values() if math.prod(shape)]
    return _step(recorded("parameters"), total(terms), row.parameters, _names(trace, left))


def _names(trace: Trace, indices: Iterable[int]) -> str:
    """What the parameters are called that no op explains."""
    names = [trace.parameters[index].name.rpartition(".")[2] for index in indices]
    return ", ".join(names) if 1 < len(names) <= 4 else ""


# -- multiply-accumulates ----------------------------------------------------------------------------------------------

_REMARKS = {
    "scaled_dot_product_attention": recorded("q·kᵀ and softmax·v"),
    "archstat::jagged_attention": recorded("q·kᵀ and softmax·v within each sequence"),
    "lstm": recorded("4 gates"),
    "gru": recorded("3 gates"),
    "quantized_lstm": recorded("4 gates"),
    "quantized_gru": recorded("3 gates"),
}


def _macs(row: LayerCost, ops: Iterable[OpCall]) -> Step:
    terms, remarks = [], dict[str, None]()
    for op in ops:
        cost = cost_of(op)
        if cost is not None and cost.macs:
            terms.append(TERMS[op.op](op) if op.op in TERMS else str(cost.macs))
            if op.op in _REMARKS:
                remarks[_REMARKS[op.op]] = None
    return _step("MACs", total(terms), row.macs, "; ".join(remarks))


# -- activations -------------------------------------------------------------------------------------------------------

_ON_MAPS = (*EXTENTS, "batch_norm", "group_norm")


def _activations(trace: Trace, row: LayerCost, ops: Sequence[OpCall], outputs: Sequence[TensorSpec]) -> Step:
    """The tensors that were made for what the row hands on, each once."""
    maps = {op.outputs[0].shape for op in ops if op.op in _ON_MAPS and op.outputs}  # other axes may follow the batch
    terms = [_elements(shape, is_map=shape in maps) for shape in _made(trace, ops, outputs)]
    each = Fraction(row.activation_bytes, row.activations)
    factor = f"× {each} B = " if each.denominator == 1 else ""
    return _step(
        recorded("activations"), total(terms), row.activations, f"{factor}{units.exact(row.activation_bytes)} B"
    )


def _made(trace: Trace, ops: Sequence[OpCall], outputs: Sequence[TensorSpec]) -> Iterator[Shape]:
    """The shapes of the outputs whose memory these ops allocated; where that is larger, the shape it was made with."""
    for storage, shape in {spec.storage: spec.shape for spec in outputs if spec.storage >= 0}.items():
        born = trace.storages[storage].born
        if born >= 0 and any(trace.ops[born] is op for op in ops):
            made = next(spec.shape for spec in trace.ops[born].outputs if spec.storage == storage)
            yield shape if math.prod(shape) == math.prod(made) else made


def _elements(shape: Shape, *, is_map: bool) -> str:
    """Maps are counted as height, width, maps; a square of four axes is taken for one."""
    axes = len(shape) - 2
    if axes in _AXES and (is_map or (axes == 2 and shape[2] == shape[3] != 1)):
        return product(map_sizes(shape, axes))
    return product(without_ones(shape))


# -- receptive field ---------------------------------------------------------------------------------------------------


def _receptive_field(row: LayerCost, ops: Sequence[OpCall], field: ReceptiveField) -> Iterator[Step]:
    """What a window adds to the field of what it sees: ``r + (k − 1)·j``, j being the stride of its input."""
    rank = len(field.size) + 2
    moving = [op for op in ops if op.op in EXTENTS and len(op.outputs[0].shape) == rank]  # not across channels
    if not moving and not row.macs:
        return
    windows = {_moves(extent): extent for op in moving for extent in EXTENTS[op.op](op)}
    window = next(iter(windows.values())) if len(windows) == 1 else None
    size, stride, remark = field.size[0], field.stride[0], describe(field, is_full=True)
    is_square = len({*zip(field.size, field.stride, strict=True)}) == 1
    if not is_square or size is None or not isinstance(window, Window):
        yield Step(recorded("receptive field"), "", size if is_square else None, remark)
        return
    before = stride / window.stride
    step = f"{window.dilation}·{before}" if window.dilation > 1 else f"{before}"
    seen = size - (window.kernel - 1) * window.dilation * before
    yield _step(recorded("receptive field"), f"{seen} + ({window.kernel} − 1)·{step}", size, remark)


def _moves(extent: Extent) -> object:
    """What an extent does to a field, which is the same for maps of any height and width."""
    return (extent.kernel, extent.stride, extent.dilation) if isinstance(extent, Window) else extent
