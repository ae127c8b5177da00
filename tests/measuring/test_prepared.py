"""Networks and inputs as they are measured: in evaluation mode, drawn by a seed, laid out and cast as asked."""

import pytest
import torch
from torch import nn

from archstat.errors import InputError
from archstat.measuring.prepared import Prepared, build_for_device, conditions_of, drawn_inputs
from archstat.networks.settings import InputSpec, MeasureSetting
from archstat.networks.source import Source
from archstat.records import Conditions

CPU = torch.device("cpu")
CONDITIONS = Conditions("cpu", "a processor", "fp32", 1)


def source(make=lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())):
    return Source("net", make)


def test_weights_are_those_of_the_seed_and_torch_draws_on_as_before():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = (build_for_device(source(), MeasureSetting(seed=1), CPU) for _ in range(2))
    other = build_for_device(source(), MeasureSetting(seed=2), CPU)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first[0].weight, second[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_a_network_is_measured_in_evaluation_mode():
    assert not any(module.training for module in build_for_device(source(), MeasureSetting(), CPU).modules())


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_network_and_input_are_cast_and_not_only_told_to_compute_so(precision, dtype):
    how = MeasureSetting(precision=precision)
    model = build_for_device(source(), how, CPU)
    (x,) = drawn_inputs(model, [InputSpec((3, 8, 8))], 2, how, CPU).args
    assert {parameter.dtype for parameter in model.parameters()} == {x.dtype} == {dtype}
    assert x.shape == (2, 3, 8, 8)


def test_channels_last_is_of_weights_and_images_alike():
    how = MeasureSetting(channels_last=True)
    model = build_for_device(source(), how, CPU)
    image, row = drawn_inputs(model, [InputSpec((3, 8, 8)), InputSpec((7,))], 2, how, CPU).args
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert not image.is_contiguous()
    assert row.is_contiguous()


def test_inputs_are_those_of_the_seed_and_no_constants():
    model = nn.Identity()
    first, second, other = (
        drawn_inputs(model, [InputSpec((64,))], 4, MeasureSetting(seed=s), CPU).args[0] for s in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.std() > 0.5


def test_whole_numbers_are_rows_of_the_smallest_embedding():
    model = nn.ModuleList([nn.Embedding(50, 4), nn.EmbeddingBag(3, 4)])
    (ids,) = drawn_inputs(model, [InputSpec((200,), "int64")], 2, MeasureSetting(), CPU).args
    assert (ids.dtype, ids.min().item(), ids.max().item()) == (torch.int64, 0, 2)
    (flags,) = drawn_inputs(nn.Identity(), [InputSpec((200,), "bool")], 2, MeasureSetting(), CPU).args
    assert flags.dtype is torch.bool


def test_an_input_that_cannot_be_is_refused():
    with pytest.raises(InputError, match=r"No input of 1×999999999×999999999×9 can be made on cpu: "):
        drawn_inputs(nn.Identity(), [InputSpec((999_999_999, 999_999_999, 9))], 1, MeasureSetting(), CPU)


def test_a_network_that_cannot_be_cast_is_refused():
    class Stubborn(nn.Identity):
        def to(self, **_):
            raise NotImplementedError("no such kernel\nsecond line")

    with pytest.raises(InputError, match=r"^'net' cannot be brought to cpu as bf16: no such kernel$"):
        build_for_device(source(Stubborn), MeasureSetting(precision="bf16"), CPU)


def test_a_pass_asks_for_no_gradients():
    seen = []

    class Asks(nn.Linear):
        def forward(self, x):
            seen.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled()))
            return super().forward(x)

    Prepared("net", Asks(2, 2), [torch.ones(1, 2)], CONDITIONS).run()
    assert seen == [(True, False)]


def test_a_network_that_fails_in_inference_mode_runs_without_gradients():
    class Versions(nn.Module):
        def forward(self, x):
            return (x + 1)._version

    prepared = Prepared("net", Versions(), [torch.ones(2)], CONDITIONS)
    prepared.run()
    assert prepared.grad_mode == "no_grad"


def test_another_failure_is_the_networks_own():
    class Fails(nn.Module):
        def forward(self, _):
            raise RuntimeError("out of tea")

    prepared = Prepared("net", Fails(), [torch.ones(2)], CONDITIONS)
    with pytest.raises(RuntimeError, match="out of tea"):
        prepared.run()
    assert prepared.grad_mode == "inference_mode"


def test_a_compiled_network_is_compiled_for_its_input_and_the_network_itself_stays_eager(monkeypatch):
    asked = []

    def compiled(_, **options):
        asked.append(options)
        return asked.append

    monkeypatch.setattr(torch, "compile", compiled)
    model = nn.ReLU()
    prepared = Prepared("net", model, [torch.ones(2)], Conditions("cpu", "", "fp32", 1, mode="compiled"))
    prepared.run()
    assert asked[0] == {"dynamic": False, "isolate_recompiles": True}
    assert torch.equal(asked[1], torch.ones(2))
    assert prepared.model is model


def test_conditions_say_what_was_asked_for():
    found = conditions_of(MeasureSetting(precision="bf16", channels_last=True, compiled=True, threads=3), CPU, 8)
    assert (found.device, found.precision, found.batch_size, found.threads) == ("cpu", "bf16", 8, 3)
    assert (found.mode, found.memory_format, found.power_limit_w) == ("compiled", "channels_last", None)
    assert conditions_of(MeasureSetting(), CPU, 1).threads >= 1


def test_more_networks_of_one_class_than_torch_keeps_are_compiled_all_the_same():
    """Torch gives up after eight of them, and runs the rest eagerly without a word."""
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.linear = nn.Linear(2, width)

        def forward(self, x):
            return self.linear(x)

    real = torch.compile
    for width in range(1, 11):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "compile", lambda model, **options: real(model, backend=backend, **options))
            conditions = Conditions("cpu", "", "fp32", 1, mode="compiled")
            Prepared("net", Net(width), [torch.ones(1, 2)], conditions).run()
    assert len(graphs) == 10
