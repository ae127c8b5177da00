"""What the commands that measure share: their options, the session and its progress, and where results are kept."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from archstat.cli._names import is_saved
from archstat.cli._options import Command, wrote
from archstat.errors import ForwardError, InputError, OutputError, quoted
from archstat.records import PRECISIONS

if TYPE_CHECKING:
    from archstat.measuring.protocols import Progress
    from archstat.measuring.session import Session
    from archstat.networks.settings import MeasureSetting
    from archstat.records import Measurement
    from archstat.tables import Table


def device_options(command: Command) -> Command:
    """``--device``, ``--dtype`` and ``--threads``."""
    for option in (
        click.option(
            "--threads", type=click.IntRange(1, 1024), help="On a CPU; one for each physical core if none is given."
        ),
        click.option(
            "--dtype",
            "precision",
            type=click.Choice(PRECISIONS),
            default="fp32",
            show_default=True,
            help="How numbers are represented.",
        ),
        click.option("--device", default="cpu", show_default=True, help="The CPU, or a GPU: cpu, cuda, cuda:1."),
    ):
        command = option(command)
    return command


class Seconds(click.FloatRange):
    """A time above nothing that has an end."""

    name = "seconds"

    def __init__(self, least: float = 0) -> None:
        """From so many seconds, which 0 is not one of, up to a day."""
        super().__init__(least, 86_400, min_open=not least)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, which 'nan' is not."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{quoted(value)} is no time.", param, ctx)
        return seconds


def time_option(seconds: float, what: str) -> Callable[[Command], Command]:
    """``--max-time``, by default so many seconds."""
    return click.option(
        "--max-time", "max_s", type=Seconds(), default=seconds, show_default=True, metavar="SECONDS", help=what
    )


def setting_of(batch_sizes: str = "1", **given: Any) -> MeasureSetting:
    """The options as a setting.

    Raises:
        InputError: A batch size is no whole number from 1 on.
    """
    from archstat.networks.settings import MeasureSetting, parse_sizes

    return MeasureSetting(batch_sizes=parse_sizes(batch_sizes), **given)


def session_of(
    names: Sequence[str],
    progress: Progress,
    *,
    inputs: tuple[str, ...],
    resolution: int | None,
    sequence: int | None,
    **given: Any,
) -> Session:
    """What is to be measured; all that can be wrong with the options is found out here."""
    from archstat.files.text import encoded
    from archstat.measuring.session import Session
    from archstat.networks.input_specs import parse_input
    from archstat.networks.settings import Setting
    from archstat.published.figures import expand

    for name in names:
        if is_saved(name):
            raise InputError(f"{quoted(name)} is a saved result, which cannot run: name the network itself.")
    encoded(names)  # a name that no JSON can hold is known before it is measured
    setting = Setting(tuple(map(parse_input, inputs)), resolution, sequence=sequence)
    with contextlib.redirect_stdout(sys.stderr):  # what a network's code prints is no result
        return Session.of(expand(names), setting, setting_of(**given), progress=progress)


class Finished(NamedTuple):
    """What was measured.

    Attributes:
        measured: Every measurement.
        unsaved: Why some are in no file; ``None``: all that were to be are.
    """

    measured: list[Measurement]
    unsaved: OutputError | None = None


def finish(session: Session, folder: Path | None, output: Path | None) -> Finished:
    """Every measurement, each written into the folder as soon as it is there.

    Raises:
        OutputError: The folder cannot be made, or nothing can be written there or into the file, which is found out
            first.
        ForwardError: No network could be run at all.
    """
    from archstat.files.saving import check_place, make_folder

    if output is not None:
        check_place(output)
    if folder is not None:
        make_folder(folder)
    measured, unsaved = [], None
    with contextlib.redirect_stdout(sys.stderr):
        for measurement in session.measurements():
            measured.append(measurement)
            try:
                if folder is not None and measurement.failure is None:
                    _keep(measurement, folder)
            except OutputError as error:  # the numbers are not lost: they are shown before it is told
                unsaved = error
    failures = [each.failure for each in measured if each.failure is not None]
    if failures and len(failures) == len(measured):
        raise ForwardError(failures[0].text)
    return Finished(measured, unsaved)


def _keep(measurement: Measurement, folder: Path) -> None:
    """Write a result under a name of its own; one that is there already stays."""
    from archstat.files.results import measurements_to_json
    from archstat.files.saving import write_new

    conditions = measurement.conditions
    name = re.sub(r"[^\w.=-]+", "-", measurement.architecture).strip("-.")[:100]
    stem = f"{name}-{conditions.device}-{conditions.precision}-b{conditions.batch_size}"
    paths = (folder / f"{stem}{'' if n == 1 else f'-{n}'}.json" for n in itertools.count(1))
    wrote([write_new(paths, measurements_to_json([measurement]) + "\n")])


def layer_tables(session: Session, measured: Sequence[Measurement]) -> list[Table]:
    """The layers of each measurement beside their work, as 'archstat roofline' shows them."""
    from archstat.tables import measured_table

    return [measured_table(*session.work_of(each), each, each.peaks) for each in measured if each.layers is not None]


INTERRUPTED, NO_ENERGY, NOTHING = 130, 3, 2


def exit_code_of(session: Session, measured: Sequence[Measurement], *, wants_energy: bool) -> int:
    """0, or what a script must know."""
    if session.is_interrupted:
        return INTERRUPTED
    if all(each.latency is None for each in measured):
        return NOTHING
    has_energy = all(each.energy is not None and each.energy.pass_j is not None for each in measured)
    return NO_ENERGY if wants_energy and not has_energy else 0


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr if that is a terminal; it is drawn when it is told something and never in between."""
    from archstat.measuring.protocols import silent

    if sys.stderr is None or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )  # what is left nobody knows
    with Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task, drawn = bar.add_task("", total=1.0), 0.0

        def tell(part: str, share: float) -> None:
            nonlocal drawn
            if share in {0.0, 1.0} or time.monotonic() - drawn > _REDRAW_S:
                drawn = time.monotonic()
                bar.update(task, description=part, completed=share, refresh=True)

        yield tell


_REDRAW_S = 0.2
