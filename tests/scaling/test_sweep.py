"""Networks at many sizes."""

import re
from fractions import Fraction

import msgspec
import pytest

from archstat.analysis.inference import NamedNetwork, count_source
from archstat.errors import InputError, UncountedError
from archstat.networks.settings import InputSpec, Setting
from archstat.scaling import scaling_of, scaling_to_json

NETS = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, width: int = 8, heads: int = 2):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True)

    def forward(self, x):
        return self.layer(x)

class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.block = nn.Embedding(100, 8), Block()

    def forward(self, ids, mask):
        return self.block(self.embed(ids) * mask[..., None])

class Branches(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 1 else x

class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)

class Odd(nn.Module):
    def forward(self, x):
        from tests.support import spectrum

        return spectrum(x)

def bert():
    from transformers import BertConfig, BertModel
    return First(BertModel(BertConfig(), add_pooling_layer=False))

class First(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, ids):
        return self.inner(ids)[0]

def vit():
    import timm
    return timm.create_model("vit_tiny_patch16_224", dynamic_img_size=True, num_classes=0)
"""


@pytest.fixture
def nets(tmp_path):
    path = tmp_path / "nets_of_scaling.py"
    path.write_text(NETS)
    return str(path)


def laws(scaling):
    return {growth.quantity: growth for growth in scaling.growths}


def setting(*inputs, **options):
    return Setting(tuple(inputs), **options)


def test_resnet50_grows_as_it_is_known_to():
    scaling = scaling_of(NamedNetwork("resnet50"), "resolution", Setting())
    assert scaling.inputs == ("1×3×s×s",)
    law = laws(scaling)["macs"]
    assert (law.coefficients, law.period) == ((2_048_000, 0, 76_848), 32)
    assert count_source("resnet50", Setting()).macs == 76_848 * 224**2 + 2_048_000
    assert (law.fitted, law.verified) == ((32, 64, 96), tuple(range(128, 641, 32)))
    assert laws(scaling)["parameters"].coefficients == (25_557_032,)
    assert laws(scaling)["parameters"].period == 1
    assert scaling.overtaking is None


def test_images_with_their_channels_last_vary_by_their_sides(nets):
    scaling = scaling_of(NamedNetwork(f"{nets}:Last"), "resolution", Setting((InputSpec((32, 32, 3)),)), (16, 24, 32))
    assert scaling.inputs == ("1×s×s×3",)
    assert [point.macs for point in scaling.points] == [side * side * 3 * 2 for side in (16, 24, 32)]


@pytest.mark.parametrize("name", ["resnet20", "densenet40_k12", "squeezenet1_1", "mobilenet_v2", "googlenet", "vdsr"])
def test_a_law_gives_what_is_counted_at_a_size_that_it_never_saw(name):
    scaling = scaling_of(NamedNetwork(name), "resolution", Setting())
    for growth in scaling.growths:
        size = 11 * 96 + growth.residue
        assert size not in (*growth.fitted, *growth.verified)
        counted = getattr(count_source(name, Setting(resolution=size)), growth.quantity)
        assert sum(c * size**k for k, c in enumerate(growth.coefficients)) == counted, growth.quantity


def test_a_network_built_once_counts_as_one_that_is_built_each_time():
    subject = NamedNetwork("bn_inception")
    for size in (224, 32, 256):
        each = Setting(resolution=size)
        assert subject.analyse(each).cost == count_source("bn_inception", each)


@pytest.mark.parametrize("name", ["resnet18", "vgg11", "lenet5", "se_block", "nasnet_a_mobile"])
def test_everything_is_linear_in_the_batch_but_the_parameters(name):
    scaling = scaling_of(NamedNetwork(name), "batch", Setting())
    one = count_source(name, Setting())
    assert scaling.inputs[0].startswith("b×")
    for growth in scaling.growths:
        counted = getattr(one, growth.quantity)
        assert growth.coefficients == ((counted,) if growth.quantity == "parameters" else (0, counted))
        assert growth.period == 1


def test_a_network_of_one_size_is_said_to_take_no_other():
    scaling = scaling_of(NamedNetwork("vgg11"), "resolution", Setting())
    assert [point.size for point in scaling.points] == [224]
    assert len(scaling.refused) == 19
    assert "fc6" in scaling.refused[0].why
    assert all(growth.coefficients is None for growth in scaling.growths)


def test_sizes_that_are_named_are_the_only_ones():
    scaling = scaling_of(NamedNetwork("resnet20"), "resolution", Setting(), (20, 36, 52, 68, 84))
    assert [point.size for point in scaling.points] == [20, 36, 52, 68, 84]
    law = laws(scaling)["macs"]
    assert (law.coefficients, law.period, law.residue) == ((640, 0, 39_600), 16, 4)
    assert (law.fitted, law.verified) == ((20, 36, 52), (68, 84))


def test_a_network_made_for_an_odd_size_is_shown_at_it():
    scaling = scaling_of(NamedNetwork("xception"), "resolution", Setting())
    assert 299 in [point.size for point in scaling.points]
    assert laws(scaling)["macs"].period == 32


# -- attention ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [4, 8, 16])
def test_attention_overtakes_a_transformer_block_beyond_six_times_its_width(nets, width):
    """Four projections and two layers of 4 · width: 12 · n · d²; scores and sums: 2 · n² · d. n > 6 · d."""
    subject = NamedNetwork(f"{nets}:Block(width={width})")
    scaling = scaling_of(subject, "sequence", setting(InputSpec((32, width))))
    assert scaling.inputs == (f"1×n×{width}",)
    assert laws(scaling)["macs"].coefficients == (0, 12 * width**2, 2 * width)
    assert scaling.overtaking.attention == (0, 0, 2 * width)
    assert scaling.overtaking.rest == (0, 12 * width**2)
    assert scaling.overtaking.size == 6 * width + 1
    assert scaling.overtaking.is_beyond == (6 * width + 1 > 64)


def test_bert_spends_more_on_attention_from_4609_tokens_on(torchvision, nets):
    """12 layers with a width of 768: 12 · 12 · 768² · n beside 12 · 2 · 768 · n²."""
    assert torchvision, "transformers imports it"
    scaling = scaling_of(NamedNetwork(f"{nets}:bert"), "sequence", setting(InputSpec((128,), "int64")))
    assert laws(scaling)["macs"].coefficients == (0, 12 * 12 * 768**2, 12 * 2 * 768)
    assert (scaling.overtaking.size, scaling.overtaking.is_beyond) == (6 * 768 + 1, True)


def test_a_vision_transformer_grows_with_the_fourth_power_of_its_side(torchvision, nets):
    """(s/16)² patches and a class token are n; 12 · 12 · 192² · n and 12 · 2 · 192 · n², 3·16²·192 for each patch."""
    assert torchvision, "timm imports it"
    scaling = scaling_of(NamedNetwork(f"{nets}:vit"), "resolution", setting(InputSpec((3, 224, 224))))
    attention, patch = Fraction(24 * 192), Fraction(1, 256)
    assert laws(scaling)["attention_macs"].coefficients == (
        attention,
        0,
        2 * attention * patch,
        0,
        attention * patch**2,
    )
    rest = (144 * 192**2, 0, 144 * 192**2 * patch + 3 * 192)
    assert scaling.overtaking.rest == rest
    assert laws(scaling)["macs"].period == 16
    first = next(s for s in range(16, 10_000, 16) if attention * (s * s * patch + 1) ** 2 > rest[0] + rest[2] * s * s)
    assert scaling.overtaking.size == first


def test_every_input_of_the_same_length_varies(nets):
    inputs = InputSpec((16,), "int64"), InputSpec((16,))
    scaling = scaling_of(NamedNetwork(f"{nets}:Text"), "sequence", setting(*inputs))
    assert scaling.inputs == ("1×n", "1×n")
    assert laws(scaling)["macs"].coefficients == (0, 12 * 64, 16)


def test_attention_that_is_as_steep_as_the_rest_never_overtakes_it(nets):
    scaling = scaling_of(NamedNetwork(f"{nets}:Block"), "batch", setting(InputSpec((32, 8))))
    assert scaling.overtaking is None


# -- what cannot be done -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "over", "given", "says"),
    [
        ("resnet20", "sequence", Setting(), "An input of 3x32x32 is no sequence"),
        ("resnet20", "resolution", setting(InputSpec((3, 32, 64))), "3x32x64 is no square image"),
        ("resnet20", "resolution", setting(InputSpec((32, 32, 5))), "32x32x5 is no square image"),
        ("resnet20", "resolution", setting(InputSpec((32,))), "An input of 32 is no square image"),
        ("resnet20", "resolution", Setting(resolution=32), "A resolution fixes what is to vary: give the sizes"),
        ("resnet20", "batch", Setting(batch_size=2), "A batch size fixes what is to vary: give the sizes"),
        ("resnet20", "batch", setting(InputSpec((5, 32, 32))), "takes none of the sizes 1, 2, …, 64"),
    ],
)
def test_what_has_no_such_size_is_refused(name, over, given, says):
    with pytest.raises(InputError, match=re.escape(says)):
        scaling_of(NamedNetwork(name), over, given)


def test_a_network_that_takes_none_of_the_sizes_says_why():
    with pytest.raises(InputError, match=r"none of the sizes 32, 64\. At 32: The forward pass failed in layer 'fc6'"):
        scaling_of(NamedNetwork("vgg11"), "resolution", Setting(), (32, 64))


def test_a_network_that_branches_is_counted_with_values(nets):
    scaling = scaling_of(NamedNetwork(f"{nets}:Branches"), "resolution", setting(InputSpec((3, 8, 8))))
    assert laws(scaling)["flops"].coefficients == (0, 0, 3)  # 3·s² − 1 additions and a comparison


def test_ops_without_a_rule_are_named_or_refused(nets):
    image = InputSpec((3, 8, 8))
    assert scaling_of(NamedNetwork(f"{nets}:Odd"), "resolution", setting(image)).uncounted == ("tests::spectrum",)
    with pytest.raises(UncountedError):
        scaling_of(NamedNetwork(f"{nets}:Odd"), "resolution", setting(image, strict=True))


def test_json_holds_points_and_laws():
    scaling = scaling_of(NamedNetwork("resnet20"), "resolution", Setting())
    data = msgspec.json.decode(scaling_to_json(scaling))
    assert data["schema"] == "archstat.scaling/1"
    law = data["growths"][0]
    assert (law["quantity"], law["coefficients"], law["period"]) == ("macs", ["640", "0", "39600"], 4)
    assert [Fraction(text) for text in law["coefficients"]] == list(scaling.growths[0].coefficients)
    point = next(point for point in data["points"] if point["size"] == 32)
    assert point["macs"] == count_source("resnet20", Setting()).macs
