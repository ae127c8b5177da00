"""What is to be done with one network, and what came of it: sent between processes and machines."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from archstat.networks.ingredients import is_ours
from archstat.networks.settings import MeasureSetting, Setting
from archstat.records import Measurement, ModelCost
from archstat.store.records import Failure, Versions, result_key, setting_text, source_of


class Task(msgspec.Struct, frozen=True):
    """One network in one setting, to be counted, or to be measured.

    Attributes:
        network: The network, as a user writes it.
        setting: The input that it is counted on.
        versions: The programs that are to do it.
        measured: The way to measure the network; ``None``: it is counted.
    """

    network: str
    setting: Setting
    versions: Versions
    measured: MeasureSetting | None = None

    @property
    def key(self) -> str:
        """What is done once."""
        return result_key(self.network, self.told, self.versions)

    @property
    def is_foreign(self) -> bool:
        """Whether code has a part in it that is neither ours nor that of a library of networks."""
        return not is_ours(self.network, self.setting) and not source_of(self.network)

    @property
    def is_done_apart(self) -> bool:
        """Whether a copy of the process does it: what is measured needs all threads, which a copy has not."""
        return self.is_foreign and self.measured is None and hasattr(os, "fork")

    @property
    def told(self) -> str:
        """The setting as a store has it; of a measurement, with how it is made."""
        text = setting_text(self.setting)
        if self.measured is None:
            return text
        default = MeasureSetting()
        how = {
            name: value
            for name, value in msgspec.structs.asdict(self.measured).items()
            if value != getattr(default, name)
        }
        given: dict[str, Any] = msgspec.json.decode(text) if text else {}
        return msgspec.json.encode({**given, "measured": how}, order="sorted").decode()


class Outcome(msgspec.Struct, frozen=True):
    """What came of a task.

    Attributes:
        cost: What the network costs; ``None``: it was not counted.
        measurements: What was measured.
        failure: Why there is neither.
        elapsed_s: The time that the task took.
    """

    cost: ModelCost | None = None
    measurements: tuple[Measurement, ...] = ()
    failure: Failure | None = None
    elapsed_s: float = 0.0


class Limits(msgspec.Struct, frozen=True):
    """What one task may take.

    Attributes:
        timeout_s: The time.
        memory_bytes: The memory of its process.
    """

    timeout_s: float
    memory_bytes: int
