"""Every table of every command, set by pdfLaTeX on pages of one column and of two: nothing fails or sticks out."""

import os
import subprocess
from pathlib import Path

import click
import pytest

from archstat.cli._commands import COMMANDS
from archstat.tables import Column, Table
from archstat.tables.formats import latex
from tests.cli.test_main import CLAIMS, MEASURED, RESULTS, STORE
from tests.sampling import IS_WHOLE

RESULTS_OF = Path(MEASURED).parent
LINES = {
    "table": [
        ["table", "lenet5"],
        ["table", "resnet50"],
        ["table", "densenet121"],
        ["table", "resnet50", "--by", "stage"],
        ["table", "googlenet", "--by", "op"],
        ["table", "vgg16", "--explain"],
        ["table", "lenet5", "--exact", "--convention", "thop"],
    ],
    "compare": [
        ["compare", "lenet5"],
        ["compare", "alexnet", "vgg16", "googlenet", "resnet50", "densenet121", "mobilenet_v2", "lenet5", "resnet20"],
        ["compare", "one_7x7", "three_3x3", "--convention", "thop"],
        ["compare", *map(str, sorted(RESULTS_OF.glob("*.json")))],
    ],
    "diff": [["diff", "lenet5", "lenet5"], ["diff", "lenet5", "lenet5_modern"], ["diff", "resnet18", "resnet50"]],
    "changes": [RESULTS["changes"]],
    "explain": [["explain", "lenet5"], ["explain", "googlenet", "inception_3*"], ["explain", "resnet20", "fc"]],
    "training": [["training", "lenet5"], ["training", "resnet50", "--memory"]],
    "memory": [["memory", "lenet5"], ["memory", "resnet18", "--training", "--fit", "16GiB"]],
    "identify": [RESULTS["identify"], ["identify", "resnet50", "4.11 GFLOPs"]],
    "reconcile": [["reconcile", "lenet5"], ["reconcile", "resnet50"]],
    "list": [["list"], ["list", "resnet"], ["list", "nothing-is-called-so"]],
    "check": [["check", CLAIMS]],
    "quiz": [
        ["quiz", "vgg16"],
        ["quiz", "vgg16", "--hide", "output,receptive_field,parameters,macs,flops,activation_memory", "--cells", "40"],
        ["quiz", "resnet50", "--hide", "flops"],
    ],
    "scale": [RESULTS["scale"], ["scale", "resnet20", "--over", "batch"]],
    "roofline": [RESULTS["roofline"], [*RESULTS["roofline"], "--peaks", "1e12,1e11"]],
    "measure": [RESULTS["measure"], ["measure", "lenet5", "--dry-run"]],
    "results list": [RESULTS["results"], ["results", "list", "--measured", "--store", str(STORE)]],
    "results show": [["results", "show", "lenet5", "--store", str(STORE)]],
    "find": [["find", "net"], RESULTS["find"]],
    "pareto": [RESULTS["pareto"]],
    "peaks": [RESULTS["peaks"]],
    "selftest": [RESULTS["selftest"]],
    "sweep": [RESULTS["sweep"]],
    "cache show": [RESULTS["cache"]],
    "cache clear": [["cache", "clear"]],
}
"""By command: lines that end in a table."""


def commands_with_tables(group, *path):
    """The commands that can put out LaTeX, by their words."""
    for name in group.list_commands(click.Context(group)) if isinstance(group, click.Group) else group:
        command = group.get_command(click.Context(group), name) if isinstance(group, click.Group) else group.get(name)
        if isinstance(command, click.Group):
            yield from commands_with_tables(command, *path, name)
        elif any("latex" in getattr(each.type, "choices", ()) for each in command.params):
            yield " ".join((*path, name))


def test_every_command_that_can_put_out_latex_is_tried_here():
    found = set(commands_with_tables(COMMANDS))
    assert not found - LINES.keys(), f"give LINES a line of {', '.join(sorted(found - LINES.keys()))}"
    assert not LINES.keys() - found, "there is no such command, or it puts out no LaTeX"


def test_a_command_that_is_new_would_be_found():
    @click.group()
    def store():
        pass

    @store.command()
    @click.option("--format", type=click.Choice(["text", "latex"]))
    def anew():
        pass

    @store.command()
    @click.option("--format", type=click.Choice(["text"]))
    def other():
        pass

    assert list(commands_with_tables(store, "store")) == ["store anew"]


PAGE = r"""\documentclass[11pt,a4paper,%s]{article}
\usepackage{array,booktabs,longtable,siunitx}
%s
\begin{document}
\listoftables
%s
\end{document}
"""


def set_on_pages(pdflatex, folder, tables, preamble=""):
    """Set tables on pages of one column and of two, at once; what TeX complains of, with the name of the table."""
    places = [folder / "onecolumn", folder / "twocolumn"]
    body = "\n".join(f"\\clearpage\\typeout{{TABLE {name}}}\n{text}" for name, text in tables.items())
    for place in places:
        place.mkdir()
        (place / "page.tex").write_text(PAGE % (place.name, preamble, body), encoding="utf-8")
    for _ in range(2):  # the second time the widths of long tables and the list of tables are known
        runs = [started(pdflatex, place) for place in places]
        for run in runs:
            run.wait()
    for place in places:
        yield from (f"{place.name}: {fault}" for fault in faults((place / "page.log").read_text(errors="replace")))


def started(pdflatex, place):
    """A run of pdfLaTeX, whose log has each line on one."""
    whole_lines = {**os.environ, "max_print_line": "10000"}
    command = [pdflatex, "-interaction=batchmode", "page"]
    return subprocess.Popen(command, cwd=place, env=whole_lines, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


COMPLAINTS = ("!", "Overfull", "LaTeX Warning: Float too large", "Missing character", "Runaway")


def faults(log):
    """The lines of a log that tell of a fault, each behind the name of its table."""
    name = ""
    for line in log.splitlines():
        name = line if line.startswith("TABLE ") else name
        if line.startswith(COMPLAINTS):
            yield f"{name}: {line}"
    if "Output written on" not in log:
        yield "there are no pages"


def test_every_table_of_every_command_fits_on_paper(archstat, pdflatex, tmp_path):
    tables = {}
    asked = [line for lines in LINES.values() for line in lines][:: 1 if IS_WHOLE else 5]
    for line in asked:
        code, out, _ = archstat(*line, "--format", "latex")
        assert code in (0, 1), line
        assert out.startswith("% Needs in the preamble:")
        tables[str(len(tables))] = out
    found = list(set_on_pages(pdflatex, tmp_path, tables))
    numbered = {f"TABLE {number}": line for number, line in enumerate(asked)}
    assert not found, "\n".join([*found[:30], *(f"{name}: {line}" for name, line in numbered.items())])


# -- what is no name of a layer ----------------------------------------------------------------------------------------

HOSTILE = [
    *r"""\ \end{document} { } {} $ $x$ a&b #1 a^b^c a_b_c ~ 50% <x> [ [2pt] * *[1] -- --- '' `` ,, " ` | \\""".split(),
    *("", " ", "a\nb", "\t", "\x1b[31m", "a\0b", "a\u202eb", "\u00a0"),
    *"模型 é ñÅçžőẽ e\u0301 ﬁ Ω \u03b1 ϑ Ά x²₃⁻¹ᵀ½ 😀 \u2018\u2019“”—… ©®™°§¶ א ß ﷺ".split(),
    *("]a[" * 60, "a] " * 60, "a" * 500, "层" * 60, "layer." * 60 + "x", "a_" * 200, "x " * 300, "W" * 40, "-" * 90),
    *("A1b2" * 30, "ÄÖÜ" * 50),
]


def named(name, others=0):
    columns = (
        Column("layer", "Layer", is_path=True),
        Column("kind", "Kind"),
        Column("n", "Count of everything", is_number=True),
    )
    rows = ((name, name, 1_234), ("plain", "Conv2d 3→64", None), *[("more", name, 5)] * others)
    return Table(columns, rows, name, (name, f"Label             {name}"))


def test_any_name_is_set_as_text(pdflatex, tmp_path):
    tables = {str(number): latex(named(name)) for number, name in enumerate(HOSTILE)}
    tables["all"] = latex(Table(named("").columns, tuple((name, name, 1) for name in HOSTILE), "All"))
    tables["heading"] = latex(
        Table((Column("h", "H", is_heading=True), Column("n", "N")), tuple((name, "x") for name in HOSTILE), "Headings")
    )
    found = list(set_on_pages(pdflatex, tmp_path, tables))
    assert not found, "\n".join([*found[:30], *(f"{number}: {name!r}" for number, name in enumerate(HOSTILE))])


WIDE = r"\begin{table}\begin{tabular}{l}\hspace*{\textwidth}x\end{tabular}\end{table}"
WRONG = r"\begin{table}\begin{tabular}{l}\nosuchcommand\end{tabular}\end{table}"
MISSING = r"\begin{table}{\font\x=cmr10 \x\char200}\end{table}"
HIGH = r"\begin{table}\rule{1pt}{\paperheight}\end{table}"


@pytest.mark.parametrize(
    ("text", "says"),
    [(WIDE, "Overfull"), (WRONG, "Undefined control sequence"), (MISSING, "Missing character"), (HIGH, "too large")],
)
def test_a_table_that_does_not_fit_or_fails_is_noticed(pdflatex, tmp_path, text, says):
    found = list(set_on_pages(pdflatex, tmp_path, {"good": latex(named("x")), "bad": text}))
    assert len([fault for fault in found if "TABLE bad" in fault and says in fault]) >= 2
    assert not [fault for fault in found if "TABLE good" in fault]


def test_behind_a_long_table_the_page_has_two_columns_again(pdflatex, tmp_path):
    long = latex(named("x", others=60))
    assert "\\begin{longtable}" in long
    width = "\\typeout{WIDTH \\the\\columnwidth}"
    list(set_on_pages(pdflatex, tmp_path, {"long": width + long + width}))
    for columns in ("onecolumn", "twocolumn"):
        log = (tmp_path / columns / "page.log").read_text(errors="replace")
        widths = {line for line in log.splitlines() if line.startswith("WIDTH ")}
        assert len(widths) == 1, columns
