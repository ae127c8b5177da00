"""Options of the commands that choose among networks, and the networks that they choose from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archstat.cli._networks import analyse_quietly
from archstat.cli._options import cache_option
from archstat.errors import InputError

if TYPE_CHECKING:
    from archstat.finding.candidates import Candidate
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


def candidates_for(
    pattern: str, place: str | None, evaluation: str, accuracy: str | None
) -> tuple[list[Candidate], RatedBy]:
    """The networks to choose from, and whose accuracies they have.

    Raises:
        ArchstatError: A store, a file or an evaluation cannot be read, or two sources of accuracies are named.
    """
    from archstat.finding.candidates import all_of
    from archstat.finding.ratings import of_evaluation, of_file
    from archstat.networks.settings import Setting
    from archstat.published.figures import counted, is_glob, select

    if accuracy is not None and evaluation:
        raise InputError("Accuracies come from one source: '--accuracy' or '--evaluation', not both.")
    names = select(pattern) if is_glob(pattern) else [name for name in counted() if pattern in name]
    rows, shown = ([], "") if place is None else _rows(place, pattern)
    every = [*names, *(row.network for row in rows)]
    rated = of_evaluation(evaluation, every) if accuracy is None else of_file(Path(accuracy))
    networks = [analyse_quietly(name, Setting()) for name in names]
    return all_of(networks, rows, shown, rated), rated


def _rows(place: str, pattern: str) -> tuple[list[ListedResult], str]:
    """The results of a store that have not failed, and the store as it may be shown."""
    from archstat.store.questions import Wanted
    from archstat.store.store import Store

    with Store(place) as store:
        return store.results(Wanted(pattern, has_failed=False)), store.place


def limits_of(given: dict[str, str | None]) -> list[Limit]:
    """The limits that options set."""
    from archstat.store.questions import bound_on

    return [bound_on(_LIMITS[name], text, float) for name, text in given.items() if text is not None]
