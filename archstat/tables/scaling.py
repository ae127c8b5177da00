"""How a network grows: a row for each size, and the laws."""

from __future__ import annotations

from collections.abc import Sequence

from archstat import units
from archstat.language import message, retold, say
from archstat.scaling import SPARE, VARIABLES, Growth, Over, Overtaking, Scaling
from archstat.tables.columns import Table, number
from archstat.tables.quantities import ACTIVATION_BYTES, ACTIVATIONS, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES

_NAMES = {
    **{
        each.key: each.english
        for each in (MACS, FLOPS, ACTIVATIONS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES, PARAMETERS)
    },
    "attention_macs": message("Attention"),
}
_HEADERS: dict[Over, str] = {
    "resolution": message("Resolution"),
    "batch": message("Batch"),
    "sequence": message("Length"),
}


def scale_table(scaling: Scaling) -> Table:
    """One row for each size that the network takes, and under them how each quantity grows."""
    columns = (
        number("size", _HEADERS[scaling.over], units.exact),
        MACS.column(),
        *((number("attention_macs", "of attention", gives_way=1, continues=True),) if scaling.overtaking else ()),
        FLOPS.column(),
        ACTIVATION_BYTES.column(),
        PEAK_ACTIVATION_BYTES.column(),
        PARAMETERS.column(),
    )
    rows = tuple(tuple(getattr(point, column.key) for column in columns) for point in scaling.points)
    shapes = say("input {shapes}", shapes=", ".join(scaling.inputs))
    title = f"{scaling.architecture} · {shapes} · {scaling.dtype}"
    return Table(columns, rows, title, tuple(_notes(scaling)))


def _notes(scaling: Scaling) -> list[str]:
    """The laws, where attention overtakes the rest, and what could not be counted."""
    variable = VARIABLES[scaling.over]
    notes = _laws(scaling, variable)
    if scaling.overtaking is not None:
        notes.append(_overtaken(scaling.overtaking, variable))
    if scaling.refused:
        refused = scaling.refused[0]
        sizes = _listed([each.size for each in scaling.refused])
        told = say("Not taken: {sizes}. At {size}: {why}", sizes=sizes, size=units.exact(refused.size), why=refused.why)
        notes.append(told)
    if scaling.uncounted:
        ops = ", ".join(scaling.uncounted)
        notes.append(say("Not counted: {ops}: MACs and FLOPs are lower bounds.", ops=ops))
    return notes


def _laws(scaling: Scaling, variable: str) -> list[str]:
    taken, tried = len(scaling.points), len(scaling.points) + len(scaling.refused)
    if any(growth.coefficients is not None for growth in scaling.growths):
        return [_law(growth, variable) for growth in scaling.growths]
    if taken > SPARE:
        return [
            say("No law: no polynomial of degree 4 or less gives these counts and 2 more that it was not fitted on.")
        ]
    sizes = _listed([point.size for point in scaling.points])
    if scaling.refused:
        return [
            say("No law: of {count} sizes the network takes {sizes} alone; choose others.", count=tried, sizes=sizes)
        ]
    return [say("No law: too few sizes for one ({sizes}).", sizes=sizes)]


def _listed(sizes: Sequence[int]) -> str:
    """Sizes, the inner ones of a long list left out."""
    return retold(units.sizes_listed(sizes))


def _law(growth: Growth, variable: str) -> str:
    """A law in words: ``MACs(s) = 76,848·s² + 2,048,000 on multiples of 32; …``."""
    name = f"{say(_NAMES[growth.quantity])}({variable})"
    if growth.coefficients is None:
        return say(
            "{quantity}: no polynomial of degree 4 or less gives these counts, on any period tried.", quantity=name
        )
    return say(
        "{law}; fitted on {fitted}, verified on {verified}.",
        law=_where(f"{name} = {units.polynomial(growth.coefficients, variable)}", growth, variable),
        fitted=_listed(growth.fitted),
        verified=_listed(growth.verified),
    )


def _where(law: str, growth: Growth, variable: str) -> str:
    """A law, and on which sizes it holds."""
    period = units.exact(growth.period)
    if growth.period > 1 and growth.residue == 0:
        law = say("{law} on multiples of {period}", law=law, period=period)
    elif growth.period > 1:
        law = say("{law} where {sizes}", law=law, sizes=f"{variable} = {period}·k + {units.exact(growth.residue)}")
    least = f"{variable} ≥ {units.exact(growth.since)}"
    return say("{law} for {sizes}", law=law, sizes=least) if growth.since else law


def _overtaken(overtaking: Overtaking, variable: str) -> str:
    """A crossing in words: ``Attention costs more MACs than all the rest from n = 4,609 on``."""
    attention = units.polynomial(overtaking.attention, variable)
    rest = units.polynomial(overtaking.rest, variable)
    if overtaking.size is None:
        return say("Attention ({attention} MACs) never overtakes the rest ({rest}).", attention=attention, rest=rest)
    told = (
        message(
            "Attention ({attention} MACs) costs more than all the rest ({rest}) from {size} on, beyond the sizes "
            "counted."
        )
        if overtaking.is_beyond
        else message("Attention ({attention} MACs) costs more than all the rest ({rest}) from {size} on.")
    )
    return say(told, attention=attention, rest=rest, size=f"{variable} = {units.exact(overtaking.size)}")
