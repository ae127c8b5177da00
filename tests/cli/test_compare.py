"""``archstat compare``."""

import csv
import io
import json

import pytest


def test_each_network_has_a_row_beside_what_was_published(archstat):
    code, out, err = archstat("compare", "alexnet", "vgg16", "resnet50")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    for name, parts in {
        "alexnet": ("60.97 M", "60 million ↓", "724.4 M", "720M ≠", "40.7", "18.2"),
        "vgg16": ("138.4 M", "138M", "15.47 G", "15.3 billion (conv)"),
        "resnet50": ("25.56 M", "25.6M", "3.858 G", "3.8e9 ↓", "22.85"),
    }.items():
        assert all(part in lines[name] for part in parts)
    assert "↓ printed digits are cut off, not rounded." in out


@pytest.mark.usefixtures("net")
def test_networks_of_several_kinds_are_compared(archstat, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", tmp_path / "cost.json")
    code, out, _ = archstat(
        "compare", "resnet20", "net.py:Net(width=2)", "net.py:Net", "--input", "3x32x32", "--format", "csv"
    )
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["architecture"] for row in rows] == ["resnet20", "net.py:Net(width=2)", "net.py:Net"]
    assert int(rows[2]["macs"]) == 2 * int(rows[1]["macs"]) == 4 * 28 * 28 * 75
    assert archstat("compare", tmp_path / "cost.json", "lenet5").code == 0


def test_json_has_base_units_and_the_whole_figure(archstat):
    (row,) = json.loads(archstat("compare", "lenet5", "--format", "json").out)
    assert (row["macs"], row["input_shape"], row["top1_error"]) == (325_680, [1, 1, 32, 32], 0.95)
    assert row["published_parameters"]["verdict"] == "exact"


def test_one_wrong_name_fails_the_whole_command(fails):
    assert "No architecture is named 'vgg17'. Did you mean" in fails("compare", "vgg16", "vgg17")


def test_a_form_of_names_stands_for_all_of_them_sorted_on_request(archstat):
    rows = json.loads(archstat("compare", "vgg1?", "lenet5", "--sort", "macs", "--format", "json").out)
    assert [row["architecture"] for row in rows] == ["vgg19", "vgg16", "vgg13", "vgg11", "lenet5"]


def test_a_form_that_fits_no_name_and_a_column_that_is_none_are_refused(fails):
    assert "No architecture is named like 'vgg2*'." in fails("compare", "vgg2*")
    assert "No column is named 'mac'. Did you mean 'macs'" in fails("compare", "lenet5", "--sort", "mac")


def test_further_columns_are_there_where_they_are_asked_for(archstat):
    asked = "architecture,depth,weights,macs_ratio"
    code, out, _ = archstat("compare", "resnet18", "vgg16", "--columns", asked, "--format", "json")
    first, second = json.loads(out)
    assert (code, first["depth"], second["depth"]) == (0, 18, 16)
    assert (first["macs_ratio"], second["weights"]) == (1.0, 138_344_128)
    assert second["macs_ratio"] == 15_470_264_320 / first_macs(archstat)
    assert "depth" not in archstat("compare", "resnet18", "--format", "csv").out


def first_macs(archstat):
    return json.loads(archstat("compare", "resnet18", "--format", "json").out)[0]["macs"]


def test_a_note_goes_with_the_columns_that_it_is_about(archstat):
    whole = archstat("compare", "resnet50", "vgg16").out
    assert "Errors are those by" in whole
    assert "cut off" in whole
    few = archstat("compare", "resnet50", "vgg16", "--columns", "architecture,macs").out
    assert "Errors" not in few
    assert "cut off" not in few


def test_networks_are_sorted_by_a_column_that_is_not_shown_else(archstat):
    out = archstat("compare", "vgg16", "resnet50", "resnet18", "--sort", "depth", "--format", "csv").out
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ["resnet50", "resnet18", "vgg16"]
