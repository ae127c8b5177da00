"""Worksheets in other languages: on paper, on a page, and marked wherever they come back."""

import re

import pytest

from archstat.analysis.inference import analyse
from archstat.language import speaking
from archstat.networks.settings import Setting
from archstat.quiz.exercises import Exercise
from archstat.quiz.hiding import shown_result
from archstat.quiz.marking import marked_sheet, marks_table, score
from archstat.quiz.worksheets import filled_table, key_table, sheet_table, sheet_text, worksheet_of
from archstat.report.page import render
from archstat.report.worksheets import worksheet_page
from archstat.tables.formats import markdown, text
from tests.language.outside import in_full_width, outside, texts_of_page, words_of

EXERCISE = Exercise("alexnet", ("output", "receptive_field", "parameters", "macs", "flops", "activation_memory"))


@pytest.fixture(scope="module")
def network():
    return analyse("alexnet", Setting())


def test_no_word_of_a_sheet_its_solution_or_its_page_is_outside_of_the_messages(network):
    with in_full_width():
        sheet = worksheet_of(EXERCISE, network)
        tables = [text(table) for table in (sheet_table(sheet), filled_table(sheet), key_table(sheet))]
        form = texts_of_page(render(worksheet_page(sheet)))
    known = words_of(network.cost)
    assert {each: found for each in "\n".join(tables).splitlines() if (found := outside(each, known))} == {}
    assert {each: found for each in form if (found := outside(each, known))} == {}


@pytest.mark.parametrize(("given_out", "marked_in"), [("ko", "en"), ("en", "ko"), ("ko", "ko")])
def test_a_sheet_is_marked_whatever_is_spoken_there(given_out, marked_in, network, tmp_path):
    with speaking(given_out):
        sheet = worksheet_of(EXERCISE, network)
        filled = sheet_text(sheet)
    results = {str(each.number): shown_result(each.result, "") for each in sheet.blanks}
    path = tmp_path / "sheet.md"
    path.write_text(re.sub(r"\((\d+)\)(?= \|)", lambda found: f"{found[0]} {results[found[1]]}", filled))
    with speaking(marked_in):
        marked = marked_sheet(path, lambda *_: network)
        assert marked.is_all_right
        told = score(marked)
    count = len(sheet.blanks)
    assert (f"{count} of {count} right" if marked_in == "en" else f"{count}개 중 {count}개 정답 (100 %)") in told


def test_marks_are_told_in_korean_and_the_right_sums_with_them(network, tmp_path):
    sheet = worksheet_of(Exercise("alexnet", ("macs",), rows=1), network)
    path = tmp_path / "sheet.md"
    path.write_text(sheet_text(sheet).replace("(1) |", "(1) 100 M |", 1))
    with speaking("ko"):
        shown = markdown(marks_table([marked_sheet(path, lambda *_: network)], lambda _: True))
    assert "| (1) | conv1 | MACs | 100 M | 오답 | 105,415,200 | 55·55·96 · 11·11·3 = 105,415,200 |" in shown
    assert "| 합계 |" in shown


def test_a_sheet_in_korean_has_its_name_line_and_total_in_korean(network):
    with speaking("ko"):
        written = sheet_text(worksheet_of(EXERCISE, network))
    assert "\n이름:\n" in written
    assert "| 합계 | 네트워크 전체 |" in written
    assert written.startswith('<!-- archstat quiz 1: {"network": "alexnet"')
