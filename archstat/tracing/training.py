"""A network and its inputs → :class:`archstat.records.StepTrace`: one training step without arithmetic.

The step is run by torch itself (its autograd, its optimizers, its autocast, its checkpointing) on *fake* tensors: they
have a shape, a type and a device and no values, and a device chooses its ops for them as it does for real ones. A
dispatch mode below autograd sees every op of the forward pass, of the backward pass and of the update.

An op of the backward pass is attributed by the number that autograd gives each node of its graph: the node that is
being worked off names the op of the forward pass that made it.
"""

from __future__ import annotations

import bisect
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from archstat import units
from archstat.errors import ForwardError, InputError, SourceError, UnknownNameError, first_line
from archstat.records import RUN_FOR_REAL, OpCall, Phase, StepTrace, StorageLife, TensorSpec
from archstat.tracing import UnfinishedNetworkError, _dtype, _failure, layers_of, refuse_nested
from archstat.tracing.attributes import Kept
from archstat.tracing.first_call import MADE, after_first_call
from archstat.tracing.higher_order import is_higher_order, run_higher_order
from archstat.tracing.layers import CallTracker, Layers
from archstat.tracing.leaves import Shortcut
from archstat.tracing.modes import Switches, alone, undoing, without_garbage_collection
from archstat.tracing.nested import tensors_in, with_tensors, with_twins
from archstat.tracing.ops import OpInfo, info, refuse_impossible
from archstat.tracing.storages import Storages
from archstat.tracing.values import is_sparse, is_valued, parts, stored

if TYPE_CHECKING:
    from typing_extensions import Self

    from archstat.tracing.recorder import Recorder

__all__ = ["OPTIMIZERS", "trace_step"]

_NOT_OPS = frozenset({"prim", "profiler"})
"""Namespaces of what dispatches like an op and is none: asking a tensor for its device, naming a stretch of time."""
_ADD, _ADD_IN_PLACE = torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor
_UNSHARED = (4, 2)
"""How often a gradient that only autograd holds, and its memory, are referred to while a dispatch mode looks on."""

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
        args: Its inputs; tensors, or anything that holds tensors.
        kwargs: Its inputs by name.
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
    network, given = getattr(model, "_orig_mod", model), dict(kwargs or {})

    def run() -> StepTrace:
        try:
            return _trace_step(network, args, given, OPTIMIZERS[optimizer], torch.device(device), amp=amp)
        except UnfinishedNetworkError:
            made = after_first_call(network, args, given)
        step = _trace_step(made, args, given, OPTIMIZERS[optimizer], torch.device(device), amp=amp)
        return msgspec.structs.replace(step, remarks=(MADE, *step.remarks))

    return without_garbage_collection(run)


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
    refuse_nested((args, kwargs))
    with alone(layers.modules) as has_waited:
        layers = Layers(model) if has_waited else layers
        try:
            return _step(layers, device, amp=amp, is_real=False).run(args, kwargs, make)
        except ForwardError:
            has_values = not any(tensor.is_meta for tensor in (*layers.own, *tensors_in((args, kwargs))))
            if not has_values or device.type != "cpu":
                raise
        return _step(layers, device, amp=amp, is_real=True).run(args, kwargs, make)


def _step(layers: Layers, device: torch.device, *, amp: bool, is_real: bool) -> _Step:
    with torch.inference_mode(mode=False):  # twins made in it could not be trained
        return _Step(layers, device, amp=amp, is_real=is_real)


def _unscripted(layers: Layers) -> Layers:
    for index in layers.scripted:
        raise SourceError(
            f"{layers.title(index)} is TorchScript, which keeps to its own parameters: a training step of it cannot be "
            "replayed. Take the network as it is before torch.jit.script or torch.jit.trace."
        )
    return layers


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Torch logs each op that fails without values, beside raising its error."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


class _Step:
    """One training step of a network whose tensors have twins."""

    def __init__(self, layers: Layers, device: torch.device, *, amp: bool, is_real: bool) -> None:
        self._layers = layers
        self._device = device
        self._amp = amp
        self._is_real = is_real
        self._twins = Twins(device, is_real=is_real)
        self._own = [self._twins.of(tensor) for tensor in layers.own]
        self._recorder = StepRecorder(self._own, None if is_real else self._twins.fake)
        self._recorder.note_sparse(self._twins)
        self._tracker = _StepTracker(layers, self._recorder, self._twins)

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any], make: Callable[..., Any]) -> StepTrace:
        """Forward pass, backward pass, update, and their record."""
        switches, kept = Switches(torch.device("cpu")), Kept(self._layers.modules, (args, kwargs))

        def undo() -> None:
            switches.put_back()
            self._tracker.leave()
            kept.restore()

        def run() -> StepTrace:
            switches.set()
            with _silence(), torch.inference_mode(mode=False), torch.enable_grad():
                inputs = with_twins((args, kwargs), self._twins.of)
                return self._run(*inputs, make=make)

        try:
            return undoing(undo, run)
        except (ForwardError, InputError):
            raise
        except Exception as error:
            raise self._failure(error) from error
        finally:
            self._recorder.close()

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, make: Callable[..., Any]) -> StepTrace:
        inputs = tensors_in((args, kwargs))
        recorder = self._recorder
        recorder.note_sparse(self._twins)
        trained = [tensor for tensor in self._own if isinstance(tensor, nn.Parameter) and tensor.requires_grad]
        self._tracker.enter()
        with recorder:
            self._forward_and_backward(args, kwargs)
            gradients = tuple(recorder.storage_of(t.grad) for t in trained if t.grad is not None)
            state = self._update(make, trained)
        return self._trace(inputs, gradients, state)

    def _failure(self, error: Exception) -> ForwardError:
        """What failed, and where: a layer's own code, or an op of the backward pass or the update."""
        recorder = self._recorder
        if isinstance(error, DataDependentOutputException):
            where = f"layer {self._tracker.failed_in!r}" if self._tracker.failed_in else "the network"
            return ForwardError(f"A training step is replayed without values, which {where} needs of its activations.")
        if recorder.phase == "forward":
            return _failure(error, self._tracker.failed_in, recorder.failed_at)
        where = f" at {recorder.failed_at}" if recorder.failed_at else ""
        said = first_line(error).rstrip(".") or "no message"
        return ForwardError(f"The backward pass or the update failed{where}: {type(error).__name__}: {said}.")

    def _forward_and_backward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        recorder = self._recorder
        with (
            torch.autograd.graph.saved_tensors_hooks(recorder.keep, _unchanged),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._amp),
        ):
            out = self._tracker.run(*args, **kwargs)
            if self._tracker.elsewhere:
                raise ForwardError("A layer runs in another thread: a training step of that cannot be replayed.")
            loss = _loss(out)
            del out  # nobody holds it in a real step either
        recorder.phase = "backward"
        loss.backward()  # type: ignore[no-untyped-call]

    def _update(self, make: Callable[..., Any], trained: Sequence[Tensor]) -> list[Tensor]:
        """Two steps of the optimizer, the first for its state alone; the tensors that it keeps."""
        options = {"foreach": True} if self._device.type == "cuda" else {}  # what torch chooses for real tensors there
        optimizer = make(trained, lr=0.01, **options)
        self._recorder.phase = None
        optimizer.step()
        self._recorder.phase = "optimizer"
        optimizer.step()
        return tensors_in([list(state.values()) for state in optimizer.state.values()])

    def _trace(self, inputs: list[Tensor], gradients: tuple[int, ...], state: list[Tensor]) -> StepTrace:
        recorder, count = self._recorder, len(self._layers.parameters)
        return StepTrace(
            layers=tuple(self._layers.specs),
            calls=tuple(self._tracker.calls),
            ops=tuple(recorder.ops),
            phases=tuple(recorder.phases),
            sources=tuple(recorder.sources),
            saved=tuple(recorder.saved()),
            gradients=gradients,
            parameters=tuple(self._layers.parameters),
            storages=recorder.lives(),
            inputs=tuple(tuple(tensor.shape) for tensor in inputs),
            dtype=_dtype([*inputs, *self._own]),
            parameter_bytes=self._size(self._own[:count]),
            buffer_bytes=self._size(self._own[count:]),
            input_bytes=self._size(inputs),
            optimizer_bytes=_size(state),
            remarks=(RUN_FOR_REAL,) if self._is_real else (),
        )

    def _size(self, twins: Sequence[Tensor]) -> int:
        """The bytes of what these stand in for."""
        sparse = {id(twin): tensor for tensor, twin in self._twins.sparse()}
        return _size([part for twin in twins for part in parts(sparse.get(id(twin), twin))])


def _unchanged(kept: tuple[Tensor, int]) -> Tensor:
    """A tensor that autograd kept.

    Raises:
        RuntimeError: It was written to since: torch itself looks no more, once somebody else keeps its tensors.
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
    parts = [tensor.sum() for tensor in tensors_in(out) if tensor.requires_grad]
    if not parts:
        raise InputError(
            "Nothing that the network returns depends on a trainable parameter: there is nothing to train."
        )
    loss = parts[0]
    for part in parts[1:]:
        loss = loss + part
    return loss.real if loss.is_complex() else loss


class Twins:
    """What stands in for parameters, buffers and inputs, and whatever else a module holds.

    Floating-point tensors have a fake twin on the device of the step. On the CPU others (token ids, counters, masks)
    are copied with their values, so a network may branch on them.

    Attributes:
        fake: Makes fake tensors.
    """

    def __init__(self, device: torch.device, *, is_real: bool = False) -> None:
        """Make twins on that device; with ``is_real`` they are copies with values, and the device is the CPU."""
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)
        self._device = device
        self._is_real = is_real
        self._twins: dict[int, tuple[Tensor, Tensor]] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """The twin of a tensor, the same one each time."""
        if id(tensor) not in self._twins:
            self._twins[id(tensor)] = (tensor, self._make(tensor))  # kept alive, so that its id stays its own
        return self._twins[id(tensor)][1]

    def sparse(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Sparse tensors and their twins, where those are dense."""
        if self._is_real:
            return iter(())
        return (pair for pair in self._twins.values() if is_sparse(pair[0]))

    def inside(self, value: Any) -> Any:
        """A module's attribute with twins of the tensors in it; without tensors the attribute itself."""
        return with_tensors(value, self.of) if tensors_in(value) else value

    def _make(self, tensor: Tensor) -> Tensor:
        twin = tensor.detach().cpu().clone() if self._has_values(tensor) else self._fake_twin(tensor)
        if isinstance(tensor, nn.Parameter):
            return nn.Parameter(twin, tensor.requires_grad)
        return twin.requires_grad_(tensor.requires_grad and tensor.is_leaf)  # an input may ask for its gradient too

    def _has_values(self, tensor: Tensor) -> bool:
        is_known = not is_valued(tensor) and not is_sparse(tensor) and self._device.type == "cpu"
        return not tensor.is_meta and (self._is_real or is_known)

    def _fake_twin(self, tensor: Tensor) -> Tensor:
        with self.fake:
            if is_sparse(tensor):  # torch knows no sparse fake tensors; what is stored is remembered beside
                return torch.empty(tensor.size(), dtype=tensor.dtype, device=self._device)
            return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=self._device)


class _StepTracker(CallTracker):
    """Follows the layers of a training step, whose tensors are replaced by their twins."""

    def __init__(self, layers: Layers, recorder: StepRecorder, twins: Twins) -> None:
        self._twins = twins
        self._was_training = layers.modules[0].training
        super().__init__(layers, cast("Recorder", recorder))  # of which it uses what the two have in common

    def _copy_of(self, index: int, module: nn.Module) -> dict[str, Any]:
        copy = {name: self._twins.inside(value) for name, value in module.__dict__.items()}
        copy["_modules"] = module.__dict__["_modules"].copy()
        for name in ("_parameters", "_buffers"):
            copy[name] = {key: self._twins.inside(value) for key, value in module.__dict__[name].items()}
        copy["training"] = module.training or not self._was_training
        copy["forward"] = self._shadow(index, module)
        return copy

    def _shortcut(self, kind: type[nn.Module]) -> Shortcut | None:
        """None: autograd has to see every op."""
        del kind
        return None


class StepRecorder(TorchDispatchMode):
    """Records every op of a training step below autograd, and each piece of memory born and freed.

    Attributes:
        call: The index of the layer call whose ``forward`` is running, -1 for none.
        ops: The ops so far.
        phases: The part of the step that each belongs to.
        sources: See :attr:`archstat.records.StepTrace.sources`.
        phase: The part of the step that runs; ``None``: one that is not recorded.
        failed_at: The op that torch refused, and the shapes that it was given.
    """

    def __init__(self, own: Sequence[Tensor], fake: FakeTensorMode | None) -> None:
        """Record a step.

        Args:
            own: The twins of the network's parameters and buffers.
            fake: Makes the tensors that an op makes out of nothing; ``None``: they have values.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it no types
        self.call = -1
        self.ops: list[OpCall] = []
        self.phases: list[Phase] = []
        self.sources: list[int] = []
        self.phase: Phase | None = "forward"
        self.failed_at = ""
        self._fake = fake
        self._storages = Storages(self.ops)
        self._numbers: list[int] = []  # autograd's number of the node that ...
        self._made_by: list[int] = []  # ... this op made; both ascend
        self._first_use: dict[int, int] = {}
        self._saved: dict[int, int] = {}
        self._stored: dict[int, int | None] = {}
        for index, tensor in enumerate(own):
            self._storages.place(tensor, ~index)

    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would wrap each op's dispatch in a guard against compilation

    # -- what comes out --------------------------------------------------------------------------------------------

    def lives(self) -> tuple[StorageLife, ...]:
        """The life of every piece of memory."""
        return self._storages.lives()

    def saved(self) -> list[tuple[int, int]]:
        """The memory kept for the backward pass, and the op that first asked for it."""
        return [(index, self._maker_of(number)) for index, number in self._saved.items()]

    def close(self) -> None:
        """Stop watching memory."""
        self._storages.close()

    def __enter__(self) -> Self:
        """Record from now on; see :meth:`archstat.tracing.recorder.Recorder.__enter__`."""
        torch._C._push_on_torch_dispatch_stack(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Record no more."""
        torch._C._pop_torch_dispatch_stack(None)

    def for_thread(self) -> StepRecorder:
        """The same: what happened in another thread is not put out."""
        return self

    def is_of_this_pass(self, args: Any, kwargs: Any) -> bool:
        """Whether somebody works on tensors of this step."""
        return self._fake is None or any(isinstance(tensor, FakeTensor) for tensor in tensors_in((args, kwargs)))

    def spec(self, tensor: Tensor) -> TensorSpec:
        """The record of a tensor."""
        storage = self.storage_of(tensor)
        dtype = str(tensor.dtype).removeprefix("torch.")
        return TensorSpec(tuple(tensor.shape), dtype, storage, self._stored.get(storage))

    def note_sparse(self, twins: Twins) -> None:
        """Remember of which memory only some elements are stored: its views, transposed ones above all, are sparse."""
        self._stored.update({self.storage_of(twin): stored(tensor) for tensor, twin in twins.sparse()})

    def storage_of(self, tensor: Tensor) -> int:
        """The index of a tensor's memory."""
        return self._storages.index_of(tensor)

    # -- what is kept ----------------------------------------------------------------------------------------------

    def keep(self, tensor: Tensor) -> tuple[Tensor, int]:
        """Autograd keeps a tensor for the backward pass; the tensor and its version."""
        if not self._storages.is_older(tensor):
            self._saved.setdefault(self.storage_of(tensor), _newest_node())
        return tensor, tensor._version

    # -- the ops ---------------------------------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One op: let it work out shapes, and record it."""
        if is_higher_order(func):
            with self:
                return run_higher_order(func, args, kwargs or {})
        if func.namespace in _NOT_OPS:
            return func(*args, **(kwargs or {}))
        op, kwargs = info(func), kwargs or {}
        try:
            out = self._run(op, func, args, kwargs)
        except Exception:
            shapes = ", ".join(units.shape(tensor.shape) for tensor in tensors_in((args, kwargs)))
            self.failed_at = f"{op.name} of {shapes}"
            raise
        if self.phase is not None and op.name != "detach":
            self._record(op, args, kwargs, out, self.phase)
        return out

    def _run(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Of what is made out of nothing, floating-point tensors have no values, single numbers excepted."""
        if self._stored and op.nature != "view" and not op.takes_sparse and self._meets_sparse((args, kwargs)):
            raise NotImplementedError("of what is done to sparse tensors only products with dense ones are replayed")
        if self._fake is not None and self.phase == "forward":
            refuse_impossible(op, func, args, kwargs)
        if func is _ADD and self._adds_up(args):
            return _ADD_IN_PLACE(*args)
        if self._fake is not None and op.makes and op.name != "scalar_tensor":
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            sizes = args[0] if args and isinstance(args[0], list | tuple) else None
            if sizes and (dtype.is_floating_point or str(kwargs.get("device")).startswith("cuda")):
                with self._fake:
                    return func(*args, **kwargs)
        return func(*args, **kwargs)

    def _meets_sparse(self, values: Any) -> bool:
        return any(self.storage_of(tensor) in self._stored for tensor in tensors_in(values))

    def _adds_up(self, args: tuple[Any, ...]) -> bool:
        """Whether autograd adds up gradients of one tensor, in the memory of the first if nothing else uses that.

        It does so in a real step, and allocates a new tensor where a dispatch mode looks on.
        """
        if self.phase != "backward" or torch.is_grad_enabled() or torch._C._current_autograd_node() is None:
            return False
        first = args[0]
        uses = first._use_count(), torch._C._storage_Use_Count(first.untyped_storage()._cdata)
        return uses == _UNSHARED and torch._prims_common.is_non_overlapping_and_dense_or_false(first)

    def _record(self, op: OpInfo, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, phase: Phase) -> None:
        if phase == "backward" and torch.is_grad_enabled() and torch._C._current_autograd_node() is not None:
            phase = "recomputation"  # the ops of a backward pass have no gradients themselves
        specs = self._plain(args)
        named = {name: self._plain(value) for name, value in kwargs.items()}
        outputs = tensors_in(out)
        for tensor in outputs:
            self._storages.meet(tensor, len(self.ops))
        self._storages.bury()
        source = self._source_of(phase)
        call = self._call_of(phase, source)
        self.ops.append(OpCall(op.name, call, op.nature, specs, named, tuple(self.spec(tensor) for tensor in outputs)))
        self.phases.append(phase)
        self.sources.append(source)

    def _plain(self, value: Any) -> Any:
        """A value as a record holds it: tensors as specs, lists as tuples."""
        if isinstance(value, Tensor):
            spec = self.spec(value)
            if spec.storage < 0 and self.phase == "forward":
                self._first_use.setdefault(spec.storage, len(self.ops))
            return spec
        if isinstance(value, list | tuple):
            return tuple([self._plain(item) for item in value])
        return value

    # -- whose op it is --------------------------------------------------------------------------------------------

    def _source_of(self, phase: Phase) -> int:
        """The op itself, or the one whose gradient it works out."""
        if phase == "optimizer":
            return -1
        if phase == "backward":
            return self._differentiated()
        number = _newest_node()
        if not self._numbers or number > self._numbers[-1]:
            self._numbers.append(number)
            self._made_by.append(len(self.ops))
        return len(self.ops)

    def _differentiated(self) -> int:
        """The op of the forward pass whose gradient is being worked out."""
        node: Any = torch._C._current_autograd_node()
        if node is None:  # the gradient of the loss itself
            return self._made_by[-1]
        variable = getattr(node, "variable", None)
        if variable is not None:  # a gradient that is added to a parameter's
            return self._first_use.get(self.storage_of(variable), self._made_by[-1])
        return self._maker_of(node._sequence_nr())

    def _maker_of(self, number: int) -> int:
        """The op that made the node of that number; of the nodes that no op made by itself, the op before."""
        return self._made_by[max(bisect.bisect_right(self._numbers, number) - 1, 0)]

    def _call_of(self, phase: Phase, source: int) -> int:
        """A function that is recomputed outside any layer belongs where its forward pass ran."""
        if phase == "recomputation" and self.call < 0:
            source = self._differentiated()
        elif phase != "backward":
            return self.call
        return self.ops[source].call


def _newest_node() -> int:
    """The number of the newest node of autograd's graph."""
    number: int = torch._C._autograd._get_sequence_nr()
    return number - 1
