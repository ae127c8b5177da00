"""The dispatch mode of a pass with autograd: every op of it, whose gradient it works out, and what is kept for that.

A layer of 3 to 2 numbers and a ReLU on a batch of 4, so that each output has 32 bytes. Memory 0 is the input; op 1
(``addmm``) makes memory 1, and op 2 (``relu``) memory 2:

>>> from torch import nn
>>> from archstat.tracing.training import trace_step
>>> step = trace_step(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), (torch.empty(4, 3, device="meta"),))
>>> step.storages[1]  # the gradient of a ReLU does not need its input: gone when three ops had run, 0 to 2
StorageLife(nbytes=32, born=1, died=3)
>>> step.saved  # it needs its output: memory 2 is kept, since op 2
((2, 2),)
>>> [(number, op.op) for number, op in enumerate(step.ops) if step.phases[number] == "backward"][2]
(6, 'threshold_backward')
>>> step.storages[2]  # so memory 2 lives until op 6 has run
StorageLife(nbytes=32, born=2, died=7)
"""

from __future__ import annotations

import bisect
import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from archstat import units
from archstat.records import OpCall, Phase, TensorSpec
from archstat.tracing import torch_private
from archstat.tracing.higher_order import is_higher_order, run_higher_order
from archstat.tracing.jagged import WITHOUT_VALUES
from archstat.tracing.nested import tensors_in
from archstat.tracing.ops import OpInfo, fall_apart, info, refuse_impossible
from archstat.tracing.recording import OpRecorder
from archstat.tracing.recurrent import PACKING
from archstat.tracing.remembered_fakes import FakeAnswers, ask_torch
from archstat.tracing.storages import Storages
from archstat.tracing.torch_private import FakeTensor, FakeTensorMode, Jagged
from archstat.tracing.twins import Twins
from archstat.tracing.values import stored

NOT_OPS = frozenset({"prim", "profiler"})
"""Namespaces of what dispatches like an op and is none: asking a tensor for its device, naming a stretch of time."""
_REST = "archstat::complex_convolution_rest"
"""What the second and third real convolution of a complex one are called."""
_ADD, _ADD_IN_PLACE = torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor
_ORDINARY = torch_private.OpOverload
_DEVICE = torch.ops.prim.device.default
_BY_KNOWN_VALUES = frozenset({*WITHOUT_VALUES, *PACKING})
"""Ops whose sizes are told by the lengths of sequences, which torch's kernels without values do not look at."""


def is_dense(tensor: Tensor) -> bool:
    """Whether the elements of a tensor fill its memory without a gap, in any order of axes."""
    step = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size == 1:
            continue
        if stride != step and tensor.numel():
            return False
        step *= size
    return True


class StepRecorder(OpRecorder):
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
        self._unshared = torch_private.uses_unshared()  # asked for before anything is recorded
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it no types
        self.call = -1
        self.ops: list[OpCall] = []
        self.phases: list[Phase] = []
        self.sources: list[int] = []
        self.phase: Phase | None = "forward"
        self.failed_at = ""
        self._fake = fake
        self._ask = ask_torch if fake is None else FakeAnswers(fake).run
        self._storages = Storages(self.ops)
        self._numbers: list[int] = []  # autograd's number of the node that ...
        self._made_by: list[int] = []  # ... this op made; both ascend
        self._first_use: dict[int, int] = {}
        self._saved: dict[int, int] = {}
        self._stored: dict[int, int | None] = {}
        self._convolutions: int | None = None  # of the complex one that runs, if one does, so far
        for index, tensor in enumerate(own):
            self._storages.place(tensor, ~index)

    # -- what comes out --------------------------------------------------------------------------------------------

    def saved(self) -> list[tuple[int, int]]:
        """The memory kept for the backward pass, and the op that first asked for it."""
        return [(index, self._maker_of(number)) for index, number in self._saved.items()]

    def remaining(self) -> list[weakref.ref[Any]]:
        """What of the memory without values is still there."""
        return self._storages.remaining()

    def for_thread(self) -> StepRecorder:
        """This recorder also for other threads: what happened in another thread is not put out."""
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
        """Autograd keeps a tensor for the backward pass; the tensor and its version.

        What an op put out leads to the graph that keeps it. Kept so, the circle would outlive a step that fails before
        its backward pass: so it is a view that is kept.
        """
        # Parameters, buffers and inputs are there with or without a backward pass.
        if not self._storages.is_older(tensor):
            # Autograd saves while it makes a node, which has its number by then. The first to save it counts.
            self._saved.setdefault(self.storage_of(tensor), _newest_node())
        return tensor.detach(), tensor._version

    def tell_complex_convolution(self, begins: bool) -> None:
        """A complex convolution begins, or is over."""
        self._convolutions = 0 if begins else None

    # -- the ops ---------------------------------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One op: let it work out shapes, and record it."""
        if Jagged in types:
            return NotImplemented  # it comes down to ops on its values
        if func.__class__ is not _ORDINARY and is_higher_order(func):
            with self:
                return run_higher_order(func, args, kwargs or {})
        if func is _DEVICE and args[0].__class__ is FakeTensor:
            return args[0].device  # as the class of the tensor says, which autograd asks as often as ops are run
        if func.namespace in NOT_OPS:
            return func(*args, **(kwargs or {}))
        op, kwargs = info(func), kwargs or {}
        if op.is_composite:  # which autograd takes apart, but for those on the values of a jagged tensor
            with self:
                return fall_apart(func, args, kwargs)
        try:
            out = self._run(op, func, args, kwargs)
        except Exception:
            shapes = ", ".join(units.shape(tensor.shape) for tensor in tensors_in((args, kwargs)))
            self.failed_at = f"{op.name} of {shapes}"
            raise
        # Autograd detaches gradients that it stores, and :meth:`keep` what is saved: neither is work of the network's.
        if self.phase is not None and op.name != "detach":
            with torch_private.no_functions():  # a mode above autograd would be told of each size that is asked for
                self._record(op, args, kwargs, out, self.phase)
        return out

    def _run(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Of what is made out of nothing, floating-point tensors have no values, single numbers excepted."""
        if self._stored and op.nature != "view" and not op.takes_sparse and self._meets_sparse((args, kwargs)):
            raise NotImplementedError("of what is done to sparse tensors only products with dense ones are replayed")
        if op.is_unsafe or (self._fake is not None and self.phase == "forward"):
            refuse_impossible(op, func, args, kwargs)
        if func is _ADD and self._adds_up(args):
            return self._ask(_ADD_IN_PLACE, args, kwargs)
        if op.on_meta is not func and self._fake is not None and func in _BY_KNOWN_VALUES:
            return op.on_meta(*args, **kwargs)
        if self._fake is not None and op.makes and op.name != "scalar_tensor":
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            sizes = args[0] if args and isinstance(args[0], list | tuple) else None
            if sizes and (dtype.is_floating_point or str(kwargs.get("device")).startswith("cuda")):
                with self._fake:
                    return func(*args, **kwargs)
        return self._ask(func, args, kwargs)

    def _meets_sparse(self, values: Any) -> bool:
        return any(self.storage_of(tensor) in self._stored for tensor in tensors_in(values))

    def _adds_up(self, args: tuple[Any, ...]) -> bool:
        """Whether autograd adds up gradients of one tensor, in the memory of the first if nothing else uses that.

        It does so in a real step, and allocates a new tensor where a dispatch mode looks on.
        """
        if self.phase != "backward" or torch.is_grad_enabled() or torch_private.current_node() is None:
            return False
        first, second = args
        if first.shape != second.shape:  # of a gradient's own formula, not of gradients of one tensor
            return False
        return torch_private.uses(first) == self._unshared and is_dense(first)

    def _record(self, op: OpInfo, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, phase: Phase) -> None:
        if phase == "backward" and torch.is_grad_enabled() and torch_private.current_node() is not None:
            phase = "recomputation"  # the ops of a backward pass have no gradients themselves
        specs = self._plain(args)
        named = {name: self._plain(value) for name, value in kwargs.items()}
        outputs = tensors_in(out)
        for tensor in outputs:
            self._storages.meet(tensor, len(self.ops))
        self._storages.bury()
        source = self._source_of(phase)
        call = self._call_of(phase, source)
        name = self._name_of(op, phase, source)
        self.ops.append(OpCall(name, call, op.nature, specs, named, tuple(self.spec(tensor) for tensor in outputs)))
        self.phases.append(phase)
        self.sources.append(source)

    def _name_of(self, op: OpInfo, phase: Phase, source: int) -> str:
        """The op's name; of the real convolutions that a complex one comes down to, the first alone stands for it."""
        if phase == "backward":
            is_rest = op.name == "convolution_backward" and self.ops[source].op == _REST
            return f"{_REST}_backward" if is_rest else op.name
        if op.name != "convolution" or self._convolutions is None:
            return op.name
        self._convolutions += 1
        return op.name if self._convolutions == 1 else _REST

    def _plain(self, value: Any) -> Any:
        """A value as a record holds it: tensors as specs, lists as tuples."""
        if isinstance(value, Tensor):
            spec = self.spec(value)
            if spec.storage < 0 and self.phase == "forward":
                # The gradients of a parameter's uses are added up: that work belongs to the first of them.
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
        # An op whose inputs need no gradient makes no node, and the newest is still that of an op before.
        if not self._numbers or number > self._numbers[-1]:
            self._numbers.append(number)
            self._made_by.append(len(self.ops))
        return len(self.ops)

    def _differentiated(self) -> int:
        """The op of the forward pass whose gradient is being worked out."""
        node: Any = torch_private.current_node()
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
    number: int = torch_private.next_node_number()
    return number - 1
