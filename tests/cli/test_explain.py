"""``archstat explain`` and ``archstat table --explain``."""

import csv
import io
import json
import re

import pytest

from archstat.analysis.inference import analyse
from archstat.expressions import evaluate
from archstat.networks.settings import Setting
from archstat.tables import Column, Table, layer_table
from archstat.tables.terminal import sum_blocks, text


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def layers(out):
    return list(dict.fromkeys(row["layer"] for row in rows(out)))


def test_a_layer_is_a_block_of_sums(archstat):
    code, out, err = archstat("explain", "lenet5", "c1")
    assert (code, err) == (0, "")
    assert out == (
        "lenet5 · input 1×1×32×32 · float32\n\n"
        "c1 · Conv2d 1→6 5×5\n"
        "output size      (32 − 5 + 2·0)/1 + 1 = 28  6×28×28\n"
        "parameters       (5·5·1 + 1)·6 = 156\n"
        "MACs             28·28·6 · 5·5·1 = 117,600\n"
        "activations      28·28·6 = 4,704            × 4 B = 18,816 B\n"
        "receptive field  1 + (5 − 1)·1 = 5          5×5, stride 1\n"
    )


def test_a_layer_that_sees_the_whole_image_says_so(archstat):
    out = archstat("explain", "vgg16", "pool5").out
    assert "receptive field  196 + (2 − 1)·16 = 212  212×212, stride 32, padding 90\n" in out
    assert archstat("explain", "vgg16", "fc6").out.endswith("\nreceptive field  whole image\n")


def test_the_beginning_of_a_path_stands_for_all_layers_inside_and_their_sum(archstat):
    code, out, err = archstat("explain", "lenet5", "c3")
    assert (code, err) == (0, "")
    assert re.findall(r"^\S+ · .*", out, re.MULTILINE)[1:] == [
        "c3.three · ChosenMaps 18→6 5×5, 6 groups",
        "c3.four · ChosenMaps 36→9 5×5, 9 groups",
        "c3.six · ChosenMaps 6→1 5×5",
        "c3 · cat",
    ]
    assert "Parameters together   456 + 909 + 151 = 1,516\n" in out
    assert "MACs together         45,000 + 90,000 + 15,000 = 150,000\n" in out
    assert "Activations together  600 + 900 + 100 + 1,600 = 3,200\n" in out


def test_a_layer_is_no_beginning_of_another_name(archstat):
    assert layers(archstat("explain", "lenet5", "c1", "--format", "csv").out) == ["c1"]


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        ("c?", ["c1", "c3", "c5"]),
        ("c3.*", ["c3.three", "c3.four", "c3.six"]),
        ("*5", ["c5"]),
        ("[fs]*", ["s2", "s2_tanh", "s4", "s4_tanh", "f6", "f6_tanh"]),
    ],
)
def test_a_form_stands_for_every_path_of_that_form(archstat, layer, found):
    assert layers(archstat("explain", "lenet5", layer, "--format", "csv").out) == found


def test_what_the_network_itself_runs_has_a_name_too(archstat, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n    def forward(self, x):\n        return self.fc(x) + x + x\n"
    )
    out = archstat("explain", f"{tmp_path}/net.py:Net", "(network)", "--input", "4").out
    assert re.findall(r"^\(network\) · .*", out, re.MULTILINE) == ["(network) · add", "(network) · add, run 2"]


def test_the_whole_network_is_explained_without_a_layer(archstat):
    found = rows(archstat("explain", "vgg16", "--format", "csv").out)
    assert all(evaluate(row["formula"]) == int(row["result"]) for row in found if row["result"])
    assert [row["layer"] for row in found if not row["result"]] == ["fc6", "fc7", "fc8"], "they see the whole image"
    for quantity, sum_ in (("parameters", 138_357_544), ("MACs", 15_470_264_320)):
        assert sum(int(row["result"]) for row in found if row["quantity"] == quantity) == sum_
    out = archstat("explain", "vgg16").out
    assert "MACs together         15,470,264,320\n" in out  # sixteen terms are no line


def test_a_layer_without_numbers_says_so(archstat):
    out = archstat("explain", "lenet5", "flatten").out
    assert out.endswith("\n\nflatten has no parameters, no MACs and no memory of its own.\n")


def test_json_has_the_numbers_and_their_sums(archstat):
    found = json.loads(archstat("explain", "lenet5", "f6", "--format", "json").out)
    assert found[0] == {
        "layer": "f6",
        "kind": "Linear 120→84",
        "quantity": "parameters",
        "formula": "(120 + 1)·84",
        "result": 10164,
        "remark": "",
    }


def test_the_signs_of_sums_are_written_for_latex(archstat):
    out = archstat("explain", "resnet18", "conv1", "--format", "latex").out
    assert r"$\lfloor$(224 $-$ 7 + 2$\cdot$3)/2$\rfloor$ + 1 & 112" in out
    out = archstat("explain", "googlenet", "pool1", "--format", "latex").out
    assert r"$\lceil$(112 $-$ 3)/2$\rceil$ + 1 & 56" in out


def test_the_input_can_be_chosen(archstat):
    assert "⌊(96 − 7 + 2·3)/2⌋ + 1 = 48" in archstat("explain", "resnet18", "conv1", "--resolution", "96").out
    assert "MACs             8·55·55·96 · 11·11·3" in archstat("explain", "alexnet", "conv1", "--batch-size", "8").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lenet5", "c3.tree"], "No layer is named 'c3.tree'. Did you mean 'c3.three'?"),
        (["lenet5", "C3"], "Did you mean 'c3'?"),
        (["lenet5", "x*"], "No layer is named 'x*'. 'archstat table' shows the layers of a network."),
        (["resnet5", "c1"], "No architecture is named 'resnet5'."),
        (["cost.json"], "cost.json cannot be read: No such file or directory."),
        (["lenet5", "--resolution", "16"], "An image of 32x32 would do"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do(fails, arguments, says):
    assert says in fails("explain", *arguments)


def test_an_op_without_a_rule_is_named_or_refused(archstat, fails, tmp_path):
    (tmp_path / "odd.py").write_text(
        "import torch\nfrom tests.support import spectrum\n"
        "class Odd(torch.nn.Module):\n    def forward(self, x):\n        return spectrum(x)\n"
    )
    arguments = ["explain", f"{tmp_path}/odd.py:Odd", "--input", "3x3"]
    assert "MACs and FLOPs are lower bounds" in archstat(*arguments).out
    assert "No rule counts these ops" in fails(*arguments, "--strict")


def test_what_a_network_prints_is_no_part_of_the_result(archstat, net):
    code, out, err = archstat("explain", net, "--input", "3x8x8", "--format", "json")
    assert (code, len(json.loads(out))) == (0, 5)
    assert "run" in err


# -- in the table ------------------------------------------------------------------------------------------------------


def test_the_table_has_the_sums_in_columns_of_their_own(archstat):
    code, out, err = archstat("table", "lenet5", "--explain")
    assert (code, err) == (0, "")
    header, _, first = out.splitlines()[3:6]
    assert header.endswith("  Parameters =        MACs =")
    assert first.endswith("  (5·5·1 + 1)·6       28·28·6 · 5·5·1")


def test_the_sums_of_the_table_are_those_of_its_numbers(archstat):
    found = rows(archstat("table", "resnet18", "--explain", "--format", "csv", "--sort", "macs").out)
    plain = rows(archstat("table", "resnet18", "--format", "csv", "--sort", "macs").out)
    assert [{key: row[key] for key in plain[0]} for row in found] == plain
    for row in found:
        for number, formula in (("parameters", "parameters_formula"), ("macs", "macs_formula")):
            assert (evaluate(row[formula]) if row[formula] else 0) == int(row[number])


def test_json_is_the_cost_with_or_without_sums(archstat):
    arguments = ["table", "lenet5", "--format", "json"]
    assert archstat(*arguments, "--explain") == archstat(*arguments)


def test_a_saved_cost_has_no_sums(archstat, fails, tmp_path):
    path = tmp_path / "cost.json"
    archstat("table", "lenet5", "--format", "json", "--output", path)
    says = "The saved cost of 'lenet5' holds no ops, so no sums: name the network itself."
    assert says in fails("table", path, "--explain")
    assert says in fails("explain", path)


# -- blocks ------------------------------------------------------------------------------------------------------------


def block(*sums, width=None):
    headings = [Column("layer", "", is_heading=True), Column("kind", "", is_heading=True)]
    columns = [*headings, Column("q", ""), Column("f", ""), Column("r", "", str, is_number=True), Column("m", "")]
    return sum_blocks(Table(tuple(columns), tuple(("a", "b", *each) for each in sums)), width=width).splitlines()


def test_remarks_stand_under_each_other():
    lines = block(("one", "1 + 1", 2, "x"), ("other", "11 + 22", 33, "y"))
    assert lines[2:] == ["one    1 + 1 = 2     x", "other  11 + 22 = 33  y"]


def test_a_long_remark_is_broken_in_its_column():
    lines = block(("one", "1 + 1", 2, "word " * 20), width=60)[2:]
    assert max(map(len, lines)) <= 60
    assert {line.index("word") for line in lines} == {16}
    assert " ".join(lines).count("word") == 20


def test_a_remark_stands_under_a_sum_that_leaves_no_room():
    long = " + ".join(["1"] * 30)
    assert block(("one", long, 30, "x"))[2:] == [f"one  {long} = 30", "     x"]


def test_a_sum_of_one_number_is_not_repeated():
    assert block(("one", "84", 84, ""))[2:] == ["one  84"]


def test_a_name_cannot_steer_a_terminal():
    columns = tuple(Column(key, "", is_heading=place < 2) for place, key in enumerate("lkqfrm"))
    assert "\x1b" not in sum_blocks(Table(columns, (("\x1b[2J", "", "", "", "1", ""),)))


def test_a_narrow_table_leaves_sums_out_whole():
    network = analyse("lenet5", Setting())
    cost, explained = network.cost, network.explanations()
    out = text(layer_table(cost, explained=explained), width=80)
    assert "Too narrow for" in out
    assert "Parameters =" in out.rpartition("Too narrow for")[2]
    assert "·" not in out.partition("\n\nParameters")[0].partition("\n")[2]
