"""What a change of code makes of several networks: a line for each, and which layers moved what."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archstat import units
from archstat.language import say
from archstat.records import ModelCost
from archstat.tables.columns import Column, Row, Table
from archstat.tables.difference import diff_table, totals_table
from archstat.tables.quantities import ACTIVATION_BYTES, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES, Quantity


class ChangedNetwork(msgspec.Struct, frozen=True):
    """A network before and after.

    Attributes:
        name: The network, as a user names it.
        before: The cost before; ``None``: the network was not there, or could not be counted.
        after: The cost now; ``None``: the network is gone, or cannot be counted.
        note: What there is to say of it, in sentences.
    """

    name: str
    before: ModelCost | None
    after: ModelCost | None
    note: str = ""

    @property
    def is_alike(self) -> bool:
        """Whether each layer costs what it did."""
        return self.before is not None and self.after is not None and self.before.layers == self.after.layers


_FOR_PEOPLE = (PARAMETERS, MACS, PEAK_ACTIVATION_BYTES)
_IN_FULL = (PARAMETERS, MACS, FLOPS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)


def changes_table(changes: Sequence[ChangedNetwork], base: str, *, is_full: bool = False) -> Table:
    """A row for each network: what it did cost, what it costs, and the change in percent.

    Args:
        changes: The networks.
        base: The revision before, as a user calls it: ``"main"``.
        is_full: Numbers in base units, a column each, for programs.
    """
    title = say("What networks cost, and did cost at {base}", base=base)
    name = Column("network", "Network", is_path=True)
    if is_full:
        columns = (name, *(column for quantity in _IN_FULL for column in _both(quantity)), Column("note", "Note"))
        return Table(columns, tuple(map(_in_full, changes)), title)
    columns = (name, *(msgspec.structs.replace(each.column(), show=str, wraps=False) for each in _FOR_PEOPLE))
    alike = sum(change.is_alike for change in changes)
    told = say("{alike} of {count} networks cost what they did.", alike=alike, count=len(changes))
    notes = (told, *_notes(changes))
    return Table(columns, tuple(map(_for_people, changes)), title, notes)


def _both(quantity: Quantity) -> tuple[Column, Column]:
    return quantity.column(of="before"), quantity.column(of="after")


def _in_full(change: ChangedNetwork) -> Row:
    both = (change.before, change.after)
    return (change.name, *(getattr(cost, each.key, None) for each in _IN_FULL for cost in both), change.note)


def _for_people(change: ChangedNetwork) -> Row:
    return (change.name, *(_cell(change, quantity) for quantity in _FOR_PEOPLE))


def _cell(change: ChangedNetwork, quantity: Quantity) -> str:
    """What a quantity was and is: ``221.3 k → 230.0 k (+3.9 %)``; once, where that is the same."""
    before, after = (getattr(cost, quantity.key, None) for cost in (change.before, change.after))
    if before is None or after is None or before == after:
        there = [quantity.show(amount) for amount in (before, after) if amount is not None]
        return there[0] if there else "–"
    share = f" ({units.relative((after - before) / before)})" if before else ""
    return f"{quantity.show(before)} → {quantity.show(after)}{share}"


def _notes(changes: Sequence[ChangedNetwork]) -> list[str]:
    """What there is to say of each network, and which layers moved its totals."""
    told = []
    for change in changes:
        moved: Sequence[str] = ()
        if change.before is not None and change.after is not None:
            moved = totals_table(change.before, change.after).notes
        told += [f"{change.name}: {each}" for each in (change.note, *moved) if each]
    return told


def change_tables(changes: Sequence[ChangedNetwork], base: str) -> list[Table]:
    """The rows that changed of each network that is there before and after and costs something else.

    Args:
        changes: The networks.
        base: The revision before.
    """
    found = []
    for change in changes:
        if change.before is not None and change.after is not None and not change.is_alike:
            table = diff_table(change.before, change.after, only_changes=True, has_totals=False)
            title = say("{network}, A at {base} and B now", network=change.name, base=base)
            found.append(msgspec.structs.replace(table, title=title))
    return found
