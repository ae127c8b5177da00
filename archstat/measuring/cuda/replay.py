"""The time of each leaf repeated alone on a GPU, as a graph: nothing of the host, and its caches are warm.

These are other numbers than those within a pass, and never stand in one column with them. Where the network cannot be
traced and events do not work, they are what is left.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import torch

from archstat.measuring.cuda.device import QueueDevice
from archstat.measuring.cuda.passes import GpuPlan, calls_s, repeated_s
from archstat.measuring.hooks.captured import CapturedCall, capture_calls, is_repeatable
from archstat.measuring.prepared import Prepared
from archstat.measuring.protocols import Clock
from archstat.measuring.reasons import CannotMeasure
from archstat.measuring.statistics import interval_of_median, median
from archstat.records import LayerTime, LayerTimes, Reason

GRAPH_S = 5e-3
"""A graph has so many copies of a call that it lasts about so long: starting it then takes no part of that."""
MOST_COPIES = 1000
_TRIED = 10  # calls that tell about how long one takes, the host's part included


def time_isolated(
    prepared: Prepared, device: QueueDevice, clock: Clock, plan: GpuPlan, whole_s: float, reasons: Sequence[Reason] = ()
) -> LayerTimes:
    """The time of each call of each leaf in a loop of its own; what is not a leaf has no row.

    Calls of the same op on the same shapes are measured once.

    Args:
        prepared: The network.
        device: The device that the network is on.
        clock: The host's.
        plan: How many samples.
        whole_s: The time of a pass that nothing was measured in.
        reasons: What is known already.

    Raises:
        CannotMeasure: No call can be repeated.
    """
    with prepared.without_gradients():
        captured = capture_calls(prepared)
        timed: dict[Hashable, Sequence[float] | Reason] = {}
        for call in captured:
            if call.likeness not in timed:
                timed[call.likeness] = _times_or_reason(call, device, clock, plan)
    rows, left_out, seen = [], dict[Reason, list[str]](), set[Hashable]()
    for call in captured:
        times = timed[call.likeness]
        if isinstance(times, Reason):
            left_out.setdefault(times, []).append(call.layer)
        else:
            rows.append(_row(call, times, is_shared=call.likeness in seen))
        seen.add(call.likeness)
    told = [_likewise(reason, layers) for reason, layers in left_out.items()]
    if not rows:
        raise CannotMeasure(next(iter(told), Reason("LAYER_NOT_REPLAYABLE", "The network has no leaves.")))
    return LayerTimes("isolated", tuple(rows), whole_s, whole_s, plan.samples, reasons=(*reasons, *told))


def _likewise(reason: Reason, layers: Sequence[str]) -> Reason:
    """The reason of the first of some calls that are alike, with the layers of the others."""
    others = [layer for layer in dict.fromkeys(layers) if layer != layers[0]]
    return Reason(reason.code, f"{reason.text} Likewise {', '.join(others)}.") if others else reason


def _row(call: CapturedCall, times: Sequence[float], *, is_shared: bool) -> LayerTime:
    time_s = median(times)
    return LayerTime(
        call.layer,
        call.kind,
        call.call,
        True,  # there are only leaves
        time_s,
        interval_of_median(times)[0],
        time_s,
        is_resolved=True,
        is_shared=is_shared,
    )


def _times_or_reason(call: CapturedCall, device: QueueDevice, clock: Clock, plan: GpuPlan) -> Sequence[float] | Reason:
    """The samples of a call; or why there are none, which is no reason to give up the other calls."""
    try:
        return _times(call, device, clock, plan)
    except CannotMeasure as error:
        return error.reason
    except torch.OutOfMemoryError:
        return Reason("OOM", f"Out of memory while {call.layer} was repeated alone; it has no row.")
    except Exception as error:  # noqa: BLE001  # whatever a module or a capture raises
        text = f"{call.layer} cannot be captured as a CUDA graph ({type(error).__name__}); it has no row."
        return Reason("LAYER_NOT_REPLAYABLE", text)


def _times(call: CapturedCall, device: QueueDevice, clock: Clock, plan: GpuPlan) -> Sequence[float]:
    if not is_repeatable(call):
        text = f"{call.layer} gives other results when it is run again (random numbers, or a state); it has no row."
        raise CannotMeasure(Reason("LAYER_NOT_REPLAYABLE", text))
    # The host's part is in it, so that there are rather too few copies than too many.
    eager_s = calls_s(call.run, _TRIED, device, clock) / _TRIED
    copies = math.ceil(GRAPH_S / max(eager_s, GRAPH_S / MOST_COPIES))

    def several() -> None:
        for _ in range(copies):
            call.run()

    graph = device.capture(several)
    if graph.is_empty:
        return [0.0]  # it has no work for the GPU, such as a view: that is known, not missed
    return [repeated_s(graph.replay, device, clock, samples=1) / copies for _ in range(plan.samples)]
