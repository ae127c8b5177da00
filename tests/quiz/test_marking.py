"""Answers against what belongs into their cells, and sheets that came back."""

import pytest

from archstat.analysis.inference import analyse
from archstat.errors import ArchstatError, DataError, SourceError
from archstat.networks.trust import Trust
from archstat.quiz.exercises import Exercise, chosen_columns
from archstat.quiz.hiding import shown_result
from archstat.quiz.marking import findings_of, judged, marked_sheet, marks_table, score
from archstat.quiz.worksheets import Blank, sheet_text, worksheet_of
from archstat.tables.annotations import ANNOTATIONS
from archstat.tables.formats import FORMATS


def blank(result, name="macs"):
    return Blank(1, 0, "conv", name, result, "")


NUMBERS = [
    ("38,720", "right"),
    ("38720", "right"),
    ("38 720", "right"),
    ("38\u202f720", "right"),
    ("38'720", "right"),
    ("38.72k", "right"),
    ("38.72 k MACs", "right"),
    ("38.7 k", "rounded"),
    ("38.7K", "rounded"),
    ("39 k", "rounded"),
    ("3.9e4", "rounded"),
    ("≈ 38.7 k", "rounded"),
    ("~38.7k", "rounded"),
    ("5·5·3·64 + 33,920", "right"),
    ("(5*5*1 + 1)*6 = 38,720", "right"),
    ("x = 38720", "right"),
    ("(5·5·1 + 1)·6", "wrong"),
    ("38 k", "wrong"),
    ("38,721", "wrong"),
    ("40 k", "wrong"),
    ("0.04 M", "wrong"),
    ("0 M", "wrong"),
    ("0 T", "wrong"),
    ("38.720", "wrong"),
    ("-38,720", "wrong"),
    ("> 1", "wrong"),
    ("<= 40k", "wrong"),
    ("38720 %", "wrong"),
    ("38720x", "wrong"),
    ("a lot", "wrong"),
    ("<script>alert(1)</script>", "wrong"),
    ("三万八千", "wrong"),
    ("٣٨٧٢٠", "wrong"),
    ("9" * 5_000, "wrong"),
    ("(" * 150, "wrong"),
    ("1/0 + 2", "wrong"),
    ("2**64**64", "wrong"),
    ("", "empty"),
    ("  ", "empty"),
    ("___", "empty"),
    ("–", "empty"),
    ("…", "empty"),
]


@pytest.mark.parametrize(("text", "verdict"), NUMBERS)
def test_a_number_holds_within_the_digits_that_it_has(text, verdict):
    assert judged(blank(38_720), text)[0] == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("64×224×224", "right"),
        ("64x224x224", "right"),
        ("64 x 224 x 224", "right"),
        ("224×224×64", "right"),
        ("1×64×224×224", "right"),
        ("(64, 224, 224)", "right"),
        ("64*224*224", "right"),
        ("64×224", "wrong"),
        ("64×224×225", "wrong"),
        ("224×64×224", "wrong"),
        ("3211264", "wrong"),
        ("64×224×", "wrong"),
        ("x" * 199, "wrong"),
        ("1x" * 90 + "1", "wrong"),
        ("", "empty"),
    ],
)
def test_a_shape_may_have_its_maps_first_or_last(text, verdict):
    assert judged(blank((64, 224, 224), "output"), text)[0] == verdict


def test_a_field_is_one_number_or_two_and_a_linear_layer_has_a_flat_output():
    field = blank((7, 7), "receptive_field")
    assert [judged(field, text)[0] for text in ("7", "7×7", "7 px", "7x7 pixels", "8", "7x8")] == [
        *["right"] * 4,
        *["wrong"] * 2,
    ]
    flat = blank((4096,), "output")
    assert [judged(flat, text)[0] for text in ("4096", "1×1×4096", "1×4096", "4096×1×1", "64×64")][:3] == ["right"] * 3


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("12,845,056 B", "right"),
        ("12845056", "right"),
        ("12.25 MiB", "right"),
        ("12.8 MB", "rounded"),
        ("12.85 MB", "rounded"),
        ("12.1 MiB", "wrong"),
        ("12.8 M", "wrong"),
    ],
)
def test_memory_is_in_bytes_of_either_kind(text, verdict):
    assert judged(blank(12_845_056, "activation_memory"), text)[0] == verdict


def test_nothing_is_0_and_only_0_is_nothing():
    assert judged(blank(0), "0") == ("right", "")
    assert judged(blank(0), "1")[0] == "wrong"
    assert judged(blank(0), "")[0] == "empty"


# -- whole sheets ------------------------------------------------------------------------------------------------------


@pytest.fixture
def given_out(tmp_path, monkeypatch):
    """Writes a sheet with these answers by number into a file of the folder, and gives both."""
    monkeypatch.chdir(tmp_path)

    def give(
        answers=None, *, network="lenet5", hide=("output", "parameters", "macs"), change=lambda text: text, **more
    ):
        exercise = Exercise(network, chosen_columns(hide), **more)
        sheet = worksheet_of(exercise, analyse(network, exercise.setting))
        text = sheet_text(sheet)
        for each in sheet.blanks:
            answer = answers(each) if callable(answers) else (answers or {}).get(each.number, "")
            text = text.replace(f"| ({each.number}) |", f"| ({each.number}) {answer} |")
        path = tmp_path / "sheet.md"
        path.write_text(change(text), encoding="utf-8")
        return path, sheet

    return give


def solved(each):
    return shown_result(each.result, "")


def test_a_sheet_with_every_answer_is_all_right(given_out):
    path, sheet = given_out(solved)
    marked = marked_sheet(path, analyse)
    assert marked.is_all_right
    assert [cell.blank for cell in marked.cells] == list(sheet.blanks)
    assert score(marked).endswith(f"{len(sheet.blanks)} of {len(sheet.blanks)} right (100 %).")


def test_what_is_wrong_empty_and_rounded_is_told_apart_with_the_sum_of_what_is_not_right(given_out):
    path, _ = given_out({1: "6x28x28", 2: "156", 3: "118 k", 4: "6×14×14", 5: "12.5"})
    marked = marked_sheet(path, analyse)
    assert [cell.verdict for cell in marked.cells[:6]] == ["right", "right", "rounded", "right", "wrong", "empty"]
    assert f"lenet5, Output, Parameters and MACs hidden, seed 0: 4 of {len(marked.cells)} right" in score(marked)
    table = marks_table([marked], lambda cell: not cell.is_right)
    rows = {row[1]: row for row in table.rows}
    assert "(2)" not in rows
    assert rows["(8)"][-3:-1] == ("empty", "456")
    assert rows["(8)"][-1] == "(5·5·(18/6) + 1)·6 = 456"
    for show in FORMATS.values():
        assert show(table)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("| (2) 156 |", "|156|"),
        lambda text: text.replace("| (2) 156 |", "| **156** |"),
        lambda text: text.replace("| (2) 156 |", "| (2) **156** |"),
        lambda text: text.replace("| (2) 156 |", "| **(2) 156** |"),
        lambda text: text.replace("| (2) 156 |", "|   (2)\t156   |"),
        lambda text: text.replace("| (2) 156 |", "| (2) `156` |"),
        lambda text: text.replace("| (2) 156 |", "| (2) $156$ |"),
        lambda text: text.replace("\\_", "_"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("Name:", "Name: 名前 <b>|x</b> | y"),
        lambda text: text.replace("| --- |", "| :-- |"),
        lambda text: text + "\n| another | table |\n| --- | --- |\n| 1 | 2 |\n",
        lambda text: text.replace("\n* ", "\n- "),
    ],
    ids=range(14),
)
def test_editors_and_students_may_set_a_sheet_in_another_way(given_out, change):
    path, _ = given_out({1: "6x28x28", 2: "156"}, change=change)
    marked = marked_sheet(path, analyse)
    assert [cell.verdict for cell in marked.cells[:3]] == ["right", "right", "empty"]


def test_an_answer_that_is_marked_up_is_a_product_where_it_has_stars_in_it(given_out):
    path, _ = given_out({2: "5\\*5\\*6+6", 3: "28*28*6*5*5"})
    assert [cell.verdict for cell in marked_sheet(path, analyse).cells[1:3]] == ["right", "right"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("| c1 |", "| c9 |"), "sheet.md:9: 'c9' stands where the sheet has 'c1'."),
        (lambda text: text.replace("| (2)  |", "| (2) 1|2 |"), "sheet.md:9: the row has 6 cells in place of 5; a bar"),
        (lambda text: "\n".join(line for line in text.splitlines() if "| c1 |" not in line), "its table has 8 rows"),
        (lambda text: text.partition("\n| ")[0], "its table has 0 rows"),
        (lambda text: text.partition("-->")[2], "is no worksheet"),
        (lambda text: text.replace("lenet5", "lenet6", 1), "No architecture is named 'lenet6'"),
        (lambda text: text.replace('"seed": 0', '"seed": 0, "rows": 2'), "its table has"),
        (lambda text: text.replace("lenet5", "os:system('true')", 1), "names code"),
    ],
    ids=range(8),
)
def test_a_sheet_that_is_not_the_one_that_was_given_out_is_refused(given_out, change, says):
    path, _ = given_out(change=change)
    with pytest.raises(ArchstatError) as caught:
        marked_sheet(path, analyse)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is no worksheet"), (b"\xff\xfe", "no UTF-8"), (b"\0" * 99, "is no")]
)
def test_a_file_of_nonsense_is_no_sheet(tmp_path, content, says):
    (tmp_path / "a.md").write_bytes(content)
    with pytest.raises(DataError, match=says):
        marked_sheet(tmp_path / "a.md", analyse)


def test_a_page_says_where_its_answers_are(tmp_path):
    with pytest.raises(DataError, match="is a page, and keeps no answers: press 'Save the answers' on it"):
        marked_sheet(tmp_path / "sheet.html", analyse)


def test_a_network_of_ones_own_is_marked_where_the_sheet_is_trusted(given_out, tmp_path):
    (tmp_path / "net.py").write_text("from torch import nn\nNet = nn.Sequential(nn.Conv2d(3, 4, 5), nn.ReLU())\n")
    path, _ = given_out(solved, network="net.py:Net", input=("3x8x8",))
    with pytest.raises(SourceError, match="may not run any unless you trust it"):
        marked_sheet(path, analyse)
    assert marked_sheet(path, analyse, Trust.of([path])).is_all_right


@pytest.mark.parametrize(
    "more", [{"batch_size": 3}, {"input": ("1x32x32",)}, {"dtype": "float16"}, {"rows": 2, "cells": 4, "seed": 9}]
)
def test_a_sheet_is_marked_on_the_input_and_with_the_cells_that_it_was_made_with(given_out, more):
    path, _ = given_out(solved, hide=("output", "receptive_field", "macs", "flops", "activation_memory"), **more)
    assert marked_sheet(path, analyse).is_all_right


def test_marks_are_failures_where_a_continuous_integration_shows_them(given_out):
    path, _ = given_out({1: "6x28x28", 2: "150"})
    cells = marked_sheet(path, analyse).cells[:3]
    shown = ANNOTATIONS["github"](list(findings_of(cells)))
    assert shown.splitlines()[0].endswith(
        "line=9,title=(2) c1%2C Parameters::150 does not hold, expected holds: computed 156; (5·5·1 + 1)·6 = 156."
    )
    assert "title=(3) c1%2C MACs::nothing does not hold" in shown
    assert shown.count("\n") == 2
    assert ANNOTATIONS["junit"](list(findings_of(cells))).count("<failure") == 2
