"""Several networks: a row for each, beside what was published of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from archstat import units
from archstat.analysis.network import Network
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import DataError
from archstat.files.text import named_up_to
from archstat.language import message, recorded, retold, say
from archstat.published.figures import ErrorRate, Figure, Published, Variant, counted, published, published_of
from archstat.published.protocols import error_under, protocol_for
from archstat.records import ModelCost, Tally
from archstat.tables import quantities
from archstat.tables.columns import Column, Row, Table, number, path, sort_rows
from archstat.tables.network import inputs_told, uncounted_in

_SHORT = {
    "all": "",
    "weights": message("(weights)"),
    "all+running": message("(+running)"),
    "conv+linear": "",
    "conv": message("(conv)"),
    "conv+linear+add": message("(+add)"),
    "conv+linear+norm": message("(+norm)"),
}
_MARKS = {"exact": "", "rounds": "", "truncated": "↓", "differs": "≠"}


_MEANINGS = {
    "conv": message("(conv): of the convolutions alone."),
    "conv+linear+add": message("(+add): with the residual additions."),
    "conv+linear+norm": message("(+norm): with one operation for each normalized or biased element."),
    "weights": message("(weights): without biases and norms."),
    "all+running": message("(+running): with the running means and variances."),
}
"""What stands in brackets behind a figure."""


def _printed(figure: Figure) -> str:
    """A figure, what it counts if that is not what stands beside it, and how our count relates to it."""
    return " ".join(filter(None, (figure.printed, say(_SHORT[figure.convention]), _MARKS[figure.verdict])))


_COMPARE_COLUMNS = (
    path("architecture", "Architecture"),
    Column("input_shape", "Input", units.shape, gives_way=1, is_condition=True),
    quantities.PARAMETERS.column(),
    Column("published_parameters", "published", _printed, least=30, continues=True),
    quantities.MACS.column(),
    Column("published_macs", "published", _printed, least=30, continues=True),
    quantities.FLOPS.column(gives_way=7),
    quantities.ACTIVATION_BYTES.column(gives_way=5),
    quantities.PEAK_ACTIVATION_BYTES.column(gives_way=6),
    number("top1_error", "Top-1 error %", units.percent, gives_way=2),
    number("top5_error", "Top-5 error %", units.percent, gives_way=4),
    Column("protocol", "Errors by", gives_way=3, is_condition=True),
)


def compare_table(
    costs: Sequence[ModelCost],
    *,
    sort: str | None = None,
    tallies: Sequence[Tally] = (),
    protocol: str = "",
    more: Mapping[str, Sequence[Any]] | None = None,
) -> Table:
    """One row for each network: its totals beside what was published of it.

    Args:
        costs: The networks.
        sort: The key of the column to sort by, largest first.
        tallies: The counts of these networks by another convention, to stand in a column of their own.
        protocol: The one under which errors are compared, or a part of its name; ``""``: that of most.
        more: The values of further columns, by their keys in :data:`MORE_OF_NETWORKS`, one for each network.

    Raises:
        UnknownNameError: There is no column to sort by of that name, or no such protocol.
    """
    abouts = list(map(published_of, costs))
    under = protocol_for(abouts, protocol)
    more = more or {}
    columns = (*_COMPARE_COLUMNS, *(number("by_convention", tally.convention) for tally in tallies[:1]))
    columns = (*columns, *(MORE_OF_NETWORKS[key] for key in more))
    numbers: Sequence[Row] = [(tally.number,) for tally in tallies] or [()] * len(costs)
    further = [tuple(values[place] for values in more.values()) for place in range(len(costs))]
    pairs = zip(costs, [(*a, *b) for a, b in zip(numbers, further, strict=True)], strict=True)
    rows = sort_rows(columns, [(*_compared(cost, under), *more) for cost, more in pairs], sort)
    told = [cost for cost in costs if len(cost.input_shapes) > 1 or cost.input_origin.startswith("assumed")]
    notes = [f"{cost.architecture}: {inputs_told(cost)}." for cost in told]  # its row has the first input alone
    notes += [
        say("{network}: not counted: {ops}.", network=cost.architecture, ops=uncounted_in(cost))
        for cost in costs
        if cost.uncounted
    ]
    others = [cost.architecture for cost, about in zip(costs, abouts, strict=True) if _has_other_errors(about, under)]
    notes += [*conventions_told(tallies), *map(_untold, costs[: len(tallies)], tallies)]
    reasons, errors = _reasons(rows), _under(under, others)
    about = {
        **dict.fromkeys(reasons, ("published_parameters", "published_macs")),
        **dict.fromkeys(errors, ("top1_error", "top5_error", "protocol")),
    }
    return Table(columns, rows, "", (*reasons, *filter(None, notes), *errors), notes_about=about)


def _factor(times: float) -> str:
    return f"{times:.3g}" if times < 1000 else units.compact(round(times))


_RATIOS = {
    quantities.PARAMETERS: message("Parameters ×"),
    quantities.MACS: message("MACs ×"),
    quantities.FLOPS: message("FLOPs ×"),
    quantities.ACTIVATIONS: message("Activations ×"),
    quantities.ACTIVATION_BYTES: message("Activation memory ×"),
    quantities.PEAK_ACTIVATION_BYTES: message("Peak memory ×"),
}


def _ratio(quantity: quantities.Quantity) -> Column:
    """The column of how many times as much a network has as the first."""
    return number(f"{quantity.key}_ratio", _RATIOS[quantity], _factor)


MORE_OF_NETWORKS = {
    "depth": number("depth", "Depth"),
    "weights": number("weights", "Weights"),
    **{f"{each.key}_ratio": _ratio(each) for each in _RATIOS},
}
"""Columns of networks that a table has where they are asked for: a ratio is that to the first network."""


def more_of_networks(keys: Iterable[str], networks: Sequence[Network]) -> dict[str, list[Any]]:
    """The values of further columns, one for each network.

    Args:
        keys: Keys of :data:`MORE_OF_NETWORKS`.
        networks: In the order in which they are compared.
    """
    return {key: [_further(key, each, networks[0]) for each in networks] for key in keys}


def _further(key: str, network: Network, first: Network) -> float | None:
    if key == "depth":
        try:
            return network.depth()
        except DataError:  # a saved cost has no graph
            return None
    if key == "weights":
        return sum(row.weights for row in network.cost.layers)
    quantity = key.removesuffix("_ratio")
    before: int = getattr(first.cost, quantity)
    return getattr(network.cost, quantity) / before if before else None


def _has_other_errors(about: Published | Variant | None, protocol: str) -> bool:
    """Whether errors of a network were published, and none under that protocol."""
    return about is not None and bool(about.errors) and error_under(about, protocol) is None


_NAMED_MAX = 8
"""More names than these are counted and not listed."""


def _under(protocol: str, others: Sequence[str]) -> list[str]:
    """By which protocol errors are, and who has only others."""
    if not protocol:
        return []
    if not others:
        return [say("Errors are those by {protocol}.", protocol=protocol)]
    return [
        say(
            "Errors are those by {protocol}; of {networks} there are only errors by other protocols, which do not "
            "compare.",
            protocol=protocol,
            networks=named_up_to(others, _NAMED_MAX),
        )
    ]


def _untold(cost: ModelCost, tally: Tally) -> str:
    """Why a network has no number by the convention."""
    if not tally.refusal:
        return ""
    return say(
        "{network}: what {convention} says cannot be told: {why}.",
        network=cost.architecture,
        convention=tally.convention,
        why=retold(tally.refusal),
    )


def conventions_told(tallies: Iterable[Tally]) -> list[str]:
    """What the conventions count, by which networks were counted."""
    names = dict.fromkeys(tally.convention for tally in tallies)
    return [f"{name}: {CONVENTIONS[name].unit} ({retold(CONVENTIONS[name].source)})." for name in names]


def _reasons(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """What marks mean, and why a printed figure is not ours rounded."""
    named = (
        (3, message("≠ {network}, parameters {figure}: {why}.")),
        (5, message("≠ {network}, MACs {figure}: {why}.")),
    )
    figures = [(row[0], told, row[place]) for row in rows for place, told in named if row[place]]
    conventions = {figure.convention for *_, figure in figures}
    meanings = [say(meaning) for each, meaning in _MEANINGS.items() if each in conventions]
    is_cut = any(figure.verdict == "truncated" for *_, figure in figures)
    cut = [say("↓ printed digits are cut off, not rounded.")] if is_cut else []
    return [
        *meanings,
        *cut,
        *(
            say(told, network=architecture, figure=figure.printed, why=retold(figure.why))
            for architecture, told, figure in figures
            if figure.verdict == "differs"
        ),
    ]


def _compared(cost: ModelCost, protocol: str) -> tuple[Any, ...]:
    error = error_under(published_of(cost), protocol) or ErrorRate("", "")
    shape = cost.input_shapes[0] if cost.input_shapes else ()
    return (
        cost.architecture,
        shape,
        cost.parameters,
        _figure("parameters", cost),
        cost.macs,
        _figure("macs", cost),
        cost.flops,
        cost.activation_bytes,
        cost.peak_activation_bytes,
        error.top1,
        error.top5,
        error.protocol or None,
    )


def _figure(name: str, cost: ModelCost) -> Figure | None:
    """What was published of this network or, if that is nothing, of the architecture that it is a variant of."""
    about = published_of(cost)
    other = published().get(cost.architecture.partition("(")[0])
    figure: Figure | None = getattr(about or other, name, None)
    if about is not None or figure is None:
        return figure
    why = recorded("published for another variant or input")
    return msgspec.structs.replace(figure, verdict=units.parse(figure.printed).verdict(getattr(cost, name)), why=why)


TASKS = (
    recorded("ImageNet classification"),
    recorded("CIFAR-10 classification"),
    recorded("MNIST classification"),
    recorded("super-resolution"),
    recorded("lecture example"),
)
"""What the architectures do, as the file of what was published says it."""

_LIST_COLUMNS = (
    path("architecture", "Architecture"),
    Column("year", "Year", least=4),
    Column("task", "Task", retold),
    Column("input_shape", "Input", units.shape, gives_way=1),
    quantities.PARAMETERS.column(),
    quantities.MACS.column(),
    Column("arguments", "Arguments", least=40, gives_way=2),
    Column("family", "Family", is_heading=True),
    Column("title", "Paper", is_heading=True),
    Column("authors", "Authors", is_heading=True),
)


def list_table(names: Iterable[str]) -> Table:
    """Architectures by family, with what they do, cost and come from."""
    rows = tuple(map(_listed, names))
    return Table(
        _LIST_COLUMNS, rows, notes=() if rows else (say("No architecture fits. 'archstat list' shows all of them."),)
    )


_HUB_COLUMNS = (path("name", "Network"),)


def hub_table(hub: str, about: str, names: Sequence[str]) -> Table:
    """The networks of a library, by the names that commands take.

    Args:
        hub: What stands before the colon.
        about: What the library has, in one line.
        names: The names behind the colon.
    """
    rows = tuple((f"{hub}:{name}",) for name in names)
    few = say("No network of {library} fits.", library=hub)
    notes = (say("{count} of {library}", count=f"{len(rows):,}", library=hub) if rows else few,)
    return Table(_HUB_COLUMNS, rows, f"{hub} · {say(about)}", notes)


def _listed(name: str) -> tuple[Any, ...]:
    about, own = published()[name], counted()[name]
    counts = (own.input_shape, own.parameters, own.macs, own.arguments)
    return (name, about.year, about.task, *counts, own.family, about.title, about.authors)
