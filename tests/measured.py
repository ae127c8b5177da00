"""Hand-made records of measurements: no clock, and no number that was not chosen."""

import msgspec

from archstat.records import (
    Conditions,
    CountedTotals,
    Energy,
    EnergyTrial,
    Environment,
    Gpu,
    Host,
    Interval,
    Latency,
    LayerTime,
    LayerTimes,
    Measurement,
    Memory,
    Noise,
    Numerics,
    Peaks,
    Software,
)

PROCESSOR = "Some Processor"
CONDITIONS = Conditions("cpu", PROCESSOR, "fp32", 1, threads=1)
PEAKS = Peaks(PROCESSOR, "fp32", 1, flops_per_s=1e12, bytes_per_s=1e11, call_s=1e-6, how="Measured by hand.")


def environment(torch="2.13.0", board=None):
    """A computer of which little is told."""
    software = Software("0.1.0", "3.11", torch, None, None, None, {}, "Linux")
    host = Host(PROCESSOR, "x86_64", *[None] * 4, 1, 1, *[None] * 7, {})
    numerics = Numerics("inference_mode", False, False, False, False, (), True, True)
    gpu = Gpu("Some Board", board) if board else None
    return Environment("2026-01-01T00:00:00Z", 1.0, 0, software, host, Noise(*[None] * 6), numerics, gpu)


def latency(median_s=0.01, half_width_s=0.001, **changes):
    """A time whose quartiles and extremes lie around its median."""
    made = Latency(
        n=100,
        block=1,
        rounds=2,
        min_s=median_s / 2,
        p25_s=median_s * 0.75,
        median_s=median_s,
        p75_s=median_s * 1.5,
        mean_s=median_s,
        max_s=median_s * 2,
        p95_s=None,
        p99_s=None,
        interval=Interval(median_s - half_width_s, median_s + half_width_s, "batch medians"),
        lag1=None,
        drift=-0.01,
        outliers=0,
        round_medians_s=(median_s, median_s),
        round_spread=0.0,
        first_call_s=1.0,
        warm_up_calls=3,
        warm_up_s=1.0,
        is_warm=True,
        stopped_by="precision",
        target=0.02,
        elapsed_s=1.0,
    )
    return msgspec.structs.replace(made, **changes)


def time(layer, time_s, *, kind="Conv2d", call=1, is_leaf=True, is_resolved=True):
    """The time of one run of a module."""
    return LayerTime(layer, kind, call, is_leaf, time_s, None, time_s, is_resolved)


def times(*rows, **changes):
    """Times by layer that come to the whole."""
    whole = sum(row.time_s for row in rows) or 1.0
    made = LayerTimes("hooks", rows, whole_s=whole, measured_s=whole, passes=36)
    return msgspec.structs.replace(made, **changes)


def measured(cost=None, layers=None, **changes):
    """A measurement, of a cost if one is given."""
    own = ("net", ((1, 3, 8, 8),)) if cost is None else (cost.architecture, cost.input_shapes)
    names = CountedTotals.__struct_fields__
    counted = CountedTotals(*[0] * 6) if cost is None else CountedTotals(*[getattr(cost, name) for name in names])
    made = Measurement(*own, CONDITIONS, counted, environment(), latency=latency(), layers=layers)
    return msgspec.structs.replace(made, **changes)


MEMORY = Memory(1000, 0, 100, "profiler", peak_bytes=2**20)
TRIAL = EnergyTrial(window_s=5.0, steps=50, power_w=300.0, passes_per_s=150.0)
ENERGY = Energy(
    "nvml.total_energy", "GPU board", "pipelined", 4, (TRIAL,), pass_j=2.0, uncertainty_j=0.1, gain_error=0.05
)
