"""Correlations, against sums written out and against laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.report.drawing.correlation import correlation, correlation_text

POSITIVE = st.lists(st.integers(1, 10**9), min_size=3, max_size=20, unique=True)


def test_pearson_is_that_of_the_logarithms():
    found = correlation([1, 10, 100], [1, 100, 10])
    # deviations (-1, 0, 1) and (-1, 1, 0): 1 / sqrt(2 * 2)
    assert found.pearson == pytest.approx(0.5)
    assert found.spearman == pytest.approx(0.5)
    assert found.n == 3


def test_equal_values_share_the_mean_of_their_ranks():
    found = correlation([1, 2, 2, 3], [1, 2, 3, 4])
    # ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4): 4.5 / sqrt(4.5 * 5)
    assert found.spearman == pytest.approx(4.5 / math.sqrt(4.5 * 5))


@given(POSITIVE)
def test_a_power_goes_together_wholly(values):
    found = correlation(values, [7 * value**2 for value in values])
    assert (found.pearson, found.spearman) == (pytest.approx(1), pytest.approx(1))


def test_of_two_points_or_of_one_value_nothing_is_told():
    assert correlation([1, 2], [3, 4]) is None
    assert correlation([1, 2, 3], [5, 5, 5]) is None
    assert correlation([5, 5, 5], [1, 2, 3]) is None
    assert correlation_text(None, 2) == "No correlation is told: n = 2, fewer than 3."
    assert correlation_text(None, 3) == "No correlation is told: one of the two does not vary."
