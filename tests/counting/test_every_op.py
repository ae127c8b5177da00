"""Every op and every layer that torch's own tests know, with torch's own sample inputs.

Each is counted without values and for real, which must agree with each other and with torch on what comes out; nothing
may be uncounted, no convention and no explanation may fail, and random numbers must stay where they were.
"""

import itertools
from unittest import mock

import pytest
import torch
from torch import nn

from archstat.counting.arithmetic import explain_trace
from archstat.counting.conventions import CONVENTIONS
from archstat.counting.conventions.tally import tally
from archstat.counting.rows import count_trace
from archstat.tracing import trace
from archstat.tracing.nested import tensors_in
from tests.support import Calls, real_trace_of
from tests.torch_databases import database, module_db

SAMPLES = 3
LOOKED_AT = 40
"""Of how many samples of an entry the first with shapes of their own are taken."""

DTYPES = (torch.float32, torch.complex64, torch.int64, torch.bool)
"""The first that an op takes is the one that it is tried with."""

#: What has no samples on this machine, and why.
WITHOUT_SAMPLES = {
    "torch.ops.aten._flash_attention_forward": "a GPU's only",
    "torch.ops.aten._efficient_attention_forward": "a GPU's only",
    "nn.functional.batch_norm.without_cudnn": "a GPU's only",
    **{
        f"jiterator_{name}": "a GPU's only"
        for name in "unary binary 4inputs_with_extra_args binary_return_by_ref 2inputs_2outputs".split()
    },
}

#: Ops that may stay uncounted, and why.
UNCOUNTED = {
    "sparse_sparse_matmul": "which elements meet is not told by shapes",
}

#: What allocates otherwise without values, and why: its rows are compared without their memory.
OTHER_MEMORY: dict[str, str] = {}


def name_of(op):
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def dtype_of(op):
    taken = op.supported_dtypes("cpu")
    return next((dtype for dtype in DTYPES if dtype in taken), min(taken, key=str))


def distinct(samples):
    """The first few whose tensors have shapes of their own."""
    seen = {}
    for sample in itertools.islice(samples, LOOKED_AT):
        seen.setdefault(str([tuple(tensor.shape) for tensor in tensors_in(list(sample))]), sample)
    return list(seen.values())[:SAMPLES]


def samples_of(op):
    """Pairs of positional arguments and those by name."""
    samples = op.sample_inputs("cpu", dtype_of(op), requires_grad=False)
    return distinct(((sample.input, *sample.args), sample.kwargs) for sample in samples)


def layers_of(info):
    """Pairs of a layer and its arguments, the first ones of each setting."""
    dtype = torch.float64 if "Fractional" in info.name else torch.float32  # of which their random samples are
    made = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=False, training=False)
    for module_input in itertools.islice(made, SAMPLES):
        layer, forward = module_input.constructor_input, module_input.forward_input
        if forward is not None:
            with torch.random.fork_rng(), torch.no_grad():
                network = info.module_cls(*layer.args, **layer.kwargs).eval()
                network(*forward.args, **forward.kwargs)  # so that a lazy layer has its parameters
            yield network, forward.args, forward.kwargs


@pytest.fixture
def unfused():
    """A transformer takes no fused path, which one without values cannot take."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(was_enabled)


def unseeded(op, *args, **kwargs):
    """In place of the wrapper that sets the seed before an op that draws."""
    return op(*args, **kwargs)


def rows(cost, *, with_memory):
    """What must not depend on whether an op computes."""
    return [
        (row.kind, row.macs, row.other_flops, row.output_shape, *([row.activations] if with_memory else []))
        for row in cost.layers
    ]


def checked(name, network, args, kwargs):
    """Count it both ways, compare, and try whatever follows from a trace."""
    state = torch.get_rng_state()
    real = real_trace_of(network, args, kwargs)
    traced = trace(network, args, kwargs)
    assert torch.equal(state, torch.get_rng_state())
    costs = count_trace(traced, name), count_trace(real, name)
    assert [[op.op for op in cost.uncounted if op.op not in UNCOUNTED] for cost in costs] == [[], []]
    without, for_real = (rows(cost, with_memory=name not in OTHER_MEMORY) for cost in costs)
    assert without == for_real
    for each in (traced, real):
        explain_trace(each)
        for convention in CONVENTIONS:
            tally(each, convention, CONVENTIONS[convention])
    return traced


def output_shapes(traced):
    return [tuple(spec.shape) for spec in traced.calls[0].outputs]


@pytest.mark.filterwarnings("ignore")  # the samples are torch's own, deprecated ones among them
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in database.op_db])
@pytest.mark.sampled(32)
def test_an_op_of_torchs_database_is_counted_with_and_without_values(op):
    if name_of(op) in WITHOUT_SAMPLES:
        return
    samples = samples_of(op)
    assert samples
    with mock.patch.object(database, "wrapper_set_seed", unseeded):
        for args, kwargs in samples:
            network = Calls(lambda *given, _named=kwargs: op.op(*given, **_named))
            traced = checked(name_of(op), network, args, {})
            with torch.random.fork_rng(), torch.no_grad():
                out = network(*args)
            assert output_shapes(traced) == [tuple(tensor.shape) for tensor in tensors_in(out)]


@pytest.mark.usefixtures("unfused")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("info", [pytest.param(info, id=info.name) for info in module_db])
@pytest.mark.sampled(2)
def test_a_layer_of_torchs_database_is_counted_with_and_without_values(info):
    for network, args, kwargs in layers_of(info):
        traced = checked(info.name, network, args, kwargs)
        with torch.random.fork_rng(), torch.no_grad():
            out = network(*args, **kwargs)
        assert output_shapes(traced) == [tuple(tensor.shape) for tensor in tensors_in(out)]


def test_the_databases_are_as_large_as_they_were():
    assert len(database.op_db) > 600
    assert len(module_db) > 100
    assert isinstance(nn.Linear(1, 1), module_db[0].module_cls) or len({info.module_cls for info in module_db}) > 90


def test_what_has_no_samples_is_still_there():
    assert WITHOUT_SAMPLES.keys() <= {name_of(op) for op in database.op_db}
