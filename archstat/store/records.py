"""What goes into a store, and what is listed of it."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from archstat.networks.hub import HUB_NAMES
from archstat.networks.input_specs import InputSpec
from archstat.networks.settings import Setting
from archstat.records import ModelCost

FailureKind = Literal["failed", "timeout", "memory", "died"]
"""How a network failed: by an error, in too long a time, with too much memory, or together with its process."""


class Versions(msgspec.Struct, frozen=True):
    """The programs that a result depends on.

    Attributes:
        archstat: The version of archstat; ``""``: it is not known.
        torch: The version of torch; ``""``: it is not known.
        library: The library that the network comes from, with its version: ``"timm 1.0.27"``; ``""``: none.
    """

    archstat: str = ""
    torch: str = ""
    library: str = ""


class Failure(msgspec.Struct, frozen=True):
    """Why there is no cost.

    Attributes:
        kind: How the network failed.
        reason: One sentence.
    """

    kind: FailureKind
    reason: str


class StoredResult(msgspec.Struct, frozen=True):
    """One network in one setting, counted by certain versions of the programs.

    Attributes:
        network: The network, as a user writes it.
        setting: The setting, as :func:`setting_text` writes it.
        versions: The programs that counted it.
        cost: The cost of the network; ``None``: it failed.
        failure: Why there is none.
        elapsed_s: The time to find, build and count the network; 0 where nobody looked at a clock.
    """

    network: str
    setting: str
    versions: Versions
    cost: ModelCost | None = None
    failure: Failure | None = None
    elapsed_s: float = 0.0

    @property
    def key(self) -> str:
        """What is stored once."""
        return result_key(self.network, self.setting, self.versions)

    @property
    def source(self) -> str:
        """The library that the network is named by, ``"timm"``; ``""``: none."""
        return source_of(self.network)


class ListedResult(msgspec.Struct, frozen=True):
    """What a listing shows of a result.

    Attributes:
        key: The digest that names the row.
        network: The network, as a user writes it.
        source: The library that the network is named by, or ``""``.
        setting: The setting, as :func:`setting_text` writes it.
        archstat: The version of archstat.
        torch: The version of torch.
        library: The library that the network comes from, with its version.
        failure_kind: The kind of its failure, or ``""``.
        reason: Why there is no cost, or ``""``.
        elapsed_s: The time that it took.
        batch_size: How many inputs at once; ``None`` where it failed or none is told.
        input_shapes: The shapes of what goes in, as ``"1x3x224x224"``.
        dtype: The element type.
        parameters: Elements of all parameters, each once.
        trainable_parameters: Elements of the parameters that ask for a gradient.
        buffers: Elements of all buffers.
        macs: Multiply-accumulates.
        flops: All floating-point operations.
        activations: Elements of every layer's own outputs.
        activation_bytes: The size of the activations.
        peak_activation_bytes: The most memory alive at once.
        is_lower_bound: Whether there are ops that no rule covers.
    """

    key: str
    network: str
    source: str
    setting: str
    archstat: str
    torch: str
    library: str
    failure_kind: str
    reason: str
    elapsed_s: float
    batch_size: int | None
    input_shapes: str
    dtype: str
    parameters: int | None
    trainable_parameters: int | None
    buffers: int | None
    macs: int | None
    flops: int | None
    activations: int | None
    activation_bytes: int | None
    peak_activation_bytes: int | None
    is_lower_bound: bool | None


class ListedMeasurement(msgspec.Struct, frozen=True):
    """What a listing shows of a measurement.

    Attributes:
        key: The digest that names the row.
        network: The network that was measured.
        device: The device.
        precision: How numbers are represented.
        batch_size: How many inputs at once.
        threads: Threads that work on one op; ``None`` on a GPU.
        latency_s: The median time of a pass; ``None``: it could not be run.
        throughput: Inputs in a second.
        energy_j: The energy of a pass; ``None``: not measured.
        peak_bytes: The most memory of a pass; ``None``: not measured.
        started: When, in UTC.
    """

    key: str
    network: str
    device: str
    precision: str
    batch_size: int
    threads: int | None
    latency_s: float | None
    throughput: float | None
    energy_j: float | None
    peak_bytes: int | None
    started: str


def setting_text(setting: Setting) -> str:
    """A setting as one line of JSON, without what is as it is by default; ``""``: all of it is.

    >>> setting_text(Setting()), setting_text(Setting(batch_size=8, resolution=288))
    ('', '{"batch_size":8,"resolution":288}')
    """
    given = _given(setting)
    return msgspec.json.encode(given, order="sorted").decode() if given else ""


def _given(value: Any) -> Any:
    """A value without what is as it is by default, all the way down."""
    if isinstance(value, tuple):
        return [_given(each) for each in value]
    if not isinstance(value, msgspec.Struct):
        return value
    told = {
        field.name: _given(getattr(value, field.name))
        for field in msgspec.structs.fields(value)
        if getattr(value, field.name) != field.default
    }
    return told if isinstance(value, Setting | InputSpec) else {"type": type(value).__name__, **told}


def source_of(network: str) -> str:
    """The library that a network is named by; ``""``: none.

    >>> source_of("timm:resnet50"), source_of("resnet50"), source_of("./timm.py:Net")
    ('timm', '', '')
    """
    first = network.partition(":")[0].partition("/")[0]
    return first if first in HUB_NAMES else ""


def library_of_programs(name: str, library: str) -> str:
    """The library and its version that a network comes from, without digests of files; ``""``: it comes from none.

    Args:
        name: The network.
        library: What :class:`Versions` says of it.
    """
    return " ".join(library.split()[:2]) if source_of(name) else ""


def result_key(network: str, setting: str, versions: Versions) -> str:
    """What tells a result from every other one, in a store of any database."""
    told = msgspec.json.encode([clean(network), clean(setting), versions.archstat, versions.torch, versions.library])
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def clean(text: str) -> str:
    """A text that every database can hold: half a pair of surrogates and the character 0 become question marks."""
    return text.encode(errors="replace").decode().replace("\0", "?")
