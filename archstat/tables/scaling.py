"""How a network grows: a row for each size, and the laws."""

from __future__ import annotations

from archstat import units
from archstat.scaling import SPARE, VARIABLES, Growth, Over, Overtaking, Scaling
from archstat.tables.columns import Table, number
from archstat.tables.quantities import ACTIVATION_BYTES, ACTIVATIONS, FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES

_NAMES = {
    **{
        each.key: each.label for each in (MACS, FLOPS, ACTIVATIONS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES, PARAMETERS)
    },
    "attention_macs": "Attention",
}
_HEADERS: dict[Over, str] = {"resolution": "Resolution", "batch": "Batch", "sequence": "Length"}


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
    title = f"{scaling.architecture} · input {', '.join(scaling.inputs)} · {scaling.dtype}"
    return Table(columns, rows, title, tuple(_notes(scaling)))


def _notes(scaling: Scaling) -> list[str]:
    """The laws, where attention overtakes the rest, and what could not be counted."""
    variable = VARIABLES[scaling.over]
    notes = _laws(scaling, variable)
    if scaling.overtaking is not None:
        notes.append(_overtaken(scaling.overtaking, variable))
    if scaling.refused:
        refused = scaling.refused[0]
        sizes = units.listed([each.size for each in scaling.refused])
        notes.append(f"Not taken: {sizes}. At {units.exact(refused.size)}: {refused.why}")
    if scaling.uncounted:
        notes.append(f"Not counted: {', '.join(scaling.uncounted)}: MACs and FLOPs are lower bounds.")
    return notes


def _laws(scaling: Scaling, variable: str) -> list[str]:
    taken, tried = len(scaling.points), len(scaling.points) + len(scaling.refused)
    if any(growth.coefficients is not None for growth in scaling.growths):
        return [_law(growth, variable) for growth in scaling.growths]
    if taken > SPARE:
        return ["No law: no polynomial of degree 4 or less gives these counts and 2 more that it was not fitted on."]
    sizes = units.listed([point.size for point in scaling.points])
    if scaling.refused:
        return [f"No law: of {tried} sizes the network takes {sizes} alone; choose others."]
    return [f"No law: too few sizes for one ({sizes})."]


def _law(growth: Growth, variable: str) -> str:
    """A law in words: ``MACs(s) = 76,848·s² + 2,048,000 on multiples of 32; …``."""
    name = _NAMES[growth.quantity]
    if growth.coefficients is None:
        return f"{name}({variable}): no polynomial of degree 4 or less gives these counts, on any period tried."
    law = f"{name}({variable}) = {units.polynomial(growth.coefficients, variable)}{_where(growth, variable)}"
    return f"{law}; fitted on {units.listed(growth.fitted)}, verified on {units.listed(growth.verified)}."


def _where(growth: Growth, variable: str) -> str:
    """On which sizes a law holds."""
    period = units.exact(growth.period)
    if growth.period == 1:
        sizes = ""
    elif growth.residue == 0:
        sizes = f" on multiples of {period}"
    else:
        sizes = f" where {variable} = {period}·k + {units.exact(growth.residue)}"
    return f"{sizes} for {variable} ≥ {units.exact(growth.since)}" if growth.since else sizes


def _overtaken(overtaking: Overtaking, variable: str) -> str:
    """A crossing in words: ``Attention costs more MACs than all the rest from n = 4,609 on``."""
    attention = units.polynomial(overtaking.attention, variable)
    rest = units.polynomial(overtaking.rest, variable)
    if overtaking.size is None:
        return f"Attention ({attention} MACs) never overtakes the rest ({rest})."
    beyond = ", beyond the sizes counted" if overtaking.is_beyond else ""
    return (
        f"Attention ({attention} MACs) costs more than all the rest ({rest}) "
        f"from {variable} = {units.exact(overtaking.size)} on{beyond}."
    )
