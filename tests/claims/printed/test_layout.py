"""Markdown and LaTeX, taken apart."""

import time

import pytest

from archstat.claims.printed.latex import layout_of_latex, words_of_latex
from archstat.claims.printed.markdown import layout_of_markdown


def test_a_table_of_markdown_has_its_headers_rows_and_lines():
    table = "| **Model** | Params<br><sup>(M) |\n|:--|--:|\n| [A](https://x.y/z) \\| b | `25.6` |\n| C | 3 |\n"
    text = f"# Zoo\n\n{table}\nEnd.\n"
    layout = layout_of_markdown(text)
    (table,) = layout.tables
    assert table.headers == ("Model", "Params (M)")
    assert [(row.line, row.cells) for row in table.rows] == [(5, ("A | b", "25.6")), (6, ("C", "3"))]
    assert layout.prose == ((1, "Zoo"), (8, "End."))


def test_blocks_of_code_are_left_out():
    layout = layout_of_markdown("```\n| A | B |\n|---|---|\n| 1 | 2 |\n```\n4.1 GFLOPs\n")
    assert (layout.tables, layout.prose) == ((), ((6, "4.1 GFLOPs"),))


def test_a_table_of_html_has_its_headers_rows_and_lines():
    table = (
        "<table>\n<tr><th rowspan=2>Model</th><th colspan='2'>Cost</th></tr>\n"
        "<tr><th>Params (M)</th><th>FLOPs</th></tr>\n"
        "\n<tr><td rowspan=2><a href=x>A &amp; <b>B</b></a></td><td>25.6<sup>1</sup></td>\n"
        "<td>4.1×10<sup>9</sup></td></tr>\n"
        "<tr><td>26</td></tr>\n</TABLE>"
    )
    layout = layout_of_markdown(f"# Zoo\n\n{table}\n\nEnd.\n\n```\n{table}\n```\n<table>\n")
    (found,) = layout.tables
    assert found.headers == ("Model", "Cost Params (M)", "Cost FLOPs")
    rows = [(row.line, row.cells) for row in found.rows]
    assert rows == [(7, ("A & B", "25.6", "4.1×10^9")), (9, ("A & B", "26"))]
    assert layout.prose == ((1, "Zoo"), (12, "End."))


@pytest.mark.parametrize("table", ["<table></table>", "<table><td>1</table>", "<table><tr><th>A</table>"])
def test_a_table_of_html_may_be_empty(table):
    assert layout_of_markdown(table).tables[0].rows == ()


def test_a_list_is_a_row_under_its_keys_behind_what_it_belongs_to():
    text = "# Zoo\n\n## A\n- **Stats:**\n  - Params (M): 25.6\n  - **GMACs:** 4.1\n\n  - Size: 3 x 4\n- Year: new\n"
    found, outer = layout_of_markdown(text).tables
    assert (outer.headers, outer.rows[0].cells) == (("model", "model", "Year"), ("A", "Zoo", "new"))
    assert (found.is_list, found.headers) == (True, ("model", "model", "model", "Params (M)", "GMACs", "Size"))
    (row,) = found.rows
    assert row.cells == ("Stats:", "A", "Zoo", "25.6", "4.1", "3 x 4")
    assert [row.line_of(place) for place in range(6)] == [5, 5, 5, 5, 6, 8]


def test_notes_comments_and_formulas_of_markdown_are_read_as_they_are_shown():
    text = "A[^1] has 25.6<sup>2</sup> and $4.1\\times10^{9}$ or 4.1×10<sup>9</sup>, $5 and $6.\n<!-- B\n\nC -->\nD\n"
    assert layout_of_markdown(text).prose == ((1, "A has 25.6 and 4.1×10^9 or 4.1×10^9, $5 and $6."), (5, "D"))


TABULAR = r"""\begin{table}
\begin{tabular}{l S[table-format=2.1] r}
\toprule
Model & {Params (M)} & FLOPs \\
\midrule
\multirow{2}{*}{ResNet-50} & 25.6 & \qty{4.1}{\giga FLOPs} \\ % a comment & 3
 & \num{25.6} & $4.1\times10^{9}$ \\
\multicolumn{2}{c}{VGG} & 15.5G \\
\bottomrule
\end{tabular}
\end{table}
It has \num{25.6}M~parameters.
"""


def test_a_table_of_latex_has_its_headers_rows_and_lines():
    layout = layout_of_latex(TABULAR)
    (table,) = layout.tables
    assert table.headers == ("Model", "Params (M)", "FLOPs")
    assert [(row.line, row.cells) for row in table.rows] == [
        (6, ("ResNet-50", "25.6", "4.1 GFLOPs")),
        (7, ("ResNet-50", "25.6", "4.1×10^9")),
        (8, ("VGG", "VGG", "15.5G")),
    ]
    assert layout.prose[-1] == (12, "It has 25.6M parameters.")


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"ResNet-50~\cite{he2016}", "ResNet-50"),
        (r"ResNet-50 \citep[see][p.~3]{a,b}", "ResNet-50"),
        (r"25.6$^\dagger$", "25.6"),
        (r"$25.6^{1}$", "25.6"),
        (r"25.6\textsuperscript{a}\footnotemark[1]", "25.6"),
        (r"4.1\footnote{at \textbf{224}}", "4.1"),
        (r"\rowcolor{gray!20} A", "A"),
        (r"{\color{red}4.1}", "4.1"),
        (r"\textcolor{red}{4.1}", "4.1"),
        (r"\href{https://x.y/z}{A}", "A"),
        (r"$4.1 \cdot 10^{9}$", "4.1 × 10^9"),
        (r"$10^9$", "10^9"),
    ],
)
def test_notes_citations_and_colors_are_no_words(latex, words):
    assert words_of_latex(latex) == words


@pytest.mark.parametrize("name", ["verbatim", "lstlisting", "comment"])
def test_code_in_latex_is_left_out(name):
    layout = layout_of_latex(f"A\n\n\\begin{{{name}}}\n99M params\n\\end{{{name}}}\n\nB\n")
    assert layout.prose == ((1, "A"), (7, "B"))


def test_words_of_latex_are_those_that_are_printed():
    assert words_of_latex(r"\textbf{ResNet\_50}~{\small (\emph{ours})} $\approx$ 4\,G") == "ResNet_50 (ours) ≈ 4 G"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (layout_of_markdown, "<table>" * 20_000),
        (layout_of_markdown, "<table><tr><td>1</table>\n" * 5_000),
        (layout_of_markdown, "<!-- a -->\n" * 20_000),
        (layout_of_markdown, "<!--" * 20_000),
        (layout_of_markdown, "a $" * 20_000),
        (layout_of_latex, "\\begin{verbatim}" * 50_000),
        (layout_of_latex, "$x^{" * 50_000),
        (layout_of_latex, r"\begin{tabular}{l}" * 50_000),
        (layout_of_latex, r"\begin{tabular}{l}" + r"\multirow[" * 20_000 + r"\end{tabular}"),
        (layout_of_latex, r"\num{" * 50_000),
        (layout_of_markdown, "|" * 200_000 + "\n" + "|-" * 1_900),
        (layout_of_markdown, "[" * 50_000 + "<" * 25_000),
        (layout_of_markdown, "| a |\n|---|\n" + "| 1 |\n" * 20_000),
    ],
)
def test_hostile_texts_are_read_in_time_that_grows_with_them(read, text):
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 5
