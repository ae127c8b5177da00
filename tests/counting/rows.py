"""What the tables of rules share: one row is one op, a call that runs it, its inputs and the expected numbers."""

import pytest
import torch

from archstat.records import TensorSpec


def tensor(value):
    """A shape as a tensor without values; anything else as it is."""
    return torch.empty(value, device="meta") if type(value) is tuple else value


def ids(*values):
    return torch.tensor(values)


def row(op, call, *inputs, macs=0, flops=0, name=""):
    """One row of the table."""
    return pytest.param(op, call, inputs, macs, flops, id=name or op)


def spec(*shape, dtype="float32", stored=None):
    """A tensor as an op saw it."""
    return TensorSpec(shape, dtype, -1, stored)
