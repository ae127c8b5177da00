"""Growth, judged: how a network has grown over what it did cost, against how much it may."""

from __future__ import annotations

from collections.abc import Callable

from archstat.analysis.network import Analyse
from archstat.claims.findings import Finding
from archstat.claims.growth import Counted, growth
from archstat.claims.growth_limits import GrowthLimit
from archstat.claims.operands import Operand
from archstat.claims.statements import shown_value
from archstat.language import recorded
from archstat.networks.settings import Setting
from archstat.quantities import unit_of


def place_in_words(operand: Operand) -> str:
    """A network, or a layer of it, in English."""
    if not operand.layer:
        return operand.architecture
    return recorded("{layer} of {network}", layer=operand.layer, network=operand.architecture)


def growth_finding(
    file: str,
    title: str,
    limit: GrowthLimit,
    analyse: Analyse,
    baseline: Callable[[str, str, Setting], Counted],
) -> Finding:
    """How a network has grown, against how much it may.

    Args:
        file: The file that the limit stands in.
        title: The title of the file.
        limit: The limit.
        analyse: Counts a network that the file names.
        baseline: From the path of a file, a name and a setting to what the network did cost.
    """
    operand = limit.operand
    cost = analyse(operand.architecture, operand.setting).cost
    before = baseline(limit.baseline, operand.architecture, operand.setting)
    grown = growth(before, cost, operand.quantity, operand.layer)
    return Finding(
        file,
        limit.line,
        limit.id,
        text="",
        source=limit.source,
        stated=limit.stated,
        computed=shown_value(grown.after, "", unit_of(operand.quantity)),
        verdict=limit.allowance.verdict(grown.before, grown.after),
        expected="holds",
        message=f"{place_in_words(operand)}: {grown.text}" if grown.before != grown.after else "",
        title=title,
    )
