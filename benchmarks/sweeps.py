"""How long a sweep takes, here and on a cluster, what it takes of memory, and what is lost when it is killed.

Run: ``python benchmarks/sweeps.py 'timm:*'``; with ``--rows 100000`` also how fast a store is with so many.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

import archstat
from archstat.store.questions import Wanted, parse_bound
from archstat.store.records import ListedResult, StoredResult, Versions
from archstat.store.store import Store, columns_of

KILLS = 20


def command(names: list[str], place: Path, *more: str) -> list[str]:
    """A sweep of networks into a store."""
    return [sys.executable, "-m", "archstat", "sweep", *names, "--store", str(place), *more]


def memory_of(process: psutil.Process) -> int:
    """The memory of a process and of all that it has started."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += each.memory_info().rss
    return total


def timed(words: list[str]) -> tuple[float, int]:
    """How long a command takes, and the most memory of its processes together."""
    start, most = time.perf_counter(), 0
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            most = max(most, memory_of(psutil.Process(process.pid)))
        except psutil.Error:
            break
        time.sleep(0.5)
    if process.wait():
        raise SystemExit(f"{' '.join(words)} failed")
    return time.perf_counter() - start, most


def rows_of(place: Path) -> list[ListedResult]:
    """What a store has."""
    with Store(place) as store:
        return store.results()


def totals(place: Path) -> list[tuple[str, int | None, int | None]]:
    """The networks of a store and their totals, by name."""
    return sorted((row.network, row.macs, row.parameters) for row in rows_of(place))


def on_cluster(names: list[str], place: Path) -> float:
    """How long the sweep takes on a Dask cluster of two local workers."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        return timed(command(names, place, "--scheduler", cluster.scheduler_address))[0]


def killed(names: list[str], place: Path, longest_s: float) -> int:
    """How many rows are there after a sweep was killed again and again, and run to its end."""
    chance = random.Random(1)  # noqa: S311 - the same moments each time
    for _ in range(KILLS):
        process = subprocess.Popen(command(names, place), stdout=subprocess.DEVNULL)
        timer = threading.Timer(chance.uniform(1.0, longest_s), os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        process.wait()
        timer.cancel()
    timed(command(names, place))
    return len(rows_of(place))


def many(rows: int) -> Iterator[StoredResult]:
    """As many results, each with the cost of ResNet-50 and a number of its own."""
    cost = archstat.count("resnet50")
    for number in range(rows):
        changed = msgspec.structs.replace(cost, macs=cost.macs + number)
        yield StoredResult(f"timm:net{number}", "", Versions(), changed)


def of_store(folder: Path, rows: int) -> None:
    """Print how long a store takes for so many rows."""
    with Store(folder / "many.db", is_made=True) as store:
        start = time.perf_counter()
        store.add(many(rows))
        print(f"{rows:,} rows stored in {time.perf_counter() - start:.1f} s")
        limit = parse_bound("macs>3.85e9", columns_of(ListedResult))
        start = time.perf_counter()
        found = store.results(Wanted("timm:*", (limit,), sort="macs", most=100))
        print(f"the first {len(found)} of a filtered and sorted listing in {time.perf_counter() - start:.3f} s")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--skip-kills", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, most = timed(command(given.names, folder / "here.db"))
        rows = rows_of(folder / "here.db")
        failed = sum(bool(row.failure_kind) for row in rows)
        print(f"here: {len(rows):,} networks, {failed} failed, {first:.0f} s, {most / 1e9:.2f} GB at the most")
        timed(command(given.names, folder / "here.db"))
        print(f"again: {timed(command(given.names, folder / 'here.db'))[0]:.1f} s")
        print(f"on a cluster of two local workers: {on_cluster(given.names, folder / 'there.db'):.0f} s")
        print(f"the same totals: {totals(folder / 'here.db') == totals(folder / 'there.db')}")
        if not given.skip_kills:
            there = killed(given.names, folder / "killed.db", first / 5)
            print(
                f"killed {KILLS} times: {there:,} rows, the same totals: "
                f"{totals(folder / 'here.db') == totals(folder / 'killed.db')}"
            )
        if given.rows:
            of_store(folder, given.rows)


if __name__ == "__main__":
    main()
