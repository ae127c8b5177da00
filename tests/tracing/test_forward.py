"""One forward pass without arithmetic: what runs, what falls back, what fails and with which words."""

import dataclasses
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

from archstat.errors import ForwardError
from archstat.networks.source import Source
from archstat.networks.sources import build_on_meta
from archstat.tracing import recorder, trace
from tests.support import Calls, cost_of, op_names, trace_of


def ids(*values):
    return torch.tensor(values)


def flop_counter_macs(model, *inputs, **kwargs):
    """Torch's own counter, which counts two for each multiply-accumulate."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*inputs, **kwargs)
    total = counter.get_total_flops()
    assert total % 2 == 0
    return total // 2


# -- weights without arithmetic --------------------------------------------------------------------------------------


@pytest.fixture
def _no_arithmetic(monkeypatch):
    """Fails if any op computes with floating-point numbers."""

    def watched(self, op, func, args, kwargs):
        for tensor in recorder.tensors_in((args, kwargs)):
            assert not tensor.is_floating_point(), f"{op.name} was computed"
        return compute(self, op, func, args, kwargs)

    compute = recorder.Recorder._run_real
    monkeypatch.setattr(recorder.Recorder, "_run_real", watched)


@pytest.mark.usefixtures("_no_arithmetic")
@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(4, 4),
        nn.Sequential(nn.BatchNorm1d(4), nn.ReLU()),
        nn.BatchNorm1d(4, affine=False),
        nn.LSTM(4, 4),
        nn.MultiheadAttention(4, 2),
        nn.TransformerEncoderLayer(4, 2, 8),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_network_with_weights_is_counted_without_computing(layer):
    x = torch.ones(3, 4)
    call = (lambda x: layer(x, x, x)[0]) if isinstance(layer, nn.MultiheadAttention) else layer
    assert trace_of(Calls(call, layer=layer), x).forward == "meta"


def test_weights_that_are_no_numbers_do_not_matter():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    for tensor in (*model.parameters(), model[1].running_var):
        nn.init.constant_(tensor, float("nan"))
    assert cost_of(model, torch.full((2, 4), float("nan"))).macs == 2 * 16


@pytest.mark.usefixtures("_no_arithmetic")
def test_statistics_alone_are_no_reason_to_compute():
    norm = nn.BatchNorm2d(3)
    assert trace_of(Calls(lambda: norm.running_mean * 2 + norm.running_var, norm=norm)).forward == "meta"


# -- values that a network needs -------------------------------------------------------------------------------------


def test_a_mask_of_whole_numbers_keeps_its_values():
    def forward(x, mask):
        return x.exp() if mask.sum().item() == 2 else x

    trace = trace_of(forward, torch.ones(3), ids(1, 1, 0))
    assert trace.forward == "meta"
    assert op_names(trace)[-1] == "exp"


def test_a_mask_chooses_as_many_as_it_has():
    trace = trace_of(lambda x, mask: x[mask], torch.ones(3, 4), ids(1, 0, 1).bool())
    assert trace.forward == "meta"
    assert trace.ops[-1].outputs[0].shape == (2, 4)


def test_positions_made_on_the_way_keep_their_values():
    def forward(x):
        steps = torch.arange(4, device=x.device)
        return x[:, : int(steps[2])]

    assert trace_of(forward, torch.empty(3, 4, device="meta")).ops[-1].outputs[0].shape == (3, 2)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_buffer_of_whole_numbers_keeps_its_values(device):
    model = Calls(lambda x: x[:, model.index], layer=nn.Linear(4, 4))
    model.register_buffer("index", ids(0, 2))
    assert trace_of(model, torch.empty(3, 4, device=device)).ops[-1].outputs[0].shape == (3, 2)


class Branching(nn.Module):
    """Halves what is large: a decision on activations."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        x = self.first(x)
        if x.sum() > 0:
            x = x * 0.5
        return self.second(x)


def test_a_branch_on_activations_is_run_for_real():
    cost = cost_of(Branching(), torch.ones(3, 4))
    assert cost.forward == "real"
    assert cost.macs == 3 * (4 * 8 + 8 * 2)


def test_a_real_run_takes_the_branch_of_the_given_values():
    model = Calls(lambda x: layer(x) if x.sum() > 0 else x, layer=(layer := nn.Linear(4, 8)))
    assert cost_of(model, torch.ones(3, 4)).macs == 96
    assert cost_of(model, -torch.ones(3, 4)).macs == 0


def test_a_branch_on_activations_fails_on_meta_and_names_the_layer():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), Branching()))
    with pytest.raises(ForwardError, match=r"in layer '1\.1'"):
        trace_of(model, torch.empty(3, 4, device="meta"))


def test_a_cast_and_a_copy_of_weights_are_shapes_too():
    layer = nn.Linear(4, 8)
    trace = trace_of(
        Calls(lambda x: F.linear(x.double(), layer.weight.double().clone()), layer=layer), torch.ones(3, 4)
    )
    assert trace.forward == "meta"
    assert trace.ops[-1].outputs[0].dtype == "float64"


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_failure_says_where_and_what_and_keeps_the_cause():
    model = nn.Sequential()
    model.add_module("body", nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4)))
    with pytest.raises(
        ForwardError, match=r"in layer 'body\.1'.*RuntimeError: .*shapes cannot be multiplied"
    ) as caught:
        trace_of(model, torch.ones(3, 4))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_failure_of_the_networks_own_forward_says_so():
    def forward(_):
        message = "wrong input"
        raise ValueError(message)

    with pytest.raises(ForwardError, match=r"in the network's own forward.*ValueError: wrong input"):
        trace_of(forward, torch.ones(3))


def test_a_failure_that_forward_handles_is_none():
    def forward(x):
        try:
            return layer(x)
        except RuntimeError:
            return x.exp()

    trace = trace_of(Calls(forward, layer=(layer := nn.Linear(5, 4))), torch.ones(3, 4))
    assert op_names(trace)[-1] == "exp"


def test_a_later_failure_names_its_own_layer_after_one_that_was_handled():
    def forward(x):
        try:
            return first(x)
        except RuntimeError:
            return second(x)

    model = Calls(forward, first=(first := nn.Linear(5, 4)), second=(second := nn.Linear(6, 4)))
    with pytest.raises(ForwardError, match="in layer 'second'"):
        trace_of(model, torch.ones(3, 4))


def test_a_layer_whose_failure_was_handled_has_a_row_and_shifts_nothing():
    def forward(x):
        try:
            return first(x)
        except RuntimeError:
            return second(x)

    model = Calls(forward, first=(first := nn.Linear(5, 4)), second=(second := nn.Linear(4, 6)))

    rows = cost_of(model, torch.ones(3, 4)).layers

    assert [(row.layer, row.macs) for row in rows] == [("first", 0), ("second", 3 * 4 * 6)]


# -- tensors that are no activations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda device: torch.arange(10**11, device=device),
        lambda device: torch.arange(0.0, 1e11, device=device),
        lambda device: torch.eye(10**6, device=device),
        lambda device: torch.zeros(10**6, 10**6, device=device),
    ],
)
def test_constants_too_large_for_memory_are_not_made(make):
    layer = nn.Linear(4, 4)

    traced = trace_of(Calls(lambda x: (make(x.device), layer(x))[1], layer=layer), torch.ones(2, 4))

    assert traced.forward == "meta"


@pytest.mark.parametrize("value", [-(10**12), 7])
@pytest.mark.parametrize(
    "make",
    [lambda v, d: torch.full((1,), v, device=d), lambda v, d: torch.scalar_tensor(v, dtype=torch.int64, device=d)],
)
def test_a_constant_with_a_large_value_is_small(make, value):
    def forward(x):
        return x * 2 if make(value, x.device).item() == value else x * x * x

    traced = trace_of(forward, torch.ones(8))

    assert traced.forward == "meta"
    assert [op for op in op_names(traced) if op == "mul"] == ["mul"]


def test_a_layer_within_vmap_is_counted_for_the_whole_batch():
    layer = nn.Linear(4, 3)

    cost = cost_of(Calls(torch.vmap(layer), layer=layer), torch.ones(5, 4))

    assert cost.macs == 5 * 4 * 3


def test_an_op_without_any_tensor_fails_in_torchs_own_words():
    with pytest.raises(ForwardError, match="expected a non-empty list of Tensors"):
        trace_of(lambda _: torch.cat([]), torch.ones(3))


# -- what goes in and out --------------------------------------------------------------------------------------------


class Pair(dict):
    """A dictionary of another class, as transformers return."""


@dataclasses.dataclass
class Result:
    logits: torch.Tensor
    hidden: torch.Tensor


OUTPUTS = {
    "tensor": lambda x: x,
    "tuple": lambda x: (x, x * 1),
    "list": lambda x: [x, [x * 1]],
    "dict": lambda x: {"a": x, "b": {"c": x * 1}},
    "own dict": lambda x: Pair(a=x),
    "dataclass": lambda x: Result(x, x * 1),
    "none": lambda x: None,  # noqa: ARG005
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_network_may_return(kind):
    layer = nn.Linear(4, 8)
    inner = Calls(lambda x: OUTPUTS[kind](layer(x)), layer=layer)
    cost = cost_of(Calls(inner, inner=inner), torch.ones(3, 4))
    assert (cost.macs, cost.forward) == (96, "meta")


def test_a_dataclass_keeps_its_tensors_alive():
    def forward(x):
        result = Result(x + 1, x + 2)
        return result.logits + result.hidden

    assert cost_of(Calls(forward), torch.ones(4)).peak_activation_bytes == 3 * 16


def test_inputs_may_have_names():
    cost = cost_of(Calls(lambda x, *, scale: x @ scale), torch.ones(3, 4), scale=torch.ones(4, 5))
    assert (cost.macs, cost.input_shapes) == (60, ((3, 4), (4, 5)))


def test_inputs_may_stand_in_dicts_and_lists():
    cost = cost_of(
        Calls(lambda batch: batch["a"] @ batch["b"][0]), {"a": torch.ones(3, 4), "b": [torch.ones(4, 5)], "c": 1}
    )
    assert (cost.macs, cost.input_shapes) == (60, ((3, 4), (4, 5)))


def test_inputs_may_stand_in_containers_of_other_classes():
    model = nn.Linear(4, 8)
    cost = cost_of(Calls(lambda batch: model(batch["a"]), layer=model), Pair(a=torch.ones(3, 4)))
    assert (cost.macs, cost.input_shapes) == (96, ((3, 4),))


def test_one_tensor_given_twice_stays_one_tensor():
    x = torch.ones(3, 4)
    seen = []
    trace = trace_of(lambda a, b: seen.append(a is b) or a + b, x, x)
    assert seen == [True]
    assert len(trace.storages) == 2


def test_other_arguments_go_in_as_they_are():
    assert cost_of(Calls(lambda x, times, flag=None: x * times if flag else x), torch.ones(3), 2, flag="yes").flops == 3


def test_an_input_may_be_anything_that_forward_takes():
    assert op_names(trace_of(lambda path, x: x.exp() if path == "a" else x, "a", torch.ones(3))) == ["exp"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_is_that_of_the_inputs(dtype):
    assert trace_of(nn.Linear(4, 4).to(dtype), torch.ones(2, 4, dtype=dtype)).dtype == str(dtype).removeprefix("torch.")


def test_the_dtype_of_token_ids_is_that_of_the_weights():
    assert trace_of(nn.Embedding(10, 4).half(), ids(1, 2)).dtype == "float16"


# -- how layers are called -------------------------------------------------------------------------------------------


def test_a_direct_call_of_forward_is_seen():
    layer = nn.Linear(8, 16)
    trace = trace_of(Calls(lambda x: layer.forward(x), layer=layer), torch.ones(4, 8))  # noqa: PLW0108
    assert [trace.layers[call.layer].path for call in trace.calls] == ["", "layer"]
    assert cost_of(Calls(lambda x: layer.forward(x), layer=layer), torch.ones(4, 8)).macs == 512  # noqa: PLW0108


def test_a_layer_under_three_parents_is_one_layer_with_three_calls():
    shared = nn.Linear(8, 8, bias=False)
    model = nn.Sequential(*[nn.Sequential(shared) for _ in range(3)])
    trace = trace_of(model, torch.ones(4, 8))
    assert [layer.path for layer in trace.layers].count("0.0") == 1
    assert sum(trace.layers[call.layer].path == "0.0" for call in trace.calls) == 3
    cost = cost_of(model, torch.ones(4, 8))
    assert (cost.macs, cost.parameters) == (768, 64)


def test_a_module_that_is_called_twice_counts_twice():
    layer = nn.Linear(8, 16, bias=False)
    cost = cost_of(Calls(lambda x: layer(x) + layer(x), layer=layer), torch.ones(2, 8))
    assert (cost.macs, cost.parameters) == (2 * 2 * 128, 128)


def test_a_compiled_network_is_traced_without_compiling():
    compiled_by = []

    def backend(graph, _):
        compiled_by.append(graph)
        return graph

    model = torch.compile(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), backend=backend)
    trace = trace_of(model, torch.ones(2, 4))
    assert compiled_by == []
    assert [layer.path for layer in trace.layers] == ["", "0", "1"]


def test_a_compiled_layer_is_traced_without_compiling():
    compiled_by = []

    def backend(graph, _):
        compiled_by.append(graph)
        return graph

    model = nn.Sequential(nn.Linear(4, 8), torch.compile(nn.Linear(8, 2), backend=backend))
    assert cost_of(model, torch.ones(2, 4)).macs == 2 * (32 + 16)
    assert compiled_by == []


def test_a_layer_compiled_in_place_is_traced_without_compiling():
    compiled_by = []

    def backend(graph, _):
        compiled_by.append(graph)
        return graph

    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    model[1].compile(backend=backend)
    assert cost_of(model, torch.ones(2, 4)).macs == 2 * (32 + 16)
    assert compiled_by == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_a_scripted_network_is_counted():
    model = torch.jit.script(nn.Sequential(nn.Linear(4, 8), nn.ReLU()))
    cost = cost_of(model, torch.ones(2, 4))
    assert (cost.macs, cost.parameters) == (64, 40)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*torch.jit:Warning")
def test_a_scripted_layer_is_counted():
    model = nn.Sequential(nn.Linear(4, 8), torch.jit.script(nn.Linear(8, 2)))
    cost = cost_of(model, torch.ones(2, 4))
    assert (cost.macs, cost.parameters) == (2 * (32 + 16), 40 + 18)


@pytest.mark.parametrize(
    "context",
    [torch.no_grad, torch.enable_grad, torch.inference_mode, lambda: torch.inference_mode(mode=False)],
    ids=["no_grad", "enable_grad", "inference_mode", "no inference_mode"],
)
@pytest.mark.parametrize("inside", [True, False])
def test_a_grad_mode_changes_nothing(context, inside):
    layer = nn.Linear(4, 8)

    def forward(x):
        if not inside:
            return layer(x)
        with context():
            return layer(x)

    model = Calls(forward, layer=layer)
    if inside:
        trace = trace_of(model, torch.ones(2, 4))
    else:
        with context():
            trace = trace_of(model, torch.ones(2, 4))
    assert (op_names(trace), trace.forward) == (["linear"], "meta")


@pytest.mark.parametrize("inside", [True, False])
def test_autocast_counts_the_same(inside):
    layer = nn.Linear(4, 8)

    def forward(x):
        with torch.autocast("cpu", torch.bfloat16, enabled=inside):
            return layer(x)

    with torch.autocast("cpu", torch.bfloat16, enabled=not inside):
        assert cost_of(Calls(forward, layer=layer), torch.ones(2, 4)).macs == 64


def test_a_default_device_changes_nothing():
    with torch.device("meta"):
        assert cost_of(Calls(lambda x: x[torch.arange(2)]), torch.ones(4, 3)).activations == 6


def test_lazy_layers_that_have_run_are_counted():
    model = nn.Sequential(nn.LazyLinear(8), nn.ReLU())
    model(torch.ones(2, 4))
    assert cost_of(model, torch.ones(2, 4)).macs == 64


def test_checkpointed_layers_are_counted_once():
    layer = nn.Linear(4, 8)
    model = Calls(lambda x: torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False), layer=layer)
    assert cost_of(model, torch.ones(2, 4)).macs == 64


def test_functional_transforms_do_not_hide_ops():
    weight = torch.ones(5, 4, 8)
    cost = cost_of(lambda x: torch.func.vmap(torch.mv, in_dims=(None, 0))(x, torch.ones(5, 8)), torch.ones(4, 8))
    assert cost.macs == 5 * 4 * 8
    assert cost_of(lambda x: torch.vmap(torch.mm)(x, weight), torch.ones(5, 3, 4)).macs == 5 * 3 * 4 * 8


def test_parameters_given_by_functional_call_are_used():
    layer = nn.Linear(4, 8)
    given = {name: torch.zeros_like(value) for name, value in layer.named_parameters()}
    cost = cost_of(Calls(lambda x: torch.func.functional_call(layer, given, x), layer=layer), torch.ones(2, 4))
    assert cost.macs == 64


def test_records_hold_no_tensors():
    trace = trace_of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), torch.ones(1, 3, 8, 8))
    for op in trace.ops:
        assert recorder.tensors_in((op.args, op.kwargs, op.outputs)) == []


# -- size ------------------------------------------------------------------------------------------------------------


def test_a_network_of_70_billion_parameters_takes_next_to_no_memory():
    program = """
    import torch
    from torch import nn
    from archstat.counting.rows import count_trace
    from archstat.tracing import trace

    def resident():
        return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])

    trace(nn.Linear(2, 2, device="meta"), (torch.empty(1, 2, device="meta"),))
    with torch.device("meta"):
        width = 8192
        block = lambda: nn.TransformerEncoderLayer(width, 64, 4 * width, batch_first=True)
        model = nn.Sequential(*[block() for _ in range(87)])
        tokens = torch.empty(1, 4096, width)
    before = resident()
    cost = count_trace(trace(model, (tokens,)), "large")
    print(cost.parameters, cost.macs, resident() - before)
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    ).stdout
    parameters, macs, kibibytes = map(int, out.split())
    width, length = 8192, 4096
    assert parameters > 70_000_000_000
    assert macs == 87 * (length * 12 * width**2 + 2 * length**2 * width)
    assert kibibytes < 100_000


# -- real networks ---------------------------------------------------------------------------------------------------


def assert_counted_as_torch_does(model, *inputs, **kwargs):
    """Real weights, but the forward pass is one of shapes; torch's own counter runs on meta."""
    cost = cost_of(model, *inputs, **kwargs)
    assert cost.forward == "meta"
    assert cost.uncounted == ()
    on_meta = [value.to("meta") for value in inputs]
    named = {name: value.to("meta") for name, value in kwargs.items()}
    assert cost.macs == flop_counter_macs(model.eval().to("meta"), *on_meta, **named)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vit_tiny_patch16_224", {"img_size": 64}),
        ("swin_tiny_patch4_window7_224", {"embed_dim": 24, "depths": (1, 1, 1, 1)}),
        ("convnext_atto", {}),
        ("mobilenetv3_small_100", {}),
        ("efficientnet_b0", {}),
        ("resnet18", {}),
    ],
)
@pytest.mark.usefixtures("torchvision")  # timm imports it
def test_timms_networks_are_counted(name, options):
    timm = pytest.importorskip("timm")
    model = timm.create_model(name, **options)
    size = options.get("img_size", 224)
    assert_counted_as_torch_does(model, torch.ones(1, 3, size, size))


SMALL = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}


def transformer(name):
    transformers = pytest.importorskip("transformers")
    if name == "bert":
        return transformers.BertModel(transformers.BertConfig(**SMALL))
    if name == "gpt2":
        return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=4))
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=2))


# per token: the four projections and both layers of a block, then both products of attention
BLOCK = 4 * 32 * 32
TRANSFORMERS = {
    # 2 blocks; the pooler projects the first token
    "bert": 2 * (12 * (BLOCK + 2 * 32 * 64) + 2 * 12 * 12 * 32) + 32 * 32,
    # gpt-2's layers are four times as wide; the head gives 100 scores for each token
    "gpt2": 2 * (12 * (BLOCK + 2 * 32 * 128) + 2 * 12 * 12 * 32) + 12 * 32 * 100,
    # half as many keys and values; three layers of 64
    "llama": 2 * (12 * (BLOCK - 2 * 32 * 16 + 3 * 32 * 64) + 2 * 12 * 12 * 32) + 12 * 32 * 100,
}


@pytest.mark.usefixtures("torchvision")  # transformers imports it
@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("masked", [False, True])
def test_transformers_networks_are_counted(name, masked):
    model = transformer(name)
    kwargs = {"attention_mask": torch.tensor([[1] * 10 + [0] * 2])} if masked else {}
    cost = cost_of(model, torch.zeros(1, 12, dtype=torch.int64), **kwargs)
    assert (cost.forward, cost.macs) == ("meta", TRANSFORMERS[name])
    assert cost.uncounted == ()


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v2", "vit_b_32", "swin_t", "squeezenet1_1", "shufflenet_v2_x0_5"]
)
def test_torchvisions_networks_are_counted(name, torchvision):
    assert_counted_as_torch_does(torchvision.models.get_model(name), torch.ones(1, 3, 224, 224))


def test_a_segmentation_network_with_a_dict_of_outputs_is_counted(torchvision):
    model = torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    assert_counted_as_torch_does(model, torch.ones(1, 3, 64, 64))


def test_a_trace_is_the_same_each_time():
    model, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), torch.ones(1, 3, 8, 8)
    assert trace(model, (x,)) == trace(model, (x,))


def test_whole_numbers_that_a_cpu_has_no_kernel_for_go_without_values():
    class Histogram(nn.Module):
        """Counts as networks do that believe themselves on a GPU."""

        def forward(self, x, kinds):
            return x * torch.histc(kinds.int(), bins=4, min=0, max=3)

    kinds = torch.tensor([0, 1, 1, 3])
    with pytest.raises(RuntimeError, match="not implemented for"):
        Histogram()(torch.ones(4), kinds)
    trace_found = trace_of(Histogram(), torch.ones(4, device="meta"), kinds)
    assert trace_found.forward == "meta"
    assert trace_found.ops[-1].outputs[0].shape == (4,)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(5)),
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d()),
    ],
    ids=["alone", "beside others"],
)
def test_layers_that_their_first_call_makes_are_made_in_networks_without_values_too(make):
    x = torch.zeros(1, 3, 12, 12)
    named = build_on_meta(Source("net", make))
    assert trace_of(named, x.to("meta")).ops == trace_of(make(), x).ops
