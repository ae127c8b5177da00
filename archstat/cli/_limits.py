"""Limits that a command holds a network to: ``--max macs=4.1G``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archstat.cli._options import Command
from archstat.cli._streams import tell

if TYPE_CHECKING:
    from archstat.analysis.network import Network


def max_option(command: Command) -> Command:
    """``--max``, which may stand several times."""
    told = "Exit with 1 where the network has more, as 'macs=4.1G' or 'peak_activation_bytes=12MiB'."
    return click.option("--max", "limits", multiple=True, metavar="QUANTITY=LIMIT", help=told)(command)


def parse_limits(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Quantities, each with its limit.

    Raises:
        UsageError: A text is no quantity and limit.
        ArchstatError: There is no such quantity, or the limit is no number of its unit.
    """
    if not texts:
        return []
    from archstat.claims.spending import check_limit

    limits = [_parsed(text) for text in texts]
    for quantity, stated in limits:
        check_limit(quantity, stated)
    return limits


def _parsed(text: str) -> tuple[str, str]:
    quantity, sign, limit = (part.strip() for part in text.partition("="))
    if not (quantity and sign and limit) or limit[0] in "<>=≤≥":
        raise click.UsageError(f"'--max {text}' is no limit: write it as '--max macs=4.1G'.")
    return quantity, f"<= {limit}"


def is_within(network: Network, limits: list[tuple[str, str]]) -> bool:
    """Whether a network has no more than its limits; stderr has a sentence for each that is broken."""
    if not limits:
        return True
    from archstat.claims.spending import excess

    broken = [said for quantity, stated in limits if (said := excess(network, quantity, stated))]
    for said in broken:
        tell(f"{said}.")
    return not broken
