"""Counted beside measured: speeds, bounds and shares by hand, and measurements of something else."""

import functools

import msgspec
import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.errors import DataError, UnknownNameError
from archstat.networks.settings import Setting
from archstat.records import LayerEnergy, Reason
from archstat.tables import measured_table
from archstat.tables.formats import text
from tests.measured import CONDITIONS, ENERGY, PEAKS, measured, time, times
from tests.support import Calls, spectrum
from tests.tables.test_joining import NAMES, as_measured

SLOW = msgspec.structs.replace(PEAKS, flops_per_s=1e9, bytes_per_s=1e9, call_s=1e-6)
"""1 ns for an operation and 1 ns for a byte."""

CONV_FLOPS = 2 * 4 * 8 * 8 * 27 + 4 * 8 * 8
CONV_BYTES = 4 * (3 * 10 * 10 + 4 * 27 + 4 + 4 * 8 * 8)
RELU_FLOPS = 4 * 8 * 8
RELU_BYTES = 2 * 4 * 4 * 8 * 8


@functools.cache
def small():
    """A convolution, a ReLU and a layer that does nothing."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Identity())
    return analyse_model(net, torch.ones(1, 3, 10, 10))


def rows_of(analysis, layers, peaks=SLOW, **options):
    """The cells of each row, by layer."""
    measurement = measured(analysis.cost, layers)
    table = measured_table(analysis.cost, analysis.traffic(), measurement, peaks, **options)
    keys = [column.key for column in table.columns]
    return {row[0]: dict(zip(keys, row, strict=True)) for row in table.rows}, "\n".join(table.notes)


def small_times(conv=28.16e-6, relu=20.48e-6, identity=4e-6, **changes):
    own = time("", 5e-7, kind="Sequential", is_leaf=False, is_resolved=False)
    leaves = (time("0", conv), time("1", relu, kind="ReLU"), time("2", identity, kind="Identity"))
    return times(own, *leaves, **changes)


# -- one row -----------------------------------------------------------------------------------------------------------


def test_a_convolution_is_bound_by_its_arithmetic():
    row = rows_of(small(), small_times())[0]["0"]
    assert (CONV_FLOPS, CONV_BYTES) == (14_080, 2_672)
    assert (row["macs"], row["macs_share"]) == (6912, 1.0)
    assert row["flops_per_s"] == pytest.approx(14_080 / 28.16e-6)
    assert row["bytes_per_s"] == pytest.approx(2_672 / 28.16e-6)
    assert row["intensity"] == pytest.approx(14_080 / 2_672)
    # at best 14.08 µs for the arithmetic, 2.672 µs for the bytes, 1 µs for the call
    assert (row["bound"], row["roof_share"]) == ("compute", pytest.approx(0.5))


def test_a_relu_is_bound_by_its_bytes():
    row = rows_of(small(), small_times())[0]["1"]
    assert (row["macs"], row["macs_share"]) == (0, 0)
    assert row["flops_per_s"] == pytest.approx(RELU_FLOPS / 20.48e-6)
    # at best 0.256 µs for the arithmetic, 2.048 µs for the bytes
    assert (row["bound"], row["roof_share"]) == ("memory", pytest.approx(RELU_BYTES * 1e-9 / 20.48e-6))
    assert row["roof_share"] == pytest.approx(0.1)


def test_what_does_nothing_is_bound_by_its_call():
    row = rows_of(small(), small_times())[0]["2"]
    assert (row["bound"], row["roof_share"]) == ("overhead", pytest.approx(0.25))
    assert (row["flops_per_s"], row["bytes_per_s"], row["intensity"]) == (None, None, None)


def test_without_the_time_of_a_call_nothing_is_bound_by_it():
    peaks = msgspec.structs.replace(SLOW, call_s=0.0, how="given")
    rows, notes = rows_of(small(), small_times(), peaks)
    assert [rows[layer]["bound"] for layer in "012"] == ["compute", "memory", None]
    assert rows["2"]["roof_share"] is None
    assert "Roof: 1.000 GFLOP/s, 1.000 GB/s, as given; with no time of a call, no layer is bound by overhead." in notes


def test_more_than_the_roof_is_shown_as_it_is_and_explained():
    rows, notes = rows_of(small(), small_times(relu=1.024e-6))
    assert rows["1"]["roof_share"] == pytest.approx(2.0)
    assert "More than 100 % of the roof: a cache, or reading without writing, is faster than a large copy; or" in notes
    assert "More than 100 %" not in rows_of(small(), small_times())[1]
    assert "an algorithm such as Winograd's multiplies less" in rows_of(small(), small_times(conv=1e-6))[1]
    assert "a layer that computes nothing takes less" in rows_of(small(), small_times(identity=1e-7))[1]


def test_a_row_that_is_too_short_is_marked_and_has_no_speed():
    layers = small_times(resolution_s=1e-5)
    short = msgspec.structs.replace(layers.rows[2], is_resolved=False)
    layers = msgspec.structs.replace(layers, rows=(*layers.rows[:2], short, layers.rows[3]))
    rows, notes = rows_of(small(), layers)
    assert [rows[layer]["mark"] for layer in "012"] == ["", "?", ""]
    assert [rows["1"][key] for key in ("flops_per_s", "bytes_per_s", "roof_share")] == [None] * 3
    assert (rows["1"]["time_s"], rows["1"]["bound"]) == (20.48e-6, "memory")
    assert "? shorter than 10.00 µs, too short for this measurement: no speed." in notes


def test_a_time_of_nothing_has_no_speed():
    row = rows_of(small(), small_times(conv=0.0))[0]["0"]
    assert (row["time_s"], row["flops_per_s"], row["roof_share"]) == (0.0, None, None)


def test_without_peaks_there_are_no_bounds():
    rows, notes = rows_of(small(), small_times(), None)
    assert not {"bound", "roof_share"} & set(rows["0"])
    assert "No bounds: the best of this device is not known." in notes


def test_the_ops_of_the_network_itself_have_its_own_time():
    analysis = analyse_model(Calls(lambda x: x * 2 + 1, other=nn.Identity()), torch.ones(8))
    own = time("", 1e-3, kind="Calls", is_leaf=False)
    rows, _ = rows_of(analysis, times(own))
    assert rows["(network)"]["kind"] == "mul, add"
    assert rows["(network)"]["flops_per_s"] == pytest.approx(16 / 1e-3)
    assert rows["(network)"]["macs_share"] is None


# -- what is no counted layer ------------------------------------------------------------------------------------------


def test_less_than_a_hundredth_of_the_time_has_no_row_of_its_own_where_there_is_nothing_to_count():
    rows, _ = rows_of(small(), small_times())
    assert rows["(other layers)"]["time_s"] == 5e-7
    assert (rows["(other layers)"]["kind"], rows["(other layers)"]["mark"]) == ("own code of 1 layer", "")


def test_a_long_time_of_a_layer_with_nothing_to_count_has_a_row():
    layers = small_times()
    own = msgspec.structs.replace(layers.rows[0], time_s=1e-6)
    rows, _ = rows_of(small(), msgspec.structs.replace(layers, rows=(own, *layers.rows[1:])))
    assert "(other layers)" not in rows
    assert [rows["(network)"][key] for key in ("kind", "macs", "time_s", "bound")] == ["Sequential", 0, 1e-6, None]


def test_layers_that_took_no_time_and_have_nothing_to_count_have_no_row():
    layers = small_times()
    own = msgspec.structs.replace(layers.rows[0], time_s=0.0)
    rows, _ = rows_of(small(), msgspec.structs.replace(layers, rows=(own, *layers.rows[1:])))
    assert list(rows) == ["0", "1", "2"]


def test_what_no_module_owns_has_a_row_and_so_have_the_gaps_of_a_gpu():
    rows, notes = rows_of(small(), small_times(method="kernels", unowned_s=5e-6, gap_s=7e-6))
    assert (rows["(no layer)"]["time_s"], rows["(gaps)"]["time_s"]) == (5e-6, 7e-6)
    assert rows["(gaps)"]["time_share"] is None
    assert "Time % is of the sum of the rows, without the gaps." in notes
    assert sum(row["time_share"] or 0 for row in rows.values()) == pytest.approx(1)
    assert not {"(no layer)", "(gaps)"} & set(rows_of(small(), small_times())[0])


# -- all rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_work_and_times_add_up(name):
    analysis = analyse(name, Setting())
    layers = times(*as_measured(analysis), unowned_s=0.5)
    rows = rows_of(analysis, layers)[0].values()
    assert sum(row["macs"] or 0 for row in rows) == analysis.cost.macs
    assert sum(row["time_s"] for row in rows) == pytest.approx(layers.rows_s)
    assert sum(row["time_share"] for row in rows) == pytest.approx(1)
    assert sum(row["macs_share"] or 0 for row in rows) == pytest.approx(1)


@pytest.mark.parametrize("name", ["resnet50", "vgg16"])
def test_no_bound_depends_on_the_times(name):
    analysis = analyse(name, Setting())
    found = [
        [row.get("bound") for row in rows_of(analysis, times(*as_measured(analysis, seconds)))[0].values()]
        for seconds in (lambda _: 1.0, lambda number: 1e-4 * (number + 1))
    ]
    assert found[0] == found[1]
    assert {"compute", "memory"} <= set(found[0])


def test_rows_can_be_sorted_by_time():
    measurement = measured(small().cost, small_times())
    table = measured_table(small().cost, small().traffic(), measurement, SLOW, sort="time_s")
    assert [row[0] for row in table.rows] == ["0", "1", "2", "(other layers)"]
    with pytest.raises(UnknownNameError, match=r"No column is named 'time'\. Did you mean 'time_s'"):
        measured_table(small().cost, small().traffic(), measurement, SLOW, sort="time")


def test_rows_that_do_not_come_to_the_whole_are_indicative():
    rows_s = small_times().rows_s
    for whole, worth in [(rows_s / 0.94, True), (rows_s / 0.96, False), (rows_s / 1.04, False), (rows_s / 1.06, True)]:
        notes = rows_of(small(), small_times(whole_s=whole))[1]
        assert ("The rows are indicative." in notes) is worth


def test_what_was_not_counted_makes_speeds_lower_bounds():
    analysis = analyse_model(Calls(spectrum, other=nn.Identity()), torch.ones(4, 4))
    notes = rows_of(analysis, times(time("", 1e-3, is_leaf=False)))[1]
    assert "MACs and FLOPs are lower bounds, and so are the speeds." in notes


TABLE = """\
Sequential · input 1×3×10×10 · float32
Some Processor · 1 thread · fp32 · batch 1 · eager · contiguous

Layer           Kind                  MACs  MACs %      Time     Time %   FLOP/s   Byte/s  FLOP/byte  Bound     Roof %
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
0               Conv2d 3→4 3×3       6,912   100.0  28.16 µs       53.0  500.0 M  94.89 M      5.269  compute     50.0
1               ReLU                     0     0.0  20.48 µs       38.5  12.50 M  100.0 M      0.125  memory      10.0
2               Identity                 0     0.0  4.000 µs  ?     7.5        –        –          –  overhead       –
(other layers)  own code of 1 layer      –       –  500.0 ns        0.9        –        –          –  –              –

Time is that of each module without the modules in it, by hooks and the clock of the host; the median of 36 passes.
The rows come to 53.14 µs, 96.0 % of a whole pass without measuring (55.35 µs; with it 60.00 µs).
Time % is of the sum of the rows.
Taken off: 5.000 µs for each module in a layer, the cost of measuring. Left in: 2.000 µs, what is measured of a module \
that does nothing.
? shorter than 10.00 µs, too short for this measurement: no speed.
Bytes are the least that a layer must move: what it reads, its weights, what it writes.
Roof: 1.000 GFLOP/s, 1.000 GB/s, 1.000 µs a call. Measured by hand.
Bound: what would take longest at these, the arithmetic (compute), the bytes (memory) or the call (overhead). Roof % \
is that time over the measured one.
The rows do not tell all.
The host was noisy.
"""


def test_the_table_says_how_it_was_made():
    layers = small_times(
        whole_s=53.14e-6 / 0.96,
        measured_s=60e-6,
        overhead_s=5e-6,
        floor_s=2e-6,
        resolution_s=1e-5,
        reasons=(Reason("UNATTRIBUTED", "The rows do not tell all."),),
    )
    layers = msgspec.structs.replace(
        layers, rows=(*layers.rows[:3], msgspec.structs.replace(layers.rows[3], is_resolved=False))
    )
    measurement = measured(small().cost, layers, reasons=(Reason("HOST_NOISY", "The host was noisy."),))
    assert text(measured_table(small().cost, small().traffic(), measurement, SLOW)) == TABLE


def test_noise_while_the_roof_was_measured_is_told():
    noisy = msgspec.structs.replace(SLOW, reasons=(Reason("HOST_NOISY", "Somebody sang."),))
    assert "Somebody sang." in rows_of(small(), small_times(), noisy)[1]


def test_overlapping_kernels_are_told_beside_the_sum():
    notes = rows_of(small(), small_times(method="kernels", gap_s=7e-6, overlap_s=3e-6))[1]
    assert "53.14 µs and 7.000 µs of gaps, less 3.000 µs in which two of them run," in notes


def energy_rows(*rows):
    layers = small_times()
    energy = msgspec.structs.replace(ENERGY, layers=rows)
    measurement = measured(small().cost, layers, energy=energy)
    table = measured_table(small().cost, small().traffic(), measurement, SLOW)
    keys = [column.key for column in table.columns]
    return {row[0]: dict(zip(keys, row, strict=True)) for row in table.rows}, "\n".join(table.notes)


def test_the_energy_of_a_layer_stands_beside_its_time():
    rows, notes = energy_rows(
        LayerEnergy("0", 1, 0.003, power_w=100.0, time_s=3e-5), LayerEnergy("1", 1, None, code="BELOW_RESOLUTION")
    )
    assert (rows["0"]["energy_j"], rows["0"]["power_w"]) == (0.003, pytest.approx(100.0))
    assert (rows["1"]["energy_j"], rows["2"]["energy_j"]) == (None, None)
    assert "its caches are warm" in notes
    assert "energy_j" not in rows_of(small(), small_times())[0]["0"]


# -- what does not belong together -------------------------------------------------------------------------------------


def refused(says, *, cost=None, peaks=None, **changes):
    measurement = measured(small().cost, **{"layers": small_times(), **changes})
    with pytest.raises(DataError, match=says):
        measured_table(cost or small().cost, small().traffic(), measurement, peaks)


def test_a_measurement_of_another_network_is_refused():
    refused("What was measured is 'resnet50', what is counted is 'Sequential'", architecture="resnet50")


def test_a_measurement_on_another_input_is_refused():
    says = "'Sequential' was measured on an input of 8×3×10×10 and is counted on 1×3×10×10: give the input"
    refused(says, input_shapes=((8, 3, 10, 10),))


def test_a_measurement_in_another_precision_is_refused():
    half = msgspec.structs.replace(CONDITIONS, precision="bf16")
    refused("was measured in bf16 and is counted in float32: count it in its own element type.", conditions=half)


def test_tf32_is_counted_as_float32():
    conditions = msgspec.structs.replace(CONDITIONS, precision="tf32")
    measurement = measured(small().cost, small_times(), conditions=conditions)
    assert measured_table(small().cost, small().traffic(), measurement, None).rows


@pytest.mark.parametrize(("name", "title"), [("macs", "6,913 MACs"), ("parameters", "113 parameters")])
def test_a_network_that_was_changed_since_is_refused(name, title):
    counted = measured(small().cost).counted
    changed = msgspec.structs.replace(counted, **{name: getattr(counted, name) + 1})
    refused(f"'Sequential' had {title} when it was measured", counted=changed)


def test_a_measurement_without_layers_is_refused():
    refused("The measurement of 'Sequential' has no layers.$", layers=None)
    reason = Reason("COMPILED_NO_LAYERS", "Layers need eager mode.")
    refused("has no layers. Layers need eager mode.", layers=None, reasons=(reason,))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"device_name": "Another"}, "of another device than the measurement: Another, not Some Processor"),
        ({"precision": "bf16"}, "of another precision than the measurement: bf16, not fp32"),
        ({"threads": 8}, "of another number of threads than the measurement: 8, not 1"),
    ],
)
def test_peaks_of_something_else_are_refused(changes, says):
    refused(says, peaks=msgspec.structs.replace(PEAKS, **changes))
