"""What tests of layers share: a clock that goes on only when it is told to, and networks whose times are known."""

import torch
from torch import nn

from archstat.measuring.prepared import Prepared
from archstat.records import Conditions


class FakeClock:
    """A clock that moves when work is done, and by ``reading_ns`` whenever it is read."""

    def __init__(self, reading_ns=0):
        self.ns, self.reading_ns, self.slept = 0, reading_ns, []

    def now_ns(self):
        now = self.ns
        self.ns += self.reading_ns
        return now

    def sleep(self, seconds):
        self.slept.append(seconds)


class Takes(nn.Module):
    """A layer that takes so many nanoseconds."""

    def __init__(self, clock, ns):
        super().__init__()
        self.clock, self.ns = clock, ns

    def forward(self, x):
        self.clock.ns += self.ns
        return x


class Raises(nn.Module):
    """A layer that takes its time and fails."""

    def __init__(self, clock, ns):
        super().__init__()
        self.clock, self.ns = clock, ns

    def forward(self, _x):
        self.clock.ns += self.ns
        raise ValueError("broken")


def prepared(model, *inputs, mode="eager"):
    """A network ready to run on a CPU."""
    inputs = inputs or (torch.ones(1),)
    return Prepared("network", model.eval(), inputs, Conditions("cpu", "a processor", "fp32", 1, mode=mode))


def hooks_of(model):
    """All hooks of all modules."""
    return [
        {name: dict(value) for name, value in vars(module).items() if "hooks" in name and isinstance(value, dict)}
        for module in model.modules()
    ]
