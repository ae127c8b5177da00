"""Networks of which everything is known, made once."""

import functools

import msgspec

from archstat.analysis.inference import analyse
from archstat.documents.evidence import Evidence, measured_of_network
from archstat.networks.settings import Setting
from archstat.records import Energy, EnergyTrial, IdlePower, Memory
from archstat.store.records import Versions
from tests.measured import measured

COUNTED_BY = Versions("0.1.0", "2.13.0")


@functools.cache
def counted(name):
    """A network of ours, counted."""
    return analyse(name, Setting())


def known(name, *measurements, **changes):
    """What is known of a network of ours."""
    network = counted(name)
    cost, own = network.cost, measured_of_network(network.cost, measurements)
    made = Evidence(cost, COUNTED_BY, network.memory(), own)
    return msgspec.structs.replace(made, **changes)


def ran(name, **changes):
    """A measurement of a network of ours."""
    return measured(counted(name).cost, **changes)


MEMORY = Memory(1, 1, 1, "profiler", peak_bytes=4096)
ENERGY = Energy(
    "nvml.total_energy",
    "GPU board",
    "pipelined",
    1,
    trials=(EnergyTrial(2.0, 20, 100.0, 50.0), EnergyTrial(2.5, 25, 100.0, 50.0)),
    pass_j=2.0,
    gain_error=0.05,
    idle=IdlePower(40.0, 5.0, 0.5),
)
