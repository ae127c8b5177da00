"""What torch refuses in a real run is refused without values, and what it takes is counted.

Torch's kernels without values are lenient. Calls of every kind are made for real and without values, from a table of
our own and from the databases of torch's own tests.
"""

import itertools
import subprocess
import sys

import pytest
import torch
from torch import nn

from archstat.counting.arithmetic import explain_trace
from archstat.counting.rows import count_trace
from archstat.errors import ForwardError
from archstat.tracing import ops, stand_ins, trace
from archstat.tracing.nested import tensors_in, with_tensors
from archstat.tracing.refusals import REFUSALS
from archstat.tracing.training import trace_step
from tests.counting.test_every_op import WITHOUT_SAMPLES, dtype_of, name_of
from tests.support import Calls
from tests.torch_databases import ModuleErrorEnum, database, module_db
from tests.tracing.calls import BF16, F64, REFUSED, TAKEN, ones

refused = pytest.mark.parametrize(("call", "shape", "dtype"), REFUSED.values(), ids=REFUSED)
taken = pytest.mark.parametrize(("call", "shape", "dtype"), TAKEN.values(), ids=TAKEN)


class Trained(nn.Module):
    """A call with something to train beside it."""

    def __init__(self, call):
        super().__init__()
        self.call = call
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        self.call(x)
        return self.scale * 2


def network(call):
    """What calls it; a layer brings its own parameters."""
    return call if isinstance(call, nn.Module) else Calls(call)


def without_values(value):
    """Measured quantities lose their values; indices and masks keep them, as in a trace."""
    return with_tensors(value, lambda tensor: tensor.to("meta") if is_measured(tensor) else tensor)


def is_measured(tensor):
    return tensor.layout is torch.strided and (tensor.is_floating_point() or tensor.is_complex())


def raises(call, *args, **kwargs):
    """Whether it is refused for real."""
    try:
        with torch.no_grad():
            call(*args, **kwargs)
    except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
        return True
    return False


@refused
def test_what_torch_refuses_is_refused_without_values(call, shape, dtype):
    assert raises(call, torch.ones(shape, dtype=dtype)), "torch takes it: it is no case"
    with pytest.raises(ForwardError, match="failed"):
        trace(network(call), (torch.empty(shape, dtype=dtype, device="meta"),))


@refused
def test_what_torch_refuses_is_refused_in_training(call, shape, dtype):
    with pytest.raises(ForwardError, match="failed"):
        trace_step(Trained(call), (torch.empty(shape, dtype=dtype, device="meta"),))


@taken
def test_what_torch_takes_is_counted(call, shape, dtype):
    with torch.no_grad():
        out = call(torch.ones(shape, dtype=dtype))
    traced = trace(network(call), (torch.empty(shape, dtype=dtype, device="meta"),))
    assert traced.calls[0].outputs[0].shape == out.shape
    assert count_trace(traced, "call").uncounted == ()
    explain_trace(traced)


@pytest.mark.parametrize(
    ("call", "shape", "dtype"),
    [pytest.param(*case, id=name) for name, case in TAKEN.items() if "mask of whole" not in name],
)
def test_what_torch_takes_is_replayed_in_training(call, shape, dtype):
    """But for what a mask selects: of that a training step knows no size."""
    step = trace_step(Trained(call), (torch.empty(shape, dtype=dtype, device="meta"),))
    assert "mul" in [op.op for op in step.ops]


@pytest.mark.parametrize("values", ["real", "meta"])
def test_the_refusal_says_what_torch_says(values):
    x = torch.ones(1, 4, 5, 5, device="cpu" if values == "real" else "meta")
    with pytest.raises(
        ForwardError, match=r"Given transposed=1, weight of size \[3, 4, 2, 2\], expected input\[1, 4, 5"
    ):
        trace(nn.ConvTranspose2d(3, 4, 2), (x,))


def test_the_refusal_names_the_layer():
    with pytest.raises(ForwardError, match=r"in layer '1', at linear of .*mat1 and mat2 must have the same dtype"):
        trace(nn.Sequential(nn.ReLU(), nn.Linear(3, 4)), (torch.empty(2, 3, dtype=F64, device="meta"),))


def test_mixed_types_under_autocast_are_counted():
    def forward(x):
        with torch.autocast("cpu", BF16):
            return nn.functional.linear(x, ones(4, 3))

    traced = trace(Calls(forward), (torch.empty(2, 3, device="meta"),))
    assert count_trace(traced, "call").macs == 24


# -- the two tables ----------------------------------------------------------------------------------------------------


def aten_names():
    """The plain names of all ops of torch."""
    return {
        schema.name.removeprefix("aten::").strip("_").removeprefix("native_")
        for schema in torch._C._jit_get_all_schemas()
        if schema.name.startswith("aten::")
    }


def test_every_name_is_one_of_torchs():
    assert REFUSALS.keys() | stand_ins.TRIED <= aten_names()


def test_every_refusal_refuses_a_case(monkeypatch):
    """An entry that no case needs has no test."""
    needed = set()

    def noting(check):
        def note(given):
            try:
                check(given)
            except Exception:
                needed.add(check)
                raise

        return note

    checks = set(REFUSALS.values())
    monkeypatch.setattr(ops, "_known", {})
    for name, check in list(REFUSALS.items()):
        monkeypatch.setitem(REFUSALS, name, noting(check))
    for call, shape, dtype in REFUSED.values():
        with pytest.raises(ForwardError):
            trace(network(call), (torch.empty(shape, dtype=dtype, device="meta"),))
    assert {check.__qualname__ for check in checks - needed} == set()


def test_without_stand_ins_mixed_types_would_be_counted(monkeypatch):
    monkeypatch.setattr(stand_ins, "_OF_TYPES", stand_ins.re.compile("(?!)"))
    monkeypatch.setattr(stand_ins, "_verdicts", {})
    trace(nn.Linear(3, 4), (torch.empty(2, 3, dtype=F64, device="meta"),))


def test_a_verdict_is_kept(monkeypatch):
    tried = []
    monkeypatch.setattr(stand_ins, "_verdicts", {})
    monkeypatch.setattr(stand_ins, "_verdict", lambda *_: tried.append(1))
    for extent in (2, 3, 4):
        stand_ins.refuse_types(torch.ops.aten.mm.default, (ones(2, extent), ones(extent, 2)), {})
    assert len(tried) == 1


class Sorter(nn.Module):
    """Holds a tensor in a frame, from which an op is tried that the CPU has no kernel for, and does more then."""

    def forward(self, x):
        return self.inner(x).exp().exp().exp()

    def inner(self, x):
        large = x.repeat(1000, 1)
        torch.histc(torch.zeros(4, dtype=torch.int32, device=x.device), 4, 0, 3)
        return large.sum()


def test_what_is_tried_holds_no_tensor_of_the_network(monkeypatch):
    monkeypatch.setattr(stand_ins, "_verdicts", {})
    monkeypatch.setattr(stand_ins, "_holds_everywhere", lambda *_: False)
    first, second = (trace(Sorter(), (torch.zeros(2, 8, device="meta"),)) for _ in range(2))
    assert first == second, "the first pass tries, the second one knows"
    assert [life.died for life in first.storages if life.nbytes == 2 * 1000 * 8 * 4] != [None]


def test_verdicts_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(stand_ins, "_verdicts", {})
    monkeypatch.setattr(stand_ins, "_VERDICTS_MOST", 2)
    for value in (1.0, 2.0, 3.0):
        stand_ins.refuse_types(torch.ops.aten.add.Scalar, (ones(2), value), {})
    assert len(stand_ins._verdicts) == 1


def test_what_has_no_hash_passes():
    stand_ins.refuse_types(torch.ops.aten.add.Scalar, (ones(2), bytearray()), {})


def test_trying_draws_no_random_numbers():
    state = torch.get_rng_state()
    trace(Calls(torch.bernoulli), (torch.empty(3, device="meta"),))
    assert torch.equal(state, torch.get_rng_state())


# -- torch's own databases ---------------------------------------------------------------------------------------------

DRAWS = "it would draw random numbers if it were tried"
UNSAFE = "torch reads beyond its arguments if they do not fit, so it is not tried"
EMPTY = "torch's sample is empty, and of that much is taken for which there is no kernel"
GPU = "a GPU takes what a CPU refuses"
GRADIENT = "autograd calls it, with what the forward pass was taken for"
SMALL = "small products of truths are taken and larger ones refused"

#: Ops that are counted with types which torch refuses on this machine, or the other way round, and why.
WARNS = "it is deprecated, or in beta, and warns of itself where it is tried"
TYPES_NOT_TOLD = {
    **dict.fromkeys("uniform randint_like multinomial normal bernoulli nn.functional.rrelu".split(), DRAWS),
    **dict.fromkeys("_native_batch_norm_legit _batch_norm_with_update".split(), UNSAFE),
    **dict.fromkeys("_segment_reduce.lengths _segment_reduce.offsets".split(), UNSAFE),
    **dict.fromkeys("cholesky_inverse cholesky_solve nn.functional.adaptive_avg_pool3d".split(), EMPTY),
    "nn.functional.unfold": EMPTY,
    **dict.fromkeys("abs nn.functional.softsign histc trace nanmean nansum".split(), GPU),
    **dict.fromkeys("_softmax_backward_data max_pool2d_with_indices_backward".split(), GRADIENT),
    "nn.functional.bilinear": SMALL,
    "linspace.tensor_overload": "its numbers are cast before it is called",
    "_upsample_bilinear2d_aa": "it is tried on one pixel, which is copied",
    **dict.fromkeys("cholesky triangular_solve".split(), WARNS),
    **dict.fromkeys([f"index_reduce.{how}" for how in ("mean", "prod", "amin", "amax")], WARNS),
    "masked.median": "where numbers are whole, it asks which of them are there",
}

#: Error inputs of layers that are counted, and why.
LAYERS_NOT_TOLD = {"nn.NLLLoss-0": EMPTY}

#: What real tensors show and shapes do not, in torch's words: values, and memory that two tensors share.
NOT_TOLD = (
    "single memory location",
    "probability tensor contains",
    "invalid multinomial distribution",
    "number of categories cannot exceed",
    "expects Long tensor out",
    "only tensors with up to 64 dims",
    "Expected out tensor to have dtype",
    "argument 'out'",
    "setStorage",
)


def error_inputs(op):
    return [error.sample_input for error in op.error_inputs("cpu")] if op.error_inputs_func is not None else []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in database.op_db if op.error_inputs_func])
@pytest.mark.sampled(20)
def test_the_error_inputs_of_an_op_are_refused(op):
    for sample in error_inputs(op):
        args, kwargs = (sample.input, *sample.args), sample.kwargs
        try:
            with torch.no_grad():
                op.op(*with_tensors(args, torch.Tensor.clone), **kwargs)
        except Exception as error:  # noqa: BLE001 - an error is what is wanted, of whichever kind
            if any(words in str(error) for words in NOT_TOLD):
                continue
        else:
            continue  # torch takes it on this machine
        args, kwargs = without_values((args, kwargs))
        with pytest.raises(ForwardError):
            trace(Calls(lambda *given, _named=kwargs: op.op(*given, **_named)), args)


def layer_errors():
    for each in module_db:
        if each.module_error_inputs_func is not None:
            made = each.module_error_inputs_func(
                each, device="cpu", dtype=torch.float32, requires_grad=False, training=False
            )
            errors = [error.module_error_input for error in made if error.error_on is ModuleErrorEnum.FORWARD_ERROR]
            yield from (
                pytest.param(each, error, id=name)
                for name, error in ((f"{each.name}-{i}", error) for i, error in enumerate(errors))
                if name not in LAYERS_NOT_TOLD
            )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("each", "error"), list(layer_errors()))
@pytest.mark.sampled(4)
def test_the_error_inputs_of_a_layer_are_refused(each, error):
    made, given = error.constructor_input, error.forward_input
    model = each.module_cls(*made.args, **made.kwargs).eval()
    if not raises(model, *given.args, **given.kwargs):
        return  # torch refuses it in training only
    args, kwargs = without_values((given.args, given.kwargs))
    with pytest.raises(ForwardError):
        trace(model, args, kwargs)


TYPES = (torch.float64, torch.complex64, torch.int64, torch.bool)


def cast(value, own, dtype):
    return with_tensors(value, lambda x: x.to(dtype) if x.dtype is own and x.layout is torch.strided else x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", [pytest.param(op, id=name_of(op)) for op in database.op_db])
@pytest.mark.sampled(25)
def test_an_op_takes_the_types_that_torch_takes(op):
    if name_of(op) in WITHOUT_SAMPLES or name_of(op) in TYPES_NOT_TOLD:
        return
    own = dtype_of(op)
    sample = next(iter(itertools.islice(op.sample_inputs("cpu", own, requires_grad=False), 1)))
    given = ((sample.input, *sample.args), sample.kwargs)
    places = [tensor.dtype is own for tensor in tensors_in(given)]
    if not is_counted(op, given, places):
        return  # torch has no kernel without values
    wrong = []
    for dtype in TYPES:
        args, kwargs = cast(given, own, dtype)
        is_refused = raises(op.op, *with_tensors(args, torch.Tensor.clone), **kwargs)
        if is_refused == is_counted(op, (args, kwargs), places):
            wrong.append((dtype, "refused" if is_refused else "taken"))
    assert wrong == []


def is_counted(op, given, places):
    """Whether it is counted when those of its tensors have no values."""
    place = iter(places)
    args, kwargs = with_tensors(given, lambda x: x.to("meta") if next(place) and is_strided(x) else x)
    try:
        trace(Calls(lambda *a: op.op(*a, **kwargs)), args)
    except ForwardError:
        return False
    return True


def is_strided(tensor):
    return tensor.layout is torch.strided


class Attends(nn.Module):
    """Attention, which may ask for values before: then it is run for real."""

    def __init__(self, *, asks):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.asks = asks

    def forward(self, query, key, value):
        query = self.project(query)
        if self.asks and query.isnan().any():
            return query
        return nn.functional.scaled_dot_product_attention(query, key, value)


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("run", [trace, trace_step])
@pytest.mark.parametrize(("keys", "values"), [(6, 4), (4, 6), (4, 1)])
def test_attention_over_fewer_or_more_values_than_keys_never_reaches_the_kernel_that_reads_beyond_them(
    keys, values, run, asks
):
    """Math refuses it; the kernel of a CPU does not, returns other numbers each time, and crashes now and then."""
    given = tuple(torch.ones(1, 2, length, 8) for length in (5, keys, values))
    with pytest.raises(ForwardError, match=f"attention over {keys} keys and {values} values"):
        run(Attends(asks=asks), given)
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(ForwardError, match=f"{keys} keys and {values} values"):
        run(Attends(asks=asks), given)
    run(Attends(asks=asks), (given[0], given[1], given[1]))


QUIET = """
import warnings
import torch
from torch import nn
from archstat.tracing import trace

warnings.simplefilter("error")
x = torch.empty(1, 2, 9, 9, device="meta")
layers = nn.Conv2d(2, 4, 3, padding="same"), nn.Softmax(1), nn.BatchNorm2d(4), nn.MaxPool2d(2)
trace(nn.Sequential(*layers).to("meta"), (x,))
trace(nn.Conv1d(2, 4, 3, padding="same").to("meta"), (torch.empty(2, 9, device="meta"),))
"""


def test_what_is_tried_on_the_way_warns_of_nothing():
    """In a process of its own: torch warns once."""
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
