"""The command ``archstat sweep``."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._cache import answers
from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._options import output_options, put_table
from archstat.cli._progress import StatusLine
from archstat.cli._store import store_option
from archstat.cli._streams import tell
from archstat.errors import InputError, quoted

if TYPE_CHECKING:
    from archstat.networks.settings import MeasureSetting
    from archstat.sweeping.sweep import Run, SweepProgress
    from archstat.sweeping.tasks import Limits

_TELL_S = 30.0
"""How often a log is told how far it is."""


@command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=NetworkName())
@click.option("--over", multiple=True, metavar="WHAT=VALUES", help="What varies, as resolution=224,288.")
@click.option("--measure", "quantities", metavar="WHAT,...", help="Measure latency, memory or energy; count nothing.")
@click.option("--threads", default="", metavar="N,...", help="With --measure: threads that work on one op.")
@store_option
@click.option("--jobs", type=click.IntRange(1), help="Processes at once; by default one for each core.")
@click.option("--timeout", type=click.FloatRange(1), default=120.0, show_default=True, help="Seconds for one task.")
@click.option("--memory-limit", metavar="SIZE", help="Memory for one task, as 4GiB; by default its share of all.")
@click.option("--scheduler", metavar="ADDRESS", help="Count on the Dask cluster there, as tcp://head:8786.")
@click.option("--retry", "retries", is_flag=True, help="Do again what failed before.")
@output_options
def sweep(
    names: tuple[str, ...],
    *,
    over: tuple[str, ...],
    quantities: str | None,
    threads: str,
    place: str,
    scheduler: str | None,
    retries: bool,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Count or measure thousands of networks, and put each result into a store at once.

    A NAME with * or ? stands for every network of that form: 'resnet*' of ours, 'timm:*' of a library. Values in braces
    are a space: './space.py:Net(width={16,32}, depth={2,4})' is four networks. What the store has is not done again, so
    that a sweep that was stopped goes on with the same command. A network that fails, takes too long or too much memory
    is stored with the reason, and stops nothing. Measuring is done one network after the other.

    'archstat results list' shows what came of it.

    Example: archstat sweep 'lenet*' --over batch_size=1,8 --store lenet.db
    """
    from archstat.networks.settings import Setting
    from archstat.store.store import Store
    from archstat.sweeping.plan import tasks_of
    from archstat.sweeping.sweep import sweep_into
    from archstat.tables.results import sweep_table

    ways = _ways(quantities, threads)
    if ways and scheduler is not None:
        raise InputError("Measuring is done on this machine: leave out '--scheduler'.")
    jobs, limits = _limits(is_alone=bool(ways), **given)
    bundles = tasks_of(names, over, _names_of, Setting(), ways)
    run = _run(scheduler, jobs, limits, is_alone=bool(ways))
    with Store(place, is_made=True) as store, _telling() as told:
        try:
            for progress in sweep_into(store, bundles, run, retries=retries):
                told(progress)
        except KeyboardInterrupt:
            tell("Stopped: the same command goes on where this one was.")
            raise
        put_table(sweep_table(store.place, progress), format_, output, is_exact=is_exact)


def _names_of(hub: str) -> Sequence[str]:
    """The names of a hub's networks, which are kept: to ask for them takes seconds."""
    from archstat.networks.settings import Setting

    def work_out() -> list[str]:
        from archstat.networks.hub import HUBS, names_in

        return names_in(HUBS.get(hub))

    return answers().answer("names", list[str], work_out, f"{hub}:*", Setting())


# -- what may be taken -------------------------------------------------------------------------------------------------


def _limits(*, jobs: int | None, timeout: float, memory_limit: str | None, is_alone: bool) -> tuple[int, Limits]:
    """How many processes, and what each may take."""
    import psutil

    from archstat.networks.settings import parse_limit
    from archstat.sweeping.tasks import Limits

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = 1 if is_alone else jobs or cores
    share = psutil.virtual_memory().total * 9 // 10 // count
    return count, Limits(timeout, share if memory_limit is None else parse_limit(memory_limit))


def _run(scheduler: str | None, jobs: int, limits: Limits, *, is_alone: bool) -> Run:
    """What does the tasks."""
    if scheduler is not None:
        from archstat.sweeping.cluster import run_on_cluster

        return lambda bundles: run_on_cluster(bundles, scheduler, limits)
    from archstat.sweeping.here import run_here

    if is_alone:
        from archstat.sweeping.alone import run_alone

        return lambda bundles: run_alone(bundles, limits)
    return lambda bundles: run_here(bundles, jobs, limits)


def _ways(quantities: str | None, threads: str) -> list[MeasureSetting]:
    """How to measure, once for each number of threads; none: nothing is measured.

    Raises:
        InputError: There is nothing of that name to measure, or threads are no numbers.
    """
    if quantities is None:
        if threads:
            raise InputError("'--threads' is of measuring: add '--measure latency'.")
        return []
    from archstat.networks.settings import MeasureSetting, parse_sizes

    asked = {each.strip() for each in quantities.split(",")}
    unknown = asked - {"latency", "memory", "energy"}
    if unknown:
        raise InputError(f"{quoted(min(unknown))} is nothing to measure: write 'latency', 'memory' or 'energy'.")
    numbers = parse_sizes(threads) if threads else (None,)
    return [MeasureSetting(threads=number, energy="energy" in asked) for number in numbers]


# -- how far it is -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _telling() -> Iterator[Callable[[SweepProgress], None]]:
    """Tell how far a sweep is: in a line that is written again on a terminal, every half minute in a log."""
    start, last = time.monotonic(), 0.0
    shown = StatusLine()

    def told(progress: SweepProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if not shown.is_shown and now - max(last, start) < _TELL_S:
            return
        last = now
        line = _line(progress, now - start)
        if shown.is_shown:
            shown.show(line)
        else:
            tell(line)

    try:
        yield told
    finally:
        shown.clear()


def _line(progress: SweepProgress, elapsed_s: float) -> str:
    """How far a sweep is, as ``120 done, 3 failed, 1,251 left, 4 min to go: timm:…``."""
    from archstat.files.text import printable

    parts = [f"{progress.done:,} done", f"{progress.failed:,} failed", f"{progress.left:,} left"]
    if progress.done:
        parts.append(f"{_rough(elapsed_s / progress.done * progress.left)} to go")
    return f"{', '.join(parts)}{f': {printable(progress.last)}' if progress.last else ''}"


def _rough(left_s: float) -> str:
    if left_s < 100:
        return f"{left_s:.0f} s"
    return f"{left_s / 60:.0f} min" if left_s < 6000 else f"{left_s / 3600:.1f} h"
