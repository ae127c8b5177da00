"""Operands → values: counted, measured, published, tallied, or the text's own sum; their differences and ratios."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from archstat.analysis.network import Analyse, Network
from archstat.claims.baselines import baseline_in
from archstat.claims.growth import Counted
from archstat.claims.measured import measured_value
from archstat.claims.operands import Operand
from archstat.claims.rates import published_rate
from archstat.claims.statements import PLAIN, Result
from archstat.claims.tallies import Judged, tallied
from archstat.errors import DataError, quoted
from archstat.expressions import evaluate
from archstat.files.choosing import fitting
from archstat.files.results import read_measurements
from archstat.networks.beside import absolute_name, beside, from_folder, setting_from_folder
from archstat.networks.settings import Setting
from archstat.quantities import Part, part_of, unit_of, value_of


class OperandValue(msgspec.Struct, frozen=True):
    """What an operand comes to.

    Attributes:
        result: A number in base units, or a shape.
        unit: The unit of the result; ``""`` for a plain number.
    """

    result: Result
    unit: str = ""


class Sources:
    """Where values come from."""

    def __init__(self, folder: Path, analyse: Analyse, judge: Callable[[Path], Sequence[Judged]]) -> None:
        """Where to look.

        Args:
            folder: Files are found from here, and each is read once.
            analyse: What the networks of the operands come from.
            judge: From a claims file to its claims with their verdicts.
        """
        self._folder = folder
        self._analyse = analyse
        self._judge = functools.cache(judge)
        self._read = functools.cache(read_measurements)

    def value(self, operand: Operand, minus: Operand | None = None, per: Operand | None = None) -> OperandValue:
        """What an operand comes to, less another, over a third.

        Raises:
            DataError: The operand cannot be worked out.
        """
        value = self._value(operand)
        if minus is not None:
            value = _less(value, self._value(minus))
        return value if per is None else _over(value, self._value(per))

    def _value(self, operand: Operand) -> OperandValue:
        """What one operand comes to; an architecture comes before the text's own sum."""
        return OperandValue(self._result(operand), unit_of(operand.quantity))

    def _result(self, operand: Operand) -> Result:
        if operand.claims:
            return self._tallied(operand)
        if operand.measured:
            return self._measured(operand)
        if operand.protocol:
            return published_rate(operand.architecture, operand.resolution, operand.protocol, operand.quantity)
        if operand.architecture:
            return value_of(self.part(operand), operand.quantity, operand.convention)
        return evaluate(operand.expression)

    def part(self, operand: Operand) -> Part:
        """The network, or the part of it, that an operand is counted of.

        Raises:
            DataError: Which input the network takes is not known.
        """
        return part_of(self.network(operand.architecture, operand.setting), operand.layer)

    def network(self, name: str, setting: Setting) -> Network:
        """A network that is named in the file.

        Raises:
            DataError: Which input the network takes is not known.
        """
        network = self._analyse(from_folder(name, self._folder), setting_from_folder(setting, self._folder))
        if network.cost.input_origin.startswith("assumed"):
            raise DataError(
                f"which input {quoted(name)} takes is not known, and no claim is held against one "
                "that is assumed: give its 'input'."
            )
        return network

    def baseline(self, path: str, name: str, setting: Setting) -> Counted:
        """What a network did cost, as a saved cost or a lock says.

        Args:
            path: The file, from the folder of the claims file or from the one that is worked in.
            name: The network, which a lock holds beside others.
            setting: How the network is counted.

        Raises:
            DataError: The file cannot be read, or a lock does not hold the network.
        """
        return baseline_in(beside(path, self._folder), absolute_name(name, self._folder), setting)

    def _tallied(self, operand: Operand) -> int:
        judged = [each for file in operand.files for each in self._judge(beside(file, self._folder))]
        return tallied(judged, operand.quantity, operand.ids)

    def _measured(self, operand: Operand) -> Fraction:
        measurements = self._read(beside(operand.measured, self._folder))
        by_layer = bool(operand.layer) or operand.quantity == "layers_s"
        chosen = fitting(measurements, operand.architecture, batch_size=operand.batch_size, by_layer=by_layer)
        return measured_value(chosen, operand.quantity, operand.layer)


def _less(value: OperandValue, other: OperandValue) -> OperandValue:
    if value.unit != other.unit and not (value.unit in PLAIN and other.unit in PLAIN):
        found = " and ".join(each.unit or "plain numbers" for each in (value, other))
        raise DataError(f"its values are in {found}: one cannot be subtracted from the other.")
    if isinstance(value.result, tuple) or isinstance(other.result, tuple):
        raise DataError("one of its two values is no number to subtract, or to subtract from.")
    return OperandValue(value.result - other.result, value.unit)


def _over(value: OperandValue, divisor: OperandValue) -> OperandValue:
    if isinstance(value.result, tuple) or isinstance(divisor.result, tuple) or not divisor.result:
        raise DataError("one of its two values is no number to divide, or to divide by.")
    return OperandValue(Fraction(value.result) / Fraction(divisor.result), _unit_over(value.unit, divisor.unit))


def _unit_over(unit: str, per: str) -> str:
    """The unit of a ratio: none of two alike, or of two counts."""
    if unit == per or (unit in PLAIN and per in PLAIN):
        return ""
    if (unit, per) == ("J", "s"):
        return "W"
    return f"{unit}/{'byte' if per == 'B' else per}" if per else unit
