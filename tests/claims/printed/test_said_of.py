"""Numbers are held against the network that they are said of, and against none where that is not plain."""

import pytest

from archstat.claims.printed.layout import TextLayout, TextRow, TextTable
from archstat.claims.printed.said_of import doubt_of_input
from archstat.claims.printed.sidecar import sidecar_in
from archstat.claims.printed.stated import columns_left_out, numbers_of

SIDECAR = sidecar_in(
    '[networks]\n"ResNet-50" = "resnet50"\n"resnet18" = "resnet18"\n"BERT" = "hf:bert"\n[columns]\n"Ops" = "GMACs"\n',
    "README.archstat.toml",
)


def of_sentence(words):
    return list(numbers_of(TextLayout((), ((1, words),)), SIDECAR))


def of_table(header, *rows):
    table = TextTable(tuple(header.split("|")), tuple(TextRow(2, tuple(row.split("|"))) for row in rows))
    layout = TextLayout((table,), ())
    return list(numbers_of(layout, SIDECAR)), list(columns_left_out(layout, SIDECAR))


@pytest.mark.parametrize(
    "words",
    [
        "ResNet-50 has 26M parameters.",
        "The ResNet-50 model has about 26M parameters.",
        "ResNet-50 has 26M parameters and needs 4.1 GFLOPs.",
        "ResNet-50 (26M params, 4.1 GFLOPs) is used.",
        "We compare with ResNet-50 (26M params).",
        "ResNet-50 [12] (He et al., 2016) has 26M parameters.",
        "ResNet-50: 26M params, 4.1 GFLOPs",
        "- ResNet-50: 26M params",
        "**ResNet-50** – 26M params",
        "For ResNet-50, 4.1 GFLOPs are needed.",
        "ResNet-50 with 26M parameters is large.",
        "ResNet-50 comes to 4.1 GFLOPs per image.",
        "The 26M parameters of ResNet-50 are trained.",
        "26M parameters (ResNet-50)",
        "ResNet-50's 26M parameters",
        "ResNet-50 has\n25 557 032 parameters.",
        "ResNet-50 requires 4.1×10^9 FLOPs.",
        "ResNet-50 has 25 557 032 parameters and 4,1 GFLOPs.",
        "ResNet-50 needs 4.1 GFLOPs at 320x320.",
        "ResNet-50 25.6M params",
        "ResNet-50: 26M params / 4.1 GFLOPs",
        "We find that ResNet-50 requires only 4.1 GFLOPs for an image.",
        "ResNet-50 has 26M parameters in total.",
        "ResNet-50 uses 26M parameters with an input of 224x224.",
        "On ImageNet, ResNet-50 has 26M parameters.",
    ],
)
def test_what_is_said_of_a_network_is_held_against_it(words):
    assert {(each.network.network, each.doubt) for each in of_sentence(words)} == {("resnet50", "")}


@pytest.mark.parametrize(
    "words",
    [
        "OurNet has 12M parameters, half of ResNet-50.",
        "Unlike ResNet-50, OurNet has 12M params.",
        "Compared to ResNet-50, it has 12M params.",
        "OurNet beats ResNet-50 with 12M params.",
        "A detector with ResNet-50 has 44M parameters.",
        "ResNet-50 with SE has 28M parameters.",
        "ResNet-50 + SE: 28M params",
        "ResNet-50 v2 has 28M params",
        "Wide ResNet-50 has 68M params.",
        "Pruned ResNet-50 (12M params) is small.",
        "ResNet-50 saves 50M parameters.",
        "ResNet-50 has half of the 138M parameters of another one.",
        "ResNet-50 has more than 20M parameters.",
        "ResNet-50 has fewer than 30M parameters.",
        "ResNet-50 has at most 30M parameters.",
        "ResNet-50 needs 1.3 GFLOPs per stage.",
        "ResNet-50 has 9M parameters in its last stage.",
        "ResNet-50 has 24M parameters without the classifier.",
        "ResNet-50 reaches 3.1 TFLOPS on a V100.",
        "ResNet-50 runs at 3.1 TFLOPS on a V100.",
        "We prune ResNet-50 to 12M parameters.",
        "ResNet-50 → 12M params",
        "ResNet-50 has 28M parameters with SE.",
        "ResNet-50 (5M parameters for OurNet)",
        "The first 2M parameters of ResNet-50 are frozen.",
        "We fine-tune 2M parameters of ResNet-50.",
        "ResNet-50 backbone: 23M params",
        "We extend ResNet-50 and have 30M parameters.",
        "ResNet-50 and resnet18 have 26M params.",
    ],
)
def test_what_may_be_said_of_something_else_is_held_against_nothing(words):
    (number,) = of_sentence(words)
    assert number.doubt


@pytest.mark.parametrize(
    ("words", "side", "doubt"),
    [
        ("ResNet-50 needs 8.3 GFLOPs at 320x320.", 320, ""),
        ("ResNet-50 at 3×320×320 needs 8.3 GFLOPs.", 320, ""),
        ("ResNet-50 needs 8.3 GFLOPs (320 px).", 320, ""),
        ("ResNet-50 needs 8.3 GFLOPs with 7x7 kernels.", None, ""),
        ("ResNet-50 needs 80 GFLOPs at 800x1333.", 0, "its input is no square"),
        ("ResNet-50 needs 33 GFLOPs, batch size 8.", None, "it names a batch"),
        ("BERT needs 11 GFLOPs for 128 tokens.", None, "it names a batch or a sequence"),
        ("ResNet-50 needs 4.1 GFLOPs at 224x224, not at 320x320.", None, "it names several inputs"),
    ],
)
def test_a_sentence_says_the_input(words, side, doubt):
    (number,) = of_sentence(words)
    assert number.network.resolution == (side or None)
    assert number.doubt.startswith(doubt)
    assert bool(number.doubt) == bool(doubt)


def test_parameters_are_those_of_any_input():
    (number,) = of_sentence("ResNet-50 has 26M parameters; batch size 8.")
    assert not number.doubt


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Model|Params (M)", "ResNet-50|26"),
        ("Backbone|Params (M)", "ResNet-50|26"),
        ("Model|Params (M)", "ResNet-50 [12]|26"),
        ("Model|Params (M)", "ResNet-50 (ours)|26"),
        ("Model|Params (M)", "ResNet-50 (He et al., 2016)|26"),
        ("Year|Model|Params (M)", "2016|ResNet-50|26"),
        ("Dataset|Model|Params (M)", "ImageNet|ResNet-50|26"),
        ("Method|Model|Params (M)", "baseline|ResNet-50|26"),
        ("Model|Weights|Params (M)", "ResNet-50|timm/resnet50.a1_in1k|26"),
        ("Model|Params (M)|Paper", "ResNet-50|26|pdf"),
        ("Model|#Param. (M)", "ResNet-50|26"),
        ("Model|MACCs (G)", "ResNet-50|4.1"),
    ],
)
def test_the_row_of_a_network_is_held_against_it(header, row):
    ((number,), _) = of_table(header, row)
    assert (number.network.network, number.doubt) == ("resnet50", "")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Method|Backbone|Params (M)", "Mask R-CNN|ResNet-50|44"),
        ("Backbone|Detector|Params (M)", "ResNet-50|RetinaNet|37"),
        ("Model|Teacher|Params (M)", "OurNet|ResNet-50|12"),
        ("Model|Method|Params (M)", "ResNet-50|+ SE|28"),
        ("Model|Attention|Params (M)", "ResNet-50|SE|28"),
        ("Student|Teacher|Params (M)", "resnet18|ResNet-50|11.7"),
        ("Model|Params (M)", "Wide ResNet-50|68.9"),
        ("Model|Params (M)", "ResNet-50 v2|68.9"),
        ("Model|Params (M)", "ResNet-50 + SE|28.1"),
        ("Model|Params (M)", "ResNet-50 (pruned)|12"),
        ("Model|Params (M)", "ResNet-50|<30"),
        ("Model|MACs (G)|Batch", "ResNet-50|33|8"),
        ("Model|MACs (G)|Input size", "ResNet-50|80|800x1333"),
    ],
)
def test_the_row_of_something_else_is_held_against_nothing(header, row):
    numbers, _ = of_table(header, row)
    assert numbers[0].doubt


def test_the_cell_of_a_name_says_the_input():
    numbers, _ = of_table("Model|MACs (G)", "ResNet-50 @320|8.3", "ResNet-50 (320)|8.3", "ResNet-50 320x320|8.3")
    assert [(each.network.resolution, each.doubt) for each in numbers] == [(320, "")] * 3


@pytest.mark.parametrize(
    "header",
    "TFLOPS|FLOPs reduction|FLOPs/s|Memory (MB)|GPU Mem. (MB)|Params saved (M)|ΔParams (M)|MACs ratio|Speedup (FLOPs)"
    "|Dataset size (GB)|Extra params (M)|Trainable params (M)|VRAM (GB)".split("|"),
)
def test_a_column_of_something_else_is_left_out(header):
    numbers, left_out = of_table(f"Model|{header}", "ResNet-50|26")
    assert (numbers, [each.name for each in left_out]) == ([], [header])


@pytest.mark.parametrize("words", ["", "a kernel of 7x7", "one batch", "batch size 1", "in 2016", "v2", "3x3x3"])
def test_words_without_an_input_leave_none_open(words):
    assert doubt_of_input(words) == ""
