"""What a ``report.toml`` may hold."""

import re
from pathlib import Path
from typing import get_args

import pytest

from archstat.errors import ArchstatError, DataError, UnknownNameError
from archstat.report.writing.citations import PARTS
from archstat.report.writing.contents import Contents, FigureEntry, Of, TableEntry, contents_of, read_contents
from archstat.report.writing.figures import figures
from archstat.report.writing.prose import INSERTED

REPORT = """title = "A report"
summary = "What it says."
order = 3
networks = ["lenet5"]
results = ["results/*.json"]
errata = ["../lecture/claims.toml"]

[figure.bars]
chart = "layers"
title = "Bars"
networks = ["alexnet"]
marks = ["slide"]

[table."all sums"]
of = "explained"
"""


def test_everything_that_it_may_say_is_read():
    contents = contents_of(REPORT, "report.toml")
    assert (contents.title, contents.summary, contents.order) == ("A report", "What it says.", 3)
    assert (contents.networks, contents.results) == (("lenet5",), ("results/*.json",))
    assert contents.errata == ("../lecture/claims.toml",)
    assert contents.figure == {"bars": FigureEntry("layers", "Bars", ("alexnet",), marks=("slide",))}
    assert contents.table == {"all sums": TableEntry("explained")}


def test_the_lines_of_its_keys_are_known():
    contents = contents_of(REPORT, "report.toml")
    keys = ("title", "figure.bars", "figure.bars.chart", "table.all sums", "table.all sums.of", "nothing")
    assert [contents.line(key) for key in keys] == [1, 8, 9, 14, 15, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("order = 3", "oder = 3"), "report.toml:3: No key is named 'oder'. Did you mean 'order'?"),
        (("marks = ", "mark = "), "report.toml:12: No key is named 'mark'. Did you mean 'marks'?"),
        (("of = ", "off = "), "report.toml:15: No key is named 'off'. Did you mean 'of'?"),
        (
            ('"layers"', '"layer"'),
            "report.toml:9: No chart is named 'layer'. Did you mean 'layers' or",
        ),
    ],
)
def test_what_is_none_of_its_keys_is_refused_with_its_line_and_the_closest_name(change, message):
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        contents_of(REPORT.replace(*change), "report.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('title = "A report"', ""), "missing required field `title`"),
        (("order = 3", 'order = "3"'), "Expected `int`, got `str` - at `$.order`"),
        (('"explained"', '"explain"'), "Invalid enum value 'explain'"),
        (("[figure.bars]", "[figure]"), "report.toml does not hold together"),
        (("order = 3", "figure = 3"), "report.toml is no TOML"),
        (("order = 3", "order ="), "report.toml is no TOML"),
    ],
)
def test_what_does_not_hold_together_is_refused(change, message):
    with pytest.raises(DataError, match=re.escape(message)):
        contents_of(REPORT.replace(*change), "report.toml")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "report.toml").write_bytes(content)
    with pytest.raises(ArchstatError, match=r"report\.toml cannot be read"):
        read_contents(tmp_path / "report.toml")


def test_a_page_without_a_title_is_refused():
    with pytest.raises(DataError, match=r"report\.toml:1: the title is empty"):
        contents_of('title = " "\nsummary = "s"\n', "report.toml")


def test_the_page_on_written_reports_has_every_key_part_and_table():
    page = (Path(__file__).parents[3] / "docs" / "written-reports.md").read_text()
    assert contents_of(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1], "report.toml").figure
    keys = {name for kind in (Contents, FigureEntry, TableEntry) for name in kind.__struct_fields__} - {"lines"}
    assert {key for key in keys if not re.search(rf"^(\[?{key}\b)", page, re.MULTILINE)} == set()
    assert {part for part in PARTS if f"| `{{{{id.{part}}}}}` |" not in page} == set()
    assert {kind for kind in INSERTED if f"| `{{{{{kind}" not in page} == set()
    assert {of for of in get_args(Of) if f"| `{of}` |" not in page} == set()


def test_the_names_and_the_figures_of_that_page_are_such():
    page = (Path(__file__).parents[3] / "docs" / "written-reports.md").read_text()
    names = page.partition("## Numbers that need no claim")[2].partition("Everything else")[0]
    rows = [row.split("|")[2] for row in names.splitlines() if row.startswith("| ") and "such as" not in row]
    assert [list(figures(row)) for row in rows if "`" not in row] == [[]] * 5
    told = re.search(r"is a figure: (.*?)\.\s+It is", page, re.DOTALL)[1]
    assert all(list(figures(each)) for each in told.split(", "))
