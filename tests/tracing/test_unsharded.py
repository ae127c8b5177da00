"""Networks that FSDP has sharded over two processes, one of which asks what they cost."""

import abc
import collections
import functools

import pytest
import torch
from torch import distributed, nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore

import archstat
from archstat.tracing.unsharded import is_sharded, unsharded

X = torch.ones(2, 8)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_processes():
    """A group in which the other one never answers."""
    distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    yield
    distributed.destroy_process_group()


class Tied(nn.Module):
    """A network with all that a twin has to find again."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.BatchNorm1d(8))
        self.head = nn.Linear(8, 8, bias=False)
        self.head.weight = self.body[0].weight
        self.again = [self.body[0]]  # seen by no list of modules
        self.norm = self.body[2].forward

    def forward(self, x):
        return self.norm(self.again[0](self.head(self.body(x))))


def newer(network, **options):
    mesh = init_device_mesh("cpu", (2,))
    for layer in network.children():
        fully_shard(layer, mesh=mesh, **options)
    return fully_shard(network, mesh=mesh, **options)


def older(network, **options):
    return FullyShardedDataParallel(network, device_id=CPU, **options)


def sharded_chain(shard, **options):
    return shard(nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)), **options)


CHAIN = nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
WAYS = pytest.mark.parametrize("shard", [newer, older], ids=["fully_shard", "FullyShardedDataParallel"])


@WAYS
@pytest.mark.filterwarnings("ignore")
def test_a_sharded_network_costs_what_it_costs_whole(shard, request):
    cost = archstat.count(sharded_chain(shard), X)
    assert cost.layers == archstat.count(CHAIN, X).layers
    name = request.node.callspec.id
    assert cost.remarks == (f"Counted as it is before {name}: parameters whole, without communication.",)


@WAYS
@pytest.mark.filterwarnings("ignore")
def test_a_training_step_of_it_too(shard):
    cost, plain = archstat.count_training(sharded_chain(shard), X), archstat.count_training(CHAIN, X)
    assert cost.layers == plain.layers
    assert (cost.parameter_bytes, cost.gradient_bytes) == (plain.parameter_bytes, plain.gradient_bytes)
    assert cost.peak_bytes == plain.peak_bytes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{}, {"use_orig_params": True}], ids=["flat", "original"])
def test_the_older_kind_around_each_layer(options):
    chain = nn.Sequential(older(nn.Linear(8, 5), **options), nn.ReLU(), nn.Linear(5, 3))
    assert archstat.count(older(chain, **options), X).layers == archstat.count(CHAIN, X).layers


@pytest.mark.filterwarnings("ignore")
def test_what_is_shared_or_kept_aside_is_found_again():
    network = fully_shard(Tied().eval(), mesh=init_device_mesh("cpu", (2,)))  # as one group: others share nothing
    plain, twin = Tied().eval(), unsharded(network)
    assert archstat.count(twin, X).layers == archstat.count(plain, X).layers
    assert twin.head.weight is twin.body[0].weight
    assert twin.again[0] is twin.body[0]
    assert twin.norm.__self__ is twin.body[2]


@pytest.mark.filterwarnings("ignore")
def test_weights_that_the_older_kind_finds_shared_stay_shared():
    twin = unsharded(older(Tied().eval()))
    assert twin.head.weight is twin.body[0].weight
    assert type(twin) is Tied


@pytest.mark.filterwarnings("ignore")
def test_hooks_of_the_users_stay_and_frozen_parameters_stay_frozen():
    network = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    network[0].requires_grad_(False)
    network[0].register_forward_hook(lambda _module, _args, output: 2 * output)
    cost = archstat.count(newer(network), X)
    assert [row.kind for row in cost.layers] == ["Linear", "mul", "Linear"]
    assert cost.trainable_parameters == 8 * 8 + 8


@WAYS
@pytest.mark.filterwarnings("ignore")
def test_the_network_itself_is_left_as_it_is(shard):
    network = sharded_chain(shard)
    before = [(name, id(value), tuple(value.shape)) for name, value in network.named_parameters()]
    kinds = [type(module) for module in network.modules()]
    archstat.count(network, X)
    assert [(name, id(value), tuple(value.shape)) for name, value in network.named_parameters()] == before
    assert [type(module) for module in network.modules()] == kinds
    assert is_sharded(network)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 5)

    def forward(self, x):
        return self.lstm(x)[0]


class Kept(nn.Module):
    """A network that finds its layers in what is no list of modules."""

    def __init__(self, keep):
        super().__init__()
        self.layer = nn.Linear(8, 5)
        self.kept = keep(self.layer)

    def forward(self, x):
        found = self.kept
        return (found if callable(found) else next(iter(found)))(x)


class Abstract(nn.Linear, abc.ABC):
    """A class whose instances are made in another way than others."""


def compiled(network):
    for layer in network.children():
        layer.compile()
    return network


SHAPES = {
    "compiled": lambda: compiled(nn.Sequential(nn.Linear(8, 5), nn.BatchNorm1d(5), nn.ReLU())),
    "recurrent": Recurrent,
    "abstract": lambda: nn.Sequential(Abstract(8, 5)),
    "recomputed": lambda: nn.Sequential(checkpoint_wrapper(nn.Linear(8, 5))),
    "in a tuple": lambda: Kept(lambda layer: (layer,)),
    "in a deque": lambda: Kept(lambda layer: collections.deque([layer])),
    "in a partial": lambda: Kept(functools.partial),
    "in a method": lambda: Kept(lambda layer: layer.forward),
}


@WAYS
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_whatever_way_a_network_keeps_its_layers_it_costs_what_it_costs_whole(shard, make):
    network, plain = shard(make()), make()
    assert archstat.count(network, X).layers == archstat.count(plain, X).layers
    assert archstat.count_training(network, X).layers == archstat.count_training(plain, X).layers


def test_a_network_nested_deeper_than_pythons_stack_is_looked_through():
    network = nn.Linear(8, 8)
    for _ in range(2000):
        network = nn.Sequential(network)
    assert not is_sharded(network)
    while isinstance(network, nn.Sequential):  # it could not be freed all at once
        network = network[0]


def test_a_network_that_nothing_sharded_is_not_sharded():
    assert not is_sharded(CHAIN)
