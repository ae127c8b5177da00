"""LaTeX: which columns fit, what is told of the others, how numbers stand, and that any name is text."""

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archstat
from archstat import units
from archstat.tables import Column, Table, claims_table, compare_table, diff_table, layer_table, op_table
from archstat.tables.columns import number, path
from archstat.tables.formats import latex
from archstat.tables.latex.characters import tex, unknown_in, width_of
from archstat.tables.latex.fitting import COLUMN_PT, FOOTNOTE, PAGE_PT, SMALL, Field, breakable, fitted_to, header_lines
from archstat.tables.latex.numbers import numbers_in, set_number


def lines_of(table, **options):
    return latex(table, **options).splitlines()


def comments(table):
    return [line for line in lines_of(table) if line.startswith("% ")]


def rows_of(table):
    found = lines_of(table)
    return [line.removesuffix(" \\\\") for line in found[found.index("\\midrule") + 1 : found.index("\\bottomrule")]]


def table_of(*columns, rows, **more):
    return Table(columns, tuple(rows), **more)


NAME = path("name", "Name")
COUNT = number("count", "Count")


# -- what surrounds the rows -------------------------------------------------------------------------------------------


def test_a_table_says_which_packages_it_needs():
    numbers = table_of(NAME, COUNT, rows=[("a", 1), ("b", 2)])
    assert "% Needs in the preamble: \\usepackage{array,booktabs,siunitx} (siunitx 3)" in comments(numbers)
    names = table_of(NAME, Column("kind", "Kind"), rows=[("a", "x"), ("b", "y")])
    assert "% Needs in the preamble: \\usepackage{array,booktabs}" in comments(names)
    assert "\\sisetup" not in latex(names)
    long = table_of(NAME, rows=[(str(n),) for n in range(41)])
    assert "% Needs in the preamble: \\usepackage{array,booktabs,longtable}" in comments(long)


def test_a_table_has_a_caption_and_a_label_made_from_its_title():
    found = lines_of(table_of(NAME, rows=[("a",)], title="lenet5 · input 1×1×32×32"))
    assert "\\caption{lenet5 $\\cdot$ input 1$\\times$1$\\times$32$\\times$32}" in found
    assert "\\label{tab:lenet5-input-1x1x32x32-by-name}" in found


def test_the_layers_and_the_ops_of_a_network_have_labels_of_their_own():
    cost = archstat.count("lenet5")
    assert "\\label{tab:lenet5-input-1x1x32x32-float32}" in lines_of(layer_table(cost))
    assert "\\label{tab:lenet5-input-1x1x32x32-float32-by-op}" in lines_of(op_table(cost))


@pytest.mark.parametrize("title", ["a_b%}\\", "模型", "é\nü", "#" * 500, "x" * 5000, " ", "{[}]~^"])
def test_a_label_holds_letters_digits_and_hyphens_whatever_the_title(title):
    (inside,) = re.findall(r"^\\label\{tab:(.+?)\}", latex(table_of(NAME, rows=[("a",)], title=title)), re.MULTILINE)
    assert inside.replace("-", "").isalnum()
    assert inside.isascii()
    assert len(inside) <= 90


def test_a_long_caption_has_a_short_form_for_the_list_of_tables():
    (caption,) = [line for line in lines_of(table_of(NAME, rows=[("a",)], title="word " * 40)) if "\\caption" in line]
    short = caption.partition("[{")[2].partition("}]")[0]
    assert width_of(short.replace("\\dots{}", "…")) < 30
    assert short.endswith("\\dots{}")


def test_a_table_without_a_title_is_called_by_its_numbers_and_names():
    many = table_of(NAME, COUNT, number("size", "Size"), rows=[(f"network{n}", n, n * 2) for n in range(20)])
    (caption,) = [line for line in lines_of(many) if line.startswith("\\caption")]
    assert "Count and Size of network0, network1, " in caption
    assert caption.endswith("more}")
    assert "\\caption{Name: a and b}" in lines_of(table_of(NAME, rows=[("a",), ("b",)]))


def test_a_table_of_more_rows_than_fit_on_a_page_breaks_over_pages_and_repeats_its_header():
    rows = [(f"row{n}", n) for n in range(41)]
    assert "\\begin{longtable}" not in latex(table_of(NAME, COUNT, rows=rows[:40], title="T"))
    found = lines_of(table_of(NAME, COUNT, rows=rows))
    assert found.count("Name & {Count} \\\\") == 2
    assert found.index("\\endfirsthead") < found.index("\\endhead") < found.index("row0 & 0 \\\\")


def test_few_rows_with_many_notes_break_over_pages_too():
    notes = tuple(f"Note {n}: {'word ' * 60}" for n in range(20))
    assert "\\begin{longtable}" in latex(table_of(NAME, COUNT, rows=[("a", 1)], notes=notes))


def test_a_narrow_table_stands_in_one_of_two_columns_and_a_wide_one_over_both():
    assert "\\begin{table}[tbp]" in latex(table_of(NAME, COUNT, rows=[("a", 1)]))
    wide = table_of(NAME, COUNT, rows=[("a" * 60, 1)])
    assert "\\begin{table*}[tbp]" in latex(wide)


def test_notes_stand_under_the_table_and_what_a_terminal_puts_in_columns_runs_on():
    notes = ("MACs              1,234", "FLOPs             2 · MACs", "                  + 5 biases", "A sentence.")
    found = latex(table_of(NAME, rows=[("a",)], notes=notes))
    assert "MACs: 1,234; FLOPs: 2 $\\cdot$ MACs; + 5 biases.\\par\nA sentence.\\par\n" in found


# -- which columns -----------------------------------------------------------------------------------------------------


def test_what_all_rows_have_in_common_stands_once_in_the_notes():
    table = table_of(NAME, Column("shape", "Input", units.shape), COUNT, rows=[("a", (1, 3), 1), ("b", (1, 3), 2)])
    assert rows_of(table) == ["a & 1", "b & 2"]
    assert "In all rows: Input 1$\\times$3.\\par" in lines_of(table)


def test_one_row_keeps_its_values():
    assert rows_of(table_of(NAME, Column("kind", "Kind"), rows=[("a", "x")])) == ["a & x"]


def test_an_empty_column_is_left_out_and_named():
    table = table_of(NAME, COUNT, Column("why", "Why"), rows=[("a", None, ""), ("b", None, "")])
    assert rows_of(table) == ["a", "b"]
    assert "% Left out, as empty: Count, Why." in comments(table)


def test_the_first_column_stays_though_all_rows_share_it():
    assert rows_of(table_of(NAME, COUNT, rows=[("a", 1), ("a", 2)])) == ["a & 1", "a & 2"]


def test_a_column_stays_with_one_whose_header_goes_on_from_its_own():
    second = number("b", "B", continues=True)
    first = number("a", "Count A")
    assert rows_of(table_of(NAME, first, second, rows=[("x", 7, 1), ("y", 7, 2)])) == ["x & 7 & 1", "y & 7 & 2"]
    alone = table_of(NAME, first, second, rows=[("x", 1, 7), ("y", 2, 7)])
    assert rows_of(alone) == ["x & 1", "y & 2"]
    assert "In all rows: Count A, B 7.\\par" in lines_of(alone)


def test_columns_that_do_not_fit_are_left_out_in_the_order_in_which_they_give_way_and_named():
    wide = [number(f"n{rank}", f"Column{rank}", units.exact, gives_way=rank) for rank in range(6)]
    rows = [(f"row{n}", *[10**15 + n] * 6) for n in range(3)]
    table = table_of(NAME, *wide, rows=rows)
    (comment,) = [line for line in comments(table) if "too narrow" in line]
    left_out = comment.partition(": ")[2].rstrip(".").split(", ")
    assert left_out == [f"Column{rank}" for rank in range(6 - len(left_out), 6)]
    assert rows_of(table)[0].count("&") == 6 - len(left_out)


def test_where_nothing_gives_way_the_last_columns_do():
    table = table_of(NAME, *[number(f"n{n}", f"N{n}", units.exact) for n in range(9)], rows=[("a", *[10**30] * 9)])
    (comment,) = [line for line in comments(table) if "too narrow" in line]
    assert comment.endswith("N8.")
    assert rows_of(table)[0].startswith("a & 1,000,")


def field_of(*cells, header="N", least=1, gives_way=0, is_number=False):
    return Field.of(Column("key", header, is_number=is_number, least=least, gives_way=gives_way), cells)


CELLS = ["a", "conv2_x.conv2_1.residual", "25.56 M", "1,234", "–", "1×64×56×56", "x" * 90]
FIELDS = st.builds(
    lambda cells, least, gives_way, is_number: field_of(
        *cells, header="A header", least=least, gives_way=gives_way, is_number=is_number
    ),
    st.lists(st.sampled_from(CELLS), min_size=1),
    st.integers(1, 60),
    st.integers(0, 4),
    st.booleans(),
)


@given(st.lists(FIELDS, min_size=1, max_size=12))
def test_a_table_is_never_wider_than_the_page_and_never_without_its_first_column(fields):
    found = fitted_to(dict(enumerate(fields)))
    assert found.width_pt <= PAGE_PT + 0.01
    assert 0 in found.widths
    assert list(found.widths) == sorted(found.widths)
    assert found.fields.keys() == found.widths.keys()


@given(st.lists(FIELDS, min_size=1, max_size=5))
def test_a_table_in_which_nothing_is_broken_is_as_wide_as_its_cells(fields):
    found = fitted_to(dict(enumerate(fields)))
    if not found.broken:
        natural = sum(field.natural_em for field in found.fields.values()) * found.size.em_pt
        assert found.width_pt == pytest.approx(natural + found.size.gap_pt * (len(found.fields) - 1))


def test_an_important_column_is_never_left_out_for_one_that_gives_way():
    fields = {rank: field_of("x" * 20, gives_way=rank, is_number=True) for rank in range(8)}
    kept = list(fitted_to(fields).widths)
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) < 8


def test_the_letters_are_as_large_as_fits():
    short = fitted_to({0: field_of("a")})
    assert short.size is SMALL
    assert short.width_pt < COLUMN_PT
    assert fitted_to({0: field_of("word " * 30)}).size is FOOTNOTE


def test_a_header_takes_as_few_lines_as_fit():
    assert header_lines("Top-1 error %", 20) == ["Top-1 error %"]
    assert header_lines("Top-1 error %", 5) == ["Top-1", "error %"]
    assert header_lines("Top-1 error %", 0) == ["Top-1", "error", "%"]
    assert header_lines("", 0) == [""]


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_numbers_stand_at_the_decimal_point_and_keep_their_prefix():
    table = table_of(NAME, COUNT, rows=[("a", 25_557_032), ("b", 9_408), ("c", None)])
    assert rows_of(table) == ["a & 25.56{\\,M}", "b & 9408", "c & {--}"]
    assert "\\begin{tabular}{@{}lS[table-format=4.2{\\,M}]@{}}" in lines_of(table)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["1", "22"], "S[table-format=2.0]"),
        (["1.5", "–"], "S[table-format=1.1]"),
        (["−9,408", "+1.5 k"], "S[table-format=+4.1{\\,k},retain-explicit-plus]"),
        (["1 B", "1 MiB"], "S[table-format=1.0{\\,MiB}]"),
        (["4.700 µs"], "S[table-format=1.3{\\,$\\mu$s}]"),
    ],
)
def test_a_column_has_room_for_its_longest_number(cells, column):
    assert numbers_in(cells).column == column


@pytest.mark.parametrize("cells", [["a"], ["1", "yes"], [], ["–"], ["1 2 3"], ["1,23"], ["inf"], ["٣"], ["1e5"]])
def test_what_is_no_number_is_no_column_of_numbers(cells):
    assert numbers_in(cells) is None


def test_numbers_in_full_are_numbers():
    table = table_of(NAME, COUNT, rows=[("a", 25_557_032), ("b", 1)])
    assert "a & 25557032 \\\\" in lines_of(table, is_exact=True)
    assert set_number("1,234,567") == "1234567"


# -- signs and characters ----------------------------------------------------------------------------------------------


def test_every_sign_of_a_comparison_is_explained_under_it():
    found = latex(compare_table([archstat.count(name) for name in ("vgg16", "resnet50", "googlenet")]))
    assert "{--}" in found
    for sign in (
        "(conv):",
        "(weights):",
        "$\\downarrow$ printed",
        "$\\neq$ googlenet",
        "--: not known, or there is none.",
    ):
        assert f"\n{sign}" in found


def test_the_marks_of_a_difference_are_explained():
    found = latex(diff_table(archstat.count("lenet5"), archstat.count("lenet5_modern")))
    legend = "= alike, $\\sim$ changed, $-$ only in A, + only in B, $\\rightleftharpoons$ in A and in B.\\par"
    assert legend in found.splitlines()
    same = latex(diff_table(archstat.count("lenet5"), archstat.count("lenet5")))
    assert "= alike.\\par" in same.splitlines()


def test_the_mark_of_a_claim_is_explained_where_it_stands():
    assert "$\\times$" in tex("✗")
    assert claims_table([], []).legend == ()


def test_a_character_that_pdflatex_does_not_have_stands_as_its_number_and_is_named():
    table = table_of(NAME, rows=[("层1",), ("b",)])
    assert "{\\ttfamily U+5C42}1 \\\\" in lines_of(table)
    assert "% Characters that pdfLaTeX does not have stand as their numbers: U+5C42 层." in comments(table)
    many = table_of(NAME, rows=[("".join(map(chr, range(0x5C42, 0x5C42 + 50))),)])
    assert [line for line in comments(many) if line.endswith(" and others.")]


def strings(folder):
    """The texts in the code of a folder."""
    for file in (file for file in folder.rglob("*.py") if file.parent.name != "latex"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from (character for character in node.value if character.isprintable())


def test_every_character_that_archstat_itself_prints_is_known():
    root = Path(archstat.__file__).parent
    of_pages = set(strings(root / "report"))  # which are no LaTeX
    of_errors = set("─└├")
    assert not set(unknown_in("".join(set(strings(root)) - of_pages - of_errors)))
    assert set(unknown_in("a层é×")) == {"层"}


def test_every_architecture_and_its_paper_are_set_without_a_number():
    table = layer_table(archstat.count("resnext50_32x4d"))
    assert "U+" not in latex(table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("é", "\\'{e}"),
        ("Å", "\\r{A}"),
        ("e\u0301", "\\'{e}"),
        ("ß", "\\ss{}"),
        ("\u03b1Ω", "$\\alpha$$\\Omega$"),
        ("s²⁻", "s$^{2}$$^{-}$"),
        ("x₃", "x$_{3}$"),
        ("--", "-{}-"),
        ("''", "'{}'"),
        ("*", "{*}"),
        ("|", "\\textbar{}"),
        ("�", "?"),
    ],
)
def test_a_text_is_set_as_it_is(text, expected):
    assert tex(text) == expected


@given(st.text())
def test_any_text_is_ascii_in_which_braces_and_dollars_are_paired(text):
    found = tex(text)
    bare = found.replace("\\{", "").replace("\\}", "").replace("\\$", "")
    assert found.isascii()
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0


@given(st.text(max_size=80), st.floats(3.5, 40))
def test_no_part_of_a_text_between_breaks_is_wider_than_there_is_room(text, room):
    plain = breakable("".join(c for c in text if (c.isalnum() and c.isascii()) or c in " ._-/"), room)
    parts = plain.replace("\\allowbreak{}", " ").replace("\\_", "_").replace("{}", "").split(" ")
    assert all(width_of(part) <= room + 1e-9 for part in parts)


def test_a_name_breaks_at_its_dots_before_it_breaks_elsewhere():
    assert breakable("conv2_x.conv2_1.residual.conv1", 9) == "conv2\\_x.conv2\\_1.\\allowbreak{}residual.conv1"
    assert breakable("snake_case_name", 4) == "snake\\_\\allowbreak{}case\\_\\allowbreak{}name"
    assert breakable("aaaaaaaaaa", 3.6) == "aaaaaaa\\allowbreak{}aaa"
