"""How much more a network costs than it did, how much more is allowed, and which layers made the difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Protocol

import msgspec

from archstat import units
from archstat.analysis.matching import Move, moves
from archstat.claims.statements import shown_value
from archstat.claims.verdicts import ClaimVerdict
from archstat.errors import DataError, InputError, quoted
from archstat.language import recorded
from archstat.quantities import rows_under, unit_of
from archstat.records import LayerCost, Shape

TOTALS = ("parameters", "macs", "other_flops", "activation_bytes", "peak_activation_bytes")
"""The totals that are held against what they were; FLOPs follow from two of them."""

MOST_LAYERS = 3
"""So many layers are named."""


class Counted(Protocol):
    """What a network costs or did cost: a count, a saved cost or a network of a lock."""

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """What went in."""
        ...

    @property
    def layers(self) -> tuple[LayerCost, ...]:
        """The rows."""
        ...

    @property
    def peak_activation_bytes(self) -> int:
        """The most memory alive at once."""
        ...

    @property
    def peak_layer(self) -> str:
        """The layer that ran at that moment."""
        ...


class Allowance(msgspec.Struct, frozen=True):
    """By how much a total may grow.

    Attributes:
        text: The allowance as it is written: ``"+1 %"``.
        share: The part of what it was that may come on top.
        amount: What may come on top of that.
    """

    text: str = "nothing"
    share: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)

    def holds(self, before: int, after: int) -> bool:
        """Whether a total has grown by no more than that; less is always allowed."""
        return after <= before or after <= before * (1 + self.share) + self.amount

    def verdict(self, before: int, after: int) -> ClaimVerdict:
        """What is to be said of a total that is so much now."""
        if before == after:
            return "exact"
        return "holds" if self.holds(before, after) else "does not hold"


Allowances = Mapping[str, Allowance]
"""By quantity, and under ``""`` for all that are not named."""

NOTHING_MORE = Allowance()


def allowance(text: str, quantity: str = "") -> Allowance:
    """What a text allows: ``"+1 %"``, ``"0"``, or an amount of one quantity: ``"10k"``, ``"1 MiB"``.

    >>> allowance("+1%").share, allowance("10k", "parameters").amount
    (Fraction(1, 100), Fraction(10000, 1))

    Raises:
        DataError: The text allows nothing that can be worked out.
    """
    said = text.strip().removeprefix("+").strip()
    try:
        if said.endswith("%"):
            return Allowance(said, share=Fraction(units.parse(said[:-1]).value) / 100)
        amount = units.parse_size(said) if unit_of(quantity) == "B" else units.parse(said)
    except DataError as error:
        raise DataError(f"{quoted(text)} allows no growth that is known: write '1 %', '0' or an amount.") from error
    if amount.value and not quantity:
        raise DataError(f"{quoted(text)} is an amount of one total: say of which, or write '1 %' for all.")
    return Allowance(said, amount=Fraction(amount.value))


def allowances(given: str | Mapping[str, str | int]) -> Allowances:
    """What is allowed, from one text for all totals, or one for each.

    Raises:
        DataError: A name is that of no total, or a text allows nothing that can be worked out.
    """
    if isinstance(given, str):
        return {"": allowance(given)}
    for name in given:
        check_total(name)
    return {name: allowance(str(text), name) for name, text in given.items()}


def check_total(name: str) -> None:
    """Refuse what is no total.

    Raises:
        InputError: The name is that of no total.
    """
    if name not in TOTALS:
        raise InputError(f"{quoted(name)} is no total that can grow: they are {', '.join(TOTALS)}.")


def allowed(quantity: str, given: Allowances) -> Allowance:
    """By how much one total may grow."""
    return given.get(quantity) or given.get("") or NOTHING_MORE


class GrownTotal(msgspec.Struct, frozen=True):
    """One total of a network, before and after.

    Attributes:
        quantity: The total, one of :data:`TOTALS`.
        before: The total as it was.
        after: The total now.
        moved: The layers that made the difference, the largest part first; of a peak, none.
        peak_layers: The layers in which a peak was, and is; of what is no peak, none.
    """

    quantity: str
    before: int
    after: int
    moved: tuple[Move, ...] = ()
    peak_layers: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The difference in English: ``"parameters 100 → 110 (+10.0 %), moved most by fc (+10)"``."""
        unit = unit_of(self.quantity)
        old, new = (shown_value(number, "", unit) for number in (self.before, self.after))
        percent = f" ({units.relative((self.after - self.before) / self.before)})" if self.before else ""
        total = f"{self.quantity} {old} → {new}{percent}"
        if self.peak_layers:
            before, now = map(layer_in_words, self.peak_layers)
            if before == now:
                return recorded("{total}, the peak is in {where}", total=total, where=now)
            return recorded(
                "{total}, the peak is in {where} now, and was in {before}", total=total, where=now, before=before
            )
        if not self.moved:
            return total
        show = units.data_size if unit_of(self.quantity) == "B" else units.compact
        return recorded("{total}, moved most by {layers}", total=total, layers=moves_in_words(self.moved, show))


def moves_in_words(moved: Sequence[Move], show: Callable[[int], str]) -> str:
    """The layers that moved a total, each with by how much, in English: ``"fc (+10), conv1 (+2) and 3 more"``.

    Args:
        moved: The layers, those first that are named first.
        show: From an amount to text.
    """
    named = [f"{layer_in_words(each.layer)} ({units.signed(each.change, show)})" for each in moved]
    shown, more = ", ".join(named[:MOST_LAYERS]), len(named) - MOST_LAYERS
    return recorded("{layers} and {count} more", layers=shown, count=f"{more:,}") if more > 0 else shown


def layer_in_words(layer: str) -> str:
    """A path of a layer in a sentence."""
    return layer or recorded("the network itself")


def growth(before: Counted, after: Counted, quantity: str, layer: str = "") -> GrownTotal:
    """How one total moved.

    Args:
        before: The network as it was counted or locked before.
        after: The network as it is counted now.
        quantity: One of :data:`TOTALS`.
        layer: The path of a layer, a block or a stage; ``""``: the whole network.

    Raises:
        DataError: The two were counted on different inputs, or a part is asked for its peak.
        UnknownNameError: One of the two has no such layer.
    """
    if before.input_shapes != after.input_shapes:
        old, new = map(units.shapes, (before.input_shapes, after.input_shapes))
        raise DataError(f"it was counted on {old} then and on {new} now, which says nothing of its growth.")
    if quantity == "peak_activation_bytes":
        return _growth_of_peak(before, after, layer)
    rows = [_part(layer, each) for each in (before, after)]
    old_total, new_total = (sum(getattr(row, quantity) for row in each) for each in rows)
    moved = moves(rows[0], rows[1], quantity) if old_total != new_total else []
    return GrownTotal(quantity, old_total, new_total, _same_way_first(moved, new_total - old_total))


def _part(layer: str, cost: Counted) -> Sequence[LayerCost]:
    return rows_under(layer, cost.layers, "Both networks need that layer.") if layer else cost.layers


def _same_way_first(moved: Sequence[Move], change: int) -> tuple[Move, ...]:
    """The layers that moved a total the way that it moved, before those that moved it back."""
    return tuple(sorted(moved, key=lambda move: math.copysign(1, move.change) != math.copysign(1, change)))


def _growth_of_peak(before: Counted, after: Counted, layer: str) -> GrownTotal:
    if layer:
        raise DataError(f"the peak is one of the whole network, not of {quoted(layer)}.")
    old, new = before.peak_activation_bytes, after.peak_activation_bytes
    where = (before.peak_layer, after.peak_layer)
    return GrownTotal("peak_activation_bytes", old, new, peak_layers=where)
