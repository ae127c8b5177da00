"""A count leaves the network as it was, also where it fails or is interrupted, and takes the path of a real run."""

import copy
import functools
import inspect
import random
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.attention.flex_attention import flex_attention
from torch.nn.utils import prune

import archstat
from archstat.analysis.training import count_training
from archstat.errors import ForwardError
from archstat.tracing import layers as tracked
from archstat.tracing.modes import Switches, undoing
from archstat.tracing.training import trace_step
from tests.support import Calls, trace_of

X = torch.ones(3, 8)


# -- what enters is undone ---------------------------------------------------------------------------------------------


def changed(layer, change):
    change(layer)
    return layer


NORMED = {
    "pruned": lambda layer: changed(layer, lambda m: prune.l1_unstructured(m, "weight", 0.5)),
    "weight norm": torch.nn.utils.weight_norm,
    "spectral norm": torch.nn.utils.spectral_norm,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", NORMED)
def test_a_layer_whose_weight_is_no_parameter_is_counted(kind):
    network = nn.Sequential(
        nn.Dropout(0.5), NORMED[kind](nn.Conv2d(8, 4, 3)), nn.Flatten(), NORMED[kind](nn.Linear(144, 2))
    )
    network.train()
    cost = archstat.count(network, torch.randn(2, 8, 8, 8))
    assert sum(row.macs for row in cost.layers if row.kind in ("Conv2d", "Linear")) == 2 * (4 * 36 * 72 + 144 * 2)
    assert all(module.training and "forward" not in vars(module) for module in network.modules())


def test_a_failure_while_the_pass_is_entered_leaves_nothing(monkeypatch):
    network = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)).train()

    def fails(_):
        raise RuntimeError("entering failed")

    monkeypatch.setattr(tracked.CallTracker, "enter", fails)
    with pytest.raises(ForwardError, match="entering failed"):
        archstat.count(network, X)
    assert [module.training for module in network.modules()] == [True] * 3
    assert torch._C._len_torch_dispatch_stack() == 0
    assert torch.is_grad_enabled()


def test_what_is_undone_is_undone_after_two_interrupts():
    done, interrupts = [], [KeyboardInterrupt(), KeyboardInterrupt()]

    def undo():
        if interrupts:
            raise interrupts.pop()
        done.append("undone")

    with pytest.raises(KeyboardInterrupt):
        undoing(undo, lambda: None)
    assert done == ["undone"]


INTERRUPTED = """
import _thread, gc, pickle, random, signal, sys
import torch
from torch import nn
import archstat

sys.unraisablehook = lambda *_: None  # an interrupt may land in a callback of torch's own
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
signal.signal(signal.SIGALRM, lambda *_: _thread.interrupt_main())
network = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)) for _ in range(20)]).train()
x = torch.ones(3, 8)
right, rng, interrupted = archstat.count(network, x).macs, random.Random(0), 0
for _ in range(60):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 4e-3))
            archstat.count(network, x)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
    assert all(module.training and "forward" not in vars(module) for module in network.modules())
assert interrupted
assert (torch._C._len_torch_dispatch_stack(), torch.is_grad_enabled(), gc.isenabled()) == (0, True, True)
assert archstat.count(network, x).macs == right
pickle.dumps(network)
print("as it was")
"""


def test_a_network_that_is_interrupted_at_any_moment_stays_as_it_was():
    """In a process of its own: an interrupt that torch swallows would be reported with some other test."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert done.stdout == "as it was\n", done.stderr


# -- containers, hooks, generators -------------------------------------------------------------------------------------


@dataclass
class Cache:
    keys: list = field(default_factory=list)
    length: int = 0


class Keeps(nn.Module):
    """It keeps what it sees wherever Python lets it."""

    known = {}
    calls = 0

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.list, self.dict, self.set, self.deque = [1], {"a": [2]}, {3}, deque([4], maxlen=3)
        self.ordered, self.cache, self.array = OrderedDict(b=5), Cache(), np.zeros(2)
        self.generator, self.python = torch.Generator(), random.Random(0)

    def forward(self, x, cache=None):
        y = self.fc(x)
        for box in (self.list, self.dict["a"], self.deque):
            box.append(y)
        self.set.add(len(self.list))
        self.dict["y"] = self.ordered["y"] = type(self).known["y"] = y
        self.ordered.move_to_end("b")
        self.cache.keys.append(y)
        self.cache.length += 1
        type(self).calls += 1
        self.array += 1
        if cache is not None:
            cache.keys.append(y)
        self.fc.register_forward_hook(lambda *_: None)
        self.fc.notes = ["made here"]
        torch.rand(2, generator=self.generator)
        self.python.random()
        random.random()
        np.random.rand()
        torch.manual_seed(random.randrange(100))
        return y


def state_of(network, cache):
    boxes = [network.list, network.dict, network.set, network.deque, network.ordered, network.cache, cache]
    return (
        copy.deepcopy([*boxes, list(network.ordered), network.array.tolist(), Keeps.known, Keeps.calls]),
        list(map(id, [*boxes, network.dict["a"], network.cache.keys])),
        (len(network.fc._forward_hooks), sorted(vars(network.fc)), network.python.getstate(), random.getstate()),
        network.generator.get_state().tolist() + torch.get_rng_state().tolist() + np.random.get_state()[1].tolist(),
    )


@pytest.mark.parametrize("count", [archstat.count, count_training], ids=["count", "training"])
def test_whatever_holds_something_holds_the_same_afterwards(count):
    Keeps.known.clear()  # real passes keep what they see
    network, cache = Keeps(), Cache()
    before = state_of(network, cache)
    for _ in range(2):
        count(network, X, cache=cache)
        assert state_of(network, cache) == before
    network(X).sum().backward()


def test_the_second_attempt_begins_as_the_first_did():
    class Branches(Keeps):
        def forward(self, x, cache=None):
            y = super().forward(torch.cat([x, *self.list[1:]]))
            return y if y.abs().sum() < 1e9 else -y

    assert archstat.count(Branches(), X).macs == 3 * 8 * 8


def test_a_hook_may_note_what_it_sees_but_keeps_no_tensor_without_values():
    network, names, maps = nn.Linear(8, 8), [], {}
    network.register_forward_hook(lambda module, _, out: (names.append(type(module).__name__), maps.update(out=out)))
    archstat.count(network, X)
    assert names == ["Linear"]
    assert maps == {}


def test_a_constant_that_the_network_keeps_is_good_for_training():
    @functools.lru_cache
    def positions(count):
        return torch.arange(count).float()

    network = Calls(lambda x: layer(x + layer.bias * positions(8)), layer=(layer := nn.Linear(8, 8)))
    archstat.count(network, X)
    network(X).sum().backward()


# -- the path that is taken --------------------------------------------------------------------------------------------


def test_a_forward_keeps_its_signature_its_name_and_its_code():
    class Sub(nn.Linear):
        def forward(self, x, scale=None):
            return super().forward(x)

    seen = []

    def ask(x):
        seen.append((inspect.signature(sub.forward), inspect.getfullargspec(sub.forward), sub.forward.__code__))
        seen.append((sub.forward.__name__, sub.forward.__self__))
        return sub(x)

    sub = Sub(8, 8)
    real = (inspect.signature(sub.forward), inspect.getfullargspec(sub.forward), sub.forward.__code__)
    trace_of(Calls(ask, sub=sub), X)
    assert seen == [real, ("forward", sub)]


@pytest.mark.parametrize(
    ("change", "macs"),
    [
        (lambda fc: fc._parameters.update(weight=nn.Parameter(fc.weight[:2]), bias=None), 3 * 8 * 2),
        (lambda fc: setattr(fc, "weight", nn.Parameter(torch.ones(5, 8))) or setattr(fc, "bias", None), 3 * 8 * 5),
        (lambda fc: fc.register_parameter("bias", None), 3 * 8 * 8),
    ],
    ids=["a slice", "another parameter", "no bias"],
)
def test_a_layer_is_counted_with_the_weights_that_it_has_when_it_runs(change, macs):
    fc = nn.Linear(8, 8)
    cost = archstat.count(Calls(lambda x: change(fc) or fc(x), fc=fc), X)
    assert cost.macs == macs


def test_a_setting_that_the_forward_changes_counts():
    conv = nn.Conv2d(1, 1, 3)
    network = Calls(lambda x: setattr(conv, "stride", (2, 2)) or conv(x), conv=conv)
    assert archstat.count(network, torch.ones(1, 1, 7, 7)).macs == 3 * 3 * 9
    assert conv.stride == (1, 1)


def test_a_shape_that_an_op_changes_in_place_is_the_new_one():
    fc = nn.Linear(8, 16)
    network = Calls(lambda x: torch.bmm(fc(x).transpose_(1, 2), torch.ones(2, 4, 5)), fc=fc)
    assert archstat.count(network, torch.ones(2, 4, 8)).macs == 2 * 4 * 8 * 16 + 2 * 16 * 4 * 5


def test_a_padded_batch_is_counted_in_an_encoder():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1)
    ids = torch.tensor([[1, 2, 0], [3, 0, 0]])
    with_mask = archstat.count(encoder, torch.ones(2, 3, 16), src_key_padding_mask=ids == 0)
    assert with_mask.macs == archstat.count(encoder, torch.ones(2, 3, 16)).macs > 0


@pytest.mark.parametrize("on", [False, True])
def test_deterministic_algorithms_change_no_count(on):
    network = nn.Upsample(scale_factor=2, mode="bilinear")
    torch.use_deterministic_algorithms(on)
    try:
        assert [row.kind for row in archstat.count(network, torch.ones(1, 1, 4, 4)).layers] == ["Upsample"]
        assert torch.are_deterministic_algorithms_enabled() is on
    finally:
        torch.use_deterministic_algorithms(False)


# -- threads -----------------------------------------------------------------------------------------------------------


def branches(x, *layers):
    with ThreadPoolExecutor(2) as threads:
        left, right = threads.map(lambda layer: layer(x), layers)
    return left + right


def test_layers_that_run_in_threads_are_counted_and_the_result_says_so():
    a, b = nn.Linear(8, 4), nn.Sequential(nn.Linear(8, 4))
    cost = archstat.count(Calls(lambda x: branches(x, a, b), a=a, b=b), X)
    assert cost.macs == 2 * 3 * 8 * 4
    assert any("2 calls of layers ran in other threads" in remark for remark in cost.remarks)


def test_a_training_step_in_threads_is_refused():
    a, b = nn.Linear(8, 4), nn.Linear(8, 4)
    with pytest.raises(ForwardError, match="another thread"):
        trace_step(Calls(lambda x: branches(x, a, b), a=a, b=b), (X,))


def test_two_threads_that_count_one_network_get_the_right_number_each():
    network, found = nn.Sequential(*[nn.Linear(8, 8) for _ in range(10)]), []
    right = archstat.count(network, X).macs
    threads = [
        threading.Thread(target=lambda: found.extend(archstat.count(network, X).macs for _ in range(20)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [right] * 60
    assert not any("forward" in vars(module) for module in network.modules())


def test_a_forward_that_has_itself_counted_is_refused():
    network = Calls(lambda x: archstat.count(network, x) and x, fc=nn.Linear(8, 8))
    with pytest.raises(ForwardError, match="traced already"):
        archstat.count(network, X)


# -- what is counted, and what is refused in a sentence ----------------------------------------------------------------


def test_lazy_layers_are_counted_as_their_first_call_makes_them():
    network = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d())
    cost = archstat.count(network, X)
    assert (cost.macs, cost.parameters) == (3 * 8 * 4, 8 * 4 + 4 + 8)
    assert any("first call" in remark for remark in cost.remarks)
    assert type(network[0]) is nn.LazyLinear
    assert count_training(network, X).forward_macs == 3 * 8 * 4


def test_a_layer_that_the_forward_makes_has_its_parameters_counted():
    class Makes(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = None

        def forward(self, x):
            self.fc = self.fc or nn.Linear(x.shape[-1], 2)
            return self.fc(x)

    network = Makes()
    cost = archstat.count(network, X)
    assert (cost.macs, cost.parameters) == (3 * 8 * 2, 18)
    assert network.fc is None
    assert any("first call" in remark for remark in cost.remarks)


def test_control_flow_of_torch_is_counted():
    a, b = nn.Linear(8, 8), nn.Linear(8, 4)
    network = Calls(lambda x: torch.cond(x.sum() > 0, a, lambda t: b(t)[:, :1] + t, (x,)), a=a, b=b)
    for _ in range(2):
        assert archstat.count(network, X).macs == 3 * 8 * 8
        network(X)


@pytest.mark.filterwarnings("ignore")
def test_flex_attention_is_counted_in_full():
    x = torch.ones(1, 2, 16, 8)
    for _ in range(2):
        assert archstat.count(Calls(lambda x: flex_attention(x, x, x)), x).macs == 2 * 16 * 16 * (8 + 8)
        flex_attention(x, x, x)


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_function_runs_as_it_is_written_and_is_not_compiled():
    graphs = []

    @torch.compile(backend=lambda module, _: graphs.append(module) or module.forward)
    def gate(a, b):
        return a * torch.sigmoid(b)

    f, g = nn.Linear(8, 4), nn.Linear(8, 4)
    network = Calls(lambda x: gate(f(x), g(x)), f=f, g=g)
    assert archstat.count(network, X).macs == count_training(network, X).forward_macs == 2 * 3 * 8 * 4
    assert graphs == []
    network(X)
    assert len(graphs) == 1


def test_what_needs_values_is_told_to_bring_them_and_not_to_set_a_flag_of_torchs():
    network = Calls(lambda x: x[x.nonzero()[:, 0]])
    with pytest.raises(ForwardError, match="Give network and inputs values") as caught:
        archstat.count(network, torch.empty(3, device="meta"))
    assert "_config" not in str(caught.value)
    assert caught.value.needs_values
    network.fc = nn.Linear(2, 2)
    with pytest.raises(ForwardError, match="Give network and inputs values"):
        count_training(network, torch.empty(3, device="meta"))


def test_a_network_nested_deeper_than_pythons_stack_is_refused_in_a_sentence():
    network = nn.Linear(8, 8)
    for _ in range(2000):
        network = nn.Sequential(network)
    with pytest.raises(ForwardError, match="RecursionError"):
        archstat.count(network, X)
    while isinstance(network, nn.Sequential):
        assert "forward" not in vars(network)
        network = network[0]


def test_every_switch_of_torch_is_put_back():
    before = torch.compile, torch.backends.mha.get_fastpath_enabled(), torch._C._get_graph_executor_optimize()
    switches = Switches(torch.device("cpu"))
    switches.set()
    assert torch.compile is not before[0]
    torch.set_grad_enabled(False)  # an interrupt came before "no_grad" could end
    switches.put_back()
    assert torch.is_grad_enabled()
    assert (torch.compile, torch.backends.mha.get_fastpath_enabled(), torch._C._get_graph_executor_optimize()) == before
