"""The replayed peak of memory beside what torch's profiler records on a CPU, at inference and in training.

Measured are the peak, and the peak of tensors alone: the most at the end of any op. What an op allocates and frees
itself (oneDNN's copies of weights and activations in its own layout, workspaces) is no tensor of the network; the last
two columns say which op it is whose own scratch makes the measured peak, and how much that is.

Run: ``python benchmarks/memory.py [NAME…]``.
"""

from __future__ import annotations

import bisect
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn

from archstat.counting.rows import count_trace
from archstat.counting.training import count_step
from archstat.measuring.cpu.allocations import changes, levels_of, profiled
from archstat.networks import sources
from archstat.tracing import trace
from archstat.tracing.training import trace_step

NAMES = (
    "lenet5_modern alexnet vgg11 googlenet resnet18 densenet121 squeezenet1_1 mobilenet_v2 shufflenet_v2 "
    "efficientnet_b0"
).split()
BATCH = 2


class Measured(NamedTuple):
    """What the profiler saw, above what was there before.

    Attributes:
        peak: The most bytes at once.
        tensors: The most bytes at the end of an op.
        op: The op that ran at the peak.
        scratch: What that op had allocated then and freed when it ended.
    """

    peak: int
    tensors: int
    op: str
    scratch: int


def measure(run: Callable[[], Any]) -> Measured:
    """The peaks of a run; what is made once must have been made."""
    gc.collect()
    events = profiled(run)
    memory = changes(events)
    times, levels = [change.time_ns for change in memory], levels_of(memory)
    ends = [(event.name(), event.start_ns(), event.start_ns() + event.duration_ns()) for event in outermost(events)]
    after = {name_start_end: levels[bisect.bisect_right(times, name_start_end[2]) - 1] for name_start_end in ends}
    peak = max(levels)
    moment = times[levels.index(peak)]
    op, level = next(((each[0], after[each]) for each in ends if each[1] <= moment <= each[2]), ("none", peak))
    return Measured(peak, max(after.values()), op.removeprefix("aten::"), peak - level)


def outermost(events: list[Any]) -> Iterator[Any]:
    """The ops that run in no other op; of pooling the inner one, which finds indices too."""
    end = 0
    for event in events:
        name = event.name()
        if name.startswith("aten::") and name != "aten::max_pool2d" and event.start_ns() >= end:
            end = event.start_ns() + event.duration_ns()
            yield event


def training_peak(model: nn.Module, x: torch.Tensor) -> Measured:
    """Of a step with plain SGD, gradients freed before it."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        model(x).sum().backward()
        optimizer.step()

    step()
    optimizer.zero_grad()
    return measure(step)


def inference_peak(model: nn.Module, x: torch.Tensor) -> Measured:
    """Of a forward pass."""
    with torch.inference_mode():
        model(x)
        return measure(lambda: model(x))


def line(name: str, way: str, replayed: int, measured: Measured) -> str:
    """A row of the table."""
    cells = f"{replayed:,} | {measured.tensors:,} | {measured.tensors - replayed:,} | {measured.peak:,}"
    return f"| {name} | {way} | {cells} | {measured.op} | {measured.scratch:,} |"


def main() -> None:
    """Print the table in Markdown."""
    print("| | | replayed | measured, tensors | difference | measured, all | op at that peak | its own scratch |")
    print("|---|---|--:|--:|--:|--:|---|--:|")
    for name in sys.argv[1:] or NAMES:
        source = sources.find(name)
        model = sources.build_on_cpu(source)
        x = torch.zeros(BATCH, *(source.input_shape or ()))
        cost = count_trace(trace(model, (x,)), name)
        print(line(name, "inference", cost.peak_activation_bytes, inference_peak(model.eval(), x)))
        step = count_step(trace_step(model.train(), (x,)), name)
        print(line(name, "training", step.step_peak_bytes, training_peak(model, x)), flush=True)


if __name__ == "__main__":
    main()
