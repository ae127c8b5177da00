"""What one training step of a framework costs: once for each shape of batch, without values, and aside of the training.

A step is the forward pass, the loss that the framework hands to its backward pass, and that backward pass. The update
by the optimizer is not in it.
"""

from __future__ import annotations

import contextlib
import functools
import random
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from archstat.analysis.traced import Traced
from archstat.counting.rows import count_trace
from archstat.counting.training import count_step
from archstat.errors import InputError
from archstat.frameworks.batches import stand_in_of, taken_apart
from archstat.networks.wrappers import unwrapped
from archstat.records import StepTrace, Trace, TrainingCost
from archstat.tracing import torch_private, trace
from archstat.tracing.modes import without_garbage_collection
from archstat.tracing.training import trace_step

Loss = Callable[[nn.Module, Any], Any]
"""A network and a batch → the loss, alone, or under the name ``"loss"``."""


class StepCost(msgspec.Struct, frozen=True):
    """What one training step on one batch costs, the update left out.

    Attributes:
        parameters: Elements of all parameters, each once.
        trainable_parameters: Elements of the parameters that ask for a gradient.
        training: The step, layer by layer.
    """

    parameters: int
    trainable_parameters: int
    training: TrainingCost

    @property
    def macs(self) -> int:
        """The multiply-accumulates of the forward and the backward pass, without those that are recomputed."""
        return self.training.forward_macs + self.training.backward_macs

    @property
    def flops(self) -> int:
        """All floating-point operations that are run, those that checkpointing recomputes too, without the update."""
        return self.training.flops - self.training.optimizer_flops

    @property
    def model_flops(self) -> int:
        """Two for each multiply-accumulate of the forward and the backward pass.

        It is what the model needs, however it is run: neither what checkpointing recomputes nor what is no product.

        Source: Chowdhery et al. (2022), PaLM, arXiv:2204.02311, appendix B, "model FLOPs utilization".
        """
        return 2 * self.macs

    def amounts(self) -> dict[str, float]:
        """The numbers that loggers get, by their names there."""
        return {
            "archstat/parameters": self.parameters,
            "archstat/trainable_parameters": self.trainable_parameters,
            "archstat/forward_macs": self.training.forward_macs,
            "archstat/step_macs": self.macs,
            "archstat/step_flops": self.flops,
        }


class StepCounter:
    """Counts training steps of a network; nothing of the network, its gradients or random numbers is changed."""

    def __init__(
        self, network: nn.Module, loss: Loss, within: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
    ) -> None:
        """Count that loss of a network.

        Args:
            network: The network as it is trained, compiled or wrapped for several devices.
            loss: How the framework comes to what it hands to the backward pass.
            within: What a framework must see to while its step runs without values.
        """
        self._network, self._work, self._within = network, _Work(loss), within

    def step(self, batch: Any) -> StepCost:
        """What one training step on a batch costs.

        Raises:
            ArchstatError: The step cannot be run without values, or the network is one that cannot be counted.
        """
        network = self._unwrapped()
        traced: StepTrace = self._traced(network, batch, trace_step)
        own = traced.parameters
        return StepCost(
            parameters=sum(each.elements for each in own),
            trainable_parameters=sum(each.elements for each in own if each.is_trainable),
            training=count_step(traced, type(network).__name__),
        )

    def forward(self, batch: Any) -> Traced:
        """The forward pass on a batch, up to the loss, at inference.

        Raises:
            ArchstatError: The pass cannot be run without values, or the network is one that cannot be counted.
        """
        network = self._unwrapped()
        traced: Trace = self._traced(network, batch, trace)
        return Traced(traced, count_trace(traced, type(network).__name__))

    def _unwrapped(self) -> nn.Module:
        network = unwrapped(self._network).model
        if any(hasattr(parameter, "ds_id") for parameter in network.parameters()):
            raise InputError("DeepSpeed ZeRO-3 holds the parameters in parts, of which nothing can be counted.")
        return network

    def _traced(self, network: nn.Module, batch: Any, record: Callable[..., Any]) -> Any:
        tensors, put_together = taken_apart(batch)
        self._work.put_together = put_together
        step = _Step(network, weakref.ref(self._work))
        try:
            with self._within(), _same_random_numbers(), _not_compiled(), torch.autocast("cpu", enabled=False):
                given = [stand_in_of(tensor) for tensor in tensors]
                traced = without_garbage_collection(functools.partial(record, step, (given, _no_values())))
        finally:
            self._work.put_together = None
        return _without_frame(traced)


class _Work:
    """What a step does; the step knows it by a weak reference, as what is reached from a network is kept and put back.

    A framework's loss leads to its data sets and loggers.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.put_together: Callable[..., Any] | None = None


class _Step(nn.Module):
    """A network and its loss as one network: its forward pass is the framework's up to the loss."""

    def __init__(self, network: nn.Module, work: weakref.ref[_Work]) -> None:
        super().__init__()
        self.network, self._work = network, work

    def forward(self, tensors: list[Tensor], _: Tensor) -> Tensor:
        """The loss of a batch of these tensors."""
        work = self._work()
        if work is None or work.put_together is None:
            raise InputError("A step was run after its count was over.")
        loss = work.loss(self.network, work.put_together(tensors))
        found = loss.get("loss") if isinstance(loss, dict) else loss
        if not isinstance(found, Tensor):
            raise InputError(f"The step returns no loss, but a {type(found).__name__}.")
        return found


def _no_values() -> Tensor:
    """An input that keeps a step that fails without values from being run for real, beside a training."""
    return torch.empty(0, dtype=torch.int64, device="meta")


def _without_frame(traced: Any) -> Any:
    """A record with the paths of the network itself, and without the input that is none."""
    layers = tuple(msgspec.structs.replace(each, path=_inside(each.path)) for each in traced.layers)
    own = tuple(msgspec.structs.replace(each, name=_inside(each.name)) for each in traced.parameters)
    return msgspec.structs.replace(traced, layers=layers, parameters=own, inputs=traced.inputs[:-1])


def _inside(path: str) -> str:
    """A path of a step as one of its network, without what ``torch.compile`` puts around a part of it."""
    return ".".join(part for part in path.split(".")[1:] if part != "_orig_mod")


@contextlib.contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Whatever is drawn meanwhile, what is drawn afterwards is the same."""
    python, numpy, torch_cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002 - what losses draw from
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - likewise
        torch.set_rng_state(torch_cpu)


def _not_compiled() -> AbstractContextManager[Any]:
    """Where functions that ``torch.compile`` made run as they were written; what is compiled already stays so."""
    if not torch_private.is_compiler_loaded():
        return contextlib.nullcontext()
    stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance
