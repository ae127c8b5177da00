"""A network and its inputs → :class:`archstat.records.StepTrace`: one training step without arithmetic.

The step is run by torch itself (its autograd, its optimizers, its autocast, its checkpointing) on *fake* tensors: they
have a shape, a type and a device and no values, and a device chooses its ops for them as it does for real ones. A
dispatch mode below autograd sees every op of the forward pass, of the backward pass and of the update.

An op of the backward pass is attributed by the number that autograd gives each node of its graph: the node that is
being worked off names the op of the forward pass that made it.

A layer of 3 to 2 numbers on a batch of 4. ``addmm`` is the layer, the first ``sum`` the loss. The backward pass works
out the gradients of the weight (``mm``: 2 · 3 numbers of 4 bytes) and of the bias (``sum``: 2 numbers), both of op 1,
the layer; the optimizer changes weight and bias. Views are left out here:

>>> step = trace_step(nn.Linear(3, 2), (torch.empty(4, 3, device="meta"),))
>>> for number, (op, phase, source) in enumerate(zip(step.ops, step.phases, step.sources)):
...     if op.nature != "view":
...         print(number, phase, op.op, source)
1 forward addmm 1
2 forward sum 2
3 backward ones_like 2
6 backward mm 1
8 backward sum 1
11 optimizer add -1
12 optimizer add -1
>>> [step.storages[index].nbytes for index in step.gradients]
[24, 8]
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.autograd import Variable

from archstat.errors import ForwardError, InputError, SourceError, UnknownNameError
from archstat.records import RUN_FOR_REAL, StepTrace
from archstat.tracing.failures import UnfinishedNetworkError, layers_of, refuse_kept
from archstat.tracing.first_call import MADE, with_first_call
from archstat.tracing.jagged import has_jagged, jagged_shapes
from archstat.tracing.layers import Layers
from archstat.tracing.modes import alone, without_garbage_collection
from archstat.tracing.nested import tensors_in
from archstat.tracing.outputs import tensors_out
from archstat.tracing.replay import TwinReplay
from archstat.tracing.survivors import with_remarks_on
from archstat.tracing.torch_private import FakeTensorMode
from archstat.tracing.values import dtype_of, held, in_memory

__all__ = ["OPTIMIZERS", "trace_step"]

#: The optimizers by name: parameters → one of torch's own.
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "sgd-momentum": lambda parameters, **options: torch.optim.SGD(parameters, momentum=0.9, **options),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def trace_step(
    model: nn.Module,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    optimizer: str = "sgd",
    device: str = "cpu",
    amp: bool = False,
) -> StepTrace:
    """Run one training step and record it; the loss is the sum of the floating-point outputs.

    The network may live on any device, the meta device included, and is left exactly as it was found. It trains as
    after ``model.train()``; one that is training already keeps the flag of each module, so a frozen norm stays frozen.

    Args:
        model: The network.
        args: The inputs of the network; tensors, or anything that holds tensors.
        kwargs: The inputs of the network by name.
        optimizer: A name of :data:`OPTIMIZERS`.
        device: The device whose ops are replayed: ``"cpu"``, or ``"cuda"`` where torch is built for it.
        amp: Run the forward pass under autocast to bfloat16.

    Raises:
        UnknownNameError: No optimizer has that name.
        ForwardError: The step failed; torch's error is the cause. A network that branches on its activations fails so.
        InputError: Nothing that comes out depends on a trainable parameter, or torch is not built for the device.
        SourceError: A part of the network is scripted or traced: it would train its real parameters.
    """
    if optimizer not in OPTIMIZERS:
        raise UnknownNameError.of("optimizer", optimizer, OPTIMIZERS)
    if device == "cuda" and not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        raise InputError("This torch is not built for CUDA: a step of 'cuda' can be replayed with one that is.")
    network, given = getattr(model, "_orig_mod", model), dict(kwargs or {})  # the module inside a compiled one

    def step_of(network: nn.Module) -> StepTrace:
        return _trace_step(network, args, given, OPTIMIZERS[optimizer], torch.device(device), amp=amp)

    def run() -> StepTrace:
        _make_ready()
        try:
            return step_of(network)
        except UnfinishedNetworkError:
            step = with_first_call(network, args, given, step_of)
        except (RuntimeError, AttributeError):
            refuse_kept(network)
            raise
        return msgspec.structs.replace(step, remarks=(MADE, *step.remarks))

    return without_garbage_collection(run)


@functools.cache
def _make_ready() -> None:
    """Have torch import what it imports with the first fake tensors of a process, its compiler among that.

    It comes to be among Python's oldest objects at once, where it belongs: when a pass is over, all of the youngest are
    looked through for what it left. So nothing of the pass may be there yet.
    """
    FakeTensorMode()
    if not gc.get_freeze_count():  # what somebody has put aside for good stays there
        gc.freeze()
        gc.unfreeze()


def _trace_step(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    make: Callable[..., Any],
    device: torch.device,
    *,
    amp: bool,
) -> StepTrace:
    """Replay without values if that is possible, else run the step for real, on copies of everything."""
    layers = _unscripted(layers_of(model))
    has_jagged(tensors_in((args, kwargs)))  # those of strided layout are refused there
    with alone(layers.modules) as has_waited:
        layers = Layers(model) if has_waited else layers
        step, remaining = _replayed_or_computed(layers, args, kwargs, make, device, amp=amp)
    return with_remarks_on(remaining, step)


def _replayed_or_computed(
    layers: Layers,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    make: Callable[..., Any],
    device: torch.device,
    *,
    amp: bool,
) -> tuple[StepTrace, list[weakref.ref[Any]]]:
    """The step, and what of the memory without values was there at its end."""
    replay = _Step(layers, device, amp=amp, is_real=False)
    try:
        return replay.run(args, kwargs, make), list(replay.remaining)
    except ForwardError:
        has_values = not any(tensor.is_meta for tensor in (*layers.own, *tensors_in((args, kwargs))))
        # Copies with values are on the CPU, whose ops are not those of another device.
        if not has_values or device.type != "cpu":
            raise
    # What may stay behind is of the replay that failed: a step with values leaves no tensor without them.
    step = _Step(layers, device, amp=amp, is_real=True).run(args, kwargs, make)
    return step, list(replay.remaining)


def _unscripted(layers: Layers) -> Layers:
    for index in layers.scripted:
        raise SourceError(
            f"{layers.title(index)} is TorchScript, which keeps to its own parameters: a training step of it cannot be "
            "replayed. Take the network as it is before torch.jit.script or torch.jit.trace."
        )
    return layers


class _Step(TwinReplay):
    """One training step."""

    what = "A training step"

    def __init__(self, layers: Layers, device: torch.device, *, amp: bool, is_real: bool) -> None:
        super().__init__(layers, device, is_real=is_real)
        self._device = device
        self._amp = amp

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any], make: Callable[..., Any]) -> StepTrace:
        """Forward pass, backward pass, update, and their record."""
        return self.replay(args, kwargs, functools.partial(self._run, make=make))

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, make: Callable[..., Any]) -> StepTrace:
        inputs = tensors_in((args, kwargs))
        recorder = self.recorder
        trained = [tensor for tensor in self.own if isinstance(tensor, nn.Parameter) and tensor.requires_grad]
        self.tracker.enter()
        with recorder:
            self._forward_and_backward(args, kwargs)
            # What a DTensor says is its storage is none: the memory of its gradient is that of its local part.
            grads = [part for tensor in trained if tensor.grad is not None for part in held(tensor.grad)]
            gradients = tuple(map(recorder.storage_of, grads))
            state = self._update(make, trained)
        return self._trace(inputs, gradients, state)

    def _forward_and_backward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        recorder = self.recorder
        with (
            torch.autograd.graph.saved_tensors_hooks(recorder.keep, _unchanged),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._amp),
        ):
            out = self.tracker.run(*args, **kwargs)
            self.refuse_threads()
            loss = _loss(out)
            del out  # nobody holds it in a real step either
        recorder.phase = "backward"
        _backward(loss)

    def _update(self, make: Callable[..., Any], trained: Sequence[Tensor]) -> list[Tensor]:
        """Two steps of the optimizer, the first for its state alone; the tensors that it keeps."""
        options = {"foreach": True} if self._device.type == "cuda" else {}  # what torch chooses for real tensors there
        optimizer = make(trained, lr=0.01, **options)
        self.recorder.phase = None  # what the first step makes is there in every later one
        optimizer.step()
        self.recorder.phase = "optimizer"
        optimizer.step()
        return tensors_in([list(state.values()) for state in optimizer.state.values()])

    def _trace(self, inputs: list[Tensor], gradients: tuple[int, ...], state: list[Tensor]) -> StepTrace:
        recorder, count = self.recorder, len(self.layers.parameters)
        return StepTrace(
            layers=tuple(self.layers.specs),
            calls=tuple(self.tracker.calls),
            ops=tuple(recorder.ops),
            phases=tuple(recorder.phases),
            sources=tuple(recorder.sources),
            saved=tuple(recorder.saved()),
            gradients=gradients,
            parameters=tuple(self.layers.parameters),
            storages=recorder.lives(),
            inputs=jagged_shapes(inputs),
            dtype=dtype_of([*inputs, *self.own]),
            parameter_bytes=self._size(self.own[:count]),
            buffer_bytes=self._size(self.own[count:]),
            input_bytes=self._size(inputs),
            optimizer_bytes=_size(state),
            remarks=(RUN_FOR_REAL,) if self.is_real else (),
        )

    def _size(self, twins: Sequence[Tensor]) -> int:
        """The bytes of what these stand in for."""
        originals = {id(twin): tensor for tensor, twin in self._twins.made_of_others()}
        return _size([part for twin in twins for part in in_memory(originals.get(id(twin), twin))])


def _backward(loss: Tensor) -> None:
    """As :meth:`torch.Tensor.backward`, of which a mode above autograd is told, to see nothing that runs again."""
    engine: Any = Variable._execution_engine
    gradient = torch.ones_like(loss, memory_format=torch.preserve_format)
    # By position: the graph is not kept, gradients get none, and no inputs are named, so that all leaves get theirs.
    engine.run_backward((loss,), (gradient,), False, False, (), allow_unreachable=True, accumulate_grad=True)


def _unchanged(kept: tuple[Tensor, int]) -> Tensor:
    """A tensor that autograd kept.

    Raises:
        RuntimeError: The tensor was written to since: torch itself looks no more, once somebody else keeps its tensors.
    """
    tensor, version = kept
    if tensor._version != version:
        raise RuntimeError("a tensor that the gradient needs was modified by an in-place operation")
    return tensor


def _size(tensors: Sequence[Tensor]) -> int:
    """The bytes of the tensors' memory, each piece once."""
    storages = {storage._cdata: storage for storage in (tensor.untyped_storage() for tensor in tensors)}
    return sum(storage.nbytes() for storage in storages.values())


def _loss(out: Any) -> Tensor:
    """The sum of all floating-point outputs that depend on a trainable parameter."""
    # A number is a loss already.
    parts = [tensor.sum() if tensor.ndim else tensor for tensor in tensors_out(out) if tensor.requires_grad]
    if not parts:
        raise InputError(
            "Nothing that the network returns depends on a trainable parameter: there is nothing to train."
        )
    # Not by sum(), which begins with 0 and so adds once more.
    loss = parts[0]
    for part in parts[1:]:
        loss = loss + part
    return loss.real if loss.is_complex() else loss
