"""``archstat quiz``, and ``archstat check`` of what comes back."""

import json
import re

import pytest


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_sheet_goes_out_is_filled_in_and_comes_back(archstat, tmp_path):
    asked = ("quiz", "vgg16", "--hide", "parameters,macs", "--seed", "3", "--rows", "3")
    code, out, err = archstat(*asked, "--output", "sheet.md", "--solution", "solution.md")
    assert (code, out) == (0, "")
    assert err.splitlines() == ["Wrote solution.md", "Wrote sheet.md"]
    sheet = tmp_path / "sheet.md"
    assert sheet.read_text().startswith(
        '<!-- archstat quiz 1: {"network": "vgg16", "hide": ["parameters", "macs"], "seed": 3'
    )
    code, out, err = archstat("check", "sheet.md")
    assert (code, err) == (1, "")
    assert "0 of 8 right (0 %); 8 empty." in out
    key = re.findall(
        r"^\| \((\d+)\) \| \S+ \| \S+ \| ([\d,]+) \|", (tmp_path / "solution.md").read_text(), re.MULTILINE
    )
    assert len(key) == 8
    text = sheet.read_text()
    for number, result in key:
        text = text.replace(f"({number}) |", f"({number}) {result} |")
    sheet.write_text(text)
    code, out, err = archstat("check", "sheet.md")
    assert (code, err) == (0, "")
    assert "8 of 8 right (100 %)." in out
    assert archstat("check", "sheet.md", "--only-unexpected").out.startswith(
        "sheet.md: vgg16, Parameters and MACs hidden"
    )


def test_the_same_exercise_makes_the_same_bytes_and_another_seed_others(archstat):
    asked = ("quiz", "lenet5", "--cells", "5", "--format", "html", "--seed")
    first, again, other = (archstat(*asked, seed).out for seed in ("3", "3", "4"))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.md", "<!-- archstat"),
        ("a.tex", "% Needs"),
        ("a.html", "<!DOCTYPE"),
        ("a.csv", "layer,"),
        ("a.json", "["),
        ("a.txt", "lenet5 ·"),
    ],
)
def test_the_name_of_a_file_says_its_format(archstat, tmp_path, name, begins):
    archstat("quiz", "lenet5", "--output", name, "--solution", f"solved-{name}")
    assert (tmp_path / name).read_text().startswith(begins)
    assert (tmp_path / f"solved-{name}").stat().st_size
    if name.endswith(".json"):
        assert json.loads((tmp_path / f"solved-{name}").read_text())[0]["number"] == "(1)"


def test_a_format_that_is_asked_for_comes_before_the_name(archstat, tmp_path):
    archstat("quiz", "lenet5", "--format", "csv", "--output", "a.md")
    assert (tmp_path / "a.md").read_text().startswith("layer,kind,")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--hide", "parametres"], "No column to hide is named 'parametres'. Did you mean 'parameters'"),
        (["--hide", ","], "No column is named: hide some"),
        (["--cells", "999"], "999 cells are to be hidden, and the sheet has"),
        (["--output", "a.md", "--solution", "./a.md"], "cannot both be a.md: name two files"),
        (["--solution", "nowhere/a.md"], "nowhere/a.md cannot be written"),
        (["--resolution", "0"], "is not in the range"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(archstat, arguments, says):
    code, out, err = archstat("quiz", "lenet5", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("Error") == 1


def test_a_saved_cost_has_no_sums(archstat, fails):
    archstat("table", "lenet5", "--format", "json", "--output", "cost.json")
    assert "holds no ops, so no sums: name the network itself" in fails("quiz", "cost.json")


def test_a_network_of_ones_own_goes_out_by_name_and_comes_back_with_trust(archstat, fails, net):
    assert archstat("quiz", net, "--input", "3x8x8", "--output", "own.md").code == 0
    told = fails("check", "own.md")
    assert "'net.py:Net' names code" in told
    assert "--trust" in told
    code, out, err = archstat("check", "own.md", "--trust")
    assert code == 1
    assert "net.py:Net, Parameters and MACs hidden" in out
    assert "imported" in err, "what the network's code prints is no result"


def test_sheets_and_claims_are_checked_apart(archstat, fails, tmp_path):
    archstat("quiz", "lenet5", "--output", "a.md")
    (tmp_path / "a.toml").write_text("title = 'x'")
    assert "check them apart" in fails("check", "a.md", "a.toml")
    assert "b.md cannot be read" in fails("check", "b.md")
    (tmp_path / "readme.md").write_text("# Readme\n| a | b |\n|---|---|\n")
    assert "Worksheets and claims have no table in common" in fails("check", "a.md", "readme.md")


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "json", "latex", "html", "junit", "github"])
def test_marks_come_in_every_format(archstat, format_):
    archstat("quiz", "lenet5", "--rows", "2", "--output", "a.md")
    archstat("quiz", "lenet5", "--rows", "1", "--output", "b.md")
    code, out, err = archstat("check", "a.md", "b.md", "--format", format_)
    assert (code, err) == (1, "")
    assert "a.md" in out
    assert "b.md" in out
