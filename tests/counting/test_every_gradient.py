"""The gradient of every op and every layer that torch's own tests know, with torch's own sample inputs.

Each is trained without values; no op of its backward pass may be uncounted, but for those of a short list.
"""

import itertools
from unittest import mock

import pytest
import torch
from torch import nn

from archstat.counting.rules import RULES
from archstat.counting.training import count_step
from archstat.tracing.nested import tensors_in, with_tensors
from archstat.tracing.training import trace_step
from tests.counting.test_every_op import WITHOUT_SAMPLES, distinct, dtype_of, name_of, unseeded
from tests.torch_databases import database, module_db

SAMPLES = 2
"""How many calls of each op are trained."""

#: Ops that may stay uncounted in training, and why.
UNCOUNTED = {
    "sparse_mm_reduce_impl": "its sparse matrix is made of what is trained, so how much of it is stored is not known",
    "sparse_mm_reduce_impl_backward": "likewise",
    "sparse_sampled_addmm": "likewise",
}


def is_differentiable(op):
    """Whether it has a gradient that is tried here."""
    if not op.supports_autograd or name_of(op) in WITHOUT_SAMPLES:
        return False
    return dtype_of(op).is_floating_point or dtype_of(op).is_complex


DIFFERENTIABLE = list(filter(is_differentiable, database.op_db))


class Scaled(nn.Module):
    """A call whose inputs are multiplied by a parameter where they may have a gradient: the one that is trained."""

    def __init__(self, call, inputs):
        super().__init__()
        self.call = call
        self.scale = nn.Parameter(torch.ones((), dtype=next(tensor.dtype for tensor in inputs if tensor.requires_grad)))
        self.trained = {index for index, tensor in enumerate(inputs) if tensor.requires_grad}

    def forward(self, *args):
        places = itertools.count()
        return self.call(
            *with_tensors(args, lambda tensor: tensor * self.scale if next(places) in self.trained else tensor)
        )


def uncounted(call, args):
    """The ops of a training step that no rule covers."""
    step = trace_step(Scaled(call, tensors_in(args)), with_tensors(args, torch.Tensor.detach))
    return [op.op for op in count_step(step, "call").uncounted]


def samples_of(op):
    samples = op.sample_inputs("cpu", dtype_of(op), requires_grad=True)
    calls = distinct(((sample.input, *sample.args), sample.kwargs) for sample in samples)
    trained = (call for call in calls if any(tensor.requires_grad for tensor in tensors_in(call[0])))
    return itertools.islice(trained, SAMPLES)


@pytest.mark.filterwarnings("ignore")  # the samples are torch's own, deprecated ones among them
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in DIFFERENTIABLE])
@pytest.mark.sampled(24)
def test_the_gradient_of_an_op_of_torchs_database_is_counted(op):
    with mock.patch.object(database, "wrapper_set_seed", unseeded):
        for args, kwargs in samples_of(op):
            found = uncounted(lambda *given, _named=kwargs: op.op(*given, **_named), args)
            assert [name for name in found if name not in UNCOUNTED] == []


def layers_of(info):
    dtype = torch.float64 if "Fractional" in info.name else torch.float32  # of which their random samples are
    made = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=True)
    for module_input in itertools.islice(made, 1):
        layer, forward = module_input.constructor_input, module_input.forward_input
        if forward is not None:
            with torch.random.fork_rng(), torch.no_grad():
                network = info.module_cls(*layer.args, **layer.kwargs)
                network(*forward.args, **forward.kwargs)  # so that a lazy layer has its parameters
            yield network, forward.args, forward.kwargs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("info", [pytest.param(info, id=info.name) for info in module_db])
@pytest.mark.sampled(26)
def test_the_gradient_of_a_layer_of_torchs_database_is_counted(info):
    for network, args, kwargs in layers_of(info):
        if any(tensor.requires_grad for tensor in tensors_in(args)):
            assert uncounted(lambda *given, _of=network, _named=kwargs: _of(*given, **_named), args) == []


def test_the_walk_names_a_gradient_that_has_no_rule(monkeypatch):
    monkeypatch.delitem(RULES, "grid_sampler_2d_backward")
    x, grid = torch.ones(1, 1, 3, 3, requires_grad=True), torch.zeros(1, 2, 2, 2, requires_grad=True)
    assert uncounted(lambda *given: nn.functional.grid_sample(*given, align_corners=False), (x, grid)) == [
        "grid_sampler_2d_backward"
    ]


def test_the_walk_meets_most_of_torchs_ops():
    assert len(DIFFERENTIABLE) > 400
