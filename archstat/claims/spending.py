"""Limits that are broken: by how much, in the unit of the limit, and which layers spend most."""

from __future__ import annotations

from fractions import Fraction

from archstat import units
from archstat.analysis.network import Network
from archstat.claims.growth import MOST_LAYERS, layer_in_words
from archstat.claims.statements import in_unit_of, shown_value, statement, verdict_on
from archstat.errors import DataError, InputError, quoted
from archstat.language import recorded
from archstat.quantities import QUANTITIES, Part, part_of, unit_of, value_of
from archstat.records import LayerCost

_SHAPES = ("output_shape", "output_size", "receptive_field")
"""The quantities that are no numbers."""


def check_limit(quantity: str, stated: str) -> None:
    """Refuse a limit that nothing can be held against, before anything is counted.

    Args:
        quantity: A key of :data:`archstat.quantities.QUANTITIES`.
        stated: The limit with its relation: ``"<= 4.1G"``.

    Raises:
        InputError: There is no such quantity, or it is no number.
        DataError: The limit is no number of its unit.
    """
    if quantity in _SHAPES:
        raise InputError(f"{quantity} is a shape, and no number that a limit can be set to.")
    if quantity not in QUANTITIES:
        raise InputError(f"{quoted(quantity)} is none of the quantities {', '.join(QUANTITIES)}.")
    if statement(stated, unit_of(quantity)).mark:
        raise DataError(f"{quoted(stated)} is no limit of {quantity}: it is a number, and no share or factor.")


def excess(network: Network, quantity: str, stated: str) -> str:
    """By how much a network breaks a limit, and what spends it; ``""``: the limit holds.

    Args:
        network: The network.
        quantity: A key of :data:`archstat.quantities.QUANTITIES`.
        stated: The limit with its relation: ``"<= 4.1G"``.

    Raises:
        DataError: The network has no such quantity.
    """
    part = part_of(network, "")
    value = value_of(part, quantity)
    if verdict_on(stated, value, unit_of(quantity)) == "holds" or isinstance(value, tuple):
        return ""
    shown = shown_value(value, "", unit_of(quantity))
    how = broken_by(part, quantity, stated, value)
    return f"{quantity} of {network.cost.architecture}: {shown} is not {stated}, {how}"


def broken_by(
    part: Part, quantity: str, stated: str, value: int | Fraction, *, place: str = "", has_layers: bool = True
) -> str:
    """By how much a value is off a limit, in percent and in the unit of the limit, and the layers that spend most.

    Args:
        part: The network, or the part of it, that has the value.
        quantity: The quantity that is limited.
        stated: The limit with its relation: ``"<= 4.1G"``.
        value: The number that the part comes to.
        place: The name of the part, to begin a sentence with; ``""``: it is told before.
        has_layers: Whether the rows of the part add up to the value.
    """
    unit = unit_of(quantity)
    limit = Fraction(statement(stated, unit).printed.value)
    off = Fraction(value) - limit
    amount = in_unit_of(stated, abs(off), unit)
    percent = f"{units.relative(float(off / limit)).lstrip('+−')} ({amount})" if limit else amount
    way = (_OFF_AT if place else _OFF)[(off > 0) - (off < 0)].format(place=place, amount=percent)
    return "; ".join(filter(None, (way, _spenders(part, quantity) if has_layers and off >= 0 else "")))


_OFF = {
    1: recorded("{amount} over the limit"),
    0: recorded("it is the limit, which is excluded"),
    -1: recorded("{amount} under the limit"),
}
_OFF_AT = {
    1: recorded("{place} is {amount} over the limit"),
    0: recorded("{place} is it is the limit, which is excluded"),
    -1: recorded("{place} is {amount} under the limit"),
}


def _spenders(part: Part, quantity: str) -> str:
    """The layers that have most of a quantity; those that are no sums of rows have none to name."""
    if quantity == "peak_activation_bytes":
        return recorded("the peak is in {where}", where=layer_in_words(part.network.cost.peak_layer))
    if not hasattr(LayerCost, quantity):
        return ""
    spent: dict[str, int] = {}
    for row in part.rows:
        spent[row.layer] = spent.get(row.layer, 0) + getattr(row, quantity)
    show = units.data_size if unit_of(quantity) == "B" else units.compact
    most = sorted(filter(spent.__getitem__, spent), key=lambda layer: -spent[layer])[:MOST_LAYERS]
    named = ", ".join(f"{layer_in_words(layer)} ({show(spent[layer])})" for layer in most)
    return recorded("most is spent by {layers}", layers=named) if named else ""
