"""Memory and training: what is alive at the peak, what each layer keeps for the backward pass, and what that costs."""

from __future__ import annotations

from archstat import units
from archstat.language import message, retold, say
from archstat.records import BatchFit, InferenceMemory, LayerTraining, ModelCost, Shape, TrainingCost
from archstat.tables import quantities
from archstat.tables.columns import KIND, LAYER, SHAPE, Column, Table, number, sort_rows
from archstat.tables.labels import in_layer, labelled
from archstat.tables.network import WHOLE_NETWORK, kind_of, run_of, title_of, uncounted_in

_SAVED = number("saved_bytes", "Saved", units.data_size)
_ALIVE_COLUMNS = (LAYER, Column("op", "Op"), SHAPE, number("nbytes", "Memory", units.data_size))
_SAVED_COLUMNS = (LAYER, KIND, SHAPE, _SAVED)
_MEMORY_COLUMNS = (LAYER, KIND, SHAPE, quantities.ACTIVATION_BYTES.column(), _SAVED)
_TRAINING_COLUMNS = (
    LAYER,
    KIND,
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
    title = say("{network} · inference, alive at the peak", network=title_of(memory))
    return Table(
        _ALIVE_COLUMNS,
        rows,
        title,
        (
            *_resident(memory),
            labelled(say("Activation memory"), say("{size} of all layers", size=_size(memory.activation_bytes))),
            _peak_line(memory),
            labelled(
                say("In all"),
                say("{size} at the peak, with parameters, buffers and input", size=_size(memory.peak_bytes)),
            ),
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
    notes = (*_memory_lines(cost), *_fit_lines(fit), *map(retold, cost.remarks))
    return Table(_SAVED_COLUMNS, rows, _training_title(cost), notes)


def training_table(cost: TrainingCost, *, sort: str | None = None) -> Table:
    """One row for each layer: the work of its forward and of its backward pass, and what it keeps in between.

    Raises:
        UnknownNameError: There is no column to sort by of that name.
    """
    keys = [column.key for column in _TRAINING_COLUMNS[3:]]
    rows = [(*_named(row), *(getattr(row, key) for key in keys)) for row in cost.layers]
    notes = (*_work_lines(cost), *_memory_lines(cost), *map(retold, cost.remarks))
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
    inference = say("{size} of all layers' outputs at inference", size=_size(cost.activation_bytes))
    saved_in_all = say("{size} for the backward pass in training", size=_size(training.saved_bytes))
    notes = (
        labelled(say("Activation memory"), inference),
        _peak_line(cost),
        labelled(say("Saved"), saved_in_all),
    )
    return Table(_MEMORY_COLUMNS, sort_rows(_MEMORY_COLUMNS, rows, sort), title_of(cost), notes)


def _bytes(row: LayerTraining | None) -> int:
    return row.saved_bytes if row is not None else 0


def _named(row: LayerTraining) -> tuple[str, str, Shape]:
    return row.layer or WHOLE_NETWORK, run_of(row), row.output_shape


def _training_title(cost: TrainingCost) -> str:
    network = title_of(cost)
    if cost.amp:
        return say(
            "{network} · one training step with {optimizer} under autocast to bfloat16",
            network=network,
            optimizer=cost.optimizer,
        )
    return say("{network} · one training step with {optimizer}", network=network, optimizer=cost.optimizer)


_size = units.data_size


def _peak_line(cost: ModelCost | InferenceMemory) -> str:
    told = say("{size} of activations at once", size=_size(cost.peak_activation_bytes))
    return labelled(say("Peak memory"), in_layer(told, cost.peak_layer))


def _resident(memory: InferenceMemory | TrainingCost) -> tuple[str, ...]:
    """What is there before the step."""
    return (
        labelled(say("Parameters"), _size(memory.parameter_bytes)),
        labelled(say("Buffers"), _size(memory.buffer_bytes)),
        labelled(say("Input"), _size(memory.input_bytes)),
    )


def _memory_lines(cost: TrainingCost) -> tuple[str, ...]:
    kept = say("{size} kept by {optimizer}", size=_size(cost.optimizer_bytes), optimizer=cost.optimizer)
    whole = say("{size} at the peak, with parameters, buffers, input and optimizer state", size=_size(cost.peak_bytes))
    return (
        *_resident(cost),
        labelled(say("Optimizer"), kept),
        labelled(say("Gradients"), _size(cost.gradient_bytes)),
        labelled(say("Saved"), say("{size} for the backward pass", size=_size(cost.saved_bytes))),
        labelled(say("Peak of the step"), _step_peak(cost)),
        labelled(say("In all"), whole),
    )


def _step_peak(cost: TrainingCost) -> str:
    """The most that the step itself takes at once: when, in which layer, and of what it consists."""
    rest = cost.step_peak_bytes - cost.peak_saved_bytes - cost.peak_gradient_bytes
    return say(
        "{size} at once, {when}: {saved} saved, {gradients} gradients, {other} other",
        size=_size(cost.step_peak_bytes),
        when=in_layer(say(_WHEN[cost.peak_phase]), cost.peak_layer),
        saved=_size(cost.peak_saved_bytes),
        gradients=_size(cost.peak_gradient_bytes),
        other=_size(rest),
    )


_WHEN = {
    "forward": message("in the forward pass"),
    "recomputation": message("where the forward pass is recomputed"),
    "backward": message("in the backward pass"),
    "optimizer": message("in the update"),
}


def _work_lines(cost: TrainingCost) -> tuple[str, ...]:
    parts = [(say("Forward"), "forward"), (say("Backward"), "backward"), (say("Recomputed"), "recomputed")]
    lines = []
    for name, key in parts:
        macs, other = getattr(cost, f"{key}_macs"), getattr(cost, f"{key}_other_flops")
        work = say("{macs} MACs, {flops} FLOPs", macs=units.exact(macs), flops=units.exact(2 * macs + other))
        lines.append(labelled(name, work))
    return (
        *lines,
        labelled(say("Update"), say("{flops} FLOPs", flops=units.exact(cost.optimizer_flops))),
        labelled(say("Not counted"), uncounted_in(cost)),
    )


def _fit_lines(fit: BatchFit | None) -> tuple[str, ...]:
    return () if fit is None else (labelled(say("Largest batch"), _largest(fit)),)


def _largest(fit: BatchFit) -> str:
    """How many inputs fit, and what is missing for one more."""
    limit, taken = _size(fit.limit_bytes), _size(fit.peak_bytes)
    if fit.next_peak_bytes is None:
        return say("none: the smallest takes {size}, more than {limit}", size=taken, limit=limit)
    return say(
        "{batch} in {limit}: it takes {size}; for one input more {missing} would be missing",
        batch=units.exact(fit.batch_size),
        limit=limit,
        size=taken,
        missing=_size(fit.next_peak_bytes - fit.limit_bytes),
    )
