"""Numbers as text, and printed numbers back."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archstat import units
from archstat.errors import DataError

PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


def read_back(text, worth):
    """The value of a shown number, and the worth of one unit of its last digit."""
    number, _, prefix = text.replace(",", "").partition(" ")
    decimals = len(number.partition(".")[2])
    return Decimal(number) * worth[prefix], Decimal(worth[prefix]) / 10**decimals


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_408, "9,408"),
        (99_999, "99,999"),
        (100_000, "100.0 k"),
        (999_949, "999.9 k"),
        (999_951, "1.000 M"),
        (999_999, "1.000 M"),
        (1_000_000, "1.000 M"),
        (60_965_224, "60.97 M"),
        (118_013_952, "118.0 M"),
        (3_857_973_248, "3.858 G"),
        (9_999_600_000, "10.00 G"),
        (-118_013_952, "-118.0 M"),
    ],
)
def test_a_count_has_at_most_four_digits_and_small_ones_stand_in_full(number, text):
    assert units.compact(number) == text


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.000 KiB"),
        (1_048_575, "1.000 MiB"),
        (1023 * 2**20, "1023 MiB"),
        (3_211_264, "3.062 MiB"),
        (60_950_432, "58.13 MiB"),  # VGG-16's activations and input: 15,237,608 values of 4 bytes
        (2**50 * 5000, "5000 PiB"),
    ],
)
def test_memory_has_binary_prefixes(nbytes, text):
    assert units.data_size(nbytes) == text


near_a_power_of_ten = st.builds(
    lambda power, off, scale: 10**power - off * 10 ** max(power - scale, 0),
    st.integers(6, 20),
    st.integers(-9, 9),
    st.integers(2, 7),
)
counts = st.one_of(st.integers(100_000, 10**21 - 10**18), near_a_power_of_ten)


@given(counts)
def test_a_count_never_shows_a_thousand_of_a_unit(number):
    shown = float(units.compact(number).split()[0])
    assert 1 <= shown < 1000


@given(st.integers(0, 2**60 - 2**50))
def test_memory_never_shows_1024_of_a_unit(nbytes):
    shown = float(units.data_size(nbytes).split()[0])
    assert shown < 1024


@given(counts)
def test_a_shown_count_is_right_to_its_last_digit(number):
    value, step = read_back(units.compact(number), PREFIXES)
    assert abs(value - number) <= step * Decimal("0.501")


@given(st.integers(0, 2**59))
def test_a_shown_size_is_right_to_its_last_digit(nbytes):
    value, step = read_back(units.data_size(nbytes), SIZES)
    assert abs(value - nbytes) <= step * Decimal("0.501")


@given(counts)
def test_a_shown_count_has_four_digits(number):
    assert len(re.sub(r"\D", "", units.compact(number))) == 4


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_a_larger_count_never_looks_smaller(a, b):
    a, b = sorted((a, b))
    assert read_back(units.compact(a), PREFIXES)[0] <= read_back(units.compact(b), PREFIXES)[0]


def test_a_part_of_nothing_is_a_dash():
    assert [units.share(1, 3), units.share(0, 7), units.share(0, 0)] == ["33.3 %", "0.0 %", "–"]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (100, 150, "+50 (+50.0 %)"),
        (150, 100, "−50 (−33.3 %)"),
        (7, 7, "="),
        (0, 5, "+5"),
        (5, 0, "−5 (−100.0 %)"),
        (3_857_973_248, 4_089_184_256, "+231.2 M (+6.0 %)"),
    ],
)
def test_a_change_has_its_sign_twice(before, after, text):
    assert units.change(before, after) == text


def test_a_change_of_memory_is_shown_as_memory():
    assert units.change(2**20, 3 * 2**20, units.data_size) == "+2.000 MiB (+200.0 %)"


def test_a_shape_is_joined_with_times_and_a_scalar_is_a_dash():
    assert units.shape((1, 64, 56, 56)) == "1×64×56×56"
    assert units.shape(()) == "–"


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("138M", 138_000_000, 1_000_000),
        ("7.98M", 7_980_000, 10_000),
        ("3.8e9", 3_800_000_000, 100_000_000),
        ("60,000", 60_000, 1),
        ("60_000", 60_000, 1),
        ("1,502M", 1_502_000_000, 1_000_000),
        ("15.3 billion", 15_300_000_000, 100_000_000),
        ("60 million", 60_000_000, 1_000_000),
        ("0.27M", 270_000, 10_000),
        ("2.7K", 2_700, 100),
        ("  11.308G ", 11_308_000_000, 1_000_000),
        ("25,557,032", 25_557_032, 1),
        ("0", 0, 1),
    ],
)
def test_numbers_are_read_as_papers_print_them(text, value, step):
    assert units.parse(text) == units.Printed(Decimal(value), Decimal(step))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "M",
        "abc",
        "-5M",
        "5 apples",
        "1,5M",  # a decimal comma is no thousands separator
        "1.2.3",
        "1,,000",
        "12,34",
        "0x10",
        "1e",
        "1e999999999",
        "nan",
        "inf",
        "٣M",
        "3.8e9\n4",
        "9" * 5000,
        "60 million or so",
    ],
)
def test_what_is_no_printed_number_is_refused(text):
    with pytest.raises(DataError, match="is no printed number; write it like '138M'"):
        units.parse(text)


@pytest.mark.parametrize(
    ("text", "unit", "value", "step"),
    [
        ("20.9 ms", "s", "0.0209", "0.0001"),
        ("20.9ms", "s", "0.0209", "0.0001"),
        ("3.5 us", "s", "0.0000035", "0.0000001"),
        ("3.5 µs", "s", "0.0000035", "0.0000001"),
        ("3.5 \u03bcs", "s", "0.0000035", "0.0000001"),  # the Greek letter
        ("80 ns", "s", "80e-9", "1e-9"),
        ("1.2 s", "s", "1.2", "0.1"),
        ("1,234 s", "s", "1234", "1"),
        ("2e3 s", "s", "2000", "1000"),
        ("389 GFLOP/s", "FLOP/s", "389e9", "1e9"),
        ("1.2 TFLOPS", "FLOP/s", "1.2e12", "1e11"),
        ("27.4 GB/s", "B/s", "27.4e9", "1e8"),
        ("512 KB/s", "B/s", "512000", "1000"),
        ("12 FLOP/byte", "FLOP/byte", "12", "1"),
        ("150 W", "W", "150", "1"),
        ("0.41 J", "J", "0.41", "0.01"),
        ("3 images/s", "inputs/s", "3", "1"),
        ("6.67 %", "%", "6.67", "0.01"),
        ("6.67", "%", "6.67", "0.01"),
        ("9.2 percentage points", "%", "9.2", "0.1"),
    ],
)
def test_amounts_are_read_in_their_unit_as_texts_print_them(text, unit, value, step):
    printed = units.parse_amount(text, unit)
    assert (printed.value, printed.step) == (Decimal(value), Decimal(step))


@pytest.mark.parametrize("unit", ["s", "J", "W", "%", "B/s", "FLOP/s", "MAC/s", "inputs/s", "J/MAC"])
@pytest.mark.parametrize(
    "text", ["", "s", "3 m", "3 apples", "-3 s", "3 sm", "3 s s", "nan s", "3 s\ns", "1e999 s", "٣ s", "3 %%", "3 k%"]
)
def test_what_is_no_amount_in_a_unit_is_refused(text, unit):
    with pytest.raises(DataError, match=re.escape(f"{text!r} is no amount in {unit}; write it like '")):
        units.parse_amount(text, unit)


@pytest.mark.parametrize("unit", ["s", "J", "W", "%", "B/s", "FLOP/s", "MAC/s", "inputs/s", "J/MAC"])
def test_the_example_in_the_error_can_be_read(unit):
    with pytest.raises(DataError) as raised:
        units.parse_amount("", unit)
    assert units.parse_amount(re.search(r"write it like '(.*)'", str(raised.value))[1], unit).value > 0


@given(st.text(max_size=20), st.sampled_from(["s", "%", "B/s"]))
def test_any_text_is_an_amount_or_refused(text, unit):
    try:
        printed = units.parse_amount(text, unit)
    except DataError:
        return
    assert printed.value >= 0
    assert printed.step > 0


@given(st.floats(min_value=1e-6, max_value=1e12), st.sampled_from(["s", "J", "W", "B/s", "FLOP/s", "J/MAC", "%"]))
def test_an_amount_as_we_show_it_is_read_back_and_rounds(value, unit):
    assume(unit != "%" or value < 1e5)  # of larger percentages not all digits are shown
    printed = units.parse_amount(units.amount(value, unit), unit)
    assert printed.verdict(Fraction(str(value))) in ("exact", "rounds")


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("20.9 ms", "0.020949544", "20.95 ms"),
        ("20.9 ms", "1.5", "1,500 ms"),
        ("20.9 ms", "0", "0 ms"),
        ("20.9 ms", "-0.001", "-1 ms"),
        ("0.02 s", "0.020949544", "0.02095 s"),
    ],
)
def test_another_value_is_shown_in_the_unit_of_a_printed_one(text, value, shown):
    assert units.parse_amount(text, "s").likewise(Fraction(value)) == shown


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_refused(text):
    try:
        printed = units.parse(text)
    except DataError:
        return
    assert printed.value >= 0
    assert printed.step > 0


@pytest.mark.parametrize(
    ("printed", "counted", "verdict"),
    [
        ("7.6e9", 7_600_000_000, "exact"),
        ("7.6e9", 7_570_194_432, "rounds"),
        ("7.6e9", 7_550_000_000, "rounds"),
        ("7.6e9", 7_650_000_000, "rounds"),
        ("7.6e9", 7_549_999_999, "differs"),
        ("7.6e9", 7_650_000_001, "truncated"),
        ("7.6e9", 7_699_999_999, "truncated"),
        ("7.6e9", 7_700_000_000, "differs"),
        ("3.8e9", 3_857_973_248, "truncated"),
        ("3.9e9", 3_857_973_248, "rounds"),
        ("60 million", 60_965_224, "truncated"),
        ("138M", 138_357_544, "rounds"),
        ("60,000", 60_000, "exact"),
        ("60,000", 60_001, "differs"),
        ("60,000", 59_999, "differs"),
        ("358M", 271_351_808, "differs"),
    ],
)
def test_a_verdict_says_how_a_count_relates_to_a_figure(printed, counted, verdict):
    assert units.parse(printed).verdict(counted) == verdict


@given(st.integers(1, 10**12), st.integers(0, 9))
def test_a_count_rounded_by_ourselves_rounds(counted, power):
    step = 10**power
    rounded = (counted + step // 2) // step
    assert units.parse(f"{rounded}e{power}").verdict(counted) in ("exact", "rounds")


@given(st.lists(st.fractions(min_value=-(10**7), max_value=10**7, max_denominator=50), max_size=5), st.integers(2, 9))
def test_a_polynomial_is_printed_so_that_it_can_be_computed(coefficients, s):
    text = units.polynomial(coefficients, "s").replace(",", "").replace("−", "-").replace("·", "*")
    for power in (2, 3, 4):
        text = text.replace(f"s{'⁰¹²³⁴'[power]}", f"{s**power}")
    text = re.sub(r"(\d+)/(\d+)", r"Fraction(\1, \2)", text.replace("s", str(s)))
    assert eval(text, {"Fraction": Fraction}) == sum(c * s**k for k, c in enumerate(coefficients))  # noqa: S307


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((7,), "7"), (range(1, 7), "1, 2, 3, 4, 5, 6"), (range(1000, 1008), "1,000, 1,001, …, 1,007 (8 of them)")],
)
def test_long_lists_are_shortened(numbers, text):
    assert units.sizes_listed(numbers) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (80e-9, "80.00 ns"),
        (2e-12, "0.002 ns"),
        (4.7e-6, "4.700 µs"),
        (999.94e-6, "999.9 µs"),
        (999.96e-6, "1.000 ms"),
        (0.0123456, "12.35 ms"),
        (1.0, "1.000 s"),
        (59.99, "59.99 s"),
        (999.97, "1,000 s"),
        (86_400.0, "86,400 s"),
    ],
)
def test_a_time_has_at_most_four_digits_and_is_never_more_than_seconds(value, text):
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (units.rate(60.4e9, "FLOP/s"), "60.40 GFLOP/s"),
        (units.rate(989.4e12, "FLOP/s"), "989.4 TFLOP/s"),
        (units.rate(999.96e9, "B/s"), "1.000 TB/s"),  # powers of 1,000, not of 1,024
        (units.rate(0.25, "FLOP/byte"), "0.250 FLOP/byte"),
        (units.rate(0.0, "B/s"), "0 B/s"),
        (units.joules(0.00041), "410.0 µJ"),
        (units.joules(2.5), "2.500 J"),
        (units.watts(0.05), "0.050 W"),
        (units.watts(69.96), "69.96 W"),
        (units.watts(999.96), "1.000 kW"),
    ],
)
def test_rates_energies_and_powers_have_si_prefixes(shown, text):
    assert shown == text


@given(st.floats(min_value=1e-9, max_value=900))
def test_a_shown_time_is_within_half_of_its_last_digit(value):
    number, unit = units.seconds(value).split()
    worth = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    step = worth / 10 ** len(number.partition(".")[2])
    assert abs(float(number) * worth - value) <= step / 2 * (1 + 1e-9)
