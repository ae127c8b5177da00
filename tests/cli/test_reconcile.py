"""``archstat reconcile``, and ``--convention`` of other commands."""

import csv
import io
import json

import pytest

from archstat.analysis.other_tools import RUNS
from archstat.counting.conventions import CONVENTIONS, TOOLS
from archstat.records import Opinion


def rows(text):
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_each_convention_has_its_number_and_each_reason_a_row(archstat):
    code, out, err = archstat("reconcile", "resnet50", "--format", "csv")
    assert (code, err) == (0, "")
    found = rows(out)
    assert list(dict.fromkeys(row["convention"] for row in found)) == list(CONVENTIONS)
    for name in CONVENTIONS:
        own = [row for row in found if row["convention"] == name]
        (ours,) = {int(row["ours"]) for row in own}
        assert {row["number"] for row in own} == {str(ours + sum(int(row["difference"] or 0) for row in own))}
        assert (ours == 3_857_973_248) == (CONVENTIONS[name].unit in ("MACs", "FLOPs"))
        assert {row["unit"] for row in own} == {CONVENTIONS[name].unit}


def test_a_terminal_shows_a_convention_once_and_the_twin_beside(archstat):
    out = archstat("reconcile", "resnet50").out
    assert out.count("\nfvcore ") == 1
    first, second = out[out.index("\nfvcore ") :].splitlines()[1:3]
    assert first.split()[:8] == "fvcore 3.879 G 4.112 G MACs +21.17 M".split()
    assert second.strip().startswith("+100.4 k  adaptive average pooling, 1 an input")
    assert "Stride 2 sits in the first 1×1 of a stage" in out


def test_a_convention_that_follows_another_one_says_so_in_one_row_and_has_the_terms_in_full(archstat):
    (line,) = (line for line in archstat("reconcile", "resnet50").out.splitlines() if line.startswith("mmengine "))
    assert "+21.27 M  as fvcore counts" in line
    found = rows(archstat("reconcile", "resnet50", "--format", "csv").out)
    told = {name: [row["term"] for row in found if row["convention"] == name] for name in ("fvcore", "mmengine")}
    assert told["mmengine"] == told["fvcore"]


def test_a_twin_is_counted_on_the_same_input(archstat):
    found = rows(archstat("reconcile", "resnet50", "--resolution", "32", "--format", "csv").out)
    other = rows(archstat("reconcile", "resnet50_v1_5", "--resolution", "32", "--format", "csv").out)
    assert {row["convention"]: row["twin"] for row in found} == {row["convention"]: row["number"] for row in other}
    assert "twin" not in rows(archstat("reconcile", "resnet18", "--format", "csv").out)[0]


def test_a_network_of_ones_own_is_reconciled(archstat, net):
    out = archstat("reconcile", net, "--input", "3x9x9", "--exact").out
    (line,) = (line for line in out.splitlines() if line.startswith("ptflops-aten"))
    assert line.split()[1:5] == ["7,600", "MACs", "100", "biases"], "5·5·4 · 5·5·3 + 5·5·4"


@pytest.mark.parametrize("format_", ["text", "markdown", "latex"])
def test_what_cannot_be_told_is_said(archstat, format_):
    out = archstat("reconcile", "resnet18", "--batch-size", "2", "--format", format_).out
    assert "cannot be told: a batch of several inputs: some terms are divided by it" in out


SAID = {
    **{tool: Opinion(failure="not installed") for tool in RUNS},
    "fvcore": Opinion(3_879_247_872, version="0.1.5"),
    "thop": Opinion(7, version="0.1.1"),
    "torchinfo": Opinion(failure="not done after 9 s", version="1.8.0"),
}


@pytest.fixture
def said(monkeypatch):
    """What the tools say, and what they are asked."""
    asked = []

    def ask(name, setting, *, seconds):
        asked.append((name, setting.resolution, seconds))
        return SAID

    monkeypatch.setattr("archstat.analysis.other_tools.ask_tools", ask)
    return asked


def test_the_tools_stand_beside_our_emulation(archstat, said):
    code, out, err = archstat("reconcile", "resnet50", "--run", "--timeout", "9")
    assert (code, err) == (0, "")
    assert said == [("resnet50", None, 9)]
    lines = {line.partition(" ")[0]: line for line in out.splitlines()}
    assert "3,879,247,872       =" in lines["fvcore"]
    assert "7                   ≠" in lines["thop"]
    assert "not done after 9 s  " in lines["torchinfo"]
    assert "not installed" in lines["calflops"]
    assert "Run on a CPU: fvcore 0.1.5, fvcore-activations (not installed), torchinfo 1.8.0, ptflops (not" in out


@pytest.mark.usefixtures("said")
def test_json_has_what_the_tools_said_in_fields_of_its_own(archstat):
    found = {
        row["convention"]: row for row in json.loads(archstat("reconcile", "resnet50", "--run", "--format", "json").out)
    }
    keys = ("said", "is_equal", "failure", "version")
    assert [found["fvcore"][key] for key in keys] == [3_879_247_872, True, None, "0.1.5"]
    assert [found["thop"][key] for key in keys] == [7, False, None, "0.1.1"]
    assert [found["torchinfo"][key] for key in keys] == [None, None, "not done after 9 s", "1.8.0"]
    assert [found["conv"][key] for key in keys] == [None] * 4
    assert set(TOOLS) == set(RUNS)


def test_a_tool_is_really_run(archstat, monkeypatch, net):
    monkeypatch.setattr("archstat.analysis.other_tools.RUNS", {"FlopCounterMode": None})
    everyone = dict.fromkeys(TOOLS, Opinion(failure="not asked"))
    real = __import__("archstat.analysis.other_tools", fromlist=["ask_tools"]).ask_tools
    monkeypatch.setattr(
        "archstat.analysis.other_tools.ask_tools", lambda *args, **kwargs: {**everyone, **real(*args, **kwargs)}
    )
    code, out, _ = archstat("reconcile", net, "--input", "3x9x9", "--run", "--format", "csv")
    assert code == 0
    (row,) = (row for row in rows(out) if row["convention"] == "FlopCounterMode")
    assert (row["said"], row["is_equal"]) == (str(2 * 5 * 5 * 4 * 75), "True")


def test_a_saved_cost_cannot_be_reconciled(fails, archstat, tmp_path):
    path = tmp_path / "cost.json"
    path.write_text(archstat("table", "lenet5", "--format", "json").out)
    says = "holds no ops, so no counts by other conventions: name the network itself."
    assert says in fails("reconcile", path)
    assert says in fails("table", path, "--convention", "thop")
    assert archstat("table", path, "--convention", "conv+linear").code == 0


# -- --convention ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--depth", "1"), ("--depth", "2"), ("--by", "stage"), ("--explain",)])
def test_a_table_has_a_column_that_adds_up(archstat, options):
    out = archstat("table", "resnet50", "--convention", "thop", "--format", "csv", *options).out
    assert sum(int(row["by_convention"]) for row in rows(out)) == 3_900_424_192


def test_the_total_and_its_terms_stand_under_a_table(archstat):
    out = archstat("table", "resnet50", "--convention", "conv").out
    assert "By conv           3,855,925,248 (3.856 G) MACs (ShuffleNet paper, Table 1;" in out
    assert "                 − 2,048,000 (2.048 M) linear layers left out" in out


def test_networks_are_compared_and_sorted_by_a_convention(archstat):
    command = ("compare", "resnet18", "vgg16", "--convention", "calflops", "--sort", "by_convention")
    found = rows(archstat(*command, "--format", "csv").out)
    assert [row["architecture"] for row in found] == ["vgg16", "resnet18"]
    assert int(found[0]["by_convention"]) == 30_973_753_344
    assert "calflops: FLOPs (the FLOPs of calculate_flops()" in archstat(*command).out


def test_a_number_that_cannot_be_told_is_left_out_of_a_comparison_and_refused_in_a_table(archstat, fails):
    given = ("--convention", "ptflops", "--batch-size", "2")
    out = archstat("compare", "resnet18", *given).out
    assert "resnet18: what ptflops says cannot be told: a batch of several inputs" in out
    assert "What ptflops says of resnet18 cannot be told: a batch" in fails("table", "resnet18", *given)


@pytest.mark.parametrize("command", ["table", "compare"])
def test_an_unknown_convention_is_refused(fails, command):
    says = fails(command, "lenet5", "--convention", "fvcor")
    assert "No convention is named 'fvcor'. Did you mean 'fvcore' or 'fvcore-activations'? The conventions are" in says


def test_a_claim_can_be_checked_by_a_convention(archstat, tmp_path):
    (tmp_path / "claims.toml").write_text(
        "[[claim]]\nid = 'fvcore'\narchitecture = 'resnet50_v1_5'\nquantity = 'macs'\nconvention = 'fvcore'\n"
        "stated = '4.11G'\n"
        "[[claim]]\nid = 'torch'\narchitecture = 'resnet50_v1_5'\nquantity = 'flops'\nconvention = 'FlopCounterMode'\n"
        "stated = '8.2G'\n"
    )
    code, out, _ = archstat("check", tmp_path / "claims.toml", "--format", "csv")
    assert code == 0
    assert [(row["computed"], row["verdict"]) for row in rows(out)] == [
        ("4,111,512,576", "rounds"),
        ("8,178,368,512", "rounds"),
    ]
