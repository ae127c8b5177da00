"""``archstat diff``."""

import csv
import io

import msgspec

from archstat.files.results import measurements_to_json
from archstat.records import Interval
from tests.measured import latency, measured


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def test_layers_stand_side_by_side_and_totals_below(archstat):
    code, out, err = archstat("diff", "resnet50", "resnet50_v1_5")
    assert (code, err) == (0, "")
    assert out.startswith("A: resnet50 · input 1×3×224×224 · float32\nB: resnet50_v1_5 ·")
    assert "MACs              3,857,973,248 → 4,089,184,256   +231.2 M (+6.0 %)\n" in out
    assert out.endswith("175 of 187 rows are alike.\n")


def test_only_changes_leaves_out_what_is_alike(archstat):
    found = rows(archstat("diff", "resnet50", "resnet50_v1_5", "--only-changes", "--format", "csv").out)
    assert len(found) == 13
    assert [row["mark"] for row in found] == ["total", *["~"] * 12]


def test_a_network_is_like_itself(archstat):
    out = archstat("diff", "lenet5", "lenet5", "--only-changes").out
    assert out.endswith("17 of 17 rows are alike.\n")
    assert "c1" not in out.splitlines()[2]


def test_a_change_in_a_file_beside_is_seen(archstat, tmp_path):
    for folder, width in (("old", 2), ("new", 3)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "blocks.py").write_text(f"WIDTH = {width}")
        (tmp_path / folder / "net.py").write_text(
            "from torch import nn\nfrom blocks import WIDTH\ndef make(): return nn.Sequential(nn.Linear(4, WIDTH))"
        )
    names = [f"{tmp_path}/{folder}/net.py:make" for folder in ("old", "new")]
    found = rows(archstat("diff", *names, "--input", "4", "--format", "csv").out)
    assert [(row["mark"], row["macs_a"], row["macs_b"]) for row in found] == [("total", "8", "12"), ("~", "8", "12")]


def test_a_wrong_name_on_either_side_is_refused(fails):
    assert "'resnet5'" in fails("diff", "resnet5", "lenet5")
    assert "'resnet5'" in fails("diff", "lenet5", "resnet5")


def test_markdown_has_the_totals_first_and_each_thing_once(archstat):
    out = archstat("diff", "resnet50", "resnet50_v1_5", "--only-changes", "--format", "markdown").out
    lines = out.splitlines()
    assert lines[4] == "| Total | A | B | Change | % |"
    assert lines[7] == "| MACs | 3,857,973,248 | 4,089,184,256 | +231.2 M | +6.0 % |"
    assert out.count("MACs changed most in") == 1
    assert lines[-1] == "* 175 of 187 rows are alike."


def test_networks_that_are_alike_are_totals_alone_in_markdown(archstat):
    out = archstat("diff", "lenet5", "lenet5", "--only-changes", "--format", "markdown").out
    assert out.count("| --- |") == 1


def test_columns_that_are_asked_for_are_found(archstat, fails):
    out = archstat("diff", "resnet18", "resnet34", "--columns", "layer,macs_change", "--only-changes").out
    assert "MACs A" not in out
    assert "layer_b" in archstat("diff", "resnet18", "resnet34", "--columns", "layer_a,layer_b", "--format", "csv").out
    assert "No column is named 'foo'" in fails("diff", "resnet18", "resnet34", "--columns", "foo")


def ran(median, low, high):
    made = latency(median)
    return measured(latency=msgspec.structs.replace(made, interval=Interval(low, high, "batch medians")))


def test_the_command_compares_two_files(archstat, tmp_path):
    for name, made in (("a", ran(0.010, 0.009, 0.011)), ("b", ran(0.012, 0.0115, 0.013))):
        (tmp_path / f"{name}.json").write_text(measurements_to_json([made]))
    paths = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    code, out, _ = archstat("diff", *paths)
    assert code == 0
    assert "+20.0 %" in out
    assert "told apart" in out
    assert archstat("diff", *paths, "--format", "csv")[1].startswith("conditions,a,b,latency_s_a")
    code, _, err = archstat("diff", *paths, "--batch-size", "2")
    assert code == 2
    assert "leave out '--batch-size'" in err
    code, _, err = archstat("diff", paths[0], "lenet5")
    assert code == 2
    assert "'lenet5' is no saved measurement" in err


def test_both_networks_are_drawn_as_one(archstat, tmp_path):
    code, out, err = archstat("diff", "resnet50", "resnet50_v1_5", "--draw")
    assert (code, err) == (0, "")
    assert out.startswith("<svg")
    assert "before: Conv2d 256→128 1×1/2" in out
    place = tmp_path / "both.html"
    assert archstat("diff", "lenet5", "lenet5", "--draw", "--depth", "1", "--output", str(place)).code == 0
    assert "<h1>lenet5</h1>" in place.read_text()


def test_what_a_picture_does_not_take_is_refused(archstat, fails, tmp_path):
    for option in (("--format", "csv"), ("--sort", "macs"), ("--only-changes",), ("--exact",)):
        code, out, err = archstat("diff", "lenet5", "lenet5", "--draw", *option)
        assert (code, out) == (2, "")
        assert f"A picture has no table: leave out '{option[0]}'." in err
    assert "ends in none of" in fails("diff", "lenet5", "lenet5", "--draw", "--output", str(tmp_path / "both.txt"))
    assert "'resnet5'" in fails("diff", "lenet5", "resnet5", "--draw")
    (tmp_path / "a.json").write_text(measurements_to_json([measured()]))
    assert "leave out '--draw'" in archstat("diff", *[str(tmp_path / "a.json")] * 2, "--draw").err
