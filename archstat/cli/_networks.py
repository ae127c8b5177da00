"""From a name and the options of a command to what is known of the network; torch is imported no earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from archstat.cli._cache import answers
from archstat.cli._names import is_saved
from archstat.cli._options import is_given
from archstat.cli._progress import watched, watching
from archstat.errors import InputError, quoted
from archstat.networks.project import as_in_project

if TYPE_CHECKING:
    from archstat.analysis.network import Network
    from archstat.identifying import Identification
    from archstat.networks.settings import Setting, TrainingSetting
    from archstat.networks.trust import Reach
    from archstat.records import (
        BatchFit,
        Explanation,
        InferenceMemory,
        Measurement,
        ModelCost,
        Opinion,
        Peaks,
        TrainingCost,
    )
    from archstat.report.material import Material
    from archstat.scaling import Over, Scaling


def cost_named(name: str, **given: Any) -> ModelCost:
    """What the named network, or saved cost, costs with these options."""
    return network_of(name, **given).cost


def network_of(name: str, **given: Any) -> Network:
    """What is known of the named network, or saved cost, with these options."""
    return analyse_typed(name, _setting(**given))


def twin_of(name: str, **given: Any) -> Network | None:
    """What is known of the architecture that goes by the same name elsewhere, if there is one."""
    from archstat.published.figures import published

    about = published().get(name)
    return network_of(about.twin, **given) if about is not None and about.twin else None


def identified(name: str, number: str, *, is_thorough: bool, **given: Any) -> Identification:
    """Where a printed number of the named network comes from."""
    from archstat.identifying import asked, identify

    said = asked(number)
    with watching(analyse_quietly) as analyse:
        place, setting = as_in_project(name, _setting(**given))
        return identify(place, said, analyse, setting, is_thorough=is_thorough)


def opinions_on(name: str, *, seconds: float, **given: Any) -> Mapping[str, Opinion]:
    """What each tool says of the named network with these options, by its convention."""
    from archstat.analysis.other_tools import ask_tools

    return ask_tools(*as_in_project(name, _setting(**given)), seconds=seconds)


def explanations_of(name: str, **given: Any) -> tuple[ModelCost, tuple[Explanation, ...]]:
    """What the named network costs with these options, and the sums behind each row."""
    network = network_of(name, **given)
    return network.cost, network.explanations()


def analyse_typed(name: str, setting: Setting) -> Network:
    """What is known of a network that the user typed, which may be one of the project that is worked in."""
    return analyse_quietly(*as_in_project(name, setting))


def analyse_quietly(name: str, setting: Setting, reach: Reach | None = None) -> Network:
    """What is known of the named network, or saved cost; what a network's code prints goes to stderr.

    A name that a file holds comes with the code that it may lead to.
    """
    if is_saved(name):
        from archstat.analysis.network import Saved, read_for

        return Saved(read_for(name, setting))
    from archstat.analysis.kept import KeptNetwork

    return KeptNetwork(answers(), name, setting, reach)


def scaling_named(name: str, over: Over, sizes: str | None, **given: Any) -> Scaling:
    """How the cost of the named network grows; what a network's code prints goes to stderr."""
    _refuse_saved(name)
    from archstat.networks.settings import parse_sizes
    from archstat.scaling import Scaling, scaling_of

    at = () if sizes is None else parse_sizes(sizes)
    name, setting = as_in_project(name, _setting(**given))

    def work_out() -> Scaling:
        from archstat.analysis.inference import named_network

        return scaling_of(named_network(name), over, setting, at)

    return answers().answer("scaling", Scaling, work_out, name, setting, over, at)


def memory_of(
    name: str, training: TrainingSetting | None, fit: str | None, **given: Any
) -> tuple[InferenceMemory | TrainingCost, BatchFit | None]:
    """The memory of the named network at inference or in training, and the largest batch if a limit is given."""
    from archstat.networks.settings import parse_limit

    name, setting = as_in_project(name, _setting(**given))
    limit = None if fit is None else parse_limit(fit)
    _refuse_saved(name)
    batch = None if limit is None else _fit(name, setting, limit, training)
    if batch is not None and batch.batch_size:
        setting = msgspec.structs.replace(setting, batch_size=batch.batch_size)
    if training is None:
        return _inference_memory(name, setting), batch
    return _training(name, setting, training), batch


def _fit(name: str, setting: Setting, limit: int, training: TrainingSetting | None) -> BatchFit:
    """The largest batch of the named network that takes no more memory than a limit."""
    from archstat.records import BatchFit

    def work_out() -> BatchFit:
        from archstat.analysis.training import fit_source

        return fit_source(name, setting, limit, training)

    return answers().answer("fit", BatchFit, work_out, name, setting, limit, training)


def inference_memory_named(name: str, **given: Any) -> InferenceMemory:
    """What the memory of the named network goes to at inference, with these options."""
    _refuse_saved(name)
    return _inference_memory(*as_in_project(name, _setting(**given)))


def _inference_memory(name: str, setting: Setting) -> InferenceMemory:
    """What the memory of the named network goes to at inference."""
    from archstat.records import InferenceMemory

    def work_out() -> InferenceMemory:
        from archstat.analysis.inference import analyse

        return analyse(name, setting).memory()

    return answers().answer("memory", InferenceMemory, work_out, name, setting)


def _training(name: str, setting: Setting, training: TrainingSetting) -> TrainingCost:
    """What a training step of the named network costs."""
    from archstat.records import TrainingCost

    def work_out() -> TrainingCost:
        from archstat.analysis.training import train_source

        return train_source(name, setting, training)

    return answers().answer("training", TrainingCost, work_out, name, setting, training)


def measured_of(
    name: str, path: Path, peaks: str | None = None, **given: Any
) -> tuple[Network, Measurement, Peaks | None]:
    """The named network, its measurement in a file, and what it is held against; counted as it was measured.

    Args:
        name: The network.
        path: The file.
        peaks: A file or two rates; ``None``: those of the measurement.
        given: All options of the input; a batch size and an element type that a user typed choose one of several
            measurements.
    """
    _refuse_saved(name)
    from archstat.files.choosing import fitting
    from archstat.files.results import read_measurements

    chosen = {option: given[option] for option in ("batch_size", "dtype") if is_given(option)}
    measurement = fitting(read_measurements(path), name, **chosen)
    conditions = measurement.conditions
    as_measured = {"batch_size": conditions.batch_size, "dtype": conditions.dtype}
    return network_of(name, **{**given, **as_measured}), measurement, _peaks(peaks, measurement)


def _peaks(text: str | None, measurement: Measurement) -> Peaks | None:
    """The peaks that the user names: in a file, or as rates of the device that was measured."""
    if text is None:
        return measurement.peaks
    if text.endswith(".json"):
        from archstat.files.results import read_peaks

        return read_peaks(Path(text))
    from archstat.networks.settings import parse_peaks
    from archstat.records import Peaks

    conditions = measurement.conditions
    flops, nbytes = parse_peaks(text)
    return Peaks(conditions.device_name, conditions.precision, conditions.threads, flops, nbytes, 0.0, "given")


def measurements_named(names: Sequence[str]) -> list[Measurement] | None:
    """The measurements that files hold; ``None`` if no name is that of such a file.

    Raises:
        InputError: Some names are, and some are not.
    """
    from archstat.files.results import MEASUREMENTS_SCHEMA, read_measurements, schema_of

    is_file = {name: is_saved(name) and schema_of(Path(name)) == MEASUREMENTS_SCHEMA for name in names}
    if not any(is_file.values()):
        return None
    for name, holds in is_file.items():
        if not holds:
            raise InputError(f"{quoted(name)} is no saved measurement: compare measurements with each other alone.")
    return [measurement for name in names for measurement in read_measurements(Path(name))]


def material_of(names: Sequence[str], evaluation: str, **given: Any) -> Material:
    """What a page of these networks and files of measurements is made of.

    A network that is measured and not named is counted too, where its name leads to it.
    """
    from archstat.published.accuracies import evaluation_named
    from archstat.report.material import material_from

    if evaluation:
        evaluation_named(evaluation)  # also where no chart asks for it
    chosen, measurements = networks_and_measurements(names)
    material = material_from(watched(chosen), measurements, analyse_typed, _setting(**given))
    return msgspec.structs.replace(material, evaluation=evaluation)


def networks_and_measurements(names: Sequence[str]) -> tuple[list[str], list[Measurement]]:
    """The networks among names, and what those hold that are files of measurements.

    Where no network is named, those are meant that were measured and that can be counted again.
    """
    from archstat.files.results import MEASUREMENTS_SCHEMA, read_measurements, schema_of
    from archstat.published.figures import expand

    names = expand(names)
    files = [name for name in names if is_saved(name) and schema_of(Path(name)) == MEASUREMENTS_SCHEMA]
    measurements = [measurement for name in files for measurement in read_measurements(Path(name))]
    return [name for name in names if name not in files] or _known(measurements), measurements


def measured_in_store(place: str, names: Sequence[str]) -> list[Measurement]:
    """What a store has measured of these networks."""
    from archstat.store.store import Store

    with Store(place) as store:
        return [store.measurement(each.key) for each in store.measurements() if each.network in names]


def _known(measurements: Sequence[Measurement]) -> list[str]:
    """The networks that were measured and that can be counted again, each once."""
    from archstat.published.figures import counted

    names = dict.fromkeys(measurement.architecture for measurement in measurements)
    return [name for name in names if name.partition("(")[0] in counted()]


def training_of(name: str, **given: Any) -> TrainingCost:
    """What one training step of the named network costs with these options."""
    _refuse_saved(name)
    from archstat.networks.settings import TrainingSetting

    return _training(*as_in_project(name, _setting(**given)), TrainingSetting())


def _refuse_saved(name: str) -> None:
    if is_saved(name):
        raise InputError(
            f"{quoted(name)} is a saved cost, of one input and without its tensors: name the network itself."
        )


def _setting(*, inputs: tuple[str, ...], **given: Any) -> Setting:
    from archstat.networks.input_specs import parse_input
    from archstat.networks.settings import Setting

    return Setting(tuple(map(parse_input, inputs)), **given)
