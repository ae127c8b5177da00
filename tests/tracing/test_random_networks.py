"""Random networks of layers that keep, change or break something: a count is exact and leaves them as they were.

Each part maps ``(rows, WIDTH)`` to the same shape and says what it costs for each row, so the right sum is known. What
it does on the way is what networks do: caches, counters, hooks that remove themselves, weights worked out from others,
layers that are made in the first call, layers used twice, branches on values, and errors.
"""

import random
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import archstat
from archstat.analysis.training import count_training
from archstat.errors import ForwardError
from tests.sampling import IS_WHOLE

ROWS, WIDTH = 3, 8
X = torch.ones(ROWS, WIDTH)
LINEAR = WIDTH * WIDTH


@dataclass
class Record:
    """An object of the author's own."""

    steps: int = 0
    kept: list = field(default_factory=list)


class Around(nn.Module):
    """A layer, and something of its author's after it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.kept = self.empty()

    def empty(self):
        return None

    def forward(self, x):
        x = self.inner(x)
        return self.keep(x)


class Lists(Around):
    def empty(self):
        return []

    def keep(self, x):
        self.kept.append(x)
        return torch.stack([x, *self.kept[-1:]]).mean(0)


class Nests(Around):
    def empty(self):
        return {"deque": deque(maxlen=2), "ordered": OrderedDict(a=1), "set": {1}, "list": [[], ()]}

    def keep(self, x):
        self.kept["deque"].append(x)
        self.kept["ordered"].move_to_end("a")
        self.kept["ordered"][len(self.kept["ordered"])] = x
        self.kept["set"].add(len(self.kept["set"]) + 1)
        self.kept["list"][0].append(x)
        self.kept["new"] = x
        return x


class Records(Around):
    def empty(self):
        return Record()

    def keep(self, x):
        self.kept.steps += 1
        self.kept.kept.append(x)
        self.latest = x
        return x


class Buffers(Around):
    def __init__(self, inner):
        super().__init__(inner)
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def keep(self, x):
        self.calls += 1
        with torch.no_grad():
            self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)
        self.register_buffer("latest", x.detach(), persistent=False)
        return x + self.mean


class Replaces(Around):
    """Changes a setting of its own layer, and its parameters, when it runs."""

    def keep(self, x):
        self.inner.eval()
        self.inner.added = x
        for name, parameter in list(self.inner.named_parameters(recurse=False)):
            setattr(self.inner, name, nn.Parameter(parameter.detach().clone()))
        return x


class Branches(Around):
    def keep(self, x):
        return x + 1 if x.sum() > 0 else x * 2


class Draws(Around):
    def keep(self, x):
        self.drawn = random.gauss()
        return x + torch.rand_like(x) * self.drawn


class HalfWay(Around):
    """Fails after it has changed much."""

    def __init__(self, inner):
        super().__init__(inner)
        self.log = []

    def keep(self, x):
        self.log.append(x)
        self.inner.register_forward_hook(lambda *_: None)
        self.extra = nn.Linear(WIDTH, WIDTH)
        raise ValueError("half way")


def hooked_once(layer):
    """A layer with a hook that removes itself and leaves another one there."""

    def first(module, _args):
        handle.remove()
        module.register_forward_hook(lambda _module, _args, out: out * 2)

    handle = layer.register_forward_pre_hook(first)
    return layer


def hooked(layer):
    """A layer whose hooks write down what they see, and change the output."""
    seen = layer.seen = []

    def after(_module, _args, out):
        seen.append(out)
        return out + 1

    layer.register_forward_hook(after)
    layer.register_full_backward_pre_hook(lambda _module, grads: seen.append(grads))
    return layer


def one_channel():
    layers = nn.Unflatten(1, (1, WIDTH)), nn.Conv1d(1, 1, 3, padding=1), nn.Flatten()
    return nn.Sequential(*layers)


class Steps(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(WIDTH, WIDTH)

    def forward(self, x):
        return self.cell(x.unsqueeze(1))[0].squeeze(1)


def linear():
    return nn.Linear(WIDTH, WIDTH)


LEAVES = {
    "linear": (linear, LINEAR),
    "pruned": (lambda: prune.l1_unstructured(linear(), "weight", 0.5), LINEAR),
    "weight norm": (lambda: parametrizations.weight_norm(linear()), LINEAR),
    "old weight norm": (lambda: nn.utils.weight_norm(linear()), LINEAR),
    "old spectral norm": (lambda: nn.utils.spectral_norm(linear()), None),
    "lazy": (lambda: nn.LazyLinear(WIDTH), LINEAR),
    "convolution": (one_channel, 3 * WIDTH),
    "recurrent": (Steps, 6 * LINEAR),
    "batch norm": (lambda: nn.BatchNorm1d(WIDTH), 0),
    "dropout in place": (
        lambda: nn.Sequential(nn.AvgPool1d(1), nn.Dropout(0.5, inplace=True), nn.ReLU(inplace=True)),
        0,
    ),
}

AROUND = {
    "lists": Lists,
    "nests": Nests,
    "records": Records,
    "buffers": Buffers,
    "replaces": Replaces,
    "branches": Branches,
    "draws": Draws,
    "hooked": hooked,
    "hooked once": hooked_once,
}

PART = st.tuples(st.sampled_from(sorted(LEAVES)), st.lists(st.sampled_from(sorted(AROUND)), max_size=2))
AGAIN = st.integers(0, 3)
"""In a recipe: one of the parts before, once more."""

RECIPES = st.tuples(PART, st.lists(PART | AGAIN, max_size=3), st.booleans())


def built(recipe):
    """The network of a recipe, the same each time, and what it costs; ``None`` where that is not worked out here."""
    torch.manual_seed(0)
    first, others, is_training = recipe
    parts, costs = [], []
    for part in [first, *others]:
        if isinstance(part, int):
            again = part % len(parts)
            parts.append(parts[again])
            costs.append(costs[again])
            continue
        leaf, around = part
        make, cost = LEAVES[leaf]
        layer = make()
        for name in around:
            layer = AROUND[name](layer)
        parts.append(layer)
        costs.append(cost)
    return nn.Sequential(*parts).train(is_training), None if None in costs else ROWS * sum(costs)


def content(value):
    """What an object holds, as far as it can be compared: tensors by identity and version, containers by content."""
    if isinstance(value, Tensor):
        return id(value), type(value), value.data_ptr() if has_memory(value) else 0, value._version
    if isinstance(value, dict):
        return [(key, content(held)) for key, held in value.items()]
    if isinstance(value, list | tuple | set | deque):
        return type(value), [content(held) for held in value]
    if isinstance(value, Record):
        return id(value), content(vars(value))
    return id(value)


def has_memory(tensor):
    return not isinstance(tensor, nn.parameter.UninitializedTensorMixin)


def state_of(network):
    """All that a count could have changed."""
    modules = [(id(module), type(module), content(vars(module))) for module in network.modules()]
    return modules, torch.get_rng_state().tolist(), random.getstate()


def values_of(network):
    """The numbers that parameters and buffers hold."""
    return [tensor.detach().clone() for tensor in (*network.parameters(), *network.buffers()) if has_memory(tensor)]


def run(network):
    """What a network gives, with the same draws each time."""
    torch.manual_seed(0)
    random.seed(0)
    return network(X.clone())


EXAMPLES = settings(max_examples=80 if IS_WHOLE else 30)


@pytest.mark.filterwarnings("ignore")
@given(RECIPES)
@EXAMPLES
def test_a_count_is_exact_and_leaves_the_network_as_it_was(recipe):
    network, macs = built(recipe)
    state, values = state_of(network), values_of(network)
    cost = archstat.count(network, X)
    assert state_of(network) == state
    assert all(map(torch.equal, values_of(network), values))
    if macs is not None:
        assert cost.macs == macs
    assert archstat.count(network, X) == cost
    assert not any("stays" in remark for remark in cost.remarks)
    assert torch.equal(run(network), run(built(recipe)[0]))


@pytest.mark.filterwarnings("ignore")
@given(RECIPES)
@EXAMPLES
def test_a_counted_training_step_leaves_the_network_as_it_was(recipe):
    network, _ = built(recipe)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        return
    state, values = state_of(network), values_of(network)
    cost = count_training(network, X)
    assert state_of(network) == state
    assert all(map(torch.equal, values_of(network), values))
    assert count_training(network, X) == cost
    assert not any("stays" in remark for remark in cost.remarks)
    assert torch.equal(run(network), run(built(recipe)[0]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [archstat.count, count_training], ids=["count", "training"])
@given(RECIPES, RECIPES)
@settings(max_examples=40 if IS_WHOLE else 15)
def test_a_network_that_fails_half_way_is_left_as_it_was(count, before, after):
    network = nn.Sequential(built(before)[0], HalfWay(nn.Linear(WIDTH, WIDTH)), built(after)[0])
    state, values = state_of(network), values_of(network)
    with pytest.raises(ForwardError, match="half way"):
        count(network, X)
    assert state_of(network) == state
    assert all(map(torch.equal, values_of(network), values))
