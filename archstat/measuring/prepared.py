"""A named network, ready to run: with weights and inputs on its device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from archstat import units
from archstat.errors import InputError, first_line
from archstat.measuring.environment.devices import device_name
from archstat.measuring.environment.host import default_threads
from archstat.measuring.reasons import is_out_of_memory
from archstat.networks import sources
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.inputs import Arguments, arguments_with
from archstat.networks.placement import in_precision
from archstat.networks.settings import MeasureSetting
from archstat.networks.source import Source
from archstat.records import Conditions, Shape
from archstat.tracing.nested import with_tensors

GradMode = Literal["inference_mode", "no_grad"]


class Prepared:
    """A network with its inputs; it is :class:`archstat.measuring.protocols.Repeatable`.

    Attributes:
        name: As the user wrote it.
        model: The network itself, in evaluation mode, never compiled: hooks may be put on it.
        inputs: The tensors among what it is called with.
        device: Where both are.
        conditions: What must be the same for a comparison.
        grad_mode: Without gradients either way; some networks fail in inference mode.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        inputs: Sequence[Tensor],
        conditions: Conditions,
        grad_mode: GradMode = "inference_mode",
        call: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None,
    ) -> None:
        """A network that is on its device already, and what it is called with: these, or a call that holds them."""
        self.name, self.model, self.inputs = name, model, tuple(inputs)
        self._args: tuple[Any, ...] = self.inputs if call is None else call[0]
        self._kwargs: Mapping[str, Any] = {} if call is None else call[1]
        self.device = next((t.device for t in (*model.parameters(), *self.inputs)), torch.device("cpu"))
        self.conditions, self.grad_mode = conditions, grad_mode
        self._call: Callable[..., Any] = model
        if conditions.mode == "compiled":  # each anew: torch gives up on the ninth network of one class otherwise
            compile_: Any = torch.compile  # whose types do not have all of its arguments
            self._call = compile_(model, dynamic=False, isolate_recompiles=True)

    def run(self) -> None:
        """One forward pass; on a GPU it need not be done when this returns."""
        try:
            with self.without_gradients():
                self._call(*self._args, **self._kwargs)
        except RuntimeError as error:
            if self.grad_mode == "no_grad" or "nference" not in str(error):
                raise
            self.grad_mode = "no_grad"
            self.run()

    def run_eagerly(self) -> None:
        """One forward pass of the network itself, hooks included, compiled or not."""
        with self.without_gradients():
            self.model(*self._args, **self._kwargs)

    def wait(self) -> None:
        """Return when all that was started is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        """The mode in which it runs."""
        return torch.inference_mode() if self.grad_mode == "inference_mode" else torch.no_grad()


def conditions_of(how: MeasureSetting, device: torch.device, batch_size: int) -> Conditions:
    """The conditions that a setting comes to on a device; a GPU's power limit is its driver's to tell."""
    is_gpu = device.type == "cuda"
    return Conditions(
        device="cuda" if is_gpu else "cpu",
        device_name=device_name(device),
        precision=how.precision,
        batch_size=batch_size,
        mode="compiled" if how.compiled else "eager",
        memory_format="channels_last" if how.channels_last else "contiguous",
        threads=None if is_gpu else how.threads or default_threads(),
    )


def build_for_device(source: Source, how: MeasureSetting, device: torch.device) -> nn.Module:
    """A network with weights drawn by the seed, in evaluation mode, in its precision and on its device.

    Raises:
        SourceError: The constructor of the network raised.
        InputError: The network cannot be brought there.
        RuntimeError: The network does not fit into memory.
    """
    # Weights are drawn on the CPU, wherever the network goes: a seed gives the same ones on every device.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        model = sources.build_on_cpu(source)
    try:
        model = in_precision(model.eval(), getattr(torch, how.dtype)).to(device=device)
    except (RuntimeError, NotImplementedError) as error:
        if is_out_of_memory(error):
            raise
        raise InputError(
            f"{source.name!r} cannot be brought to {device} as {how.precision}: {first_line(error)}"
        ) from error
    if how.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types forget it
    return model


def drawn_inputs(
    model: nn.Module, inputs: Sequence[AnyInput], batch_size: int, how: MeasureSetting, device: torch.device
) -> Arguments:
    """Inputs drawn by the seed: normally distributed numbers, and whole ones that an embedding has a row for.

    Constant inputs would make processors draw less power, and so run faster, than real ones do.

    Raises:
        InputError: There is no such tensor.
        RuntimeError: The inputs do not fit into memory.
    """
    random = torch.Generator().manual_seed(how.seed)
    rows = [module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding | nn.EmbeddingBag)]
    below = min(rows, default=2)

    def make(spec: InputSpec) -> Tensor:
        shape = spec.whole_shape(batch_size)
        try:
            drawn = _drawn(spec, shape, getattr(torch, spec.dtype or how.dtype), below, random)
            return _laid_out(drawn.to(device=device), how)
        except (RuntimeError, TypeError) as error:
            if is_out_of_memory(error):
                raise
            raise InputError(
                f"No input of {units.shape(shape)} can be made on {device}: {first_line(error)}"
            ) from error

    return on_device(arguments_with(inputs, make, batch_size), device)


def on_device(given: Arguments, device: torch.device) -> Arguments:
    """Arguments of a call with their tensors on a device."""
    args, kwargs = with_tensors((tuple(given.args), dict(given.kwargs)), lambda tensor: tensor.to(device))
    return Arguments(args, kwargs)


def _drawn(spec: InputSpec, shape: Shape, dtype: torch.dtype, below: int, random: torch.Generator) -> Tensor:
    """Numbers for one tensor; those that are given, as a mask's, are taken."""
    if spec.values:
        return torch.tensor(spec.values, dtype=dtype).expand(shape).contiguous()
    if spec.fill is not None:
        return torch.full(shape, spec.fill, dtype=dtype)
    is_whole = not (dtype.is_floating_point or dtype.is_complex)
    drawn = torch.randint(below, shape, generator=random) if is_whole else torch.randn(shape, generator=random)
    return drawn.to(dtype)


def _laid_out(tensor: Tensor, how: MeasureSetting) -> Tensor:
    is_image = how.channels_last and tensor.dim() == 4
    return tensor.contiguous(memory_format=torch.channels_last) if is_image else tensor
