"""The only place that turns numbers into text, and printed numbers back into numbers; and so one file, however long.

Counts, times, rates and energies use SI prefixes (1 G = 10⁹), memory uses binary ones (1 MiB = 2²⁰ bytes), bytes in a
second SI ones again (1 GB/s = 10⁹ byte/s): each as the field prints them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from archstat.errors import DataError, quoted

_SI = ("", "k", "M", "G", "T", "P", "E")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_METRIC = ("n", "µ", "m", *_SI)
_EXACT_BELOW = 100_000


def exact(number: int) -> str:
    """A whole number in full.

    >>> exact(25557032)
    '25,557,032'
    """
    return f"{number:,}"


def compact(number: int) -> str:
    """A count in at most four digits and an SI prefix; small ones in full.

    >>> compact(9408), compact(118013952), compact(3857973248), compact(999_960_000)
    ('9,408', '118.0 M', '3.858 G', '1.000 G')
    """
    if abs(number) < _EXACT_BELOW:
        return exact(number)
    return _scaled(number, 1000, _SI)


def data_size(nbytes: int) -> str:
    """An amount of memory in at most four digits and a binary prefix.

    >>> data_size(784), data_size(3211264), data_size(1024**3)
    ('784 B', '3.062 MiB', '1.000 GiB')
    """
    if abs(nbytes) < 1024:
        return f"{nbytes} B"
    return _scaled(nbytes, 1024, _BINARY)


def _scaled(number: int, base: int, prefixes: tuple[str, ...]) -> str:
    power = 0
    value = float(number)
    while abs(value) >= base and power < len(prefixes) - 1:
        value /= base
        power += 1
    text = _four_digits(value)
    if float(text) >= base and power < len(prefixes) - 1:  # 999.96 → 1000.0 → 1.000 of the next one
        text, power = _four_digits(value / base), power + 1
    return f"{text} {prefixes[power]}"


def _four_digits(value: float) -> str:
    texts = (f"{value:.{decimals}f}" for decimals in (3, 2, 1, 0))
    return next((text for text in texts if len(text.lstrip("-")) <= 5), f"{value:.0f}")


def round_size(nbytes: float) -> str:
    """A round amount of memory, as it stands at a tick.

    >>> round_size(0), round_size(2**24), round_size(2**35)
    ('0', '16 MiB', '32 GiB')
    """
    power = min(max(math.floor(math.log2(nbytes) / 10), 0), len(_BINARY) - 1) if nbytes >= 1 else 0
    return f"{nbytes / 1024**power:g} {_BINARY[power]}" if nbytes else "0"


def round_amount(amount: float, unit: str = "") -> str:
    """A round amount of anything else, as it stands at a tick.

    >>> round_amount(2e9), round_amount(0.005, "s"), round_amount(100, "W"), round_amount(0)
    ('2 G', '5 ms', '100 W', '0')
    """
    power = math.floor(math.log10(amount) / 3 + 1e-9) if amount else 0
    place = min(max(power + _METRIC.index(""), 0), len(_METRIC) - 1)
    return f"{amount / 1000.0 ** (place - _METRIC.index('')):g} {_METRIC[place]}{unit}".strip()


def seconds(time_s: float) -> str:
    """A time in at most four digits; from 1,000 seconds on they stay seconds.

    >>> seconds(0.0032), seconds(4.7e-6), seconds(0.99996), seconds(1234.5), seconds(-2e-6)
    ('3.200 ms', '4.700 µs', '1.000 s', '1,234 s', '-2.000 µs')
    """
    return _metric(time_s, "s", highest="")


def rate(amount: float, unit: str) -> str:
    """So much in a second, or in whatever the unit says, in at most four digits; bytes in powers of 1,000.

    >>> rate(1.234e12, "FLOP/s"), rate(27.3e9, "B/s"), rate(12.5, "FLOP/byte"), rate(0.03, "FLOP/byte")
    ('1.234 TFLOP/s', '27.30 GB/s', '12.50 FLOP/byte', '0.030 FLOP/byte')
    """
    return _metric(amount, unit, lowest="")


def joules(energy_j: float) -> str:
    """An energy in at most four digits.

    >>> joules(0.41), joules(1234.0), joules(0.0)
    ('410.0 mJ', '1.234 kJ', '0 J')
    """
    return _metric(energy_j, "J")


def watts(power_w: float) -> str:
    """A power in at most four digits; below 1,000 W they stay watts, as boards and sensors give them.

    >>> watts(312.4), watts(0.25), watts(1500.0)
    ('312.4 W', '0.250 W', '1.500 kW')
    """
    return _metric(power_w, "W", lowest="")


def _metric(value: float, unit: str, lowest: str = "n", highest: str = "E") -> str:
    """A value and its unit, with a prefix from the lowest to the highest; all but nothing keeps the lowest one."""
    if not value or not math.isfinite(value):
        return f"{value:g} {unit}"
    first, last = _METRIC.index(lowest), _METRIC.index(highest)
    scaled = value * 1000.0 ** (_METRIC.index("") - first)
    while abs(scaled) >= 999.95 and first < last:  # 999.96 would be printed as 1000.0
        scaled, first = scaled / 1000, first + 1
    number = _four_digits(scaled) if abs(scaled) < 999.95 else f"{scaled:,.0f}"
    return f"{number} {_METRIC[first]}{unit}"


def amount(value: float, unit: str) -> str:
    """A time, an energy, a power, a rate or a percentage, each as the functions above show it.

    >>> amount(0.0209, "s"), amount(1.2e10, "MAC/s"), amount(6.67, "%"), amount(2.5e-9, "J/MAC")
    ('20.90 ms', '12.00 GMAC/s', '6.67 %', '2.500 nJ/MAC')
    """
    if unit == "%":
        return f"{percent(value)} %"
    if unit in _SHOWN:
        return _SHOWN[unit](value)
    return _metric(value, unit) if unit.startswith(("s/", "J/")) else rate(value, unit)


_SHOWN: dict[str, Callable[[float], str]] = {"s": seconds, "J": joules, "W": watts}


def share(part: float, whole: float) -> str:
    """A part of a whole in percent.

    >>> share(1, 3), share(0, 7), share(0, 0)
    ('33.3 %', '0.0 %', '–')
    """
    return f"{100 * part / whole:.1f} %" if whole else "–"


def percent(rate: float) -> str:
    """A rate with the decimals that it was printed with, and one at least.

    >>> percent(27.0), percent(22.85), percent(1e-6)
    ('27.0', '22.85', '0.000001')
    """
    return f"{rate:.1f}" if rate == round(rate, 1) else f"{Decimal(f'{rate:g}'):f}"


def relative(change: float) -> str:
    """A relative change in percent, with its sign; a small one in one digit, so that it is not shown as none.

    >>> relative(0.1002), relative(-0.005), relative(0.00004), relative(0)
    ('+10.0 %', '−0.5 %', '+0.004 %', '0.0 %')
    """
    size = 100 * abs(change)
    number = f"{size:.1f}" if size >= 0.1 or not size else f"{size:.1g}"
    return f"{'−' if change < 0 else '+' if change > 0 else ''}{number} %"


def signed(number: int, show: Callable[[int], str] = compact) -> str:
    """A number with its sign.

    >>> signed(1500), signed(-20), signed(0)
    ('+1,500', '−20', '0')
    """
    return f"{'−' if number < 0 else '+' if number > 0 else ''}{show(abs(number))}"


def change(before: int, after: int, show: Callable[[int], str] = compact) -> str:
    """A difference with its sign, absolute and relative.

    >>> change(100, 150), change(7, 7), change(0, 5), change(10**6, 10**6 - 40)
    ('+50 (+50.0 %)', '=', '+5', '−40 (−0.004 %)')
    """
    if before == after:
        return "="
    text = signed(after - before, show)
    return f"{text} ({relative((after - before) / before)})" if before else text


def shape(sizes: Iterable[int | str]) -> str:
    """The extents of a tensor.

    >>> shape((1, 64, 56, 56)), shape(())
    ('1×64×56×56', '–')
    """
    return "×".join(map(str, sizes)) or "–"


def shapes(each: Iterable[Iterable[int | str]]) -> str:
    """The shapes of several tensors.

    >>> shapes([(1, 3, 8, 8), (1, 5)])
    '1×3×8×8, 1×5'
    """
    return ", ".join(map(shape, each))


def listed(numbers: Sequence[int]) -> str:
    """Whole numbers, the inner ones of a long list left out.

    >>> listed((32, 64)), listed(range(1, 100))
    ('32, 64', '1, 2, …, 99 (99 of them)')
    """
    if len(numbers) <= 6:
        return ", ".join(map(exact, numbers))
    return f"{exact(numbers[0])}, {exact(numbers[1])}, …, {exact(numbers[-1])} ({len(numbers)} of them)"


def polynomial(coefficients: Sequence[Fraction], variable: str) -> str:
    """A polynomial in full, the highest power first; ``coefficients[k]`` belongs to the ``k``-th one.

    >>> polynomial((Fraction(2048000), Fraction(0), Fraction(76848)), "s")
    '76,848·s² + 2,048,000'
    >>> polynomial((Fraction(-1, 2), Fraction(-1), Fraction(3, 4)), "n"), polynomial((), "n")
    ('3/4·n² − n − 1/2', '0')
    """
    terms = [(number < 0, _term(abs(number), variable, power)) for power, number in enumerate(coefficients) if number]
    text = "".join(f" {'−' if is_negative else '+'} {term}" for is_negative, term in reversed(terms))
    return text.removeprefix(" + ").replace(" − ", "−", int(text.startswith(" − "))) or "0"


def _term(coefficient: Fraction, variable: str, power: int) -> str:
    """A term of a polynomial: ``3/4·n²``."""
    numerator, denominator = exact(coefficient.numerator), exact(coefficient.denominator)
    number = numerator if denominator == "1" else f"{numerator}/{denominator}"
    if not power:
        return number
    raised = variable if power == 1 else variable + str(power).translate(_SUPERSCRIPTS)
    return raised if number == "1" else f"{number}·{raised}"


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Printed(msgspec.Struct, frozen=True):
    """A number as a text prints it.

    Attributes:
        value: The number in base units.
        step: The worth of its last digit: 1,000,000 for ``138M``.
        unit: The unit with its prefix, if it is a number of :func:`parse_amount`: ``"ms"``.
        worth: How much one such unit is: 0.001.
    """

    value: Decimal
    step: Decimal
    unit: str = ""
    worth: Decimal = Decimal(1)

    def likewise(self, value: Fraction) -> str:
        """Another value as text, in the unit of this one.

        >>> parse_amount("20.9 ms", "s").likewise(Fraction(20949544, 10**9))
        '20.95 ms'
        """
        number = float(value / Fraction(self.worth))
        digits = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
        return f"{digits} {self.unit}".rstrip()

    def verdict(self, counted: int | Fraction) -> str:
        """How a count relates to it: ``"exact"``, ``"rounds"``, ``"truncated"`` or ``"differs"``.

        A printed number without a unit or a fraction is meant to the last digit.

        >>> [parse("7.6e9").verdict(n) for n in (7_600_000_000, 7_570_194_432, 7_699_999_999, 7_500_000_000)]
        ['exact', 'rounds', 'truncated', 'differs']
        """
        value, step = Fraction(self.value), Fraction(self.step)
        if counted == value:
            return "exact"
        if abs(counted - value) <= step / 2:
            return "rounds"
        is_cut = math.floor(counted / step) * step == value
        return "truncated" if is_cut and step != 1 else "differs"


_PREFIXES = {"": 0, "k": 3, "K": 3, "thousand": 3, "M": 6, "million": 6, "G": 9, "B": 9, "billion": 9, "T": 12}
_SIZES = {"B": 1, "bytes": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", start=1)
}
_DIGITS = r"(?P<digits>\d{1,3}([,_]\d{3}){1,8}|\d{1,24})(\.(?P<fraction>\d{1,24}))?(e(?P<exponent>\d{1,2}))?"
_NUMBER = re.compile(rf"{_DIGITS}\s*(?P<prefix>[A-Za-z]*)", re.ASCII)
_AMOUNT = re.compile(rf"{_DIGITS}\s*(?P<unit>.*)", re.ASCII)
_POWERS = {"n": -9, "µ": -6, "\u03bc": -6, "u": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}
"""The prefixes of units; the Greek letter is what most keyboards have for the sign."""

_SPELLINGS = {
    "%": ("%", "points", "percentage points", ""),
    "FLOP/s": ("FLOP/s", "FLOPS"),
    "MAC/s": ("MAC/s", "MACs/s"),
    "inputs/s": ("inputs/s", "images/s", "/s"),
}
"""How units are printed besides their names."""

_EXAMPLES = {"s": "20.9 ms", "J": "0.41 J", "W": "150 W", "%": "6.67 %", "inputs/s": "47.7 inputs/s"}


def parse(text: str) -> Printed:
    """A number as papers print it: ``138M``, ``7.98M``, ``3.8e9``, ``60,000``, ``15.3 billion``.

    >>> parse("7.98M").value == 7_980_000, parse("7.98M").step == 10_000
    (True, True)

    Raises:
        DataError: The text is no such number.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or match["prefix"] not in _PREFIXES:
        raise DataError(f"{quoted(text)} is no printed number; write it like '138M', '3.8e9' or '60,000'.")
    return _printed(match, 10 ** _PREFIXES[match["prefix"]])


def parse_size(text: str) -> Printed:
    """An amount of memory: ``96MB``, ``12 MiB``, ``4,704 B``, ``18816``; MB are 10⁶ bytes and MiB 2²⁰.

    >>> parse_size("12 MiB").value == 12 * 1024**2, parse_size("96MB").step == 10**6
    (True, True)

    Raises:
        DataError: The text is no such amount.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or (match["prefix"] and match["prefix"] not in _SIZES):
        raise DataError(f"{quoted(text)} is no amount of memory; write it like '96MB', '12 MiB' or '4,704 B'.")
    return _printed(match, _SIZES[match["prefix"] or "B"])


def parse_amount(text: str, unit: str) -> Printed:
    """A time, a rate, an energy, a power or a percentage: ``20.9 ms``, ``389 GFLOP/s``, ``0.41 J``, ``6.67 %``.

    Of a unit ``m`` is a thousandth and ``M`` a million. Only a percentage may stand without its sign.

    >>> parse_amount("20.9 ms", "s").value, parse_amount("27.4 GB/s", "B/s").step, parse_amount("6.67", "%").value
    (Decimal('0.0209'), Decimal('1E+8'), Decimal('6.67'))

    Raises:
        DataError: The text is no such amount.
    """
    match = _AMOUNT.fullmatch(text.strip())
    power = None if match is None else _power(match["unit"], unit)
    if match is None or power is None:
        raise DataError(
            f"{quoted(text)} is no amount in {unit}; write it like {_EXAMPLES.get(unit, f'389 G{unit}')!r}."
        )
    worth = Decimal(1).scaleb(power)
    printed = _printed(match, worth)
    return Printed(printed.value, printed.step, match["unit"], worth)


def _power(written: str, unit: str) -> int | None:
    """The power of ten that the prefix of a printed unit stands for; ``None`` if it is another unit."""
    prefixes = {"": 0} if unit == "%" else _POWERS
    spellings = _SPELLINGS.get(unit, (unit,))
    return {f"{prefix}{name}": power for prefix, power in prefixes.items() for name in spellings}.get(written)


def _printed(match: re.Match[str], unit: int | Decimal) -> Printed:
    """A number of units, and what its last digit is worth."""
    fraction = match["fraction"] or ""
    power, digits = int(match["exponent"] or 0), re.sub("[,_]", "", match["digits"])
    value = Decimal(f"{digits}.{fraction or 0}").scaleb(power)
    return Printed(value * unit, Decimal(1).scaleb(power - len(fraction)) * unit)
