"""What the tests of the engine share: a network made of one function, and its cost in one call."""

import torch
from torch import nn

from archstat.counting.rows import count_trace
from archstat.tracing import _run, trace
from archstat.tracing.attributes import Kept
from archstat.tracing.layers import Layers


class Calls(nn.Module):
    """A network whose forward is ``call``; the modules that ``call`` needs are its layers."""

    def __init__(self, call, **layers):
        super().__init__()
        self.call = call
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *args, **kwargs):
        return self.call(*args, **kwargs)


def trace_of(model, *inputs, **kwargs):
    """The trace of a network, or of a plain function."""
    return trace(model if isinstance(model, nn.Module) else Calls(model), inputs, kwargs)


def real_trace_of(model, args=(), kwargs=None):
    """The trace of a network that is run for real, whether it needs that or not."""
    layers, kwargs = Layers(model), dict(kwargs or {})
    return _run(layers, Kept(layers.modules, (args, kwargs)), args, kwargs, "real", is_first=True)


def cost_of(model, *inputs, **kwargs):
    """The cost of a network, or of a plain function."""
    return count_trace(trace_of(model, *inputs, **kwargs), "network")


def op_names(trace):
    """The ops of a trace, in order."""
    return [op.op for op in trace.ops]


@torch.library.custom_op("tests::spectrum", mutates_args=())
def spectrum(x: torch.Tensor) -> torch.Tensor:
    """An op of somebody's own, with shapes and without a rule: nobody says what it costs."""
    return torch.linalg.svdvals(x)


@spectrum.register_fake
def _(x):
    return x.new_empty((*x.shape[:-2], min(x.shape[-2:])))
