"""An A/A test: how small a difference a machine can see, and whether it sees one where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from archstat.errors import InputError
from archstat.language import recorded
from archstat.measuring import statistics
from archstat.measuring.environment.devices import check_precision, check_threads, find_device
from archstat.measuring.environment.noise import noise_reasons
from archstat.measuring.environment.record import Surroundings, switches
from archstat.measuring.isolation import without_collection
from archstat.measuring.latency import UNLIKE_ROUNDS
from archstat.measuring.prepared import Prepared, build_for_device, conditions_of, drawn_inputs
from archstat.measuring.protocols import Clock, HostClock, Progress, Repeatable, seconds_of, silent
from archstat.networks import sources
from archstat.networks.input_specs import InputSpec
from archstat.networks.settings import MeasureSetting
from archstat.records import Conditions, Environment, Reason, SelfTest

NETWORK = "resnet18"
"""Long enough for the clock, short enough for many pairs, of common layers."""
FEWEST_PAIRS = 40
LEAST_PAIRS = 10
"""From so few on a median has a useful interval: a machine that is too busy for more gets its verdict too."""
WARM_UP_PAIRS = 3
STRETCHES = 5


def run_selftest(how: MeasureSetting, clock: Clock | None = None, progress: Progress = silent) -> SelfTest:
    """Measure two copies of a network by turns, for as long as the setting says.

    Raises:
        InputError: There is no such device, or the time is too short.
    """
    clock, device = clock or HostClock(), find_device(how.device)
    check_precision(device, how.precision)
    check_threads(device, how.threads)
    conditions = conditions_of(how, device, how.batch_sizes[0])
    with switches(device, how.precision, conditions.threads):
        surroundings = Surroundings(how.seed)
        source = sources.find(NETWORK)
        inputs = [InputSpec(source.input_shape or ())]
        models = [build_for_device(source, how, device) for _ in range(2)]
        first, second = (
            Prepared(NETWORK, model, drawn_inputs(model, inputs, conditions.batch_size, how, device).args, conditions)
            for model in models
        )
        pairs = take_pairs(first, second, how.max_s, clock, progress)
        return compare_pairs(pairs, conditions, surroundings.finish(device, first.grad_mode))


def take_pairs(
    first: Repeatable, second: Repeatable, seconds: float, clock: Clock, progress: Progress = silent
) -> list[tuple[float, float]]:
    """The times of both, one right after the other; which of them comes first changes from pair to pair.

    Raises:
        InputError: The time is not enough for any verdict.
    """
    pairs: list[tuple[float, float]] = []
    begun, passed = clock.now_ns(), 0.0
    with without_collection():
        for number in itertools.count(-WARM_UP_PAIRS):
            if passed >= seconds:
                break
            # By turns: to be the second may help or harm, and so it does both alike.
            times = [seconds_of(work, clock) for work in ((first, second) if number % 2 else (second, first))]
            if number >= 0:
                pairs.append((times[0], times[1]) if number % 2 else (times[1], times[0]))
            passed = (clock.now_ns() - begun) / 1e9
            progress("self-test", min(passed / seconds, 1.0))
    if len(pairs) < LEAST_PAIRS:
        raise InputError(
            f"{seconds:g} s are enough for {len(pairs)} pairs, {FEWEST_PAIRS} are needed: give it more time.",
            helps={"max_s": ""},
        )
    return pairs


def _noisy(pairs: int, spread: float) -> tuple[Reason, ...]:
    """What makes a verdict doubtful: too few pairs, or stretches of time that differ."""
    few = recorded(
        "There was time for {count} pairs only, {number} make a verdict sharp: give it more time.",
        count=pairs,
        number=FEWEST_PAIRS,
    )
    differ = recorded(
        "The host is not quiet: the medians of {count} stretches of time differ by {size}.",
        count=STRETCHES,
        size=f"{spread:.1%}",
    )
    return (
        *((Reason("TOO_FEW_SAMPLES", few),) if pairs < FEWEST_PAIRS else ()),
        *((Reason("HOST_NOISY", differ),) if spread > UNLIKE_ROUNDS else ()),
    )


def compare_pairs(pairs: Sequence[tuple[float, float]], conditions: Conditions, environment: Environment) -> SelfTest:
    """What the pairs say of the machine."""
    first, second = ([pair[place] for pair in pairs] for place in (0, 1))
    ratios = [other / one for one, other in pairs]
    interval, _ = statistics.interval_of_median(ratios)
    assert interval is not None  # ten pairs have one
    size = len(pairs) // STRETCHES
    spread = statistics.spread([statistics.median(first[at * size : (at + 1) * size]) for at in range(STRETCHES)])
    noisy = _noisy(len(pairs), spread)
    return SelfTest(
        architecture=NETWORK,
        conditions=conditions,
        pairs=len(pairs),
        first_s=statistics.median(first),
        second_s=statistics.median(second),
        ratio=statistics.median(ratios),
        interval=interval,
        least_ratio=min(second) / min(first),
        round_spread=spread,
        environment=environment,
        reasons=(*noisy, *noise_reasons(environment.noise, environment.host)),
    )
