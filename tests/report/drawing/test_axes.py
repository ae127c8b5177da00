"""Axes of amounts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.report.drawing.axes import amounts, is_logarithmic, place, thinned


@given(st.lists(st.floats(1e-6, 1e13), min_size=1, max_size=6), st.sampled_from(["", "s", "B"]))
def test_every_value_is_in_sight_and_two_ticks_at_least(values, unit):
    values = [max(value, 1.0) for value in values] if unit == "B" else values
    axis = amounts(values, "Cost", unit)
    low, high = axis["range"]
    assert all(low <= place(axis, value) <= high for value in values)
    seen = [tick for tick in axis["tickvals"] if tick == 0 or low <= place(axis, tick) <= high]
    assert len(seen) >= 2


def test_values_of_one_size_start_at_zero():
    axis = amounts([2e9, 4e9], "MACs")
    assert not is_logarithmic(axis)
    assert axis["range"][0] == 0
    assert axis["ticktext"] == ["0", "1 G", "2 G", "3 G", "4 G"]


def test_values_that_span_a_decade_are_logarithmic():
    assert is_logarithmic(amounts([1e9, 1e10], "MACs"))


def test_bytes_have_powers_of_two():
    axis = amounts([2**20, 2**27], "Memory", "B")
    assert {"1 MiB", "16 MiB", "128 MiB"} <= set(axis["ticktext"])
    assert amounts([2**24, 2**25], "Memory", "B")["ticktext"] == ["0", "8 MiB", "16 MiB", "24 MiB", "32 MiB"]


@pytest.mark.parametrize("most", [2, 3, 5, 8])
def test_a_thinned_axis_has_no_more_ticks_than_asked_for(most):
    axis = amounts([3e8, 4e10], "MACs")
    assert 1 < len(thinned(axis, most)["tickvals"]) <= most


def test_powers_of_ten_stay_longest():
    assert thinned(amounts([3e8, 4e10], "MACs"), 3)["ticktext"] == ["1 G", "10 G"]


@pytest.mark.parametrize(
    "values", [[1e-320, 1e-3], [5e-324], [1e-3, 1.7e308], [1.7e308], [1e-320, 1.7e308], [0.0, 1.0]]
)
@pytest.mark.parametrize("unit", ["", "s", "B"])
def test_amounts_beyond_all_that_can_be_measured_have_an_axis(values, unit):
    axis = amounts(values, "A", unit)
    assert all(math.isfinite(end) for end in axis["range"])
    assert len(axis["tickvals"]) == len(axis["ticktext"])
