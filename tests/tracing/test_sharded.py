"""A training step of a network whose parameters FSDP2 shards: what lies in one memory counts once."""

import msgspec
import pytest
import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore

from archstat.counting.training import count_step
from archstat.networks.settings import TrainingSetting
from archstat.tracing.training import trace_step
from archstat.tracing.values import held

PARAMETERS = 2 * (8 * 8 + 8)


@pytest.fixture
def mesh():
    """One process that talks to nobody."""
    distributed.init_process_group("fake", rank=0, world_size=1, store=FakeStore())
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("groups", [(), ("",), ("0", ""), ("0", "1", "")], ids=["none", "one", "two", "each"])
def test_the_gradients_of_sharded_parameters_count_once(mesh, groups):
    network = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    for group in groups:
        fully_shard(network.get_submodule(group), mesh=mesh)
    step = trace_step(network, (torch.ones(2, 8),))  # as it is: what is counted by name is the network before that
    cost = count_step(step, "sharded", **msgspec.structs.asdict(TrainingSetting()))
    assert (cost.parameter_bytes, cost.gradient_bytes) == (4 * PARAMETERS, 4 * PARAMETERS)
    assert cost.uncounted == ()


def test_a_sharded_tensor_lies_in_its_local_part(mesh):
    tensor = distributed.tensor.distribute_tensor(torch.ones(4), mesh)
    (part,) = held(tensor)
    assert part.data_ptr() == tensor.to_local().data_ptr()
    assert held(part) == (part,)
