"""What memory goes to: at inference, over time, and in a training step with all that this costs."""

from __future__ import annotations

import msgspec

from archstat import units
from archstat.records.cost import Peak, UncountedOp
from archstat.records.telling import ShortRecord, counted_on, inert_path, not_counted, three_lines
from archstat.records.trace import Phase, Shape


class AliveTensor(msgspec.Struct, frozen=True):
    """One piece of memory that is alive at the peak.

    Attributes:
        layer: The path of the layer that allocated it.
        op: The op that did.
        shape: The shape of the tensor, ``()`` for what an op allocates for itself.
        nbytes: The size of the memory.
    """

    layer: str
    op: str
    shape: Shape
    nbytes: int


class MemoryLevel(msgspec.Struct, frozen=True, gc=False):
    """The memory that is alive while one op runs.

    Attributes:
        layer: The path of the layer that runs it.
        op: The op's name.
        nbytes: What is alive of all that the forward pass allocates, the op's own outputs included.
    """

    layer: str
    op: str
    nbytes: int


class MemoryLevels(ShortRecord, frozen=True):
    """The activation memory of one forward pass over time; inputs, parameters and buffers are not in it.

    Attributes:
        levels: One for each op, in the order in which they run; a layer that runs several has several.
        peak: The highest of the levels, the first if several are as high.
        alive: What is alive then, in the order in which it was allocated; together it is the peak.
    """

    levels: tuple[MemoryLevel, ...]
    peak: Peak
    alive: tuple[AliveTensor, ...]


class InferenceMemory(msgspec.Struct, frozen=True):
    """What the memory of one forward pass at inference goes to.

    Attributes:
        architecture: What was traced.
        input_shapes: The shapes of the tensors that went in, batch dimension included.
        dtype: The element type that bytes are stated for.
        parameter_bytes: The size of all parameters, each once.
        buffer_bytes: The size of all buffers, each once.
        input_bytes: The size of what goes in.
        activation_bytes: The size of every layer's own outputs, as if none were ever freed.
        peak_activation_bytes: The most of what the pass allocates that is alive at once.
        peak_layer: The layer that ran at that moment.
        alive: What was alive then, in the order in which it was allocated.
        input_origin: Where the input comes from, as in :class:`ModelCost`.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    dtype: str
    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int
    activation_bytes: int
    peak_activation_bytes: int
    peak_layer: str
    alive: tuple[AliveTensor, ...]
    input_origin: str = "given"

    def __repr__(self) -> str:
        """Three lines: the network and its input, what memory goes to, and where the peak is."""
        amounts = (
            f"{units.data_size(self.peak_bytes)} at once",
            f"{units.data_size(self.parameter_bytes)} of parameters",
            f"{units.data_size(self.peak_activation_bytes)} of activations",
        )
        title = (*counted_on(self.architecture, self.input_shapes, self.dtype), "memory at inference")
        return three_lines(title, amounts, f"Peak in {inert_path(self.peak_layer) or 'the network itself'}")

    @property
    def peak_bytes(self) -> int:
        """The most memory at once, with parameters, buffers and inputs."""
        return self.parameter_bytes + self.buffer_bytes + self.input_bytes + self.peak_activation_bytes


class LayerTraining(msgspec.Struct, frozen=True, gc=False):
    """What one layer, or one kind of op that a larger layer runs itself, takes of a training step.

    Attributes:
        layer: The path of the layer, ``""`` for the network itself.
        kind: The class of the layer (``"Conv2d"``), the name of the op (``"add"``), or ``"loss"``.
        detail: The hyper-parameters of the layer.
        call: 1 for the first run of this layer, 2 for the second, …
        output_shape: The shape of the (first) tensor it returned.
        forward_macs: Multiply-accumulates of the forward pass.
        forward_other_flops: Floating-point operations of it that are no part of one.
        backward_macs: Multiply-accumulates of the backward pass: the gradients of the input and of the parameters.
        backward_other_flops: Floating-point operations of the backward pass that are no part of one.
        recomputed_macs: Multiply-accumulates of the forward ops that checkpointing runs a second time.
        recomputed_other_flops: Floating-point operations of these recomputed ops that are no part of one.
        saved_bytes: What the layer keeps for the backward pass and no layer before keeps already; neither parameters,
            buffers nor the network's inputs.
    """

    layer: str
    kind: str
    detail: str
    call: int
    output_shape: Shape
    forward_macs: int
    forward_other_flops: int
    backward_macs: int
    backward_other_flops: int
    recomputed_macs: int
    recomputed_other_flops: int
    saved_bytes: int

    @property
    def forward_flops(self) -> int:
        """All floating-point operations of the forward pass, ``2 * forward_macs + forward_other_flops``."""
        return 2 * self.forward_macs + self.forward_other_flops

    @property
    def backward_flops(self) -> int:
        """All floating-point operations of the backward pass, ``2 * backward_macs + backward_other_flops``."""
        return 2 * self.backward_macs + self.backward_other_flops


class TrainingCost(msgspec.Struct, frozen=True):
    """What one training step costs: forward pass, sum of the outputs as loss, backward pass, update.

    It is any step but the first: the optimizer has its state, and the gradients of the step before are freed.

    Attributes:
        architecture: What was traced.
        input_shapes: The shapes of the tensors that went in, batch dimension included.
        dtype: The element type of parameters and inputs.
        device: The device whose ops were replayed.
        amp: Whether the forward pass ran under autocast to bfloat16.
        optimizer: The optimizer's name.
        layers: The rows; they add up to the totals.
        forward_macs: Multiply-accumulates of the forward pass and the loss.
        forward_other_flops: Floating-point operations of it that are no part of one.
        backward_macs: Multiply-accumulates of the backward pass.
        backward_other_flops: Floating-point operations of the backward pass that are no part of one.
        recomputed_macs: Multiply-accumulates of the forward ops that checkpointing runs a second time.
        recomputed_other_flops: Floating-point operations of these recomputed ops that are no part of one.
        optimizer_flops: Floating-point operations of the update.
        parameter_bytes: The size of all parameters.
        buffer_bytes: The size of all buffers.
        input_bytes: The size of what goes in.
        optimizer_bytes: The size of what the optimizer keeps from step to step.
        gradient_bytes: The size of the parameters' gradients after the backward pass.
        saved_bytes: What the forward pass keeps for the backward pass, each piece of memory once.
        step_peak_bytes: The most of what the step itself allocates (activations, gradients, what is dropped again)
            that is alive at once; parameters, buffers, inputs and the optimizer's state are there before.
        peak_phase: The part of the step in which that is.
        peak_layer: The layer whose op runs then, ``""`` for the optimizer and the loss.
        peak_saved_bytes: What is kept for the backward pass at that moment.
        peak_gradient_bytes: The gradients of parameters at that moment.
        uncounted: The ops that no rule covers.
        remarks: What a reader must know of how the numbers came about, a sentence each.
        input_origin: Where the input comes from, as in :class:`ModelCost`.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    dtype: str
    device: str
    amp: bool
    optimizer: str
    layers: tuple[LayerTraining, ...]
    forward_macs: int
    forward_other_flops: int
    backward_macs: int
    backward_other_flops: int
    recomputed_macs: int
    recomputed_other_flops: int
    optimizer_flops: int
    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int
    optimizer_bytes: int
    gradient_bytes: int
    saved_bytes: int
    step_peak_bytes: int
    peak_phase: Phase
    peak_layer: str
    peak_saved_bytes: int
    peak_gradient_bytes: int
    uncounted: tuple[UncountedOp, ...]
    remarks: tuple[str, ...] = ()
    input_origin: str = "given"

    def __repr__(self) -> str:
        """Three lines: the network and its step, what the step costs, and what no rule counts."""
        amounts = (
            f"{units.compact(self.forward_macs)} MACs forward",
            f"{units.compact(self.backward_macs)} backward",
            f"{units.data_size(self.step_peak_bytes)} peak of the step",
            f"{units.data_size(self.saved_bytes)} saved for the backward pass",
        )
        title = (
            *counted_on(self.architecture, self.input_shapes, self.dtype),
            f"a training step with {self.optimizer}",
        )
        return three_lines(title, amounts, not_counted([each.op for each in self.uncounted]))

    @property
    def peak_bytes(self) -> int:
        """The most memory at once, with parameters, buffers, inputs and the optimizer's state."""
        resident = self.parameter_bytes + self.buffer_bytes + self.input_bytes + self.optimizer_bytes
        return resident + self.step_peak_bytes

    @property
    def flops(self) -> int:
        """All floating-point operations of the step, the update included."""
        macs = self.forward_macs + self.backward_macs + self.recomputed_macs
        other = self.forward_other_flops + self.backward_other_flops + self.recomputed_other_flops
        return 2 * macs + other + self.optimizer_flops


class BatchFit(msgspec.Struct, frozen=True):
    """The largest batch that fits into an amount of memory.

    Attributes:
        limit_bytes: The amount of memory.
        batch_size: The batch; 0 if not even the smallest fits.
        peak_bytes: The most memory that it takes at once; of the smallest batch if that does not fit.
        next_peak_bytes: What one input more would take; ``None`` if the smallest batch does not fit.
    """

    limit_bytes: int
    batch_size: int
    peak_bytes: int
    next_peak_bytes: int | None
