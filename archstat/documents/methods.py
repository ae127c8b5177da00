"""How numbers came about, as a paragraph of a paper: told from records, and nothing that no record says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from archstat import units
from archstat.documents.evidence import Evidence, names_of_evidence, programs_told
from archstat.files.choosing import conditions_text
from archstat.files.text import named_up_to
from archstat.finding.candidates import Choice, networks_of
from archstat.language import listed, message, retold, say
from archstat.published.names import display_name
from archstat.records import REASONS, RUN_FOR_REAL, Latency, Measurement, Software
from archstat.tables.measurements import energies_told, reasons_of
from archstat.tables.network import inputs_told, uncounted_in
from archstat.tables.networks import conventions_told
from archstat.tables.quantities import FLOPS, MACS, PARAMETERS, PEAK_ACTIVATION_BYTES, Quantity

_NAMED_MAX = 8
"""More names than these are counted and not listed."""

COUNTED = (PARAMETERS, MACS, FLOPS, PEAK_ACTIVATION_BYTES)
"""What papers print of a network, and so what is said to be."""


def methods(found: Sequence[Evidence], quantities: Sequence[Quantity] = COUNTED) -> tuple[str, ...]:
    """How the numbers of networks came about: a paragraph on the counts, and one for each way of measuring.

    Args:
        found: What is known of the networks.
        quantities: The quantities that are shown.
    """
    counts = " ".join(_counts(found, quantities))
    measurements = [each for one in found for each in one.measurements]
    return (*([counts] if counts else []), *measured_methods(measurements))


def measured_methods(measurements: Iterable[Measurement]) -> tuple[str, ...]:
    """How networks were measured: a paragraph for each device, its settings and its programs.

    Args:
        measurements: What was measured.
    """
    return tuple(" ".join(_measured(group)) for group in _alike(measurements))


def measured_briefly(measurements: Iterable[Measurement]) -> Iterator[str]:
    """Where networks were measured, and what their latency is: as much of the methods as stands under a table.

    Args:
        measurements: What was measured.
    """
    for group in _alike(measurements):
        yield " ".join([_ran(group), *_times([each.latency for each in group if each.latency is not None])])


def _alike(measurements: Iterable[Measurement]) -> Iterable[list[Measurement]]:
    """Measurements in groups: of one device, with its settings, by the same programs."""
    groups: dict[str, list[Measurement]] = {}
    for each in measurements:
        groups.setdefault(f"{_conditions(each)} {_run_by(each)}", []).append(each)
    return groups.values()


def stored_methods(choice: Choice, quantities: Sequence[Quantity] = COUNTED) -> tuple[str, ...]:
    """How the counts of a store came about, in which there may be thousands: a paragraph, or none of an empty one.

    Args:
        choice: The networks of the store.
        quantities: The quantities that are shown, and not told of elsewhere.
    """
    if not choice.candidates:
        return ()
    names = networks_of(choice.candidates)
    shapes = list(dict.fromkeys(each.input_shapes.replace("x", "×") for each in choice.candidates))
    told = say("They are for inputs of {shapes}.", shapes=_listed(shapes))
    return (" ".join([_recorded_by(names, programs_told(choice.counted_by)), told, *defined(quantities)]),)


# -- counts ------------------------------------------------------------------------------------------------------------


def _counts(found: Sequence[Evidence], quantities: Sequence[Quantity]) -> Iterator[str]:
    if not found:
        return
    yield from counted_by_told(found)
    yield from counted_inputs(found)
    yield from defined(quantities)
    yield from convention_told(found)
    yield from lower_bounds(found)
    yield from dict.fromkeys(retold(each) for one in found for each in one.cost.remarks)


def counted_by_told(found: Sequence[Evidence]) -> Iterator[str]:
    """What counts are sums of, and which programs recorded it; networks that had to be run are named."""
    run = [each for each in found if each.cost.forward == "real"]
    names, programs = names_of_evidence(found), programs_told(each.counted_by for each in found)
    if run:
        yield _recorded_by(names, programs)
        yield f"{_named(names_of_evidence(run))}: {retold(RUN_FOR_REAL)}"
    else:
        yield say(
            "The counts of {networks} are sums over the ops of one forward pass on tensors that have shapes and no "
            "values, recorded by {programs}.",
            networks=_named(names),
            programs=programs,
        )


def _recorded_by(names: Sequence[str], programs: str) -> str:
    return say(
        "The counts of {networks} are sums over the ops of one forward pass, recorded by {programs}.",
        networks=_named(names),
        programs=programs,
    )


def counted_inputs(found: Sequence[Evidence]) -> Iterator[str]:
    """What each network was counted on."""
    groups = _grouped(found, lambda each: f"{inputs_told(each.cost)}\0{each.cost.dtype}")
    for told, group in groups:
        shapes, _, dtype = told.partition("\0")
        if len(groups) == 1:
            yield say("They are for {input} in {dtype}.", input=shapes, dtype=dtype)
        else:
            names = _named(names_of_evidence(group))
            yield say("Those of {networks} are for {input} in {dtype}.", networks=names, input=shapes, dtype=dtype)


def defined(quantities: Iterable[Quantity]) -> Iterator[str]:
    """What each quantity is."""
    for each in quantities:
        yield say("{quantity}: {about}.", quantity=each.label, about=each.about)


def convention_told(found: Iterable[Evidence]) -> Iterator[str]:
    """What another convention counts, and of which networks it has no number."""
    tallies = [(each.name, each.tally) for each in found if each.tally is not None]
    yield from conventions_told(tally for _, tally in tallies)
    for network, tally in tallies:
        if tally.refusal:
            yield say(
                "{network}: what {convention} says cannot be told: {why}.",
                network=network,
                convention=tally.convention,
                why=retold(tally.refusal),
            )


def lower_bounds(found: Iterable[Evidence]) -> Iterator[str]:
    """The networks with ops that no rule counts."""
    for each in found:
        if each.cost.uncounted:
            yield say("{network}: not counted: {ops}.", network=each.name, ops=uncounted_in(each.cost))


# -- measurements ------------------------------------------------------------------------------------------------------


def _conditions(measurement: Measurement) -> str:
    return retold(conditions_text(measurement.conditions, has_batch=False))


def _run_by(measurement: Measurement) -> str:
    """The programs that ran, the way in which torch ran the network, and the system under them."""
    software, gpu = measurement.environment.software, measurement.environment.gpu
    driver = gpu.driver if gpu is not None else None
    parts = [*_versions(software), say("driver {version}", version=driver) if driver else ""]
    parts += [f"torch.{measurement.environment.numerics.grad_mode}", software.system]
    return ", ".join(filter(None, parts))


def _versions(software: Software) -> Iterator[str]:
    yield f"archstat {software.archstat}"
    yield f"torch {software.torch}"
    yield from (f"{name} {version}" for name, version in software.libraries.items() if name != "archstat")
    yield f"CUDA {software.cuda}" if software.cuda else ""
    yield f"cuDNN {software.cudnn}" if software.cudnn else ""
    yield f"Python {software.python}"


def _measured(group: Sequence[Measurement]) -> Iterator[str]:
    """The sentences on measurements of one device, by the same programs."""
    yield _ran(group)
    latencies = [each.latency for each in group if each.latency is not None]
    yield from _times(latencies)
    yield from _intervals(latencies)
    yield from _throughput(group)
    yield from _memory(group)
    yield from _energy(group)
    yield from _disturbances(group)


def _ran(group: Sequence[Measurement]) -> str:
    """Which networks ran where, on what, and under which programs."""
    return say(
        "{networks} ran on {conditions}, with inputs of {inputs} (batch {sizes}; {programs}; {dates}).",
        networks=_named(dict.fromkeys(each.architecture for each in group)),
        conditions=_conditions(group[0]),
        inputs=_listed(list(dict.fromkeys(_one_input(each) for each in group))),
        sizes=", ".join(units.exact(each) for each in sorted({each.conditions.batch_size for each in group})),
        programs=_run_by(group[0]),
        dates=_range(sorted({each.environment.started[:10] for each in group})),
    )


def _one_input(measurement: Measurement) -> str:
    """What goes in, without the batch."""
    return units.shapes(shape[1:] for shape in measurement.input_shapes)


def _range(values: Sequence[str], dash: str = " – ") -> str:
    """The first and the last of values."""
    return values[0] if values[0] == values[-1] else f"{values[0]}{dash}{values[-1]}"


def _between(numbers: Iterable[int]) -> str:
    found = sorted(numbers)
    return _range([units.exact(found[0]), units.exact(found[-1])], "–")


def _times(latencies: Sequence[Latency]) -> Iterator[str]:
    """The protocol of times."""
    if not latencies:
        return
    numbers = {
        "samples": _between(each.n for each in latencies),
        "rounds": _between(each.rounds for each in latencies),
        "calls": _between(each.warm_up_calls for each in latencies),
    }
    if all(each.block == 1 for each in latencies):
        yield say(
            "Latency is the median of single forward passes, each from its call until its result was there: {samples} "
            "passes in {rounds} rounds of time, after {calls} calls to warm up.",
            **numbers,
        )
    else:
        yield say(
            "Latency is the median of samples, each the mean of up to {block} forward passes in a row: {samples} "
            "samples in {rounds} rounds of time, after {calls} calls to warm up.",
            block=units.exact(max(each.block for each in latencies)),
            **numbers,
        )


_INTERVALS = {
    "batch medians": message("medians of batches of samples"),
    "round medians": message("medians of the rounds"),
    "order statistics": message("order statistics"),
    "trials": message("trials"),
}
"""What an interval was worked out from."""


def _intervals(latencies: Sequence[Latency]) -> Iterator[str]:
    ways = dict.fromkeys(each.interval.method for each in latencies if each.interval is not None)
    if not ways:
        return
    yield say("Its 95 % interval comes from {ways}.", ways=listed(say(_INTERVALS.get(each, each)) for each in ways))
    aims = sorted({each.target for each in latencies})
    aim = _range([units.percent(round(100 * each, 6)) for each in aims])
    if all(each.stopped_by == "precision" for each in latencies):
        yield say("Samples were taken until half of that interval was {percent} % of the median or less.", percent=aim)
    else:
        yield say("The aim was half of that interval at {percent} % of the median or less.", percent=aim)


def _throughput(group: Iterable[Measurement]) -> Iterator[str]:
    ran = [each for each in group if each.latency is not None]
    if ran and all(each.gpu is not None and each.gpu.pipelined_s is not None for each in ran):
        yield say("Inputs/s are those with a full queue.")


_METERED = {
    "profiler": message("the allocations that torch's profiler saw"),
    "allocator": message("the peak that CUDA's allocator keeps"),
}
"""Where the memory of a pass was read."""


def _memory(group: Iterable[Measurement]) -> Iterator[str]:
    memories = [each.memory for each in group if each.memory is not None]
    for way in dict.fromkeys(each.method for each in memories if each.method and each.peak_bytes is not None):
        what = say(_METERED[way])
        yield say("Measured memory is what a pass allocates at most, above parameters and inputs: {what}.", what=what)


def _energy(group: Sequence[Measurement]) -> Iterator[str]:
    yield from energies_told(group)
    met = [each.energy for each in group if each.energy is not None and each.energy.pass_j is not None]
    if not met:
        return
    windows = [trial.window_s for each in met for trial in each.trials]
    yield say(
        "Energy is the mean of {trials} windows of {time}, by the meter {meters}.",
        trials=_between(len(each.trials) for each in met),
        time=_range([units.seconds(each) for each in sorted(windows)]) if windows else "–",
        meters=listed(dict.fromkeys(each.source for each in met)),
    )


def _disturbances(group: Sequence[Measurement]) -> Iterator[str]:
    """What a reader must know of measurements, with those that it is about unless that is all."""
    about: dict[str, list[Measurement]] = {}
    for each in group:
        for code in dict.fromkeys(reason.code for reason in reasons_of(each)):
            about.setdefault(code, []).append(each)
    for code, members in about.items():
        meaning = say(REASONS[code].meaning)
        is_all = len(members) == len(group)
        yield meaning if is_all else f"{_listed(list(_runs(members)))}: {meaning}"


def _runs(measurements: Iterable[Measurement]) -> Iterator[str]:
    """Networks with the batches that they ran with."""
    batches: dict[str, list[str]] = {}
    for each in measurements:
        batches.setdefault(display_name(each.architecture), []).append(units.exact(each.conditions.batch_size))
    for network, sizes in batches.items():
        yield say("{network} at batch {batch}", network=network, batch=", ".join(sizes))


def _named(names: Iterable[str]) -> str:
    return _listed(list(map(display_name, names)))


def _listed(names: Sequence[str]) -> str:
    return (
        listed([", ".join(names[:-1]), names[-1]]) if 1 < len(names) <= _NAMED_MAX else named_up_to(names, _NAMED_MAX)
    )


def _grouped(found: Iterable[Evidence], told: Callable[[Evidence], str]) -> list[tuple[str, list[Evidence]]]:
    """Networks of which the same is said, in the order in which it is first said."""
    groups: dict[str, list[Evidence]] = {}
    for each in found:
        groups.setdefault(told(each), []).append(each)
    return list(groups.items())
