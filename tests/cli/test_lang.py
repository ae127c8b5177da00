"""What commands say in another language: every word is of a message, columns stay straight, data stays as it is."""

import contextlib
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from archstat import published
from archstat.cli import _options
from archstat.language import say, speaking
from archstat.tables.formats import FORMATS, latex
from tests.cli.test_latex import LINES, set_on_pages
from tests.cli.test_widths import put_out  # noqa: F401 - a fixture
from tests.language.outside import in_full_width, outside

NAMES = {
    *("layer", "layer_a", "layer_b", "op", "architecture", "architectures", "network", "name", "title", "authors"),
    *("family", "convention", "printed", "protocol", "device", "device_name", "store", "folder", "file", "id", "text"),
    *(
        "command",
        "source",
        "optimizer",
        "published_parameters",
        "published_macs",
        "arguments",
        "key",
        "architecture",
        "cpu",
    ),
}
"""The keys of JSON whose values are names, or words of others."""
WORDS_OF_TORCH = {"float", "sgd", "adam", "torch", "thop", "eager", "contiguous", "False", "HOST", "ARCHSTAT", "CACHE"}
CODES = {"NOISY", "PRESSURE", "STEAL", "LOAD", "QUOTA", "FLOP", "GFLOP", "TFLOP", "MFLOP", "FLOPs", "ns", "fp"}
PARAMETERS = {"coefficient", "bias", "weight"}
MACHINE = {"Intel", "Xeon", "Processor", "AMD", "EPYC"}
OWN_WORDS = set(re.findall("[A-Za-z]+", (Path(published.__file__).parent / "figures.toml").read_text()))
"""The words of notes on architectures and of what is to be said of printed figures, which are data."""

UNSTEADY = {"selftest", "check", "find", "pareto"}
"""Commands that refuse a busy computer, or that print prose of whoever wrote claims or rated networks."""


def names_in(value, key=""):
    """The words of names in a result as JSON."""
    if isinstance(value, dict):
        return {word for name, each in value.items() for word in names_in(each, name)}
    if isinstance(value, list):
        return {word for each in value for word in names_in(each, key)}
    is_name = isinstance(value, str) and (key in NAMES or key.startswith("kind"))
    return set(re.findall("[A-Za-z]+", value.partition(" ")[0] if key == "kind" else value)) if is_name else set()


@pytest.mark.parametrize("command", [command for command in LINES if command not in UNSTEADY])
def test_no_word_of_a_table_is_outside_of_the_messages(command, archstat, monkeypatch):
    line = LINES[command][0]
    known = names_in(json.loads(archstat(*line, "--format", "json").out)) | OWN_WORDS | CODES | PARAMETERS | MACHINE
    monkeypatch.setattr(_options, "speaking", lambda _: contextlib.nullcontext())
    with in_full_width():
        shown = archstat(*line).out
    assert shown
    assert {line: found for line in shown.splitlines() if (found := outside(line, known | WORDS_OF_TORCH))} == {}


def test_a_word_outside_would_be_found():
    with in_full_width():
        assert outside(f"{say('Parameters')} 60,000, all trainable", {"trainable"}) == ["all"]


def test_a_table_in_korean_has_korean_headers_title_and_notes(archstat):
    shown = archstat("table", "lenet5", "--lang", "ko").out.splitlines()
    assert shown[0] == "lenet5 · 입력 1×1×32×32 · float32"
    assert shown[3].split()[:4] == ["층", "종류", "출력", "파라미터"]
    assert "파라미터          60,000, 모두 학습 가능" in shown
    assert "계산 제외         없음" in shown


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("command", ["table", "compare", "explain", "memory", "measure"])
def test_columns_stand_straight_where_letters_are_two_columns_wide(command, width, put_out):  # noqa: F811 - the fixture
    with speaking("ko"):
        for show, table in put_out([*LINES[command][0], "--lang", "ko"]):
            lines = show(table, width=width).splitlines()
            assert max(map(cell_len, lines)) <= width
            rule = next((place for place, line in enumerate(lines) if line.startswith("─")), None)
            for line in lines[rule - 1 : rule + 2 : 2] if rule else []:
                assert cell_len(line) <= cell_len(lines[rule])


@pytest.mark.parametrize("format_", ["json", "csv"])
@pytest.mark.parametrize("command", ["table", "compare", "diff", "explain", "memory", "reconcile", "check", "scale"])
def test_data_is_the_same_in_every_language(command, format_, archstat):
    line = [*LINES[command][0], "--format", format_]
    assert archstat(*line, "--lang", "ko").out == archstat(*line).out


def test_columns_are_found_by_their_names_in_english_and_in_korean(archstat):
    by_key, english, korean = (
        archstat("table", "lenet5", "--lang", "ko", "--columns", names).out
        for names in ("layer,parameters", "Layer,Parameters", "층,파라미터")
    )
    assert by_key == english == korean
    assert by_key.splitlines()[2].split() == ["층", "파라미터"]


def test_rows_can_be_sorted_by_words_in_any_language(archstat):
    first, second = (archstat("table", "lenet5", "--sort", "kind", "--lang", each).out for each in ("en", "ko"))
    rows = [[line.split()[0] for line in out.splitlines() if " 1×" in line] for out in (first, second)]
    assert rows[0][1:] == rows[1][1:]


LETTERS_AS_BOXES = r"\DeclareUnicodeCharacter{%04X}{\makebox[1em]{\rule{.9em}{.7em}}\hskip0pt{}}"
"""What a letter of Hangul takes; the package that sets it is large, and not everywhere."""


def test_tables_in_korean_fit_on_paper_and_say_which_package_sets_them(archstat, pdflatex, tmp_path):
    commands = ("table", "compare", "diff", "explain", "memory", "quiz", "measure")
    tables = {command: archstat(*LINES[command][0], "--format", "latex", "--lang", "ko").out for command in commands}
    assert all(table.splitlines()[0].endswith(r"\usepackage[hangul]{kotex}") for table in tables.values())
    letters = sorted(set(re.findall("[\uac00-\ud7a3]", "".join(tables.values()))))
    assert letters
    boxes = "\n".join(LETTERS_AS_BOXES % ord(letter) for letter in letters)
    assert list(set_on_pages(pdflatex, tmp_path, tables, boxes)) == []


def test_in_english_a_letter_of_hangul_is_its_number_and_no_package_is_named():
    from tests.cli.test_latex import named

    assert "U+AC00" in latex(named("\uac00"))
    assert "kotex" not in latex(named("\uac00"))


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_can_be_korean(format_, archstat):
    code, out, _ = archstat("compare", "lenet5", "--format", format_, "--lang", "ko")
    assert code == 0
    assert ("파라미터" in out) == (format_ not in ("csv", "json"))


def test_a_language_that_is_not_known_is_refused(fails):
    assert fails("table", "lenet5", "--lang", "xx") == ("Error: No language is named 'xx'. The languages are en, ko.\n")
