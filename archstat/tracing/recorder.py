"""The dispatch mode: every op of one forward pass, the layer it ran in, and each piece of memory born and freed.

Below autograd (:func:`archstat.tracing.modes.below_autograd`) the mode sees ops as the network's author wrote them
(``linear``, ``batch_norm``, ``scaled_dot_product_attention``), before a device's own pieces replace them, so a trace is
the same on every device.

A tensor is *abstract* if its values do not exist: activations, and through them whatever they touch. Parameters,
buffers and floating-point inputs that are real are replaced by a meta twin when an op meets them. Tensors that depend
on none of those (token ids, masks, positions) are computed for real, so a network may branch on them.

A forward pass that adds up numbers known from the code, and multiplies the input by them. ``arange`` is computed, the
product is not. Memory -1 would be the first parameter; here 0 is made by op 0, 1 is the input, 2 is made by op 1:

>>> from archstat.tracing import trace
>>> class Net(torch.nn.Module):
...     def forward(self, x):
...         steps = torch.arange(3)
...         out = x * steps
...         print(steps.tolist(), out.is_meta)
...         return out
>>> record = trace(Net(), (torch.ones(2, 3),))
[0, 1, 2] True
>>> [(op.op, [spec.storage for spec in op.tensors()], op.outputs[0].storage) for op in record.ops]
[('arange', [], 0), ('mul', [1, 0], 2)]
>>> [(life.nbytes, life.born) for life in record.storages]
[(24, 0), (24, -1), (24, 1)]
"""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from archstat import units
from archstat.records import OpCall, TensorSpec
from archstat.tracing import torch_private
from archstat.tracing.higher_order import is_higher_order, run_higher_order
from archstat.tracing.nested import tensors_in, with_tensors
from archstat.tracing.ops import OpInfo, at_home, fall_apart, info, refuse_impossible
from archstat.tracing.packed import UNPACKED, with_unpacked
from archstat.tracing.recording import OpRecorder
from archstat.tracing.recurrent import RECURRENT_NAMES, scratch_bytes
from archstat.tracing.remembered import Answer, AskedOp, again, answer, is_in_autocast, question
from archstat.tracing.shapes import LIKE, SAME, Size
from archstat.tracing.storages import Storages
from archstat.tracing.torch_private import Jagged
from archstat.tracing.values import META, elements_made, empty, is_sparse, is_valued, known_indices, meta_twin, stored
from archstat.tracing.watching import NestedMetError

_CPU = torch.device("cpu")
_STRIDED = torch.strided
_ORDINARY = torch_private.OpOverload
REAL_ELEMENTS_MAX = 1 << 24
"""A tensor of constants larger than this is not made for real: no network branches on one, and it costs memory."""

_DTYPE_NAMES = {v: str(v).removeprefix("torch.") for v in vars(torch).values() if isinstance(v, torch.dtype)}
_PLAIN, _NO_KWARGS = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device}), dict[str, Any]()
_NONE_YET: tuple[Callable[[], Tensor | None], TensorSpec] = (lambda: None, TensorSpec((), "", -1))


class Recorder(OpRecorder):
    """Records while it is active; makes no record of what happened before or after.

    Attributes:
        call: The index of the layer call that is running; whoever tracks the layers sets it.
        ops: The ops so far.
        failed_at: The op that torch refused, and the shapes that it was given.
    """

    def __init__(
        self,
        own: Sequence[Tensor],
        device: torch.device = _CPU,
        *,
        is_real: bool = False,
        copies: Sequence[Tensor] = (),
    ) -> None:
        """Record shapes alone, or with ``is_real`` let every op compute.

        Args:
            own: The network's parameters and buffers, each once. Unless ``is_real``, an op sees a twin without values
                of those that are floating-point; the others keep their values, and what is written to them goes to a
                copy.
            device: Where tensors with values are made.
            is_real: Let the ops compute.
            copies: The inputs that were copied for this pass: what is written to them goes there.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it no types
        self.call = -1
        self.ops: list[OpCall] = []
        self.failed_at = ""
        self._device = device
        self._is_real = is_real
        self._own = {
            id(tensor): TensorSpec(tensor.shape, _DTYPE_NAMES[tensor.dtype], ~index)
            if tensor.layout is _STRIDED
            else TensorSpec(tensor.shape, _DTYPE_NAMES[tensor.dtype], ~index, stored(tensor))
            for index, tensor in enumerate(own)
        }
        self._known = {**self._own, id(None): None}.__getitem__  # a layer without a bias has None in its place
        self._weights = own
        self._twins: dict[int, Tensor] = {}
        self._answers: dict[AskedOp | None, Answer] = {}
        self._originals: dict[int, Tensor] = {}
        self._storages = Storages(self.ops, copies)
        self._newest = _NONE_YET  # the newest output and its spec: it is what the next layer takes
        if not is_real:
            for tensor in own:
                if not tensor.is_meta and is_valued(tensor):
                    self._stand_in(tensor, meta_twin(tensor))

    # -- what comes out --------------------------------------------------------------------------------------------

    def strangers_to(self, inputs: Sequence[Tensor]) -> int:
        """How many tensors without values were met that no recorded op made, inputs left out."""
        found = self._storages.strangers_to(inputs)
        return found and self._storages.strangers_to([*inputs, *self._twins.values()])

    def remaining(self) -> list[weakref.ref[Any]]:
        """What of the memory without values is still there, once nothing of ours holds any."""
        self._twins.clear()
        self._originals.clear()
        return self._storages.remaining()

    # -- other threads ---------------------------------------------------------------------------------------------

    def for_thread(self) -> Recorder:
        """Records into the same lists what another thread does for the layer that is running now."""
        twin = copy.copy(self)
        twin._newest = _NONE_YET
        return twin

    def is_of_this_pass(self, args: Any, kwargs: Any) -> bool:
        """Whether somebody works on tensors of this forward pass: in one without values, on such tensors."""
        return self._is_real or any(map(self._is_abstract, tensors_in((args, kwargs))))

    def spec(self, tensor: Tensor) -> TensorSpec:
        """The record of a tensor."""
        newest, spec = self._newest
        if newest() is tensor and spec.shape == tensor.shape:  # which an op in place may have changed
            return spec
        index = self._storages.index_of(tensor)
        if tensor.layout is _STRIDED:
            return TensorSpec(tensor.shape, _DTYPE_NAMES[tensor.dtype], index)
        return TensorSpec(tensor.shape, _DTYPE_NAMES[tensor.dtype], index, stored(tensor))

    def plain(self, value: Any) -> Any:
        """A value as a record holds it: tensors as specs, lists as tuples."""
        if isinstance(value, Tensor):
            return self._own.get(id(value)) or self.spec(self._twins.get(id(value), value))
        if value.__class__ is list or value.__class__ is tuple:
            return self.specs(value)
        return value

    def specs(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """An op's arguments as a record holds them."""
        own, plain = self._own.get, self.plain
        return tuple([arg if arg.__class__ in _PLAIN else own(id(arg)) or plain(arg) for arg in args])

    def own_specs(self, own: tuple[Tensor | None, ...]) -> tuple[TensorSpec | None, ...]:
        """The records of some of the network's own tensors.

        Raises:
            KeyError: One was put in place during the pass.
        """
        return tuple(map(self._known, map(id, own)))

    # -- the ops ---------------------------------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One op: record it and return its result, with values or without."""
        if func.__class__ is not _ORDINARY and is_higher_order(func):
            with self:
                return run_higher_order(func, args, kwargs or {})
        op = info(func)
        x = args[0] if args else None
        if op.shape is not None and not self._is_real:
            if x.__class__ is list:  # of "cat", whose rule looks at the others
                x = x[0] if x else None
            if isinstance(x, Tensor) and self._is_abstract(x) and (op.takes_any_layout or x.is_contiguous()):
                size = op.shape(*args, **kwargs) if kwargs else op.shape(*args)
                if size is not None:
                    return self.answer(op, self.specs(args), kwargs, x, size)[0]
        elif op.nature == "view" and not op.is_composite and x is not None and x.is_meta:
            return self._view(op, func, args, kwargs or {})
        if op.is_remembered and not self._is_real:
            return self._remember(op, func, args, kwargs or _NO_KWARGS)
        return self._ask_torch(op, func, args, kwargs or {})

    def answer(
        self, op: OpInfo, specs: tuple[Any, ...], kwargs: dict[str, Any] | None, x: Tensor, size: Size
    ) -> tuple[Tensor, TensorSpec]:
        """Record an op whose output has a known size and ``x``'s type; that output and its record."""
        # By identity: no tensor's size is that object, whatever is in it.
        if size is SAME:
            spec = self.spec(x)
            self._append(op, specs, kwargs, (spec,))
            return x, spec
        dtype = x.dtype
        if size is LIKE:
            size, out = x.shape, torch.empty_like(x, device=META)
        else:
            out = empty(size, dtype)
        index = self._storages.watch(out.untyped_storage(), len(self.ops))
        if op.scratch_dtype is not None:
            self._storages.note_scratch(out.numel() * op.scratch_dtype.itemsize)
        spec = TensorSpec(size, _DTYPE_NAMES[dtype], index)
        self._append(op, specs, kwargs, (spec,))
        self._newest = (weakref.ref(out), spec)  # weakly: what the network lets go of must die here too
        return out, spec

    def _remember(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer as torch did before, or ask it and keep what it says."""
        asked = question(func, args, kwargs, self._twins)
        known = self._answers.get(asked)
        if known is None:
            out = self._ask_torch(op, func, args, kwargs)
            if asked is not None and (new := answer(out, tensors_in(with_tensors((args, kwargs), self._twin_of)))):
                self._answers[asked] = new
            return out
        specs, made = self.specs(args), again(known)
        self._append(op, specs, kwargs, tuple(map(self._watched, made)))
        return tuple(made) if op.makes_several else made[0]

    def _watched(self, made: Tensor) -> TensorSpec:
        """The record of what the op makes that is entered next."""
        index = self._storages.watch(made.untyped_storage(), len(self.ops))
        spec = TensorSpec(made.shape, _DTYPE_NAMES[made.dtype], index)
        self._newest = (weakref.ref(made), spec)
        return spec

    def _ask_torch(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args and is_lazy(args[0]):
            return func(*args, **kwargs)  # a parameter that its layer's first call makes: of that no record is kept
        if op.is_composite:
            if op.name == "to" and args and not self._is_real:
                func, args, kwargs = at_home(func, args, kwargs, self._device)
            torch_private.enter_dispatch_mode(self)  # as "with self:" does, in a tenth of the time
            try:
                return fall_apart(func, args, kwargs)
            finally:
                torch_private.leave_dispatch_mode(None)
        if op.writes:
            self._newest = _NONE_YET  # its shape may change
        # Before the op runs: what it returns may be a view of a parameter, whose memory must be known by then.
        self._place_own_memory(args, kwargs)
        is_real = self._is_real or self._has_values(op, args, kwargs)
        try:
            out = self._computed(op, func, args, kwargs) if is_real else self._run_meta(op, func, args, kwargs)
        except Exception:
            self._note_failure(op, (args, kwargs))
            raise
        if op.name == "lift_fresh":
            self._first_sight(out)  # what torch.tensor has just made; any other argument not met was there before
        # Arguments first: memory not met before is older than the pass, also where an output shares it.
        specs = self.specs(with_unpacked(op.name, args, self._weights) if op.name in UNPACKED else args)
        outputs = self._first_sight(out)
        if op.name in RECURRENT_NAMES and (nbytes := scratch_bytes(op.name, args)):
            self._storages.note_scratch(nbytes)
        self._append(op, specs, kwargs, outputs)
        return out

    def _view(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An op whose outputs are views of its first argument."""
        if op.writes:
            self._newest = _NONE_YET  # its shape changes
        try:
            if op.refusal is not None:
                refuse_impossible(op, func, args, kwargs)
            out = func(*args, **kwargs)
        except Exception:
            self._note_failure(op, args)
            raise
        source = self._own.get(id(args[0])) or self.spec(args[0])
        views = [out] if out.__class__ is Tensor else tensors_in(out)
        if source.storage < 0 and views:
            self._storages.place(views[0], source.storage)
        outputs = tuple([TensorSpec(view.shape, _DTYPE_NAMES[view.dtype], source.storage) for view in views])
        self._append(op, self.specs(args), kwargs, outputs)
        return out

    def _note_failure(self, op: OpInfo, values: Any) -> None:
        """Remember what failed.

        Raises:
            NestedMetError: The op was given a jagged tensor that is kept where nobody looked.
        """
        if not self._is_real and any(isinstance(tensor, Jagged) for tensor in tensors_in(values)):
            raise NestedMetError
        self.failed_at = f"{op.name} of {', '.join(units.shape(tensor.shape) for tensor in tensors_in(values))}"

    def _has_values(self, op: OpInfo, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether an op can be computed: nothing that it takes is abstract, and what it makes is small."""
        if op.makes:
            return elements_made(op.name, args) <= REAL_ELEMENTS_MAX
        return not any(self._is_abstract(tensor) for tensor in tensors_in((args, kwargs)))

    def _is_abstract(self, tensor: Tensor) -> bool:
        return tensor.is_meta or self._twins.get(id(tensor), tensor).is_meta

    def _computed(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute; what the CPU has no kernel for, as the network believes itself elsewhere, is left without values."""
        try:
            return self._run_real(op, func, args, kwargs)
        except RuntimeError as error:
            # torch 2.6 has no class for it yet
            has_kernel = not isinstance(error, NotImplementedError) and "not implemented for" not in str(error)
            if has_kernel or self._is_real or op.writes:
                raise
            return self._run_meta(op, func, args, kwargs)

    def _run_real(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute; what existed before the forward pass is not written to."""
        for target in self._written(op, args):
            if id(target) not in self._twins and self._storages.is_older(target) and not self._storages.is_lent(target):
                self._stand_in(target, target.clone())
        if not self._is_real and str(kwargs.get("device")) == "meta":  # where the network believes its activations are
            kwargs = {**kwargs, "device": self._device}
        args, kwargs = with_tensors((args, kwargs), self._twin_of)
        # Where an op returns what it wrote to, the network must get the tensor that it knows, and not the twin.
        return with_tensors(func(*args, **kwargs), self._original_of)

    def _run_meta(self, op: OpInfo, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let torch work out the shapes, every tensor being replaced by a meta twin."""
        # Under autocast a real run casts: types that differ here may be alike there, and are no reason to refuse.
        if (op.is_tried or op.refusal is not None) and not is_in_autocast():
            refuse_impossible(op, func, *with_tensors((args, kwargs), self._twin_of))
        for target in self._written(op, args):
            if not self._is_abstract(target):
                self._stand_in(target, meta_twin(target))
        # The network may ask for the device that it believes to be on; what has no values can be on meta only.
        if "device" in kwargs:
            kwargs = {**kwargs, "device": META}
        if op.name == "index":
            args = (args[0], [known_indices(index) for index in args[1]])
        if not op.takes_sparse and any(map(is_sparse, tensors_in((args, kwargs)))):
            raise NotImplementedError("what is stored of a sparse result is known from its elements only")
        if op.name == "pack_padded_sequence":  # whose lengths decide what comes out
            args = (self._meta_of(args[0]), self._twin_of(args[1]), *args[2:])
        else:
            args, kwargs = with_tensors((args, kwargs), self._meta_of)
        is_first = not torch_private.has_compiler()
        out = op.on_meta(*args, **kwargs)
        if is_first and torch_private.has_compiler():
            gc.collect()  # torch has just imported its compiler, and the frames of that hold the op's tensors
        return with_tensors(out, self._original_of)

    # -- twins -----------------------------------------------------------------------------------------------------

    def _stand_in(self, tensor: Tensor, twin: Tensor) -> None:
        self._twins[id(tensor)] = twin
        self._originals[id(tensor)] = tensor  # kept alive, so that its id stays its own
        self._originals[id(twin)] = tensor

    def _twin_of(self, tensor: Tensor) -> Tensor:
        return self._twins.get(id(tensor), tensor)

    def _meta_of(self, tensor: Tensor) -> Tensor:
        twin = self._twins.get(id(tensor), tensor)
        return twin if twin.is_meta and not is_sparse(twin) else meta_twin(twin)

    def _original_of(self, tensor: Tensor) -> Tensor:
        return self._originals.get(id(tensor), tensor)

    @staticmethod
    def _written(op: OpInfo, args: tuple[Any, ...]) -> list[Tensor]:
        return [args[i] for i in op.writes if i < len(args) and isinstance(args[i], Tensor)]

    # -- records ---------------------------------------------------------------------------------------------------

    def _append(
        self, op: OpInfo, specs: tuple[Any, ...], kwargs: dict[str, Any] | None, outputs: tuple[TensorSpec, ...]
    ) -> None:
        if self._storages.dead:
            self._storages.bury()
        named = {name: self.plain(arg) for name, arg in kwargs.items()} if kwargs else _NO_KWARGS
        self.ops.append(OpCall(op.name, self.call, op.nature, specs, named, outputs))

    def _place_own_memory(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Make the memory of the network's own tensors known, so that a view of one is no new memory."""
        for tensor in tensors_in((args, kwargs)):
            spec = self._own.get(id(tensor))
            if spec is not None:
                self._storages.place(self._twin_of(tensor), spec.storage)

    def _first_sight(self, out: Any) -> tuple[TensorSpec, ...]:
        """The records of an op's outputs; memory not met before was allocated by it."""
        tensors = [self._twin_of(tensor) for tensor in tensors_in(out)]
        for tensor in tensors:
            self._storages.meet(tensor, len(self.ops))
        return tuple([self.spec(tensor) for tensor in tensors])
