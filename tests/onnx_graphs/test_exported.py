"""Networks that torch exported cost what they cost themselves; where a file holds something else, the reason is named.

With ``ARCHSTAT_HUBS`` set all are exported; else those that are quick.
"""

import contextlib
import importlib
import io
import os
import warnings
from typing import NamedTuple

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.inference import analyse
from archstat.networks.settings import Setting
from archstat.networks.sources import build_on_cpu, find
from archstat.networks.torchvision_ops import mend_torchvision


class First(nn.Module):
    """A network that returns one tensor, the first of several, or that of a name."""

    def __init__(self, network, name=None, **how):
        super().__init__()
        self.network, self.name, self.how = network, name, how

    def forward(self, x):
        made = self.network(x, **self.how)
        return made if isinstance(made, torch.Tensor) else made[self.name or 0]


class Recurrent(nn.Module):
    """An LSTM of two layers that runs both ways, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 16, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.lstm(x)[0])


class Exported(NamedTuple):
    """A network, what goes in, and what its files hold in another way.

    Attributes:
        make: Makes the network.
        shape: What goes in: an image, or as many words.
        dynamo: Parameters that the file of the new exporter has more than the network, and why.
        legacy: The same of the old exporter; ``None``: it cannot export the network.
        macs: Multiply-accumulates that both files have more, and why.
        is_quick: Whether it is always exported.
    """

    make: object
    shape: tuple
    dynamo: object = 0
    legacy: object = 0
    macs: int = 0
    is_quick: bool = False


SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}


def own(name):
    return lambda: build_on_cpu(find(name))


def hub(library, name, **how):
    def make():
        mend_torchvision()
        module = importlib.import_module(library)
        return module.create_model(name) if library == "timm" else getattr(module, name)(**how)

    return make


def words(name, config, **sizes):
    def make():
        mend_torchvision()
        import transformers

        made = getattr(transformers, name)(getattr(transformers, config)(**(sizes or SMALL)))
        return First(made, **({"use_cache": False} if name != "DistilBertModel" else {}))

    return make


def folded(network):
    """A norm behind a convolution is multiplied into it: its scale goes, and its shift stays as the bias."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d)]
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Conv3d)]
    shifts = sum(conv.out_channels for conv in convolutions if conv.bias is None)
    weights = sum(2 * norm.num_features for norm in norms)
    return min(shifts, weights // 2) - weights


BERT = -(64 * 64 + 64)  # the pooler, whose output nobody asks for
IMAGE = (1, 3, 224, 224)

NETWORKS = {
    "lenet5": Exported(own("lenet5"), (1, 1, 32, 32), 0, 840, is_quick=True),  # buffers, which the old one calls so
    "alexnet": Exported(own("alexnet"), (1, 3, 227, 227)),
    "resnet18": Exported(own("resnet18"), (1, 3, 64, 64), folded, folded, is_quick=True),
    "googlenet": Exported(own("googlenet"), IMAGE),
    "recurrent": Exported(Recurrent, (2, 5, 8), is_quick=True),
    "torchvision mobilenet_v3_small": Exported(
        hub("torchvision.models", "mobilenet_v3_small"), (1, 3, 64, 64), folded, folded, is_quick=True
    ),
    "torchvision shufflenet_v2_x0_5": Exported(hub("torchvision.models", "shufflenet_v2_x0_5"), IMAGE, folded, folded),
    "torchvision squeezenet1_1": Exported(hub("torchvision.models", "squeezenet1_1"), (1, 3, 64, 64), is_quick=True),
    "torchvision efficientnet_b0": Exported(hub("torchvision.models", "efficientnet_b0"), IMAGE, folded, folded),
    "torchvision vit_b_32": Exported(hub("torchvision.models", "vit_b_32"), IMAGE),
    "torchvision r3d_18": Exported(hub("torchvision.models.video", "r3d_18"), (1, 3, 8, 64, 64), folded, folded),
    "timm resnet50": Exported(hub("timm", "resnet50"), IMAGE, folded, folded),
    "timm vit_tiny_patch16_224": Exported(hub("timm", "vit_tiny_patch16_224"), IMAGE, is_quick=True),
    # the scales of its blocks are stored as numbers to multiply with
    "timm convnext_atto": Exported(hub("timm", "convnext_atto"), IMAGE, -1840, -1840),
    "timm mixer_s32_224": Exported(hub("timm", "mixer_s32_224"), IMAGE),
    "timm regnety_002": Exported(hub("timm", "regnety_002"), (1, 3, 64, 64), folded, folded, is_quick=True),
    "transformers bert": Exported(
        words("BertModel", "BertConfig"), (1, 16), BERT - 64 * 64, BERT, -64 * 64, is_quick=True
    ),  # the new exporter looks positions up beforehand
    "transformers llama": Exported(words("LlamaForCausalLM", "LlamaConfig"), (1, 16), 0, None, is_quick=True),
    # the table of words is stored again, turned, and that of positions is looked up in beforehand
    "transformers gpt2": Exported(
        words("GPT2LMHeadModel", "GPT2Config", n_embd=64, n_layer=2, n_head=2, vocab_size=100, n_positions=64),
        (1, 16),
        100 * 64 - 64 * 64,
        None,
        is_quick=True,
    ),
    "transformers qwen2": Exported(
        words("Qwen2ForCausalLM", "Qwen2Config", num_key_value_heads=1, **SMALL), (1, 16), 0, None
    ),
}
CHOSEN = [name for name, each in NETWORKS.items() if each.is_quick or os.environ.get("ARCHSTAT_HUBS")]


def with_values(network):
    """The network at inference, no two parameters alike: an exporter stores those that are alike once."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.01 + 0.02 * torch.randn_like(parameter))
        for name, buffer in network.named_buffers():
            if name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand_like(buffer))
    return network.eval()


@pytest.fixture(scope="module", params=CHOSEN)
def subject(request):
    """A network with values, an input of it, and what its files hold in another way."""
    about = NETWORKS[request.param]
    x = torch.randint(0, 99, about.shape) if len(about.shape) == 2 else torch.randn(about.shape)
    return with_values(about.make()), x, about


def export(network, x, path, **how):
    """Exporters print, warn and log; what they say is not what is tested."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (x,), path, verbose=False, **how)


def check(network, x, path, more, macs):
    """The file costs what the network does, but for the parameters that are named."""
    expected, cost = archstat.count(network, x), analyse(path, Setting()).cost
    parameters = more(network) if callable(more) else more
    assert cost.uncounted == ()
    assert cost.macs - expected.macs == macs
    assert cost.parameters - expected.parameters == parameters
    assert cost.input_shapes == expected.input_shapes


@pytest.mark.sampled(4)
def test_what_the_new_exporter_writes_costs_what_the_network_does(subject, tmp_path):
    network, x, about = subject
    export(network, x, str(tmp_path / "net.onnx"), dynamo=True)
    check(network, x, str(tmp_path / "net.onnx"), about.dynamo, about.macs)


@pytest.mark.sampled(2)
def test_what_the_old_exporter_writes_costs_what_the_network_does(subject, tmp_path):
    network, x, about = subject
    if about.legacy is None:
        with pytest.raises(torch.onnx.errors.UnsupportedOperatorError):
            export(network, x, str(tmp_path / "net.onnx"), dynamo=False)
        return
    export(network, x, str(tmp_path / "net.onnx"), dynamo=False)
    check(network, x, str(tmp_path / "net.onnx"), about.legacy, about.macs)


def test_layers_are_those_of_the_network(tmp_path):
    network = with_values(NETWORKS["resnet18"].make())
    x = torch.randn(1, 3, 64, 64)
    paths = {row.layer for row in archstat.count(network, x).layers if row.macs}
    for is_new in (True, False):
        export(network, x, str(tmp_path / "net.onnx"), dynamo=is_new)
        assert {row.layer for row in archstat.count(str(tmp_path / "net.onnx")).layers if row.macs} == paths
