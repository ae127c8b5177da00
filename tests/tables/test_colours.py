"""What a terminal with colours shows besides."""

import re

from archstat.tables.colours import bars_of, painter
from archstat.tables.columns import Column, Table, number, part_of_whole
from archstat.tables.terminal import text

COLUMNS = (
    Column("claim", "Claim"),
    Column("verdict", "Verdict", tones={"exact": "right", "slip": "wrong", "undecided": "doubtful"}),
    part_of_whole("macs_share", "MACs %"),
)
TABLE = Table(COLUMNS, (("a", "exact", 0.5), ("b", "slip", 0.25), ("c", "rounds", None), ("d", "undecided", 0.0)))


def without_codes(shown):
    return re.sub(r"\x1b\[\d+m", "", shown)


def test_good_and_bad_news_have_their_colours():
    lines = text(TABLE, is_plain=False).splitlines()
    assert "\x1b[32mexact\x1b[0m" in lines[2]
    assert "\x1b[31mslip\x1b[0m" in lines[3]
    assert "\x1b[33mundecided\x1b[0m" in lines[5]
    assert "rounds" in lines[4]
    assert "\x1b[32m" not in lines[4], "a value that is no news has no colour"


def test_a_bar_is_as_long_as_its_share_of_the_largest():
    assert [without_codes(bar).count("█") for bar in bars_of(TABLE, {0: 5, 1: 9, 2: 6}, None)] == [10, 5, 0, 0]


def test_there_is_no_bar_without_room_or_where_the_last_column_has_no_shares():
    widths = {0: 5, 1: 9, 2: 6}
    assert any(bars_of(TABLE, widths, 20 + 6 + 4))
    assert not any(bars_of(TABLE, widths, 20 + 6 + 3))
    other = Table((*COLUMNS, number("macs", "MACs")), tuple((*row, 1) for row in TABLE.rows))
    assert not any(bars_of(other, {**widths, 3: 4}, None))


def test_bars_and_colours_add_nothing_to_what_is_wide():
    plain = text(TABLE, width=34)
    coloured = without_codes(text(TABLE, width=34, is_plain=False))
    assert [line[: len(old)] for line, old in zip(coloured.splitlines(), plain.splitlines(), strict=True)] == (
        plain.splitlines()
    )
    assert max(map(len, coloured.splitlines())) <= 34


def test_a_plain_text_has_no_codes():
    assert "\x1b" not in text(TABLE)


def test_an_empty_cell_is_not_painted():
    assert painter((Column("a", "A", tones={False: "wrong"}),), (False,))(0, "   ") == "   "
