"""What one pass of a network did, op by op, as the stage that traces hands it to the stage that counts."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from archstat.language import recorded
from archstat.records.telling import ShortRecord

Shape = tuple[int, ...]


#: What kind of work an op does by torch's own declaration; ``other`` needs a rule.
Nature = Literal["view", "pointwise", "other"]


class TensorSpec(msgspec.Struct, frozen=True, gc=False):
    """One tensor as an op saw it.

    Attributes:
        shape: The size of the tensor along each axis.
        dtype: The element type in torch's words without the prefix: ``"float32"``.
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
        args: The positional arguments, tensors as :class:`TensorSpec`, lists as tuples.
        kwargs: The keyword arguments, tensors as :class:`TensorSpec`, lists as tuples.
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
        values = (*self.args, *self.kwargs.values()) if self.kwargs else self.args
        found: list[TensorSpec] = []
        for value in values:  # here and not in the function below: a trace has a hundred thousand of them
            if value.__class__ is TensorSpec:
                found.append(value)
            elif value.__class__ is tuple:
                found += _tensors_in(value)
        return tuple(found)


def _tensors_in(values: tuple[Any, ...]) -> list[TensorSpec]:
    found: list[TensorSpec] = []
    for value in values:
        if value.__class__ is TensorSpec:
            found.append(value)
        elif value.__class__ is tuple:
            found += _tensors_in(value)
    return found


class LayerSpec(msgspec.Struct, frozen=True):
    """One module of the network.

    Attributes:
        path: The name of the module in the network: ``"layer1.0.conv1"``; the network itself is ``""``.
        kind: The name of its class.
        is_leaf: Whether the module has no modules inside, so that all that runs in it is one row of a table.
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
        shape: The size of the parameter along each axis.
        is_trainable: Whether the parameter asks for a gradient.
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
        nbytes: The size of the memory.
        born: The index in :attr:`Trace.ops` of the op that allocated it; -1 if it was there before the forward pass
            (an input) and so is no activation.
        died: How many ops had run when it was freed; ``None`` if it outlived the forward pass.
    """

    nbytes: int
    born: int
    died: int | None


class Trace(ShortRecord, frozen=True):
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
RUN_FOR_REAL = recorded(
    "The network was run for real: it needs the values of its activations, so the numbers are those of these weights "
    "and inputs."
)


class StepTrace(ShortRecord, frozen=True):
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
