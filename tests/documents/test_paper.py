"""The table and the numbers of a paper: what LaTeX makes of them is read off the page."""

import re

import msgspec
import pytest
from pypdf import PdfReader

from archstat.documents.macros import keys_of, macros_file
from archstat.documents.paper import methods_file, missing_told, table_of_paper
from archstat.documents.paper_columns import PAPER_COLUMNS, measurement_of, paper_columns
from archstat.errors import DataError, InputError, UnknownNameError
from archstat.finding.ratings import Rating
from archstat.language import speaking
from archstat.records import Reason, Tally
from archstat.tables.formats import latex
from tests.cli.test_latex import faults, started
from tests.documents.known import ENERGY, MEMORY, known, ran

LENET = known(
    "lenet5",
    ran("lenet5", memory=MEMORY, energy=ENERGY),
    rating=Rating(99.05, source="my thesis"),
    tally=Tally("thop", 175_680),
)
RESNET = known("resnet20", rated_by="Accuracy: somebody (https://example.org/a_b).")
EVERY = tuple(PAPER_COLUMNS.values())

PAGE = r"""\documentclass{article}
\usepackage{array,booktabs,longtable,siunitx}
%s
\input{macros}
\begin{document}
\tableofcontents
\section{Of \archstat{lenet5.macs}}
%s

\input{methods}
\input{table}
\end{document}
"""


def typeset(pdflatex, folder, found, body, preamble=""):
    """Set a page with the three files; what stands on it, and the log."""
    (folder / "table.tex").write_text(latex(table_of_paper(found, EVERY)))
    (folder / "macros.tex").write_text(macros_file(found))
    (folder / "methods.tex").write_text(methods_file(found, EVERY))
    (folder / "page.tex").write_text(PAGE % (preamble, body))
    for _ in range(2):  # the second time there is a table of contents
        started(pdflatex, folder).wait()
    log = (folder / "page.log").read_text(errors="replace")
    pages = PdfReader(folder / "page.pdf").pages if (folder / "page.pdf").exists() else ()
    return " ".join(" ".join(page.extract_text() for page in pages).split()), log


BODY = r"""A \archstat{lenet5.macs}, B \archstat[exact]{lenet5.macs}, C \archstat{lenet5.peak_memory},
D \archstat[exact]{lenet5.peak_memory}, E \archstat{lenet5.latency}, F \archstat[exact]{lenet5.latency},
G \archstat{lenet5.energy}, H \archstat{lenet5.top1}, I \archstat{lenet5.input}, J \archstat{resnet20.name},
K \archstat{resnet20.top1}, L \archstat{lenet5.thop}, M \archstat[exact]{resnet20.parameters}."""


def test_numbers_stand_on_the_page_as_they_were_counted_and_measured(pdflatex, tmp_path):
    text, log = typeset(pdflatex, tmp_path, (LENET, RESNET), BODY, r"\sisetup{group-separator={,}}")
    assert not list(faults(log))
    found = re.findall(r"\b([A-M]) (.*?)(?=, [A-M] |\. )", text)
    told = {name: value.replace(" ", "") for name, value in found}
    assert told["A"] == "325.7k"
    assert told["B"] == "325,680"
    assert (told["C"], told["D"]) == ("55.12KiB", "56,448B")
    assert (told["E"], told["F"]) == ("10.00ms", "0.01s")
    assert (told["G"], told["H"]) == ("2.000J", "99.05%")
    assert (told["I"], told["J"]) == ("1×1×32×32", "ResNet-20")
    assert told["K"] == "–"
    assert told["L"] == "175.7k"
    assert "resnet20.top1 is not known: the source of accuracies has none of it on this input" in log
    assert "recorded by archstat 0.1.0 (torch 2.13.0)" in text
    assert text.count("LeNet-5") > 2


def test_a_key_or_a_form_that_is_not_there_is_an_error_that_names_it(pdflatex, tmp_path):
    body = r"\archstat{lenet.macs} \archstat[rough]{lenet5.macs}"
    _, log = typeset(pdflatex, tmp_path, (LENET,), body)
    errors = [line for line in log.splitlines() if line.startswith("!")]
    assert errors == [
        "! Package archstat Error: There is no 'lenet.macs' in the form 'rounded'.",
        "! Package archstat Error: There is no 'lenet5.macs' in the form 'rough'.",
    ]


NAMES = [
    r"\end{document}",
    "a#b%c",
    "{",
    "}",
    "~^_&$",
    "层",
    "a b\nc",
    "./my_net.py:Net(width=2)",
    "<x>",
    "",
    'f(s="A")',
]


def named(name):
    cost = msgspec.structs.replace(LENET.cost, architecture=name)
    return msgspec.structs.replace(LENET, cost=cost, measurements=())


def test_networks_of_any_name_have_keys_and_are_set_as_text(pdflatex, tmp_path):
    keys = keys_of(NAMES)
    assert len(set(keys)) == len(keys)
    body = " ".join(rf"\archstat{{{key}.name}} \archstat[exact]{{{key}.macs}}\par" for key in keys)
    _, log = typeset(pdflatex, tmp_path, [LENET, *map(named, NAMES)], body)
    assert list(faults(log)) == []


def test_characters_that_packages_make_active_are_no_matter(pdflatex, tmp_path):
    body = r"\catcode`\_=13 \catcode`\:=13 X\archstat{timm:a_b.c.peak_memory}X"
    text, log = typeset(pdflatex, tmp_path, [LENET, named("timm:a_b.c")], body)
    assert re.search(r"X55\.12\s?KiBX", text)
    assert "Package archstat Error" not in log


def test_columns_are_called_as_users_call_them():
    keys = [each.key for each in paper_columns(["params", " MACs", "top1", "latency_s", "peak-memory", "macs"])]
    assert keys == ["parameters", "macs", "top1", "latency", "peak_memory"]
    with pytest.raises(UnknownNameError, match=r"No column is named 'mac'\. Did you mean 'macs'"):
        paper_columns(["mac"])
    with pytest.raises(InputError, match="Name a column"):
        paper_columns(["", " "])


def test_a_dash_has_its_reason_and_no_value_is_made_up():
    failed = ran("lenet5", latency=None, reasons=(Reason("OOM", "Memory was missing."),))
    networks = [known("lenet5", failed), RESNET]
    told = list(missing_told(networks, paper_columns(["macs", "latency", "energy", "top1"])))
    assert told == [
        "No Latency, Energy of LeNet-5: Memory was missing.",
        "No Latency, Energy of ResNet-20: no measurement on this input is given.",
        "No Top-1 accuracy % of LeNet-5: no published accuracy is known.",
        "No Top-1 accuracy % of ResNet-20: the source of accuracies has none of it on this input.",
    ]
    assert [row[1:] for row in table_of_paper(networks, paper_columns(["latency", "top1"])).rows] == [(None, None)] * 2
    unasked = list(missing_told([known("lenet5", ran("lenet5"))], paper_columns(["latency", "energy"])))
    assert unasked == ["No Energy of LeNet-5: it was not asked for when the network was measured."]


def test_a_measurement_of_another_input_is_none_of_this_and_several_are_refused():
    other = ran("lenet5", input_shapes=((8, 1, 32, 32),))
    assert measurement_of(known("lenet5", other)) is None
    twice = known("lenet5", ran("lenet5"), ran("lenet5", memory=MEMORY))
    with pytest.raises(DataError, match="2 measurements of 'lenet5' fit"):
        measurement_of(twice)


def test_notes_state_convention_input_device_versions_and_sources():
    notes = "\n".join(table_of_paper((LENET, RESNET), paper_columns(["macs", "latency", "energy", "top1"])).notes)
    for told in (
        "MACs: multiply-accumulates of",
        "archstat 0.1.0 (torch 2.13.0)",
        "input 1×3×32×32",
        "LeNet-5 ran on Some Processor",
        "Energy is that of the GPU board for one input, with a full queue",
        "Accuracy of LeNet-5: my thesis.",
        "thop: ",
    ):
        assert told in notes
    assert "example.org" not in notes, "its source has no accuracy of these"


def test_the_files_in_korean_name_the_package_that_they_need():
    with speaking("ko"):
        assert methods_file((LENET,), EVERY).startswith("% 프리앰블에 필요: \\usepackage[hangul]{kotex}")
        assert "파라미터" in latex(table_of_paper((LENET,), EVERY))
