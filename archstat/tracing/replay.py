"""A network whose tensors have twins, on which it is run with autograd: for a training step, or a pass like one.

What a network sees of a training step, and what its owner finds afterwards. Inside, weight and input are twins without
values. Afterwards the list is as it was before, and there is no gradient and no update:

>>> from archstat.tracing.training import trace_step
>>> class Net(nn.Module):
...     def __init__(self):
...         super().__init__()
...         self.weight, self.seen = nn.Parameter(torch.ones(2)), []
...     def forward(self, x):
...         self.seen.append(x)
...         print(type(self.weight).__name__, type(x).__name__, x.device, len(self.seen))
...         return self.weight * x
>>> net = Net()
>>> step = trace_step(net, (torch.ones(2),))
FakeTensor FakeTensor cpu 1
>>> net.seen, net.weight.grad, net.weight.tolist()
([], None, [1.0, 1.0])
"""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import torch
from torch import Tensor, nn

from archstat.errors import ForwardError, InputError, first_line
from archstat.records import StorageLife, Trace
from archstat.tracing.attributes import Kept
from archstat.tracing.failures import forward_error
from archstat.tracing.higher_order import AboveAutograd
from archstat.tracing.jagged import jagged_shapes, make_ready
from archstat.tracing.layers import CallTracker, Layers
from archstat.tracing.leaves import Shortcut
from archstat.tracing.modes import Switches, undoing
from archstat.tracing.nested import with_twins
from archstat.tracing.step_recorder import StepRecorder
from archstat.tracing.torch_private import DataDependentOutputException
from archstat.tracing.twins import Twins
from archstat.tracing.values import dtype_of

if TYPE_CHECKING:
    from archstat.tracing.recorder import Recorder

_Result = TypeVar("_Result")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Torch logs each op that fails without values, beside raising its error."""
    logger = logging.getLogger(DataDependentOutputException.__module__)
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


class TwinReplay:
    """A network whose tensors have twins, on which it is run, with autograd.

    Attributes:
        layers: The layers of the network.
        own: The twins of its parameters and buffers.
        recorder: Records the ops.
        tracker: Follows the layers.
        is_real: The twins have values.
        what: What is run, as a sentence begins.
        remaining: What of the memory without values was there at the end; that of the twins is gone with the replay.
    """

    what: ClassVar[str]
    remaining: Sequence[weakref.ref[Any]] = ()

    def __init__(self, layers: Layers, device: torch.device, *, is_real: bool, is_training: bool = True) -> None:
        """Make the twins; with ``is_training`` the network trains, as far as it does not keep parts from it."""
        self.layers = layers
        self.is_real = is_real
        with torch.inference_mode(mode=False):  # twins made in it could not be trained
            make_ready()
            self._twins = Twins(device, is_real=is_real)
            self.own = [self._twins.of(tensor) for tensor in layers.own]
            self.recorder = self.make_recorder(self.own, self._twins, device)
            self.recorder.note_sparse(self._twins)
            self.tracker = _StepTracker(layers, self.recorder, self._twins, is_training=is_training)

    def make_recorder(self, own: Sequence[Tensor], twins: Twins, device: torch.device) -> StepRecorder:
        """What records the ops on those twins, which are on that device."""
        del device
        return StepRecorder(own, None if self.is_real else twins.fake)

    def replay(self, args: tuple[Any, ...], kwargs: dict[str, Any], run: Callable[..., _Result]) -> _Result:
        """Run something with the twins of these inputs, and put everything back.

        Raises:
            ForwardError: The forward pass failed.
        """
        switches, kept = Switches(torch.device("cpu")), Kept(self.layers.modules, (args, kwargs))

        def undo() -> None:
            # In this order: the first takes off a mode that an interrupt left active, and the others touch tensors,
            # which that would record.
            switches.put_back()
            self.tracker.leave()
            kept.restore()

        def run_with_twins() -> _Result:
            switches.set()
            above = AboveAutograd(self.recorder.tell_complex_convolution)
            with _silence(), torch.inference_mode(mode=False), torch.enable_grad(), above:
                inputs = with_twins((args, kwargs), self._twins.of)
                self.recorder.note_sparse(self._twins)
                return run(*inputs)

        try:
            return undoing(undo, run_with_twins)
        except (ForwardError, InputError):
            raise
        except Exception as error:
            raise self._failure(error) from error
        finally:
            self.tracker.close()
            # While the recorder still knows what it watches: closing it forgets that.
            self.remaining = self.recorder.remaining()
            self.recorder.close()
            torch.clear_autocast_cache()  # the caller may be in it, enabled or not, and needs no casts of twins

    def trace(self, inputs: Sequence[Tensor], lives: tuple[StorageLife, ...], remarks: tuple[str, ...]) -> Trace:
        """The record of a forward pass."""
        return Trace(
            forward="real" if self.is_real else "meta",
            layers=tuple(self.layers.specs),
            calls=tuple(self.tracker.calls),
            ops=tuple(self.recorder.ops),
            parameters=tuple(self.layers.parameters),
            storages=lives,
            inputs=jagged_shapes(inputs),
            dtype=dtype_of([*inputs, *self.own]),
            remarks=remarks,
        )

    def refuse_threads(self) -> None:
        """Refuse a pass with layers in other threads, where nothing records.

        Raises:
            ForwardError: There is such a layer.
        """
        if self.tracker.elsewhere:
            raise ForwardError(f"A layer runs in another thread. {self.what} cannot be replayed then.")

    def _failure(self, error: Exception) -> ForwardError:
        """What failed, and where: a layer's own code, or an op of the backward pass or the update."""
        recorder = self.recorder
        if isinstance(error, DataDependentOutputException):
            where = f"layer {self.tracker.failed_in!r}" if self.tracker.failed_in else "the network"
            failed = ForwardError(f"{self.what} is replayed without values, which {where} needs of its activations.")
            failed.needs_values = True
            return failed
        if "saved tensor hooks" in str(error):
            return ForwardError(
                "A training step notes what autograd keeps, which torch.func.grad, vjp, jacrev, hessian do not allow: "
                "ask by torch.autograd.grad inside the forward, or count inference."
            )
        if recorder.phase == "forward":
            return forward_error(error, self.tracker.failed_in, recorder.failed_at)
        where = f" at {recorder.failed_at}" if recorder.failed_at else ""
        said = first_line(error).rstrip(".") or "no message"
        return ForwardError(f"The backward pass or the update failed{where}: {type(error).__name__}: {said}.")


class _StepTracker(CallTracker):
    """Follows the layers of a training step, whose tensors are replaced by their twins."""

    def __init__(self, layers: Layers, recorder: StepRecorder, twins: Twins, *, is_training: bool) -> None:
        self.twins: Twins = twins
        self.is_training = is_training
        self._was_training = layers.modules[0].training
        super().__init__(layers, cast("Recorder", recorder))  # of which it uses what the two have in common

    def _copy_of(self, index: int, module: nn.Module) -> dict[str, Any]:
        copy = {name: self.twins.inside(value) for name, value in module.__dict__.items()}
        copy["_modules"] = module.__dict__["_modules"].copy()
        for name in ("_parameters", "_buffers"):
            copy[name] = {key: self.twins.inside(value) for key, value in module.__dict__[name].items()}
        # A network that trains may keep parts frozen, as their flags say; in one that does not, flags say nothing.
        copy["training"] = self.is_training and (module.training or not self._was_training)
        copy["forward"] = self._shadow(index, module)
        return copy

    def _shortcut(self, kind: type[nn.Module]) -> Shortcut | None:
        """None: autograd has to see every op."""
        del kind
        return None
