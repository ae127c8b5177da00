"""``archstat table``."""

import csv
import io
import json

import pytest

from archstat.files.results import cost_from_json


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def test_every_layer_has_a_row_and_the_totals_stand_below(archstat):
    code, out, err = archstat("table", "lenet5")
    assert (code, err) == (0, "")
    assert out.startswith("lenet5 · input 1×1×32×32 · float32\n\n")
    assert "\nLayer " in out
    assert "MACs              325,680 (325.7 k)\n" in out


def test_rows_add_up_in_csv(archstat):
    found = rows(archstat("table", "vgg16", "--format", "csv").out)
    assert sum(int(row["macs"]) for row in found) == 15_470_264_320
    assert sum(int(row["parameters"]) for row in found) == 138_357_544


def test_json_is_the_whole_cost_and_a_name_itself(archstat, tmp_path):
    path = tmp_path / "cost.json"
    out = archstat("table", "lenet5", "--format", "json").out
    assert json.loads(out)["architecture"] == "lenet5"
    assert cost_from_json(out).macs == 325_680
    archstat("table", "lenet5", "--format", "json", "--output", path)
    assert archstat("table", path) == archstat("table", "lenet5")


def test_a_row_can_be_an_op_or_a_stage(archstat):
    ops = rows(archstat("table", "resnet18", "--by", "op", "--format", "csv").out)
    assert ops[0]["op"] == "conv2d"
    assert int(ops[0]["calls"]) == 20
    stages = rows(archstat("table", "resnet18", "--by", "stage", "--format", "csv").out)
    assert [row["layer"] for row in stages] == [
        row["layer"] for row in rows(archstat("table", "resnet18", "--depth", "1", "--format", "csv").out)
    ]
    assert "conv5_x" in [row["layer"] for row in stages]


def test_rows_can_be_sorted(archstat):
    found = rows(archstat("table", "vgg16", "--sort", "parameters", "--format", "csv").out)
    assert found[0]["layer"] == "fc6"


def test_a_column_that_is_not_there_is_refused(fails):
    assert "No column is named 'mac'. Did you mean 'macs'" in fails("table", "lenet5", "--sort", "mac")


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (["--batch-size", "8"], "resnet18 · input 8×3×224×224 · float32"),
        (["--resolution", "64"], "resnet18 · input 1×3×64×64 · float32"),
        (["--input", "3x64x96"], "resnet18 · input 1×3×64×96 · float32"),
        (["--dtype", "float16"], "resnet18 · input 1×3×224×224 · float16"),
    ],
)
def test_the_input_can_be_chosen(archstat, arguments, title):
    assert archstat("table", "resnet18", *arguments).out.startswith(f"{title}\n")


def test_counts_are_shown_in_full_on_request(archstat):
    assert "102,764,544" in archstat("table", "vgg16", "--exact").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnet5"], "No architecture is named 'resnet5'. Did you mean 'resnet50' or 'resnet56'"),
        (
            ["ResNet50"],
            "No architecture is named 'ResNet50'. Did you mean 'resnet50'? 'archstat list' shows every name.",
        ),
        (["lenet5", "--input", "abc"], "'abc' is no input: write its sizes without the batch as '3x224x224'"),
        (
            ["lenet5", "--input", "1x32x32", "--resolution", "32"],
            "how large it is: give one of them ('--input', '--resolution').",
        ),
        (["lenet5", "--resolution", "16"], "An image of 32x32 would do ('--resolution 32')."),
        (["vgg16", "--input", "1x224x224"], "vgg16 takes 3x224x224."),
        (["resnet18(classes='ten')"], "does not fit: classes: Expected `int`, got `str`."),
        (["resnet18(__import__('os'))"], "arguments are literals, as in 'resnet50(classes=10)'."),
        (["nowhere.json"], "nowhere.json cannot be read: No such file or directory."),
        (["nowhere:Net"], "No module is named 'nowhere'. Is it installed?"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do(fails, arguments, says):
    assert says in fails("table", *arguments)


def test_a_file_without_its_input_is_counted_on_one_that_is_assumed_and_said(archstat, net):
    code, out, _ = archstat("table", net)
    assert code == 0
    assert "net.py:Net · input assumed: 1×3×224×224 (first layer takes 3 channels) · float32" in out


def test_under_strict_a_file_without_its_input_is_asked_for_it(archstat, net):
    code, out, err = archstat("table", net, "--strict")
    assert (code, out) == (2, "")
    assert "Which input does 'net.py:Net' take? Under 'strict' none is assumed" in err
    assert err.endswith("('--input 3x224x224').\n")


@pytest.mark.parametrize("format_", ["csv", "json", "text"])
def test_what_a_network_prints_is_no_part_of_the_result(archstat, net, format_):
    code, out, err = archstat("table", net, "--input", "3x8x8", "--format", format_)
    assert code == 0
    assert {"imported", "built", "run"} <= set(err.split())
    assert not {"imported", "built", "run"} & set(out.split())


def test_a_saved_cost_cannot_be_given_another_input(archstat, fails, tmp_path):
    path = tmp_path / "cost.json"
    archstat("table", "lenet5", "--format", "json", "--output", path)
    assert "is a saved cost, counted for one input" in fails("table", path, "--batch-size", "8")


def test_strict_refuses_an_op_without_a_rule(archstat, fails, tmp_path):
    (tmp_path / "odd.py").write_text(
        "import torch\nfrom tests.support import spectrum\n"
        "class Odd(torch.nn.Module):\n    def forward(self, x):\n        return spectrum(x)\n"
    )
    arguments = ["table", f"{tmp_path}/odd.py:Odd", "--input", "3x3"]
    assert "MACs and FLOPs are lower bounds" in archstat(*arguments).out
    assert "No rule counts these ops" in fails(*arguments, "--strict")


def test_a_limit_that_holds_changes_nothing(archstat):
    plain = archstat("table", "lenet5")
    assert archstat("table", "lenet5", "--max", "macs=325,680", "--max", "peak_activation_bytes=1MiB") == plain


@pytest.mark.parametrize("more", [[], ["--by", "op"], ["--format", "json"]])
def test_a_limit_that_is_broken_ends_with_1_after_the_table(archstat, more):
    code, out, err = archstat(
        "table", "lenet5", *more, "--max", "macs=300k", "--max", "parameters=50k", "--max", "depth=5"
    )
    most = "over the limit; most is spent by"
    assert code == 1
    assert out == archstat("table", "lenet5", *more).out
    assert err.splitlines() == [
        f"macs of lenet5: 325,680 is not <= 300k, 8.6 % (25.68k) {most} c1 (117.6 k), c3.four (90,000), c5 (48,000).",
        f"parameters of lenet5: 60,000 is not <= 50k, 20.0 % (10k) {most} c5 (48,120), f6 (10,164), c3.four (909).",
    ]


def test_the_peak_of_a_saved_cost_can_be_limited(archstat, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", str(tmp_path / "a.json"))
    err = archstat("table", str(tmp_path / "a.json"), "--max", "peak_activation_bytes=20KiB").err
    assert "over the limit; the peak is in " in err


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("macs", "'--max macs' is no limit: write it as '--max macs=4.1G'"),
        ("macs=", "is no limit"),
        ("=3", "is no limit"),
        ("macs=<3", "is no limit"),
        ("mac=3", "'mac' is none of the quantities"),
        ("macs=層", "'層' is no printed number"),
        ("macs=3MiB", "'3MiB' is no printed number"),
        ("macs=50%", "it is a number, and no share or factor"),
        ("peak_activation_bytes=3G", "is no amount of memory"),
        *(
            (f"{quantity}=3", "is a shape, and no number")
            for quantity in ("output_shape", "output_size", "receptive_field")
        ),
    ],
)
def test_a_limit_that_is_none_ends_with_2_and_no_table(archstat, limit, says):
    code, out, err = archstat("table", "lenet5", "--max", limit)
    assert (code, out) == (2, "")
    assert says in err
