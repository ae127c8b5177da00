"""What stands on a worksheet, what is hidden, and that the same exercise makes the same sheet."""

import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.errors import DataError, InputError, UnknownNameError
from archstat.expressions import evaluate
from archstat.networks.settings import Setting
from archstat.published.figures import published
from archstat.quiz.exercises import Exercise, chosen_columns, exercise_in, line_of
from archstat.quiz.hiding import HIDEABLE
from archstat.quiz.worksheets import file_name, filled_table, key_table, sheet_table, sheet_text, worksheet_of
from archstat.tables.formats import FORMATS
from tests.cli.test_latex import HOSTILE


def sheet_of(network, *hide, **more):
    exercise = Exercise(network, chosen_columns(hide or ("parameters", "macs")), **more)
    return worksheet_of(exercise, analyse(network, exercise.setting))


def results(sheet):
    return {(blank.layer, blank.name): blank.result for blank in sheet.blanks}


def test_the_sheet_of_vgg_asks_what_its_paper_and_lectures_print():
    found = results(sheet_of("vgg16", "output", "parameters", "macs", "activation_memory"))
    assert found["conv1_1", "parameters"] == (3 * 3 * 3 + 1) * 64
    assert found["conv1_2", "macs"] == 224 * 224 * 64 * 3 * 3 * 64
    assert found["pool5", "output"] == (512, 7, 7)
    assert found["pool5", "parameters"] == 0
    assert found["fc6", "parameters"] == (7 * 7 * 512 + 1) * 4096
    assert found["fc8", "output"] == (1000,)
    assert found["conv1_1", "activation_memory"] == 224 * 224 * 64 * 4
    assert found["Total", "parameters"] == 138_357_544
    assert found["Total", "macs"] == 15_470_264_320


def test_receptive_fields_are_those_that_lectures_work_out():
    found = results(sheet_of("vgg16", "receptive_field"))
    assert (found["conv1_2", "receptive_field"], found["pool1", "receptive_field"]) == ((5, 5), (6, 6))
    assert found["pool5", "receptive_field"] == (212, 212)
    assert ("fc8", "receptive_field") not in found, "it sees the whole image, which is no number"


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet", "resnet18", "densenet121", "mobilenet_v2"])
def test_the_rows_of_a_sheet_add_up_to_the_network_and_each_sum_to_its_cell(name):
    sheet = sheet_of(name, *HIDEABLE)
    cost = analyse(name, Setting()).cost
    found = results(sheet)
    for column in ("parameters", "macs", "flops", "activation_bytes"):
        key = {"activation_bytes": "activation_memory"}.get(column, column)
        assert found["Total", key] == getattr(cost, column)
    for blank in sheet.blanks:
        if blank.sums and isinstance(blank.result, int) and blank.name != "activation_memory":
            formula, _, result = blank.sums.rpartition(" = ")
            assert evaluate(formula) == evaluate(result) == blank.result, blank
    assert sum(bool(blank.sums) for blank in sheet.blanks) > len(sheet.blanks) // 3


def test_a_row_says_what_a_student_needs_padding_and_biases_too():
    kinds = {row.layer: row.kind for row in sheet_of("resnet18").rows}
    assert kinds["conv1"] == "Conv2d 3→64 7×7/2, padding 3, no bias"
    assert kinds["pool1"] == "MaxPool2d 3×3/2, padding 1"
    assert kinds["fc"] == "Linear 512→1000"
    assert kinds["Total"] == "of the network"


@pytest.mark.parametrize("name", sorted(published()))
@pytest.mark.sampled(4)
def test_every_architecture_of_ours_has_a_sheet_with_its_columns_and_numbers(name):
    sheet = sheet_of(name)
    assert [blank.number for blank in sheet.blanks] == list(range(1, len(sheet.blanks) + 1))
    table = sheet_table(sheet)
    assert [column.header for column in table.columns] == ["Layer", "Kind", "Output", "Parameters", "MACs"]
    shown = [value for row in table.rows for value in row[2:] if isinstance(value, str)]
    assert shown == [f"({blank.number})" for blank in sheet.blanks]


def test_what_is_hidden_is_told_nowhere_on_the_sheet():
    text = sheet_text(sheet_of("vgg16", "output", "parameters", "macs"))
    for told in ("86,704,128", "1,792", "64×224×224 |", "138,357,544", "512×7×7"):
        assert told not in text


def test_rows_that_change_no_size_do_not_give_an_output_away():
    sheet = sheet_of("resnet18", "output", "flops")
    (bn1,) = [row for row in sheet.rows if row.layer == "bn1"]
    assert bn1.results[0] is None


def test_only_some_cells_are_hidden_and_the_seed_says_which():
    whole = sheet_of("vgg16")
    first, again, other = (sheet_of("vgg16", cells=10, seed=seed) for seed in (3, 3, 4))
    assert len(first.blanks) == 10
    assert sheet_text(first) == sheet_text(again)
    cells = [{(blank.row, blank.name) for blank in each.blanks} for each in (first, other, whole)]
    assert cells[0] != cells[1]
    assert cells[0] < cells[2]
    assert [blank.number for blank in first.blanks] == list(range(1, 11))
    assert sheet_table(first).rows[0][2] == (64, 224, 224)
    assert sheet_of("vgg16", cells=len(whole.blanks)).blanks == whole.blanks


def test_the_cells_of_a_seed_are_the_same_for_every_version_of_python():
    """These were drawn when the sheet was designed; a sheet that was given out must be marked by them."""
    found = [(blank.layer, blank.name) for blank in sheet_of("vgg16", cells=3, seed=3).blanks]
    assert found == DRAWN


DRAWN = [("conv1_2", "parameters"), ("conv4_2", "macs"), ("Total", "parameters")]


def test_a_sheet_can_end_early_and_its_total_says_so():
    sheet = sheet_of("vgg16", rows=3)
    assert [row.layer for row in sheet.rows] == ["conv1_1", "conv1_2", "pool1", "Total"]
    assert sheet.rows[-1].kind == "of these 3 rows"
    assert results(sheet)["Total", "parameters"] == 1_792 + 36_928
    assert sheet.blanks[-2].sums == "1,792 + 36,928 = 38,720"
    assert sheet_of("vgg16", rows=1_000).rows[-1].kind == "of the network"


def test_a_batch_multiplies_the_work_and_outputs_stay_those_of_one_input():
    one, eight = (results(sheet_of("vgg16", "output", "macs", batch_size=size)) for size in (1, 8))
    assert eight["conv1_1", "output"] == one["conv1_1", "output"] == (64, 224, 224)
    assert eight["Total", "macs"] == 8 * one["Total", "macs"]


def test_more_cells_than_there_are_cannot_be_hidden():
    with pytest.raises(
        InputError, match=r"^99 cells are to be hidden, and the sheet has 8: hide fewer, or more columns"
    ):
        sheet_of("vgg16", rows=3, cells=99)


def test_a_network_without_anything_to_ask_is_refused():
    exercise = Exercise("torch.nn:Identity()", ("parameters",), input=("3x8x8",))
    network = analyse(exercise.network, exercise.setting)
    with pytest.raises(
        DataError, match=r"No layer of torch\.nn:Identity\(\) has anything to ask: hide other columns\."
    ):
        worksheet_of(exercise, network)


def test_a_saved_cost_has_no_sums_and_says_so():
    saved = Saved(analyse("lenet5", Setting()).cost)
    with pytest.raises(DataError, match="holds no ops, so no sums"):
        worksheet_of(Exercise("cost.json", ("parameters",)), saved)


# -- columns -----------------------------------------------------------------------------------------------------------


def test_columns_are_called_as_the_table_or_its_csv_calls_them_in_any_order():
    assert chosen_columns(["flops", "Receptive Field", "output_shape", "activation-memory", "flops", ""]) == (
        "output",
        "receptive_field",
        "flops",
        "activation_memory",
    )


def test_a_column_that_is_not_there_is_named_and_so_are_those_that_are():
    with pytest.raises(UnknownNameError, match=r"No column to hide is named 'parametres'\. Did you mean 'parameters'"):
        chosen_columns(["parametres"])
    with pytest.raises(InputError, match="No column is named"):
        chosen_columns([" ", ""])


# -- the line of a sheet -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [*HOSTILE, "a --> b", "<!-- c", "名前.py:Net", "n\udce9t", "a\nb -->\n<!-- archstat quiz 1: {}"]
)
def test_the_line_says_what_is_asked_whatever_the_network_is_called(name):
    exercise = Exercise(name, ("parameters",), 7, 3, input=("3x8x8", "@net.py:inputs"), batch_size=2)
    line = line_of(exercise)
    assert line.count("\n") == 0
    assert line.count("-->") == line.count("<!--") == 1
    if name.strip():
        assert exercise_in(f"x\n{line}\n", "a.md") == exercise


GOOD = line_of(Exercise("vgg16", ("parameters",)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a.md is no worksheet: the line that 'archstat quiz' begins one with is missing."),
        ("# A readme\n", "is no worksheet"),
        (f"{GOOD}\n{GOOD}", "it has several: put each into a file of its own"),
        (GOOD.replace("quiz 1", "quiz 2"), "a.md:1: a worksheet of version 2, and version 1 is known."),
        ("\n" + GOOD.replace("}", ""), "a.md:2: this line no longer says what is asked"),
        (GOOD.replace("parameters", "parametres"), "No column to hide is named 'parametres'"),
        (GOOD.replace('["parameters"]', "[]"), "No column is named"),
        (GOOD.replace("vgg16", " "), "names no network"),
        (GOOD.replace("{", '{"cells": 0, '), "Expected `int` >= 1"),
        (GOOD.replace("{", '{"input": ["3xx"], '), "a.md:1: this line no longer says what is asked"),
        (GOOD.replace("{", '{"dtype": "int8", '), "Invalid enum value 'int8'"),
        (GOOD.replace("{", '{"more": 1, '), "unknown field `more`"),
        (GOOD.replace('"vgg16"', "[" * 100_000 + "]" * 100_000), "this line no longer says"),
        (GOOD.replace("{", '{"seed": ' + "9" * 5000 + ", "), "this line no longer says"),
    ],
    ids=range(14),
)
def test_a_line_that_was_changed_is_refused_in_a_sentence(text, says):
    with pytest.raises(DataError) as caught:
        exercise_in(text, "a.md")
    assert says in str(caught.value)


# -- what is put out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_the_sheet_and_its_solution_come_in_every_format(format_):
    sheet = sheet_of("lenet5", *HIDEABLE)
    for table in (sheet_table(sheet), filled_table(sheet), key_table(sheet)):
        assert FORMATS[format_](table)


def test_latex_leaves_room_to_write_and_has_every_cell():
    sheet = sheet_of("vgg16", *HIDEABLE)
    text = FORMATS["latex"](sheet_table(sheet))
    assert "Left out" not in text
    assert "\\renewcommand{\\arraystretch}{1.7}" in text
    assert all(f"[l]{{({blank.number})\\,\\hrulefill}}" in text for blank in sheet.blanks)
    assert "\\hrulefill" not in FORMATS["latex"](filled_table(sheet))


@pytest.mark.parametrize("name", ["../../etc/passwd", "名", "a b/c:D(x=1)", "x" * 500, ""])
def test_the_file_of_a_sheet_has_a_name_that_every_system_takes(name):
    from msgspec.structs import replace

    sheet = sheet_of("lenet5")
    made = file_name(replace(sheet, exercise=replace(sheet.exercise, network=name)))
    assert made.isascii()
    assert set("./\\: ").isdisjoint(made)
    assert 5 < len(made) < 80
