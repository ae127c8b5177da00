"""Networks to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archstat import units
from archstat.finding.candidates import Candidate, Choice
from archstat.language import retold, say
from archstat.tables.columns import Column, Table, number, path
from archstat.tables.quantities import ACTIVATION_BYTES
from archstat.tables.results import setting_in_words

_COLUMNS = (
    path("network", "Network"),
    Column("setting", "Setting", setting_in_words, gives_way=5, is_condition=True),
    Column("origin", "From", gives_way=7, is_condition=True),
    Column("input_shapes", "Input", lambda shapes: shapes.replace("x", "×"), gives_way=4, is_condition=True),
    number("batch_size", "Batch", units.exact, gives_way=8),
    number("parameters", "Params"),
    number("macs", "MACs"),
    number("flops", "FLOPs", gives_way=6),
    number("activations", "Activations", gives_way=3),
    ACTIVATION_BYTES.column(gives_way=2),
    number("peak_activation_bytes", "Peak", units.data_size, gives_way=1),
    Column("is_lower_bound", "Lower bound", lambda is_so: say("yes") if is_so else say("no"), gives_way=9),
    number("top1_accuracy", "Top-1 %", lambda share: f"{share:.2f}"),
    number("top5_accuracy", "Top-5 %", lambda share: f"{share:.2f}", gives_way=3),
    Column("weights", "Weights", gives_way=5),
)
assert [column.key for column in _COLUMNS] == list(Candidate.__struct_fields__)


def named(each: Candidate) -> str:
    """The name of a network, with what was varied of its input."""
    return f"{each.network} ({setting_in_words(each.setting)})" if each.setting else each.network


def candidates_table(found: Sequence[Candidate], choice: Choice, *, is_full: bool = False) -> Table:
    """One row for each network that was chosen.

    Args:
        found: The networks, in order.
        choice: What there was to choose from.
        is_full: With every column, also one that is empty or the same in all rows, as for a program.
    """
    rows = [msgspec.structs.astuple(each) for each in found]
    shown = [place for place, column in enumerate(_COLUMNS) if is_full or _tells(column, [row[place] for row in rows])]
    rated = any(each.top1_accuracy is not None for each in found)
    bound = any(each.is_lower_bound for each in found)
    unrated = say("None of them is rated by the source of accuracies. {source}", source=retold(choice.source))
    is_any_rated = any(each.top1_accuracy is not None for each in choice.candidates)
    notes = (
        say("{count} of {all} networks.", count=units.exact(len(found)), all=units.exact(len(choice.candidates)))
        if choice.candidates
        else say("No network has such a name, and a batch of that size."),
        retold(choice.source) if rated else unrated if choice.source and choice.candidates and not is_any_rated else "",
        _batches(choice),
        say("Some have ops that no rule counts: MACs and FLOPs are lower bounds there.") if bound else "",
    )
    return Table(
        tuple(_COLUMNS[place] for place in shown),
        tuple(tuple(row[place] for place in shown) for row in rows),
        notes=tuple(note for note in notes if note),
    )


def _batches(choice: Choice) -> str:
    """How many inputs at once, where that is not plain."""
    if choice.left_out == 1:
        return say("Amounts are for {inputs}; 1 result of other batch sizes left out.", inputs=_inputs(choice))
    if choice.left_out:
        return say(
            "Amounts are for {inputs}; {count} results of other batch sizes left out.",
            inputs=_inputs(choice),
            count=units.exact(choice.left_out),
        )
    return say("Amounts are for {inputs}.", inputs=_inputs(choice)) if choice.batch_size > 1 else ""


def _inputs(choice: Choice) -> str:
    if choice.batch_size == 1:
        return say("one input")
    return say("{count} inputs at once", count=units.exact(choice.batch_size))


_HIDDEN = {"setting": "", "batch_size": 1, "is_lower_bound": False}
"""What a column says in every row where it says nothing."""


def _tells(column: Column, values: Sequence[object]) -> bool:
    """Whether a column tells something."""
    if column.key == "origin":
        return len(set(values)) > 1
    if column.key in _HIDDEN:
        return any(value != _HIDDEN[column.key] for value in values)
    return any(value not in (None, "") for value in values) or not values
