"""Options of the commands that choose among networks, and the networks that they choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from archstat.cli._networks import analyse_quietly
from archstat.cli._options import cache_option
from archstat.errors import InputError

if TYPE_CHECKING:
    from archstat.finding.candidates import Choice
    from archstat.finding.ratings import RatedBy
    from archstat.store.questions import Limit
    from archstat.store.records import ListedResult

_Chooser = TypeVar("_Chooser", bound=Callable[..., Any])

_LIMITS = {
    "parameters": "parameters",
    "macs": "macs",
    "flops": "flops",
    "activations": "activations",
    "activation_memory": "activation_bytes",
    "peak_activation_memory": "peak_activation_bytes",
    "top1": "top1_accuracy",
    "top5": "top5_accuracy",
}
"""Quantities as options name them, and as a candidate has them."""

_EXAMPLES = {
    "parameters": "<6M",
    "activation_memory": "<100MB",
    "peak_activation_memory": "40MB",
    "top1": ">=76",
    "top5": ">=93",
}


def candidate_options(command: _Chooser) -> _Chooser:
    """Where networks come from, whose accuracies they have, and a limit on each quantity."""
    for name in reversed(_LIMITS):
        flag, like = f"--{name.replace('_', '-')}", _EXAMPLES.get(name, "<1G")
        command = click.option(flag, name, metavar="LIMIT", help=f"A limit, as '{like}'.")(command)
    for option in (
        cache_option,
        click.option("--accuracy", metavar="FILE.csv", help="Accuracies by name, as timm's results-imagenet.csv."),
        click.option("--evaluation", default="", metavar="NAME", help="Whose accuracies, as 'canziani2016'."),
        click.option("--batch-size", type=click.IntRange(1), help="Inputs at once; in a store that of most."),
        click.option("--store", "place", metavar="FILE|URL", help="Choose among the results of a store too."),
        click.argument("pattern", default=""),
    ):
        command = option(command)
    return command


def quantity_named(name: str) -> str:
    """A quantity as a candidate has it; users write ``top1`` and ``peak-activation-memory``.

    Raises:
        UnknownNameError: There is no such quantity.
    """
    from archstat.finding.choosing import check_quantity

    plain = name.strip().lower().replace("-", "_")
    quantity = _LIMITS.get(plain, plain)
    check_quantity(quantity)
    return quantity


def choice_for(
    pattern: str, place: str | None, evaluation: str, accuracy: str | None, batch_size: int | None
) -> Choice:
    """The networks to choose from, of ours and of a store, with their accuracies.

    Raises:
        ArchstatError: A store, a file or an evaluation cannot be read, or two sources of accuracies are named.
    """
    from archstat.finding.candidates import batch_size_of_most, choice_of
    from archstat.networks.settings import Setting
    from archstat.published.figures import counted, is_glob, select

    names = select(pattern) if is_glob(pattern) else [name for name in counted() if pattern in name]
    rows, shown = ([], "") if place is None else stored_rows(place, pattern)
    rated = rated_by([*names, *(row.network for row in rows)], evaluation, accuracy)
    batch = batch_size or batch_size_of_most(rows)
    networks = [analyse_quietly(name, Setting(batch_size=batch)) for name in names]
    return choice_of(networks, rows, shown, rated, batch)


def choice_in(
    place: str, limits: Sequence[str], evaluation: str, accuracy: str | None, batch_size: int | None
) -> Choice:
    """The results of a store of which limits hold, as ``macs<1G`` or ``top1>75``, with their accuracies.

    Raises:
        ArchstatError: A store, a file or an evaluation cannot be read, or a limit is none.
    """
    from archstat.finding.candidates import batch_size_of_most, choice_of
    from archstat.finding.choosing import within_limits
    from archstat.store.questions import parse_bound
    from archstat.store.records import ListedResult
    from archstat.store.store import columns_of

    columns = columns_of(ListedResult)
    asked = [parse_bound(each, {**columns, **dict.fromkeys((*_LIMITS, *_LIMITS.values()), float)}) for each in limits]
    meant = [msgspec.structs.replace(each, quantity=_LIMITS.get(each.quantity, each.quantity)) for each in asked]
    rows, shown = stored_rows(place, limits=[each for each in meant if each.quantity in columns])
    rated = rated_by([row.network for row in rows], evaluation, accuracy)
    choice = choice_of((), rows, shown, rated, batch_size or batch_size_of_most(rows))
    found = within_limits(choice.candidates, [each for each in meant if each.quantity not in columns])
    return msgspec.structs.replace(choice, candidates=tuple(found))


def rated_by(names: Sequence[str], evaluation: str, accuracy: str | None) -> RatedBy:
    """Whose accuracies networks have: those of a file, of the evaluation that is named, or of the one with most.

    Raises:
        InputError: Both a file and an evaluation are named.
        DataError: The file cannot be read.
    """
    from archstat.finding.ratings import of_evaluation, of_file

    if accuracy is not None and evaluation:
        raise InputError("Accuracies come from one source: '--accuracy' or '--evaluation', not both.")
    return of_evaluation(evaluation, names) if accuracy is None else of_file(Path(accuracy))


def stored_rows(place: str, pattern: str = "", limits: Sequence[Limit] = ()) -> tuple[list[ListedResult], str]:
    """The results of a store that have not failed, and the store as it may be shown."""
    from archstat.store.questions import Wanted
    from archstat.store.store import Store

    with Store(place) as store:
        return store.results(Wanted(pattern, tuple(limits), has_failed=False)), store.place


def limits_of(given: dict[str, str | None]) -> list[Limit]:
    """The limits that options set."""
    from archstat.store.questions import bound_on

    return [bound_on(_LIMITS[name], text, float) for name, text in given.items() if text is not None]
