"""Every command's text in terminals of many widths: no line is wider than its terminal, and no number is cut."""

import pytest
from rich.cells import cell_len

from archstat.tables import Column, Table, terminal
from archstat.tables.columns import number
from archstat.tables.formats import FORMATS
from archstat.tables.terminal import text, wrapped
from tests.cli.test_latex import HOSTILE, LINES

WIDTHS = (60, 80, 100, 140, 200)


@pytest.fixture
def put_out(archstat, monkeypatch):
    """What a command puts out as text: the tables, each with the function that shows it."""

    def run(line):
        found = []

        def kept(show):
            def shown(table, **options):
                found.append((show, table))
                return show(table, **options)

            return shown

        monkeypatch.setitem(FORMATS, "text", kept(text))
        monkeypatch.setattr(terminal, "sum_blocks", kept(terminal.sum_blocks))
        archstat(*line)
        return found

    return run


@pytest.mark.parametrize("command", LINES)
@pytest.mark.sampled(4)
def test_no_line_is_wider_than_its_terminal(command, put_out):
    for line in LINES[command]:
        tables = put_out(line)
        assert tables, line
        for show, table in tables:
            for width in WIDTHS:
                wide = [each for each in show(table, width=width).splitlines() if cell_len(each) > width]
                assert not wide, (line, width, wide[:3])


@pytest.mark.parametrize("width", WIDTHS)
def test_neither_is_one_with_any_name_in_it(width):
    columns = (
        Column("layer", "Layer", is_path=True),
        Column("why", "Why", is_sentence=True),
        Column("is", "Is", is_condition=True),
        number("n", "Count of everything"),
    )
    for name in HOSTILE:
        notes = (name, f"Label             {name}")
        table = Table(columns, ((name, name, name, 1_234), (name, "plain", name, 5)), name, notes)
        shown = text(table, width=width).splitlines()
        assert not [line for line in shown if cell_len(line) > width], repr(name)


def test_a_sentence_hangs_under_its_first_word():
    assert wrapped("Paper             A title that is long enough to go on", 40) == [
        "Paper             A title that is long",
        "                  enough to go on",
    ]
    assert wrapped("A note that is long enough to go on", 20) == ["A note that is long", "  enough to go on"]
    assert wrapped("Short", 20) == ["Short"]
    assert wrapped("Any length " * 20, None) == [("Any length " * 20)]
    assert wrapped("", 20) == []


def test_a_sentence_in_a_cell_goes_on_below_it():
    columns = (Column("name", "Name"), Column("why", "Why", is_sentence=True))
    lines = text(Table(columns, (("a", "one two three four"), ("b", "five"))), width=20).splitlines()
    assert lines[2:] == ["a     one two three", "        four", "b     five"]
