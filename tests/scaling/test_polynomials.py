"""Polynomials, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.scaling.polynomials import fitted, interpolated, minus, positive_from, value

fractions = st.fractions(min_value=-50, max_value=50, max_denominator=12)
polynomials = st.lists(fractions, max_size=5).map(
    lambda numbers: tuple(numbers[: max((k + 1 for k, n in enumerate(numbers) if n), default=0)])
)
numbers = st.lists(st.integers(1, 200), min_size=5, max_size=9, unique=True)


@given(polynomials, numbers)
def test_a_polynomial_is_found_again_from_its_values(coefficients, places):
    assert interpolated([(x, value(coefficients, x)) for x in places]) == coefficients


@given(polynomials, st.integers(-20, 20))
def test_a_value_is_the_sum_of_its_powers(coefficients, x):
    assert value(coefficients, x) == sum(c * x**k for k, c in enumerate(coefficients))


@given(polynomials, polynomials, st.integers(-20, 20))
def test_a_difference_is_that_of_the_values(a, b, x):
    assert value(minus(a, b), x) == value(a, x) - value(b, x)


def test_a_fit_has_the_least_degree_and_leaves_places_to_confirm_it():
    line = [(x, 3 * x + 1) for x in (1, 2, 5, 9)]
    assert fitted(line, degree_max=4, spare=2) == (1, 3)
    assert fitted(line[:3], degree_max=4, spare=2) is None
    assert fitted([(x, 7) for x in (1, 2, 3)], degree_max=4, spare=2) == (7,)
    assert fitted([(x, 0) for x in (1, 2, 3)], degree_max=4, spare=2) == ()


def test_one_wrong_count_is_no_polynomial():
    square = [(x, x * x) for x in range(1, 12)]
    assert fitted(square, degree_max=4, spare=2) == (0, 0, 1)
    assert fitted([*square[:-1], (11, 122)], degree_max=4, spare=2) is None
    assert fitted([(x, x**5) for x in range(1, 12)], degree_max=4, spare=2) is None


@pytest.mark.parametrize(
    ("roots", "first"),
    [((), 1), ((6,), 7), ((6.5,), 7), ((2, 9), 10), ((2, 5, 9), 10), ((100, 101), 102), ((-5,), 1)],
)
def test_a_polynomial_is_positive_after_its_last_root(roots, first):
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
        coefficients = [a - Fraction(root) * b for a, b in zip(shifted, scaled, strict=True)]
    assert positive_from(coefficients, 1) == first


@given(polynomials, st.integers(1, 6), st.integers(1, 8))
def test_the_first_positive_place_is_what_trying_all_of_them_gives(coefficients, start, step):
    far = range(start, start + 4000 * step, step)
    bad = [x for x in far if value(coefficients, x) <= 0]
    found = positive_from(coefficients, start, step)
    if found is None:
        assert not coefficients or coefficients[-1] < 0
    elif found <= far[-1]:
        assert found == (bad[-1] + step if bad else start)
    else:
        assert bad[-1] == far[-1]
