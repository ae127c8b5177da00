"""Sums as a text prints them."""

import contextlib
import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.errors import DataError
from archstat.expressions import evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(5*5*1 + 1)*6", 156),
        ("28*28*192*3*3*64", 86_704_128),
        ("28×28×192×3×3×64", 86_704_128),
        ("28·28·192·3²·64", 86_704_128),
        ("3 · (3² · 64²)", 27 * 64**2),
        ("2^3^2", 512),
        ("2**3", 8),
        ("-2^2", -4),
        ("2^-1", Fraction(1, 2)),
        ("10 − 4 – 3", 3),
        ("24 ÷ 4 / 2", 3),
        ("(7 − 3)/3 + 1", Fraction(7, 3)),
        ("⌊(7 − 3)/3⌋ + 1", 2),
        ("⌈7/2⌉", 4),
        ("[(5 × 5 × 480) + 1] × 48", 576_048),
        ("⌊−7/2⌋", -4),
        ("24M * 4", 96_000_000),
        ("13,547,520 + 1", 13_547_521),
        ("1.5e9/2", 750_000_000),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("10 - -3", 13),
        ("  7  ", 7),
    ],
)
def test_a_sum_is_worked_out_exactly(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it ends too early"),
        ("1 +", "it ends too early"),
        ("(1 + 2", "')' is missing"),
        ("⌊3/2)", "'⌋' is missing"),
        ("1 + 2)", "')' is not expected there"),
        ("2 3", "'3' is not expected there"),
        ("* 3", "'*' is not expected there"),
        ("1/0", "it divides by zero"),
        ("0^-1", "it divides by zero"),
        ("x + 1", "'x' is no number, operator or parenthesis"),
        ("3x", "'3x' is no number"),
        ("1,00", "',00' is no number"),
        ("5 % 2", "'%' is no number"),
        ("__import__('os').getcwd()", "is no number"),
        ("2^0.5", "1/2 is no power from -64 to 64"),
        ("9^99", "99 is no power from -64 to 64"),
        ("10^64", "its value is too large"),
        ("(" * 5000 + "1" + ")" * 5000, "too many parentheses"),
        ("*".join(["9e59"] * 9000), "its value is too large"),
        ("+".join(["9e59"] * 9000), "its value is too large"),
        ("/".join(["9e59"] * 9000), "its value is too large"),
        ("1+" * 30_000 + "1", "it has more than 50,000 characters"),
        (f"1{',000' * 9}", "',000' is no number"),
        ("٣ + 1", "is no number"),
    ],
)
def test_what_is_no_sum_is_refused_and_the_message_says_why(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        evaluate(text)


numbers = st.integers(0, 10_000).map(str)
sums = st.recursive(
    numbers,
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(lambda each: f"({each[0]}) {each[1]} ({each[2]})"),
        st.tuples(numbers, st.sampled_from("+-*"), numbers, st.sampled_from("+-*"), numbers).map(" ".join),
        parts.map(lambda part: f"-({part})"),
        st.tuples(parts, st.integers(0, 3)).map(lambda each: f"({each[0]})**{each[1]}"),
    ),
    max_leaves=6,
)


class TooLargeError(Exception):
    """A value on the way has more than 60 digits."""


def worked_out(text):
    try:
        return evaluate(text)
    except DataError as error:
        if "too large" in str(error):
            raise TooLargeError from error
        raise


@given(sums)
def test_a_sum_comes_to_what_python_makes_of_it(text):
    exact = re.sub(r"\d+", r"Fraction(\g<0>)", re.sub(r"\*\*(\d)", r".__pow__(\1)", text))
    try:
        expected = eval(exact, {"Fraction": Fraction})  # noqa: S307 - the text is made above
    except ZeroDivisionError:
        with pytest.raises(DataError, match="divides by zero"):
            evaluate(text)
        return
    with contextlib.suppress(TooLargeError):
        assert worked_out(text) == expected


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_an_error_that_is_expected(text):
    with contextlib.suppress(DataError):
        assert math.isfinite(evaluate(text))
