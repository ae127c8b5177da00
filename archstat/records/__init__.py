"""The nouns: plain frozen records that one stage makes and the next one reads.

All of them stand here, however long that is: a reader looks one up by following another.

``TensorSpec OpCall LayerSpec LayerCall ParameterSpec StorageLife`` make up a :class:`Trace`; ``LayerCost OpCost
UncountedOp`` make up a :class:`ModelCost`. Nothing here needs torch. Units are suffixes (``activation_bytes``); a count
without a suffix is a number of elements or of operations.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    import pandas as pd

Shape = tuple[int, ...]

#: What kind of work an op does by torch's own declaration; ``other`` needs a rule.
Nature = Literal["view", "pointwise", "other"]


class TensorSpec(msgspec.Struct, frozen=True, gc=False):
    """One tensor as an op saw it.

    Attributes:
        shape: Its size.
        dtype: Its element type in torch's words without the prefix: ``"float32"``.
        storage: The index of its memory in :attr:`Trace.storages`; views share it. The memory of the network's own
            tensors is not listed there: -1 is that of its first parameter, -2 of its second, …, then of its buffers.
        stored: Of a sparse tensor the number of elements that it stores, -1 where that is not known; ``None``: all.
    """

    shape: Shape
    dtype: str
    storage: int
    stored: int | None = None


class OpCall(msgspec.Struct, frozen=True, gc=False):
    """One op that ran.

    Attributes:
        op: The op's plain name, the same for its in-place and private forms: ``"conv2d"``, ``"relu"``, ``"softmax"``;
            ops that are not torch's own carry their namespace: ``"torchvision::deform_conv2d"``.
        call: The index in :attr:`Trace.calls` of the layer call whose ``forward`` ran it.
        nature: What torch declares the op to be.
        args: Its positional arguments, tensors as :class:`TensorSpec`, lists as tuples.
        kwargs: Its keyword arguments, likewise.
        outputs: The tensors it returned.
    """

    op: str
    call: int
    nature: Nature
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[TensorSpec, ...]

    def tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors among its arguments, those in lists included, in order."""
        return tuple(_tensors_in((*self.args, *self.kwargs.values())))


def _tensors_in(values: tuple[Any, ...]) -> list[TensorSpec]:
    found: list[TensorSpec] = []
    for value in values:
        if isinstance(value, TensorSpec):
            found.append(value)
        elif isinstance(value, tuple):
            found += _tensors_in(value)
    return found


class LayerSpec(msgspec.Struct, frozen=True):
    """One module of the network.

    Attributes:
        path: Where it stands: ``"layer1.0.conv1"``; the network itself is ``""``.
        kind: The name of its class.
        is_leaf: It has no modules inside, so all that runs in it is one row of a table.
        parameters: Indices in :attr:`Trace.parameters` of those that it owns, shared ones at their first owner only.
        buffers: The number of elements in its buffers, shared ones at their first owner only.
    """

    path: str
    kind: str
    is_leaf: bool
    parameters: tuple[int, ...]
    buffers: int


class LayerCall(msgspec.Struct, frozen=True, gc=False):
    """One run of a layer's ``forward``.

    Attributes:
        layer: The index of the layer in :attr:`Trace.layers`.
        parent: The index of the call that this one ran in, -1 for the network itself.
        first_op: How many ops had run when it began.
        outputs: The tensors it returned.
    """

    layer: int
    parent: int
    first_op: int
    outputs: tuple[TensorSpec, ...]


class ParameterSpec(msgspec.Struct, frozen=True, gc=False):
    """One parameter, however many names it has.

    Attributes:
        name: The first of its names.
        shape: Its size.
        is_trainable: Whether it asks for a gradient.
    """

    name: str
    shape: Shape
    is_trainable: bool

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


class StorageLife(msgspec.Struct, frozen=True, gc=False):
    """The life of one piece of memory, measured in ops.

    Attributes:
        nbytes: Its size.
        born: The index in :attr:`Trace.ops` of the op that allocated it; -1 if it was there before the forward pass
            (an input) and so is no activation.
        died: How many ops had run when it was freed; ``None`` if it outlived the forward pass.
    """

    nbytes: int
    born: int
    died: int | None


class Trace(msgspec.Struct, frozen=True):
    """One forward pass, op by op.

    Attributes:
        forward: ``"meta"`` if shapes alone were computed, ``"real"`` if the network had to compute for real.
        layers: Every module, in the order of ``named_modules``.
        calls: Every run of a module, in the order in which they began.
        ops: Every op, in the order in which they ran.
        parameters: Every parameter once.
        storages: Every piece of memory that was met besides that of parameters and buffers.
        inputs: The shapes of the tensors that went in.
        dtype: The element type of the network's floating-point inputs, or of its parameters if it has none.
        remarks: What a reader must know of how the pass went, a sentence each.
    """

    forward: Literal["meta", "real"]
    layers: tuple[LayerSpec, ...]
    calls: tuple[LayerCall, ...]
    ops: tuple[OpCall, ...]
    parameters: tuple[ParameterSpec, ...]
    storages: tuple[StorageLife, ...]
    inputs: tuple[Shape, ...]
    dtype: str
    remarks: tuple[str, ...] = ()


#: What part of a training step an op belongs to; the forward ops of a checkpointed part run a second time.
Phase = Literal["forward", "recomputation", "backward", "optimizer"]


#: What a reader must know where other weights could take another branch.
RUN_FOR_REAL = (
    "The network was run for real: it needs the values of its activations, so the numbers are those of these weights "
    "and inputs."
)


class StepTrace(msgspec.Struct, frozen=True):
    """One training step, op by op: forward pass, loss, backward pass, update.

    The gradients of the step before are freed, and the optimizer has its state, as in every step but the first.

    Attributes:
        layers: Every module, in the order of ``named_modules``.
        calls: Every run of a module, in the order in which they began, those of a recomputation included.
        ops: Every op, in the order in which they ran, as autograd and the device leave them (``convolution``,
            ``addmm``).
            An op of the backward pass belongs to the layer call whose gradient it works out; -1 is the loss.
        phases: The part of the step that each op belongs to.
        sources: For each op of the backward pass the index of the op whose gradient it works out; for an op of the
            optimizer -1; for another op its own index.
        saved: The memory that the forward pass keeps for the backward pass, each piece once: its index in
            ``storages``, and the index of the op that first asked for it. Parameters, buffers and inputs are not in it.
        gradients: The memory of the parameters' gradients: indices in ``storages``.
        parameters: Every parameter once.
        storages: Every piece of memory that was met besides that of parameters and buffers.
        inputs: The shapes of the tensors that went in.
        dtype: The element type of the network's floating-point inputs, or of its parameters if it has none.
        parameter_bytes: The size of all parameters.
        buffer_bytes: The size of all buffers.
        input_bytes: The size of what went in.
        optimizer_bytes: The size of what the optimizer keeps from step to step.
        remarks: What a reader must know of how the step went, a sentence each.
    """

    layers: tuple[LayerSpec, ...]
    calls: tuple[LayerCall, ...]
    ops: tuple[OpCall, ...]
    phases: tuple[Phase, ...]
    sources: tuple[int, ...]
    saved: tuple[tuple[int, int], ...]
    gradients: tuple[int, ...]
    parameters: tuple[ParameterSpec, ...]
    storages: tuple[StorageLife, ...]
    inputs: tuple[Shape, ...]
    dtype: str
    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int
    optimizer_bytes: int
    remarks: tuple[str, ...] = ()


class Work(msgspec.Struct, frozen=True, gc=False):
    """Arithmetic; whatever counts it has ``macs`` and ``other_flops``."""

    if TYPE_CHECKING:

        @property
        def macs(self) -> int:
            """Multiply-accumulates."""
            ...

        @property
        def other_flops(self) -> int:
            """Floating-point operations that are no part of one."""
            ...

    @property
    def flops(self) -> int:
        """``2 * macs + other_flops``."""
        return 2 * self.macs + self.other_flops


class Cost(Work, frozen=True, gc=False):
    """Arithmetic: multiply-accumulates, and the floating-point operations that are none."""

    macs: int = 0
    other_flops: int = 0


class LayerCost(Work, frozen=True, gc=False):
    """One row: a layer without layers inside, or one op that a larger layer runs itself.

    Attributes:
        layer: The path of the layer, ``""`` for the network itself.
        kind: Its class (``"Conv2d"``), or the name of the op (``"add"``).
        detail: Its hyper-parameters: ``"3→64 7×7/2"``.
        call: 1 for the first run of this layer, 2 for the second, …; 0 for a layer that holds parameters and never ran.
        output_shape: The shape of the (first) tensor it returned.
        parameters: Elements of the parameters that are counted here; each stands in one row only.
        trainable_parameters: Those of them that ask for a gradient.
        weights: Those of them with two axes or more: neither biases nor those of a normalization.
        buffers: Elements of its buffers.
        macs: Multiply-accumulates of convolutions, linear layers and matrix products.
        other_flops: Floating-point operations that are no part of a multiply-accumulate.
        activations: Elements of what it hands on in memory of its own; views and in-place results add none.
        activation_bytes: Their size.
    """

    layer: str
    kind: str
    detail: str
    call: int
    output_shape: Shape
    parameters: int
    trainable_parameters: int
    weights: int
    buffers: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int


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
        result: What it comes to; ``None`` if that is no number: the receptive field that is the whole image.
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
        steps: Its sums.
    """

    row: LayerCost
    steps: tuple[Step, ...]


class Term(msgspec.Struct, frozen=True):
    """One reason why another counter's number is not ours.

    Attributes:
        name: What it counts besides, or leaves out: ``"batch norm, 2 an element"``.
        amount: How much that is; negative where something is left out.
    """

    name: str
    amount: int


class Tally(msgspec.Struct, frozen=True):
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
        number: Its number; ``None`` if there is none.
        failure: Why there is none, or ``""``.
        version: Its version, or ``""``.
    """

    number: int | None = None
    failure: str = ""
    version: str = ""


class OpCost(Work, frozen=True):
    """All runs of one op together; activations are those of the outputs it allocated, internal ones included."""

    op: str
    calls: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int


class UncountedOp(msgspec.Struct, frozen=True):
    """An op that no rule covers: its arithmetic is missing from the totals, which are a lower bound.

    Attributes:
        op: The op's name.
        calls: How often it ran.
        elements: The elements of its inputs and outputs, all runs together: how large the gap can be.
    """

    op: str
    calls: int
    elements: int


class Peak(msgspec.Struct, frozen=True):
    """The moment at which the most activation memory was alive.

    Attributes:
        nbytes: How much that was.
        op: The index in :attr:`Trace.ops` of the op that ran then; -1 if nothing was ever allocated.
        layer: The path of the layer that ran it.
    """

    nbytes: int
    op: int
    layer: str


class ModelCost(Work, frozen=True):
    """What one forward pass of a network costs.

    Attributes:
        architecture: What was counted: a name of ours, a source, or the class of the module.
        input_shapes: The shapes of the tensors that went in, batch dimension included.
        dtype: The element type that bytes are stated for.
        forward: ``"meta"``, or ``"real"`` if the network had to be run.
        parameters: Elements of all parameters, each once.
        trainable_parameters: Those that ask for a gradient.
        buffers: Elements of all buffers, each once.
        macs: Multiply-accumulates of convolutions, linear layers and matrix products.
        other_flops: Floating-point operations that are no part of a multiply-accumulate.
        activations: Elements of every layer's own outputs.
        activation_bytes: Their size.
        peak_activation_bytes: The most memory alive at once; inputs, parameters and buffers are not in it.
        peak_layer: The layer that ran at that moment.
        uncounted: The ops that no rule covers.
        layers: The rows; they add up to the totals.
        ops: The same work by op.
        note: What a reader must know about this architecture, or ``""``.
        paper: Where its structure was published, or ``""``.
        remarks: What a reader must know of how the numbers came about, a sentence each.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    dtype: str
    forward: Literal["meta", "real"]
    parameters: int
    trainable_parameters: int
    buffers: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int
    peak_layer: str
    uncounted: tuple[UncountedOp, ...]
    layers: tuple[LayerCost, ...]
    ops: tuple[OpCost, ...]
    note: str = ""
    paper: str = ""
    remarks: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame, one column for each attribute of :class:`LayerCost` and ``flops``."""
        import pandas as pd  # noqa: PLC0415 - pandas takes as long to import as the rest together

        columns = [*LayerCost.__struct_fields__, "flops"]
        rows = [[getattr(row, name) for name in columns] for row in self.layers]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
        return frame

    def _repr_html_(self) -> str:
        """The table of 'archstat table', as a notebook shows it."""
        from archstat.report.page import fragment  # noqa: PLC0415 - a notebook has pandas and all else loaded already
        from archstat.tables import layer_table  # noqa: PLC0415

        return fragment(layer_table(self))


class AliveTensor(msgspec.Struct, frozen=True):
    """One piece of memory that is alive at the peak.

    Attributes:
        layer: The path of the layer that allocated it.
        op: The op that did.
        shape: The shape of the tensor, ``()`` for what an op allocates for itself.
        nbytes: Its size.
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


class MemoryLevels(msgspec.Struct, frozen=True):
    """The activation memory of one forward pass over time; inputs, parameters and buffers are not in it.

    Attributes:
        levels: One for each op, in the order in which they run; a layer that runs several has several.
        peak: The highest of them, the first if several are as high.
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

    @property
    def peak_bytes(self) -> int:
        """The most memory at once, with parameters, buffers and inputs."""
        return self.parameter_bytes + self.buffer_bytes + self.input_bytes + self.peak_activation_bytes


class LayerTraining(msgspec.Struct, frozen=True, gc=False):
    """What one layer, or one kind of op that a larger layer runs itself, takes of a training step.

    Attributes:
        layer: The path of the layer, ``""`` for the network itself.
        kind: Its class (``"Conv2d"``), the name of the op (``"add"``), or ``"loss"``.
        detail: Its hyper-parameters.
        call: 1 for the first run of this layer, 2 for the second, …
        output_shape: The shape of the (first) tensor it returned.
        forward_macs: Multiply-accumulates of the forward pass.
        forward_other_flops: Floating-point operations of it that are no part of one.
        backward_macs: Those of the backward pass: the gradients of its input and of its parameters.
        backward_other_flops: Likewise.
        recomputed_macs: Those of the forward ops that checkpointing runs a second time.
        recomputed_other_flops: Likewise.
        saved_bytes: What it keeps for the backward pass and no layer before it keeps already; neither parameters,
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
        """``2 * forward_macs + forward_other_flops``."""
        return 2 * self.forward_macs + self.forward_other_flops

    @property
    def backward_flops(self) -> int:
        """``2 * backward_macs + backward_other_flops``."""
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
        backward_macs: Those of the backward pass.
        backward_other_flops: Likewise.
        recomputed_macs: Those of the forward ops that checkpointing runs a second time.
        recomputed_other_flops: Likewise.
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
        limit_bytes: That amount.
        batch_size: The batch; 0 if not even the smallest fits.
        peak_bytes: The most memory that it takes at once; of the smallest batch if that does not fit.
        next_peak_bytes: What one input more would take; ``None`` if the smallest batch does not fit.
    """

    limit_bytes: int
    batch_size: int
    peak_bytes: int
    next_peak_bytes: int | None
