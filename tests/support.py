"""What the tests of the engine share: a network made of one function, and its cost in one call."""

from torch import nn

from archstat.counting import count_trace
from archstat.tracing import trace


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


def cost_of(model, *inputs, **kwargs):
    """The cost of a network, or of a plain function."""
    return count_trace(trace_of(model, *inputs, **kwargs), "network")


def op_names(trace):
    """The ops of a trace, in order."""
    return [op.op for op in trace.ops]
