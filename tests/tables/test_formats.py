"""Tables as text, Markdown, CSV, JSON and LaTeX; whole ones against files in ``tests/golden``.

``ARCHSTAT_RENEW_GOLDEN=1 pytest tests/tables/test_formats.py`` writes those files anew; look at what changed.
"""

import csv
import functools
import io
import itertools
import json
import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import archstat
from archstat import units
from archstat.published.figures import published, select
from archstat.tables import Column, Table, compare_table, diff_table, layer_table, list_table, op_table
from archstat.tables.formats import FORMATS, text
from tests.sampling import IS_WHOLE

GOLDEN = Path(__file__).parents[1] / "golden"
cost_of = functools.cache(archstat.count)


def agree(name, found):
    """Compare with a golden file, or write it if asked to."""
    path = GOLDEN / name
    if os.environ.get("ARCHSTAT_RENEW_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("format_", "ending"), [("text", "txt"), ("markdown", "md"), ("csv", "csv"), ("json", "json"), ("latex", "tex")]
)
def test_the_layers_of_lenet5(format_, ending):
    agree(f"lenet5.{ending}", FORMATS[format_](layer_table(cost_of("lenet5"))))


def test_the_layers_of_lenet5_in_full():
    agree("lenet5_exact.txt", text(layer_table(cost_of("lenet5")), is_exact=True))


def test_the_layers_of_lenet5_in_80_columns():
    agree("lenet5_80.txt", text(layer_table(cost_of("lenet5")), width=80))


def test_the_ops_of_lenet5():
    agree("lenet5_ops.txt", text(op_table(cost_of("lenet5"))))


def test_the_difference_of_two_networks():
    agree("diff.txt", text(diff_table(cost_of("lenet5"), cost_of("lenet5_modern"))))


def test_the_comparison_of_four_networks():
    costs = [cost_of(name) for name in ("lenet5", "alexnet", "vgg16", "googlenet")]
    agree("compare.txt", text(compare_table(costs)))


def test_a_golden_file_that_differs_is_noticed(monkeypatch):
    monkeypatch.delenv("ARCHSTAT_RENEW_GOLDEN", raising=False)
    with pytest.raises(AssertionError):
        agree("lenet5.txt", "something else")


# -- base units --------------------------------------------------------------------------------------------------------

SHOWN = Table(
    (
        Column("name", "Name"),
        Column("shape", "Shape", units.shape),
        Column("count", "Count", units.compact, is_number=True),
        Column("size", "Size", units.data_size, is_number=True),
    ),
    (("a", (1, 3), 1_234_567, 2**20), ("b", (), None, 0)),
    "The title",
    ("One note.", "Another."),
)


def test_csv_has_the_keys_and_base_units():
    assert FORMATS["csv"](SHOWN) == "name,shape,count,size\na,1x3,1234567,1048576\nb,,,0\n"


def test_json_has_the_keys_and_base_units():
    assert json.loads(FORMATS["json"](SHOWN)) == [
        {"name": "a", "shape": [1, 3], "count": 1_234_567, "size": 1_048_576},
        {"name": "b", "shape": [], "count": None, "size": 0},
    ]


def test_the_layers_in_csv_and_json_are_those_of_the_cost():
    table, cost = layer_table(cost_of("googlenet")), cost_of("googlenet")
    for rows in (list(csv.DictReader(io.StringIO(FORMATS["csv"](table)))), json.loads(FORMATS["json"](table))):
        assert [row["layer"] for row in rows] == [row.layer for row in cost.layers]
        assert sum(int(row["macs"]) for row in rows) == cost.macs
        assert sum(int(row["activation_bytes"]) for row in rows) == cost.activation_bytes


def test_a_published_figure_is_its_digits_in_csv_and_all_of_it_in_json():
    table = compare_table([cost_of("googlenet")])
    row = next(csv.DictReader(io.StringIO(FORMATS["csv"](table))))
    assert (row["published_parameters"], row["published_macs"]) == ("6.8M", "1,502M")
    figure = json.loads(FORMATS["json"](table))[0]["published_parameters"]
    assert (figure["printed"], figure["convention"], figure["verdict"]) == ("6.8M", "weights", "differs")


def test_the_mark_of_a_missing_row_is_a_plain_minus_for_machines():
    rows = csv.DictReader(io.StringIO(FORMATS["csv"](diff_table(cost_of("lenet5"), cost_of("lenet5_modern")))))
    assert {row["mark"] for row in rows} == {"=", "~", "+", "-"}


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_ends_with_one_line_break(format_):
    found = FORMATS[format_](SHOWN)
    assert found.endswith("\n")
    assert not found.endswith("\n\n")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_table_without_rows_can_be_put_out(format_):
    empty = msgspec.structs.replace(SHOWN, rows=())
    assert FORMATS[format_](empty).endswith("\n")
    assert FORMATS[format_](list_table(select("qqq")))


def test_counts_are_shown_in_full_on_request():
    assert "1.235 M" in text(SHOWN)
    assert "1,234,567" in text(SHOWN, is_exact=True)
    assert "1,048,576" in FORMATS["markdown"](SHOWN, is_exact=True)


# -- any name ----------------------------------------------------------------------------------------------------------

NASTY = ["a|b", "a\\b", "<script>", "*a*", "_a_", "`a`", "[a](b)", "a,b", 'a"b', "a\nb", "a\rb", "\x1b[31mred", "~a~"]
NASTY += ["&amp;", "$x$", "50%", "#1", "{a}", "^", "[x]", "…", "模型", "é", "a\u2028b", "", " ", "=1+1", "\t"]


def one(name):
    return Table((Column("name", "Name"), Column("n", "N", is_number=True)), ((name, 1), ("behind", 2)), name, (name,))


STEERING = ["\x1b[31mred", "\x1b]52;c;YQ==\x07", "a\0b", "\x9b2J", "a\u202eb", "a\u2028b", "a\rb", "\t"]
FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+A1", "-A1", "-1+A1", "--A1", "|a", "%a", "= cmd", "+1,A1"]


@pytest.mark.parametrize("name", [name for name in NASTY if name not in STEERING + FORMULAS], ids=ascii)
def test_csv_gives_any_name_back(name):
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](one(name)), newline="")))
    assert rows == [["name", "n"], [name, "1"], ["behind", "2"]]


@pytest.mark.parametrize("name", STEERING, ids=ascii)
@pytest.mark.parametrize("format_", ["csv", "json", "text", "markdown", "latex"])
def test_no_name_steers_a_terminal(format_, name):
    assert all(line.isprintable() for line in FORMATS[format_](one(name)).split("\n"))


@pytest.mark.parametrize("name", [*FORMULAS, *(f"\t{name}" for name in FORMULAS)], ids=ascii)
def test_no_name_is_a_formula_of_a_spreadsheet(name):
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](one(name)), newline="")))
    assert rows[1][0][:1] in ("'", "�")
    assert rows[1][0].endswith(name.strip())


@pytest.mark.parametrize("name", ["=", "-", "+", "== 304", "-3", "+1.5e3", "-12 %", "+3,000", "a=b"])
def test_a_sign_and_a_number_are_no_formula(name):
    assert FORMATS["csv"](one(name)).splitlines()[1].strip('"').startswith(name.split(",")[0])


@pytest.mark.parametrize("name", ["::add-mask::x", " ::error::x", "a\n::error::x", "##[mask]x", "a ##vso[task.b c]"])
@pytest.mark.parametrize("format_", ["csv", "json", "text", "markdown", "latex"])
def test_no_name_is_a_command_to_a_runner(format_, name):
    lines = FORMATS[format_](one(name)).split("\n")
    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert format_ in ("json", "latex") or not [line for line in lines if re.search(r"##\w*\[", line)]


def test_json_reads_the_same_however_a_character_is_written():
    assert "\\u202e" in FORMATS["json"](one("a\u202eb"))
    assert "\\udb40\\udc01" in FORMATS["json"](one("\U000e0001"))
    assert json.loads(FORMATS["json"](one("\U000e0001")))[0]["name"] == "\U000e0001"


def test_a_name_of_a_million_letters_makes_no_table_of_as_many_columns():
    rows = tuple((f"row {number}", number) for number in range(100))
    shown = text(Table(one("").columns, (("a" * 10**6, 1), *rows)))
    assert len(shown) < 100_000
    assert "a…" in shown


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_json_gives_any_name_back(name):
    assert json.loads(FORMATS["json"](one(name)))[0] == {"name": name, "n": 1}


@pytest.mark.parametrize("name", NASTY, ids=ascii)
@pytest.mark.parametrize("format_", ["text", "markdown", "latex"])
def test_no_name_breaks_a_line_or_steers_the_terminal(format_, name):
    found = FORMATS[format_](one(name))
    plain = FORMATS[format_](one("x"))
    rows = [line for line in found.splitlines() if re.match(r"(\| )?behind", line)]
    assert len(rows) == 1
    assert "\x1b" not in found
    of_title = 2 * (max(len(name.splitlines()), 1) - 1)
    of_comment = format_ == "latex" and not name.isascii()
    assert found.count("\n") <= plain.count("\n") + of_title + of_comment


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("<b>", "&lt;b>"),
        ("&lt;", "&amp;lt;"),
        ("*a*", "\\*a\\*"),
        ("a_b", "a\\_b"),
        ("`a`", "\\`a\\`"),
        ("[a](b)", "\\[a\\](b)"),
        ("~", "\\~"),
        ("$x$", "\\$x\\$"),
    ],
)
def test_markdown_shows_any_name_as_it_is(name, escaped):
    assert f"| {escaped} | 1 |" in FORMATS["markdown"](one(name))


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a_b", "a\\_b"),
        ("50%", "50\\%"),
        ("a&b", "a\\&b"),
        ("#$", "\\#\\$"),
        ("{}", "\\{\\}"),
        ("\\", "\\textbackslash{}"),
        ("~^", "$\\sim$\\textasciicircum{}"),
        ("3×3", "3$\\times$3"),
        ("[x]", "{[}x]"),
        ("a→b", "a$\\to$b"),
    ],
)
def test_latex_shows_any_name_as_it_is(name, escaped):
    assert f"{escaped} & 1 \\\\" in FORMATS["latex"](one(name))


def test_latex_has_only_characters_that_it_knows():
    tables = [
        layer_table(cost_of("googlenet")),
        diff_table(cost_of("lenet5"), cost_of("resnet18")),
        compare_table([cost_of(name) for name in list(published())[:: 1 if IS_WHOLE else 8]]),
    ]
    for table in tables:
        lines = [line for line in FORMATS["latex"](table).splitlines() if not line.startswith("%")]
        assert "\n".join(lines).isascii()


# -- little room -------------------------------------------------------------------------------------------------------


def numbers(table, found):
    """Every number of the columns that are shown."""
    header = next(line for line in found.splitlines() if table.columns[0].header in line)
    kept = [n for n, column in enumerate(table.columns) if column.is_number and column.header in header]
    return [column.show(row[n]) for row in table.rows for n in kept for column in [table.columns[n]]]


@given(st.integers(40, 250))
def test_numbers_are_never_cut_however_narrow_the_terminal(width):
    table = layer_table(cost_of("resnet20"))
    found = text(table, width=width)
    shown = numbers(table, found)
    assert len(shown) >= 2 * len(table.rows), "parameters and MACs are always there"
    below = itertools.dropwhile(lambda line: not line.startswith("─"), found.splitlines())
    for line, row in zip(itertools.islice(below, 1, None), table.rows, strict=False):
        for column, value in zip(table.columns, row, strict=True):
            if column.key in ("parameters", "macs"):
                assert column.show(value) in line


@pytest.mark.parametrize("width", range(80, 220, 7))
@pytest.mark.parametrize("name", ["lenet5", "resnet50", "googlenet"])
def test_the_rows_fit_into_a_usual_terminal(name, width):
    tables = [
        layer_table(cost_of(name)),
        op_table(cost_of(name)),
        list_table(select()),
        compare_table([cost_of(name), cost_of("vgg16")]),
    ]
    for table in tables:
        body = text(msgspec.structs.replace(table, notes=(), title=""), width=width).partition("\n\n")[0]
        assert max(map(cell_len, body.splitlines())) <= width


def test_columns_that_do_not_fit_are_named():
    found = text(layer_table(cost_of("resnet50")), width=80)
    assert (
        "Too narrow for FLOPs, Activations, Activation memory, MACs %: widen the\n  terminal, or append '| less -S'."
        in found
    )
    assert "Too narrow" not in text(layer_table(cost_of("resnet50")), width=200)
    assert "Too narrow" not in text(layer_table(cost_of("resnet50")))


def test_the_end_of_a_path_is_kept_and_the_beginning_of_a_title():
    assert "…2_1.residual.conv1  " in text(layer_table(cost_of("resnet50")), width=60)
    assert "Very Deep Convolutional Netw" in text(list_table(select("vgg")), width=80)


def test_wide_characters_keep_the_columns_aligned():
    lines = text(Table(one("").columns, (("模型", 1), ("ab", 22)))).splitlines()
    assert len({cell_len(line) for line in lines}) == 1


def test_colours_are_for_terminals_only():
    assert "\x1b[1m" in text(SHOWN, is_plain=False)
    assert "\x1b" not in text(SHOWN)
    assert text(SHOWN, is_plain=False).replace("\x1b[1m", "").replace("\x1b[0m", "") == text(SHOWN)


def test_no_line_ends_with_a_space():
    for name in ("lenet5", "googlenet"):
        assert all(line == line.rstrip() for line in text(layer_table(cost_of(name))).splitlines())
