"""The block of a model card: a section in Markdown, and what programs read of it in the card's front matter.

Accuracies are no part of it: those of a card are of its own weights, of which a count knows nothing. So nothing goes
into ``model-index`` either, whose entries are results on a data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from archstat import units
from archstat.documents.evidence import Evidence
from archstat.documents.front_matter import with_front_matter, yaml_entry
from archstat.documents.methods import methods
from archstat.documents.section import BEGIN, END
from archstat.files.text import json_text
from archstat.language import say
from archstat.published.names import display_name
from archstat.records import Measurement, ModelCost, Shape
from archstat.tables import Column, Table, measured_compare_table
from archstat.tables.columns import number
from archstat.tables.formats import in_markdown, markdown
from archstat.tables.quantities import (
    ACTIVATION_BYTES,
    EVERY_QUANTITY,
    FLOPS,
    MACS,
    PARAMETERS,
    PEAK_ACTIVATION_BYTES,
    Quantity,
)
from archstat.tables.selection import with_columns
from archstat.version import __version__

CARD_SCHEMA = "archstat.card/1"
"""The version of what programs read of a card; a new one whenever a key changes its meaning or goes."""

KEY = "archstat"
"""The key of the front matter under which all of it stands: the Hub keeps keys that it does not know."""

OF_CARDS = (PARAMETERS, MACS, FLOPS, ACTIVATION_BYTES, PEAK_ACTIVATION_BYTES)
"""The quantities of a card."""


# -- for people --------------------------------------------------------------------------------------------------------


def card_section(found: Sequence[Evidence]) -> str:
    """The section of a card, between the lines by which it is found again.

    Args:
        found: What is known of the networks; several have a heading each.
    """
    parts = [f"## {say('Model complexity')}"]
    for each in found:
        parts += [f"### {in_markdown(display_name(each.name))}"] if len(found) > 1 else []
        parts += _of_network(each)
    parts += map(in_markdown, methods(found, ()))  # the tables say what each quantity is
    return "\n\n".join([BEGIN, *parts, END]) + "\n"


def new_card(found: Sequence[Evidence]) -> str:
    """A whole card with nothing else in it, to begin with."""
    return with_front_matter(card_section(found), KEY, card_entry(found))


def _of_network(each: Evidence) -> Iterator[str]:
    """The lines of timm's cards, what was counted and what was measured."""
    lines = list(timm_lines(each.cost, each.timm_activations))
    if lines:
        yield "\n".join(["- **Model Stats:**", *(f"  - {line}" for line in lines)])
    yield markdown(_counts_table(each)).strip()
    if each.measurements:
        yield markdown(_measured_table(each.measurements)).strip()


def timm_lines(cost: ModelCost, activations: int | None = None) -> Iterator[str]:
    """The statistics of a network as the cards of timm's models print them; none of a batch, since timm's are of one.

    Args:
        cost: What the network costs.
        activations: What timm calls activations: the outputs of some of the layers, by the convention
            ``timm-activations``; ``None``: not known, and left out.
    """
    sizes = cost.input_shapes[0] if cost.input_shapes else ()
    if sizes[:1] != (1,):
        return
    yield f"Params (M): {_in_short(cost.parameters / 1e6)}"
    yield f"GMACs: {_in_short(cost.macs / 1e9)}"
    if activations is not None:
        yield f"Activations (M): {_in_short(activations / 1e6)}"
    if len(sizes) == 4:
        yield f"Image size: {sizes[2]} x {sizes[3]}"


def _in_short(value: float) -> str:
    """A number with one decimal, as timm has it; below a tenth with two digits, so that it is not shown as none."""
    return f"{value:.1f}" if value >= 0.1 or not value else f"{Decimal(f'{value:.2g}'):f}"


_COUNT_COLUMNS = (
    Column("quantity", "Quantity"),
    Column("amount", "Amount"),
    number("exact", "In full", str),
    Column("about", "What is counted", is_sentence=True),
)


def _counts_table(each: Evidence) -> Table:
    """A row for each quantity, with all of its digits and what it is."""
    cost, memory = each.cost, each.memory
    rows = [(one.label, one.show(value := getattr(cost, one.key)), _in_full(value, one), one.about) for one in OF_CARDS]
    if each.tally is not None and each.tally.number is not None:
        amount, name = each.tally.number, each.tally.convention
        rows.append((name, units.compact(amount), units.exact(amount), say("as {convention} counts", convention=name)))
    if memory is not None:
        peak = say("the peak with parameters, buffers and input")
        rows.append(_size_row(say("Parameter memory"), memory.parameter_bytes, say("the size of all parameters")))
        rows.append(_size_row(say("Memory in all"), memory.peak_bytes, peak))
    return Table(_COUNT_COLUMNS, tuple(rows))


def _size_row(label: str, size: int, about: str) -> tuple[str, str, str, str]:
    return label, units.data_size(size), f"{units.exact(size)} B", about


def _in_full(value: int, quantity: Quantity) -> str:
    """All digits of an amount; bytes with their unit."""
    return f"{units.exact(value)} B" if quantity.unit == "bytes" else units.exact(value)


_MEASURED = (
    "conditions",
    "input_shape",
    "latency_s",
    "half_width_s",
    "throughput",
    "peak_bytes",
    "energy_j",
    "power_w",
)


def _measured_table(measurements: Sequence[Measurement]) -> Table:
    """A row for each measurement; what its columns are stands in the methods."""
    table = with_columns(measured_compare_table(measurements), _MEASURED)
    return msgspec.structs.replace(table, notes=(), is_chosen=False)


# -- for programs ------------------------------------------------------------------------------------------------------


def card_json(found: Sequence[Evidence]) -> str:
    """The JSON of a card, with the paragraphs on how its numbers came about."""
    return json_text({"schema": CARD_SCHEMA, **_data(found), "methods": methods(found, OF_CARDS)}) + "\n"


def card_entry(found: Sequence[Evidence]) -> str:
    """The lines that a card's front matter takes."""
    return yaml_entry(KEY, {"schema": CARD_SCHEMA, **_data(found)})


def _data(found: Sequence[Evidence]) -> dict[str, Any]:
    return {"version": __version__, "networks": [_network(each) for each in found]}


def _network(each: Evidence) -> dict[str, Any]:
    """What programs read of a network: base units, and no key for what is not known."""
    cost, memory = each.cost, each.memory
    fields = {
        "name": each.name,
        "inputs": _shapes(cost.input_shapes),
        "dtype": cost.dtype,
        "counted_by": {name: value for name, value in msgspec.structs.asdict(each.counted_by).items() if value},
        **{one.key: getattr(cost, one.key) for one in EVERY_QUANTITY},
        "parameter_bytes": memory.parameter_bytes if memory is not None else None,
        "peak_bytes": memory.peak_bytes if memory is not None else None,
        "is_lower_bound": True if cost.uncounted else None,
        "convention": _convention(each),
        "measurements": [_measurement(one) for one in each.measurements] or None,
    }
    return _known(fields)


def _shapes(shapes: Sequence[Shape]) -> list[str]:
    return ["x".join(map(str, shape)) for shape in shapes]


def _convention(each: Evidence) -> dict[str, Any] | None:
    if each.tally is None or each.tally.number is None:
        return None
    return {"name": each.tally.convention, "number": each.tally.number}


def _measurement(each: Measurement) -> dict[str, Any]:
    """What was measured, and the codes of what must be known of it."""
    latency, memory, energy = each.latency, each.memory, each.energy
    interval = latency.interval if latency is not None else None
    fields = {
        "inputs": _shapes(each.input_shapes),
        **msgspec.structs.asdict(each.conditions),
        "torch": each.environment.software.torch,
        "started": each.environment.started,
        "latency_s": latency.median_s if latency is not None else None,
        "latency_interval_s": [interval.low, interval.high] if interval is not None else None,
        "samples": latency.n if latency is not None else None,
        "throughput": each.throughput,
        "peak_bytes": memory.peak_bytes if memory is not None else None,
        "input_j": energy.input_j if energy is not None else None,
        "power_w": energy.power_w if energy is not None else None,
        "reasons": list(dict.fromkeys(reason.code for reason in each.reasons)) or None,
    }
    return _known(fields)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
