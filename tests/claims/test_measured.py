"""What a claim can name of a measurement."""

import re
from fractions import Fraction

import msgspec
import pytest

from archstat.claims.measured import MEASURED, decimal, measured_value
from archstat.errors import DataError, UnknownNameError
from archstat.quantities import QUANTITIES, unit_of
from archstat.records import GpuTimes
from tests.measured import CONDITIONS, ENERGY, MEMORY, PEAKS, latency, measured, time, times

LAYERS = times(
    time("conv1", 0.003),
    time("block.conv", 0.002, call=1),
    time("block.conv", 0.001, call=2),
    time("block", 0.0005, kind="Block", is_leaf=False),
    time("fc6", 0.0015),
    time("fc7", 0.001),
    unowned_s=0.0001,
)
BATCH_4 = msgspec.structs.replace(CONDITIONS, batch_size=4)
FULL = measured(layers=LAYERS, conditions=BATCH_4, memory=MEMORY, energy=ENERGY, peaks=PEAKS)
FULL = msgspec.structs.replace(FULL, counted=msgspec.structs.replace(FULL.counted, flops=2_000_000))
BARE = measured(latency=None)


@pytest.mark.parametrize(
    ("quantity", "layer", "value"),
    [
        ("latency_s", "", "0.01"),
        ("latency_s", "conv1", "0.003"),
        ("latency_s", "block", "0.0035"),  # its own code, and both runs of the layer in it
        ("latency_s", "block.conv", "0.003"),
        ("latency_s", "fc*", "0.0025"),
        ("latency_s", "*conv*", "0.006"),
        ("latency_low_s", "", "0.009"),
        ("latency_high_s", "", "0.011"),
        ("layers_s", "", "0.0091"),
        ("throughput", "", 400),
        ("achieved_flops_per_s", "", 200_000_000),
        ("peak_bytes", "", 2**20),
        ("energy_j", "", "0.5"),  # of one of the 4 inputs
        ("power_w", "", 300),
        ("peak_flops_per_s", "", 10**12),
        ("peak_bytes_per_s", "", 10**11),
    ],
)
def test_a_quantity_is_what_the_file_holds(quantity, layer, value):
    assert float(measured_value(FULL, quantity, layer)) == pytest.approx(float(Fraction(value)), rel=1e-12)


def test_times_are_the_decimal_numbers_of_the_file():
    assert measured_value(FULL, "latency_s", "block") == Fraction(35, 10_000)
    assert measured_value(FULL, "layers_s") == Fraction(91, 10_000)
    assert decimal(1e-05) == Fraction(1, 100_000)


def test_throughput_is_that_of_a_full_queue_where_it_was_measured():
    assert measured_value(measured(conditions=BATCH_4, gpu=GpuTimes(pipelined_s=0.001)), "throughput") == 4_000


@pytest.mark.parametrize(
    ("quantity", "says"),
    [
        ("latency_s", "The measurement of net at batch 1 holds no latency: it could not be run."),
        ("throughput", "holds no throughput: it could not be run."),
        ("achieved_flops_per_s", "holds no latency: it could not be run."),
        ("latency_low_s", "holds no latency"),
        ("latency_high_s", "holds no latency"),
        ("layers_s", "holds no layers: measure it by layer."),
        ("peak_bytes", "holds no memory: its reasons say why."),
        ("energy_j", "holds no energy: measure it with its energy."),
        ("power_w", "holds no energy: measure it with its energy."),
        ("peak_flops_per_s", "holds no peaks of the device: measure it by layer."),
        ("peak_bytes_per_s", "holds no peaks of the device"),
    ],
)
def test_what_was_not_measured_is_an_error_and_not_0(quantity, says):
    with pytest.raises(DataError, match=re.escape(says)):
        measured_value(BARE, quantity)


def test_every_quantity_can_be_missing():
    for quantity in MEASURED:
        with pytest.raises(DataError, match="The measurement of net at batch 1 holds no "):
            measured_value(BARE, quantity)


def test_what_was_tried_and_failed_is_missing_too():
    tried = measured(
        latency=latency(interval=None),
        memory=msgspec.structs.replace(MEMORY, peak_bytes=None),
        energy=msgspec.structs.replace(ENERGY, pass_j=None, trials=()),
    )
    for quantity, what in [
        ("latency_low_s", "interval of its latency: there were too few samples"),
        ("peak_bytes", "memory"),
        ("energy_j", "energy: its reasons say why"),
        ("power_w", "power: its reasons say why"),
    ]:
        with pytest.raises(DataError, match=f"holds no {what}"):
            measured_value(tried, quantity)


def test_a_layer_has_a_latency_and_nothing_else():
    with pytest.raises(DataError, match=re.escape("The power_w in a file is that of the whole network, not of 'fc6'.")):
        measured_value(FULL, "power_w", "fc6")
    with pytest.raises(UnknownNameError, match=re.escape("No layer is named 'fc8'. Did you mean 'fc7' or 'fc6'?")):
        measured_value(FULL, "latency_s", "fc8")
    with pytest.raises(DataError, match="holds no layers: measure it by layer"):
        measured_value(measured(), "latency_s", "fc6")


def test_an_unknown_quantity_is_refused_with_those_there_are():
    with pytest.raises(UnknownNameError, match=re.escape("No measured quantity is named 'latency'.")):
        measured_value(FULL, "latency")


def test_every_quantity_says_what_it_is_and_ends_with_its_unit():
    assert all(quantity.__doc__ for quantity in MEASURED.values())
    assert {unit_of(name) for name in MEASURED} == {"s", "inputs/s", "FLOP/s", "B/s", "B", "J", "W"}
    assert not set(MEASURED) & set(QUANTITIES)
