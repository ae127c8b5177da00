"""The memory of a forward pass: what is there before it, and the most that it takes besides.

On a CPU the allocations that torch's profiler sees are replayed, scratch of oneDNN included; beside it stands by how
much the process grew at most, as Linux counts it. On a GPU CUDA's allocator keeps the peak; what other libraries
allocate past it (contexts, handles) is in the memory of the device only.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import torch
from torch import Tensor, nn

from archstat import units
from archstat.language import recorded
from archstat.measuring.cpu.allocations import peak_of
from archstat.measuring.cpu.resident import PROC, growth_of
from archstat.measuring.hooks.path import Way, find_way, refuse_compiled
from archstat.measuring.hooks.stopwatch import AfterHook, BeforeHook, hooks_on
from archstat.measuring.prepared import Prepared
from archstat.measuring.reasons import CannotMeasure
from archstat.records import LayerMemory, Memory, Reason
from archstat.tracing.layers import Layers
from archstat.tracing.torch_private import is_traceable_wrapper_subclass

WARM_UP = 3
"""Passes before one is measured: what is made once, and the trials of cuDNN, are over by then."""

REPEATS = 3
"""Passes whose peaks must agree."""


class Allocator(Protocol):
    """What a GPU's caching allocator tells."""

    def prepare(self) -> None:
        """Wait for the device, and give back what is cached."""
        ...

    def reset(self) -> None:
        """Forget the peaks."""
        ...

    def allocated(self) -> int:
        """The bytes of tensors now."""
        ...

    def peak(self) -> int:
        """The most of these since the last reset."""
        ...

    def reserved(self) -> int:
        """The most bytes that the allocator held of the device since the last reset."""
        ...

    def used(self) -> int:
        """The bytes in use on the whole device, by all processes."""
        ...


class CudaAllocator:
    """The allocator of one GPU."""

    def __init__(self, device: torch.device) -> None:
        """The allocator of that device."""
        self._device = device

    def prepare(self) -> None:
        """Wait for the device, and give back what is cached."""
        torch.cuda.synchronize(self._device)
        gc.collect()
        torch.cuda.empty_cache()

    def reset(self) -> None:
        """Forget the peaks."""
        torch.cuda.reset_peak_memory_stats(self._device)

    def allocated(self) -> int:
        """The bytes of tensors now."""
        return torch.cuda.memory_allocated(self._device)

    def peak(self) -> int:
        """The most of these since the last reset."""
        return torch.cuda.max_memory_allocated(self._device)

    def reserved(self) -> int:
        """The most bytes that the allocator held of the device since the last reset."""
        return torch.cuda.max_memory_reserved(self._device)

    def used(self) -> int:
        """The bytes in use on the whole device, by all processes."""
        free, total = torch.cuda.mem_get_info(self._device)
        return total - free


def measure_memory(
    prepared: Prepared, *, layers: bool, proc: Path = PROC, allocator: Allocator | None = None
) -> Memory:
    """The memory of one forward pass; what cannot be measured is ``None``, with its reason.

    Args:
        prepared: The network.
        layers: On a GPU also by layer, in a pass of its own, which runs eagerly.
        proc: Where the operating system tells of this process.
        allocator: What tells of the GPU's memory.
    """
    if prepared.device.type != "cpu":
        allocator = allocator or CudaAllocator(prepared.device)
    if allocator is None:
        return _on_cpu(prepared, proc)
    held = _held(prepared)
    allocator.reset()
    try:
        measured = _on_gpu(prepared, held, allocator)
        return _with_layers(measured, prepared, allocator) if layers else measured
    except torch.OutOfMemoryError:
        peak = units.data_size(allocator.peak())
    allocator.prepare()  # only here: until the error is let go, its frames hold what the pass had allocated
    text = recorded(
        "Out of memory at batch {number} with {amount} allocated: take a smaller batch.",
        number=prepared.conditions.batch_size,
        amount=peak,
    )
    return msgspec.structs.replace(held, reasons=(Reason("OOM", text),))


# -- what is there before ----------------------------------------------------------------------------------------------


def _held(prepared: Prepared) -> Memory:
    """Parameters, buffers and inputs; memory that they share is the parameters', or else the buffers'."""
    seen: set[int] = set()
    parameter_bytes = _nbytes(prepared.model.parameters(), seen)
    buffer_bytes = _nbytes(prepared.model.buffers(), seen)
    return Memory(parameter_bytes, buffer_bytes, _nbytes(prepared.inputs, seen), method="")


def _nbytes(tensors: Iterable[Tensor], seen: set[int]) -> int:
    total = 0
    for tensor in tensors:
        for key, nbytes in _pieces(tensor):
            if key not in seen:
                seen.add(key)
                total += nbytes
    return total


def _pieces(tensor: Tensor) -> Iterator[tuple[int, int]]:
    """What tells each piece of a tensor's memory from others, and its size."""
    if is_traceable_wrapper_subclass(tensor):  # made of others, such as quantized numbers and their scale
        for name in tensor.__tensor_flatten__()[0]:
            yield from _pieces(getattr(tensor, name))
        return
    try:
        storage = tensor.untyped_storage()
        yield storage.data_ptr(), storage.nbytes()
    except (NotImplementedError, RuntimeError):  # an opaque tensor tells its elements only
        yield id(tensor), tensor.numel() * tensor.element_size()


# -- on a CPU ----------------------------------------------------------------------------------------------------------


def _on_cpu(prepared: Prepared, proc: Path) -> Memory:
    prepared.run()
    peak = peak_of(prepared.run)
    growth = growth_of(prepared.run, proc)
    reasons = [growth] if isinstance(growth, Reason) else []
    if peak is None:
        text = recorded(
            "torch's profiler does not report allocations in this build, or is in use: the peak was not measured."
        )
        reasons.insert(0, Reason("PROFILER_UNAVAILABLE", text))
    return msgspec.structs.replace(
        _held(prepared),
        method="" if peak is None else "profiler",
        peak_bytes=peak,
        high_water_bytes=None if isinstance(growth, Reason) else growth,
        reasons=tuple(reasons),
    )


# -- on a GPU ----------------------------------------------------------------------------------------------------------


def _on_gpu(prepared: Prepared, held: Memory, allocator: Allocator) -> Memory:
    for _ in range(WARM_UP):
        prepared.run()
    peaks, reserved, used = zip(*(_pass(prepared, allocator) for _ in range(REPEATS)), strict=True)
    return msgspec.structs.replace(
        held,
        method="allocator",
        peak_bytes=max(peaks),
        reserved_bytes=max(reserved),
        device_bytes=max(used),
        reasons=_range_of(peaks),
    )


def _pass(prepared: Prepared, allocator: Allocator) -> tuple[int, int, int]:
    """The peak of one pass and the most reserved, both above what was there, and what is in use on the device."""
    allocator.prepare()
    allocator.reset()
    before = allocator.allocated()
    prepared.run()
    prepared.wait()
    return allocator.peak() - before, allocator.reserved() - before, allocator.used()


def _range_of(peaks: Iterable[int]) -> tuple[Reason, ...]:
    low, high = min(peaks), max(peaks)
    if low == high:
        return ()
    least, most = units.data_size(low), units.data_size(high)
    text = recorded(
        "The peaks of {count} passes differ, from {least} to {most}; the largest is shown.",
        count=REPEATS,
        least=least,
        most=most,
    )
    return (Reason("PEAK_VARIES", text),)


def _with_layers(measured: Memory, prepared: Prepared, allocator: Allocator) -> Memory:
    try:
        rows, reasons = _layers(prepared, allocator)
    except CannotMeasure as error:
        rows, reasons = (), (error.reason,)
    return msgspec.structs.replace(measured, layers=rows, reasons=(*measured.reasons, *reasons))


def _layers(prepared: Prepared, allocator: Allocator) -> tuple[tuple[LayerMemory, ...], tuple[Reason, ...]]:
    refuse_compiled(prepared)
    layers = Layers(prepared.model)
    way, gauge = find_way(prepared, layers), _Gauge(allocator)
    prepared.wait()
    with hooks_on(layers.modules, gauge.hooks_of):
        prepared.run_eagerly()
    prepared.wait()
    return gauge.rows(layers, way), way.reasons


class _Open:
    """A module that is running: what was allocated when it began, and the most since."""

    def __init__(self, module: int, before: int, index: int) -> None:
        self.module, self.before, self.most, self.index = module, before, before, index


class _Gauge:
    """Reads the allocator where modules begin and end.

    The allocator keeps one peak only, and each reading starts it anew: so each running module keeps its own.
    """

    def __init__(self, allocator: Allocator) -> None:
        self._allocator = allocator
        self._running: list[_Open] = []
        self._done: list[tuple[int, int, int] | None] = []

    def hooks_of(self, number: int) -> tuple[BeforeHook, AfterHook]:
        """Hooks that read the allocator before and after a module."""

        def before(_module: nn.Module, _args: Any) -> None:
            # What was highest until now belongs to the module around, before the peak starts anew.
            self._read()
            self._running.append(_Open(number, self._allocator.allocated(), len(self._done)))
            self._done.append(None)

        def after(_module: nn.Module, _args: Any, _output: Any) -> None:
            self._read()
            if self._running and self._running[-1].module == number:
                self._end(self._running.pop())

        return before, after

    def _read(self) -> None:
        if self._running:
            self._running[-1].most = max(self._running[-1].most, self._allocator.peak())
        self._allocator.reset()

    def _end(self, done: _Open) -> None:
        kept = self._allocator.allocated() - done.before
        self._done[done.index] = (done.module, kept, done.most - done.before)
        # The peak inside of a module is one of the module around as well.
        if self._running:
            self._running[-1].most = max(self._running[-1].most, done.most)

    def rows(self, layers: Layers, way: Way) -> tuple[LayerMemory, ...]:
        """A row for each run, in the order in which they began.

        Raises:
            CannotMeasure: The pass ran other modules than the way says.
        """
        done = [each for each in self._done if each is not None]
        way.check([module for module, _, _ in done])
        return tuple(
            LayerMemory(layers.specs[module].path, call, kept, peak)
            for (_, call), (module, kept, peak) in zip(way.calls, done, strict=True)
        )
