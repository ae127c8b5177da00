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


def test_words_of_latex_are_those_that_are_printed():
    assert words_of_latex(r"\textbf{ResNet\_50}~{\small (\emph{ours})} $\approx$ 4\,G") == "ResNet_50 (ours) ≈ 4 G"


@pytest.mark.parametrize(
    ("read", "text"),
    [
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
