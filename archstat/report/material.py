"""What the charts of a page are drawn from: networks, as they were counted, and their measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archstat.analysis.network import Analyse, Network
from archstat.errors import DataError
from archstat.finding.candidates import NO_CHOICE, Choice
from archstat.finding.ratings import NO_RATINGS, RatedBy
from archstat.networks.settings import Setting
from archstat.records import Measurement, ModelCost, Peaks, Shape


class Mark(msgspec.Struct, frozen=True):
    """A figure that a text prints, to be drawn beside what was counted.

    Attributes:
        architecture: Of what.
        quantity: Of which quantity: ``"macs"``.
        value: The figure.
        label: What stands beside the mark: ``"printed: 358M, a slip"``.
    """

    architecture: str
    quantity: str
    value: float
    label: str


class Subject(msgspec.Struct, frozen=True):
    """One network, and how it ran.

    Attributes:
        network: As it was counted for the page.
        measurement: How the network ran, by layers if such a measurement is there.
        as_measured: The network counted with the batch and the element type of the measurement.
    """

    network: Network
    measurement: Measurement | None = None
    as_measured: Network | None = None

    @property
    def name(self) -> str:
        """The name that a user gave it."""
        return self.network.cost.architecture

    @property
    def layers_measured(self) -> Measurement | None:
        """How the network ran by layer, with just the input that it was counted on; ``None``: nobody measured that."""
        found = self.measurement
        if found is None or found.layers is None or self.as_measured is not self.network:
            return None
        return found if found.input_shapes == self.network.cost.input_shapes else None

    def measured(self) -> tuple[Network, Measurement]:
        """The network as it was measured, and the measurement.

        Raises:
            DataError: There is none.
        """
        if self.measurement is None or self.as_measured is None:
            raise DataError(f"No measurement of {self.name!r} is given.", helps={"layers": ""})
        return self.as_measured, self.measurement

    def peaks(self) -> Peaks:
        """The best of the device that it ran on.

        Raises:
            DataError: The measurement of the network has no peaks.
        """
        _, measurement = self.measured()
        if measurement.peaks is None:
            raise DataError(f"The measurement of {self.name!r} has no roof.", helps={"layers": ""})
        return measurement.peaks


class Material(msgspec.Struct, frozen=True):
    """Everything that a page is made of.

    Attributes:
        subjects: The networks, in the order in which they were named.
        measurements: All measurements, also those of networks that are none of the subjects.
        evaluation: A key of :func:`~archstat.published.accuracies.evaluations`; ``""``: that of the most networks.
        marks: Printed figures to draw beside counts.
        choice: Very many networks, out of a store, of which no more than totals is known.
        accuracies: What a user knows of the accuracy of networks; the evaluation has that of the others.
    """

    subjects: tuple[Subject, ...]
    measurements: tuple[Measurement, ...] = ()
    evaluation: str = ""
    marks: tuple[Mark, ...] = ()
    choice: Choice = NO_CHOICE
    accuracies: RatedBy = NO_RATINGS

    @property
    def names(self) -> list[str]:
        """The names of the networks."""
        return [subject.name for subject in self.subjects]

    @property
    def networks(self) -> list[Network]:
        """Every network, as it was counted for the page and as it was measured."""
        both = [network for subject in self.subjects for network in (subject.network, subject.as_measured)]
        return [network for network in both if network is not None]


def material_from(
    names: Iterable[str], measurements: Sequence[Measurement], analyse: Analyse, setting: Setting | None = None
) -> Material:
    """Count the networks, and find for each the measurement that shows most of it.

    Args:
        names: The networks.
        measurements: What was measured, of these or of others.
        analyse: Counts one.
        setting: The input; ``None``: the registered one.

    Raises:
        ArchstatError: A name leads nowhere, or a network cannot take the input.
    """
    of_names = [_subject(name, measurements, analyse, setting or Setting()) for name in names]
    return Material(tuple(of_names), tuple(measurements))


def one_input(record: ModelCost | Measurement) -> tuple[Shape, ...]:
    """The shapes of one input: those of the batch without its first axis."""
    return tuple(shape[1:] for shape in record.input_shapes)


def _subject(name: str, measurements: Sequence[Measurement], analyse: Analyse, setting: Setting) -> Subject:
    network = analyse(name, setting)
    own = [each for each in measurements if each.architecture == network.cost.architecture and each.latency]
    if not own:
        return Subject(network)
    wanted = one_input(network.cost)
    measurement = min(
        own, key=lambda each: (one_input(each) != wanted, each.layers is None, each.conditions.batch_size)
    )
    conditions = measurement.conditions
    as_measured = msgspec.structs.replace(setting, batch_size=conditions.batch_size, dtype=conditions.dtype)
    return Subject(network, measurement, network if as_measured == setting else analyse(name, as_measured))
