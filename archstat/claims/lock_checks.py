"""Locks, checked: what each network costs now, and whether it costs more than it did."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from archstat.analysis.network import Analyse
from archstat.claims.findings import Finding, failed
from archstat.claims.growth import TOTALS, Allowance, Allowances, allowed, growth
from archstat.claims.locks import Lock, LockedNetwork
from archstat.claims.statements import shown_value
from archstat.errors import ArchstatError, DataError, quoted
from archstat.language import recorded
from archstat.networks.beside import from_folder, setting_from_folder
from archstat.quantities import unit_of
from archstat.records import ModelCost


def check_lock(
    lock: Lock,
    analyse: Analyse,
    given: Allowances,
    *,
    keeps_going: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Finding]:
    """The findings of a lock: one for each total of each network, and one for a network that cannot be counted.

    Args:
        lock: The lock.
        analyse: Counts a network, within the reach of the lock.
        given: By how much totals may grow, over what the lock says.
        keeps_going: A network that cannot be counted is a finding of its own, and the rest is checked.
        clock: Tells seconds.

    Raises:
        DataError: A network cannot be counted; the message says which, and in which line.
    """
    may = {**lock.allowances, **given}
    if "" in given:  # what is said now, of all, is said of those that the lock names too
        may = dict(given)
    findings: list[Finding] = []
    for network in lock.networks:
        start = clock()
        try:
            found = _compared(lock, network, counted_now(lock, network, analyse), may)
        except ArchstatError as error:
            if not keeps_going:
                where = f"{lock.path}:{network.line}: network {quoted(network.label)}"
                raise DataError(f"{where}: {error}", helps=error.helps) from error
            found = [failed(lock.path, network.line, network.label, error, is_locked=True)]
        time_s = (clock() - start) / len(found)
        findings += [msgspec.structs.replace(finding, time_s=time_s) for finding in found]
    return findings


def counted_now(lock: Lock, network: LockedNetwork, analyse: Analyse) -> ModelCost:
    """What a network of a lock costs now, on the input that it was locked with.

    Args:
        lock: The lock; paths begin at its folder.
        network: One of its networks.
        analyse: Counts a network, within the reach of the lock.

    Raises:
        ArchstatError: The network cannot be counted.
    """
    folder = Path(lock.path).parent
    return analyse(from_folder(network.name, folder), setting_from_folder(network.how.setting, folder)).cost


def _compared(lock: Lock, network: LockedNetwork, cost: ModelCost, may: Allowances) -> list[Finding]:
    return [_total(lock, network, cost, total, allowed(total, may)) for total in TOTALS]


def _total(lock: Lock, network: LockedNetwork, cost: ModelCost, total: str, may: Allowance) -> Finding:
    """What one total comes to now."""
    grown = growth(network, cost, total)
    unit = unit_of(total)
    before, computed = (shown_value(number, "", unit) for number in (grown.before, grown.after))
    stated = f"<= {before}"
    if may.share or may.amount:
        stated = recorded("<= {amount} and {more} more", amount=before, more=may.text)
    verdict = may.verdict(grown.before, grown.after)
    said = _said_of(grown.after < grown.before, may, holds=verdict == "holds")
    return Finding(
        lock.path,
        network.line,
        f"{network.label}: {total}",
        text="",
        source="",
        stated=stated,
        computed=computed,
        verdict=verdict,
        expected="holds",
        message="" if verdict == "exact" else f"{grown.text}; {said}",
        is_locked=True,
    )


def _said_of(is_less: bool, may: Allowance, *, holds: bool) -> str:
    if is_less:
        return recorded("it costs less than the lock says")
    is_some = holds or may.text != "nothing"
    return recorded("{amount} more is allowed", amount=may.text) if is_some else recorded("no more is allowed")
