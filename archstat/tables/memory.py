"""Memory and training: what is alive at the peak, what each layer keeps for the backward pass, and what that costs."""

from __future__ import annotations

from archstat import units
from archstat.records import BatchFit, InferenceMemory, LayerTraining, ModelCost, Shape, TrainingCost
from archstat.tables import quantities
from archstat.tables.columns import SHAPE, Column, Table, number, path, sort_rows
from archstat.tables.network import WHOLE_NETWORK, kind_of, run_of, title_of, uncounted_in

_SAVED = number("saved_bytes", "Saved", units.data_size)
_ALIVE_COLUMNS = (path("layer", "Layer"), Column("op", "Op"), SHAPE, number("nbytes", "Memory", units.data_size))
_SAVED_COLUMNS = (path("layer", "Layer"), Column("kind", "Kind"), SHAPE, _SAVED)
_MEMORY_COLUMNS = (path("layer", "Layer"), Column("kind", "Kind"), SHAPE, quantities.ACTIVATION_BYTES.column(), _SAVED)
_TRAINING_COLUMNS = (
    path("layer", "Layer"),
    Column("kind", "Kind"),
    SHAPE,
    number("forward_macs", "Forward MACs"),
    number("backward_macs", "Backward MACs"),
    number("recomputed_macs", "Recomputed", gives_way=3),
    number("forward_flops", "Forward FLOPs", gives_way=2),
    number("backward_flops", "Backward FLOPs", gives_way=1),
    _SAVED,
)


def step_memory_table(memory: InferenceMemory | TrainingCost, fit: BatchFit | None = None) -> Table:
    """The memory of inference or of a training step, whichever it is."""
    return alive_table(memory, fit) if isinstance(memory, InferenceMemory) else saved_table(memory, fit)


def alive_table(memory: InferenceMemory, fit: BatchFit | None = None) -> Table:
    """One row for each tensor that is alive at the peak of a forward pass; they add up to it.

    Args:
        memory: What to show.
        fit: The largest batch that fits, if that was asked for.
    """
    rows = tuple((each.layer or WHOLE_NETWORK, each.op, each.shape, each.nbytes) for each in memory.alive)
    title = f"{title_of(memory)} · inference, alive at the peak"
    size = units.data_size
    return Table(
        _ALIVE_COLUMNS,
        rows,
        title,
        (
            *_resident(memory),
            f"Activation memory {size(memory.activation_bytes)} of all layers",
            _peak_line(memory),
            f"In all            {size(memory.peak_bytes)} at the peak, with parameters, buffers and input",
            *_fit_lines(fit),
        ),
    )


def saved_table(cost: TrainingCost, fit: BatchFit | None = None) -> Table:
    """One row for each layer that keeps something for the backward pass, and what the memory of a step goes to.

    Args:
        cost: What to show.
        fit: The largest batch that fits, if that was asked for.
    """
    rows = tuple((*_named(row), row.saved_bytes) for row in cost.layers if row.saved_bytes)
    return Table(_SAVED_COLUMNS, rows, _training_title(cost), (*_memory_lines(cost), *_fit_lines(fit), *cost.remarks))


def training_table(cost: TrainingCost, *, sort: str | None = None) -> Table:
    """One row for each layer: the work of its forward and of its backward pass, and what it keeps in between.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
    """
    keys = [column.key for column in _TRAINING_COLUMNS[3:]]
    rows = [(*_named(row), *(getattr(row, key) for key in keys)) for row in cost.layers]
    notes = (*_work_lines(cost), *_memory_lines(cost), *cost.remarks)
    return Table(_TRAINING_COLUMNS, sort_rows(_TRAINING_COLUMNS, rows, sort), _training_title(cost), notes)


def memory_table(cost: ModelCost, training: TrainingCost, *, sort: str | None = None) -> Table:
    """One row for each layer: the memory of its output at inference, and what it keeps for the backward pass.

    What training alone runs (the loss, the parts of an op) has rows of its own at the end.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
    """
    saved = {(row.layer, row.kind, row.call): row for row in training.layers if row.saved_bytes}
    rows = []
    for row in cost.layers:
        kept = saved.pop((row.layer, row.kind, row.call), None)
        rows.append((row.layer or WHOLE_NETWORK, kind_of(row), row.output_shape, row.activation_bytes, _bytes(kept)))
    rows += [(*_named(row), 0, row.saved_bytes) for row in saved.values()]
    size = units.data_size
    notes = (
        f"Activation memory {size(cost.activation_bytes)} of all layers' outputs at inference",
        _peak_line(cost),
        f"Saved             {size(training.saved_bytes)} for the backward pass in training",
    )
    return Table(_MEMORY_COLUMNS, sort_rows(_MEMORY_COLUMNS, rows, sort), title_of(cost), notes)


def _bytes(row: LayerTraining | None) -> int:
    return row.saved_bytes if row is not None else 0


def _named(row: LayerTraining) -> tuple[str, str, Shape]:
    return row.layer or WHOLE_NETWORK, run_of(row), row.output_shape


def _training_title(cost: TrainingCost) -> str:
    autocast = " under autocast to bfloat16" if cost.amp else ""
    return f"{title_of(cost)} · one training step with {cost.optimizer}{autocast}"


def _peak_line(cost: ModelCost | InferenceMemory) -> str:
    peak = units.data_size(cost.peak_activation_bytes)
    return f"Peak memory       {peak} of activations at once{_in_layer(cost.peak_layer)}"


def _in_layer(layer: str) -> str:
    return f", in {layer}" if layer else ""


def _resident(memory: InferenceMemory | TrainingCost) -> tuple[str, ...]:
    """What is there before the step."""
    size = units.data_size
    return (
        f"Parameters        {size(memory.parameter_bytes)}",
        f"Buffers           {size(memory.buffer_bytes)}",
        f"Input             {size(memory.input_bytes)}",
    )


def _memory_lines(cost: TrainingCost) -> tuple[str, ...]:
    size = units.data_size
    where = f"{_WHEN[cost.peak_phase]}{_in_layer(cost.peak_layer)}"
    rest = cost.step_peak_bytes - cost.peak_saved_bytes - cost.peak_gradient_bytes
    parts = f"{size(cost.peak_saved_bytes)} saved, {size(cost.peak_gradient_bytes)} gradients, {size(rest)} other"
    return (
        *_resident(cost),
        f"Optimizer         {size(cost.optimizer_bytes)} kept by {cost.optimizer}",
        f"Gradients         {size(cost.gradient_bytes)}",
        f"Saved             {size(cost.saved_bytes)} for the backward pass",
        f"Peak of the step  {size(cost.step_peak_bytes)} at once, {where}: {parts}",
        f"In all            {size(cost.peak_bytes)} at the peak, with parameters, buffers, input and optimizer state",
    )


_WHEN = {
    "forward": "in the forward pass",
    "recomputation": "where the forward pass is recomputed",
    "backward": "in the backward pass",
    "optimizer": "in the update",
}


def _work_lines(cost: TrainingCost) -> tuple[str, ...]:
    parts = [("Forward", "forward"), ("Backward", "backward"), ("Recomputed", "recomputed")]
    lines = []
    for name, key in parts:
        macs, other = getattr(cost, f"{key}_macs"), getattr(cost, f"{key}_other_flops")
        lines.append(f"{name:<17} {units.exact(macs)} MACs, {units.exact(2 * macs + other)} FLOPs")
    return (
        *lines,
        f"Update            {units.exact(cost.optimizer_flops)} FLOPs",
        f"Not counted       {uncounted_in(cost)}",
    )


def _fit_lines(fit: BatchFit | None) -> tuple[str, ...]:
    if fit is None:
        return ()
    limit, size = units.data_size(fit.limit_bytes), units.data_size
    if fit.next_peak_bytes is None:
        return (f"Largest batch     none: the smallest takes {size(fit.peak_bytes)}, more than {limit}",)
    missing = size(fit.next_peak_bytes - fit.limit_bytes)
    fits = f"{units.exact(fit.batch_size)} in {limit}: it takes {size(fit.peak_bytes)}"
    return (f"Largest batch     {fits}; for one input more {missing} would be missing",)
