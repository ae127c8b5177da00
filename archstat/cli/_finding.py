"""Options of the commands that choose among networks, and the networks that they choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from archstat.cli._networks import analyse_typed
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


accuracy_option = click.option(
    "--accuracy",
    "accuracies",
    multiple=True,
    metavar="FILE.csv|NAME=PERCENT",
    help="Accuracies by name, as timm's results-imagenet.csv, or one of your own, as 'my=76.4'.",
)


def candidate_options(command: _Chooser) -> _Chooser:
    """Where networks come from, whose accuracies they have, and a limit on each quantity."""
    for name in reversed(_LIMITS):
        flag, like = f"--{name.replace('_', '-')}", _EXAMPLES.get(name, "<1G")
        command = click.option(flag, name, metavar="LIMIT", help=f"A limit, as '{like}'.")(command)
    for option in (
        cache_option,
        accuracy_option,
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
    pattern: str, place: str | None, evaluation: str, accuracies: Sequence[str], batch_size: int | None
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
    rated = rated_by([*names, *(row.network for row in rows)], evaluation, accuracies)
    batch = batch_size or batch_size_of_most(rows)
    networks = [analyse_typed(name, Setting(batch_size=batch)) for name in names]
    return choice_of(networks, rows, shown, rated, batch)


def choice_in(
    place: str,
    limits: Sequence[str] = (),
    evaluation: str = "",
    accuracies: Sequence[str] = (),
    batch_size: int | None = None,
    beside: Sequence[str] = (),
) -> Choice:
    """The results of a store of which limits hold, as ``macs<1G`` or ``top1>75``, with their accuracies.

    Args:
        place: The store.
        limits: What must hold.
        evaluation: Whose accuracies; ``""``: of the one that has most of the networks.
        accuracies: What a user knows of accuracies.
        batch_size: How many inputs at once; ``None``: as most results have.
        beside: Networks beside those of the store of which an accuracy may be stated.

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
    rated = rated_by([*(row.network for row in rows), *beside], evaluation, accuracies)
    choice = choice_of((), rows, shown, rated, batch_size or batch_size_of_most(rows))
    found = within_limits(choice.candidates, [each for each in meant if each.quantity not in columns])
    return msgspec.structs.replace(choice, candidates=tuple(found))


def rated_by(names: Sequence[str], evaluation: str, accuracies: Sequence[str]) -> RatedBy:
    """Whose accuracies networks have: those of files, of the evaluation that is named, or of the one with most.

    What is stated of one network counts before all of these.

    Raises:
        InputError: Both a file and an evaluation are named.
        DataError: A file cannot be read, or what is stated is no percentage.
        UnknownNameError: Something is stated of a network that is not among them.
    """
    from archstat.finding.ratings import is_stated, of_evaluation, together

    own = own_ratings(names, accuracies)
    has_file = not all(map(is_stated, accuracies))
    if has_file and evaluation:
        raise InputError("Accuracies come from one source: '--accuracy FILE' or '--evaluation', not both.")
    return own if has_file else together([own, of_evaluation(evaluation, names)])


def own_ratings(names: Sequence[str], accuracies: Sequence[str]) -> RatedBy:
    """What a user knows of the accuracy of networks: what they state, then what their files say.

    Raises:
        DataError: A file cannot be read, or what is stated is no percentage.
        UnknownNameError: Something is stated of a network that is not among them.
    """
    from archstat.finding.ratings import is_stated, of_file, stated, together

    by_hand = [stated(each, names) for each in accuracies if is_stated(each)]
    return together([*by_hand, *(of_file(Path(each)) for each in accuracies if not is_stated(each))])


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
