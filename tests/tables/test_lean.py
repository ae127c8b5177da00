"""What leaves a table, and what it says once."""

from archstat.tables.columns import Column, Table
from archstat.tables.lean import headed_once

HEADS = (Column("layer", "Layer", is_heading=True), Column("kind", "Kind", is_heading=True), Column("sum", "Sum"))


def test_a_heading_stands_in_the_first_of_its_rows():
    rows = (("a", "Conv", 1), ("a", "Conv", 2), ("a", "add", 3), ("b", "add", 4), ("a", "add", 5))
    assert headed_once(Table(HEADS, rows)).rows == (
        ("a", "Conv", 1),
        ("", "", 2),
        ("a", "add", 3),
        ("b", "add", 4),
        ("a", "add", 5),
    )


def test_without_rows_or_headings_a_table_is_as_it_was():
    empty, plain = Table(HEADS, ()), Table(HEADS[2:], ((1,), (1,)))
    assert headed_once(empty) == empty
    assert headed_once(plain) == plain
