"""Every layer of the fast path is traced both ways, and both traces say the same."""

import warnings

import pytest
import torch
from torch import nn

from archstat.counting.memory import peak
from archstat.counting.rows import count_trace
from archstat.errors import ForwardError
from archstat.tracing import layers, leaves
from tests.support import Calls, trace_of

IMAGE = (2, 4, 9, 10)

#: A layer → ways to build it, and shapes that it takes.
SETTINGS = {
    nn.Conv2d: [
        (lambda: nn.Conv2d(4, 6, 3), [IMAGE, IMAGE[1:]]),
        (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=2, groups=2, bias=False), [IMAGE]),
        (lambda: nn.Conv2d(4, 6, 3, padding="same"), [IMAGE]),
        (lambda: nn.Conv2d(4, 6, 3, padding="valid"), [IMAGE]),
        (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), [IMAGE]),
    ],
    nn.Linear: [
        (lambda: nn.Linear(10, 3), [(10,), (2, 10), IMAGE]),
        (lambda: nn.Linear(10, 3, bias=False), [(2, 10)]),
    ],
    nn.BatchNorm2d: [
        (lambda: nn.BatchNorm2d(4), [IMAGE]),
        (lambda: nn.BatchNorm2d(4, affine=False), [IMAGE]),
        (lambda: nn.BatchNorm2d(4, track_running_stats=False), [IMAGE]),
        (lambda: nn.BatchNorm2d(4, momentum=None), [IMAGE]),
    ],
    nn.ReLU: [(nn.ReLU, [(), (3,), IMAGE]), (lambda: nn.ReLU(inplace=True), [IMAGE])],
    nn.Dropout: [(nn.Dropout, [(3,), IMAGE]), (lambda: nn.Dropout(0.2, inplace=True), [IMAGE])],
    nn.MaxPool2d: [
        (lambda: nn.MaxPool2d(2), [IMAGE, IMAGE[1:]]),
        (lambda: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True), [IMAGE]),
        (lambda: nn.MaxPool2d(3, dilation=2), [IMAGE]),
        (lambda: nn.MaxPool2d(2, return_indices=True), [IMAGE]),
    ],
    nn.AvgPool2d: [
        (lambda: nn.AvgPool2d(2), [IMAGE, IMAGE[1:]]),
        (lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), [IMAGE]),
        (lambda: nn.AvgPool2d(2, divisor_override=3), [IMAGE]),
    ],
}
CASES = [
    pytest.param(build, shape, id=f"{kind.__name__}-{number}-{len(shape)}d")
    for kind, ways in SETTINGS.items()
    for number, (build, shapes) in enumerate(ways)
    for shape in shapes
]
per_layer = pytest.mark.parametrize("kind", leaves.LEAVES, ids=lambda kind: kind.__name__)


@pytest.fixture
def both_ways(monkeypatch):
    """A function: the traces of a network with the fast path and without it."""

    def trace_twice(model, *inputs):
        short = trace_of(model, *inputs)
        with monkeypatch.context() as patch:
            patch.setattr(layers, "shortcut", lambda *_: None)
            return short, trace_of(model, *inputs)

    return trace_twice


@pytest.fixture
def shortcuts(monkeypatch):
    """The kinds of the layers that took the short way."""
    taken = []

    def watched(kind, recorder):
        short = shortcut(kind, recorder)

        def answer(module, x):
            out = short(module, x)
            if out is not None:
                taken.append(kind)
            return out

        return None if short is None else answer

    shortcut = leaves.shortcut
    monkeypatch.setattr(layers, "shortcut", watched)
    return taken


DEFAULTS = {
    # a pooling layer hands on no dilation, no ceiling where it has none to hand on
    "max_pool2d": ((0, 0), (1, 1), False),
    "avg_pool2d": ((0, 0), False, True, None),
    "conv2d": (None, (1, 1), (0, 0), (1, 1), 1),
    "linear": (None,),
}


def without_defaults(op):
    """The record of an op without trailing arguments that say what is so anyway."""
    args = list(op.args)
    while args and not hasattr(args[-1], "storage") and args[-1] in (*DEFAULTS.get(op.op, ()), ()):
        args.pop()
    return op.op, op.call, op.nature, tuple(args), op.kwargs, op.outputs


def assert_alike(short, long):
    assert [without_defaults(op) for op in short.ops] == [without_defaults(op) for op in long.ops]
    assert short.calls == long.calls
    assert short.storages == long.storages
    assert peak(short) == peak(long)
    assert count_trace(short, "network") == count_trace(long, "network")


def ordinary(kind):
    """The first way to build a layer, and a shape that it takes."""
    build, shapes = SETTINGS[kind][0]
    return build(), torch.ones(shapes[-1] if len(shapes[0]) < 4 else shapes[0])


def test_every_entry_has_its_settings_here():
    assert leaves.LEAVES.keys() == SETTINGS.keys()


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(("build", "shape"), CASES)
def test_both_ways_give_the_same_trace(build, shape, device, both_ways):
    network = nn.Sequential(nn.Identity(), build(), nn.ReLU()).to(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # padding="same" with an even kernel pads a copy
        if isinstance(network[1], nn.MaxPool2d) and network[1].return_indices:
            network = network[1]
        assert_alike(*both_ways(network, torch.ones(shape, device=device)))


@per_layer
def test_an_ordinary_layer_takes_the_short_way(kind, shortcuts):
    layer, x = ordinary(kind)
    trace_of(layer, x)
    assert shortcuts == [kind]


@per_layer
def test_a_subclass_goes_its_own_way(kind, shortcuts):
    layer, x = ordinary(kind)
    layer.__class__ = type("Mine", (kind,), {"forward": lambda _, x: x.exp()})
    trace = trace_of(layer, x)
    assert [op.op for op in trace.ops] == ["exp"]
    assert shortcuts == []


@per_layer
def test_a_forward_of_the_instance_is_the_one_that_runs(kind, shortcuts):
    layer, x = ordinary(kind)
    layer.forward = lambda x: x.exp()
    assert [op.op for op in trace_of(layer, x).ops] == ["exp"]
    assert shortcuts == []


@per_layer
def test_a_changed_class_is_the_one_that_runs(kind, shortcuts, monkeypatch):
    layer, x = ordinary(kind)
    monkeypatch.setattr(kind, "forward", lambda _, x: x.exp())
    assert [op.op for op in trace_of(layer, x).ops] == ["exp"]
    assert shortcuts == []


@per_layer
def test_a_hook_before_the_layer_may_change_its_input(kind, both_ways):
    layer, x = ordinary(kind)
    layer.register_forward_pre_hook(lambda _, args: (torch.cat([args[0], args[0]]),))
    short, long = both_ways(layer, x)
    assert_alike(short, long)
    assert short.ops[0].op == "cat"
    assert short.ops[1].outputs[0].shape[0] == 2 * trace_of(ordinary(kind)[0], x).ops[0].outputs[0].shape[0]


@per_layer
def test_a_hook_after_the_layer_may_change_its_output(kind, both_ways):
    layer, x = ordinary(kind)
    layer.register_forward_hook(lambda _, __, out: out.exp())
    short, long = both_ways(layer, x)
    assert_alike(short, long)
    assert short.ops[-1].op == "exp"


@pytest.mark.parametrize(
    "kind", [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("rank", [1, 2, 5])
def test_an_input_of_the_wrong_rank_fails_as_in_torch(kind, rank):
    layer, x = ordinary(kind)[0].eval(), torch.ones([4] * rank)
    with pytest.raises((ValueError, RuntimeError, IndexError)) as torchs:
        layer(x)
    with pytest.raises(ForwardError) as ours:
        trace_of(layer, x)
    assert type(ours.value.__cause__) is torchs.type


@pytest.mark.parametrize(
    ("kind", "shape"), [(nn.Conv2d, (2, 3, 9, 9)), (nn.Linear, (2, 9)), (nn.BatchNorm2d, (2, 3, 9, 9))]
)
def test_an_input_of_the_wrong_width_fails_as_in_torch(kind, shape):
    layer, x = ordinary(kind)[0].eval(), torch.ones(shape)
    with pytest.raises(RuntimeError):
        layer(x)
    with pytest.raises(ForwardError):
        trace_of(layer, x)


def test_an_input_with_other_strides_takes_the_long_way(shortcuts):
    trace_of(nn.Conv2d(4, 6, 3), torch.ones(IMAGE).to(memory_format=torch.channels_last))
    assert shortcuts == []


def test_a_parametrized_layer_uses_what_its_parameters_become():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(10, 3))
    trace = trace_of(layer, torch.ones(2, 10))
    assert [op.op for op in trace.ops][-1] == "linear"
    assert len(trace.ops) > 1


def test_a_mode_inside_the_forward_sees_the_ops():
    seen = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(func)
            return func(*args, **(kwargs or {}))

    layer = nn.Linear(10, 3)

    def forward(x):
        with Watch():
            return layer(x)

    trace = trace_of(Calls(forward, layer=layer), torch.ones(2, 10))
    assert seen
    assert [op.op for op in trace.ops] == ["linear"]
