"""Columns and rows that a user asks for, and the tree of modules."""

import pytest

import archstat
from archstat.errors import UnknownNameError
from archstat.tables import layer_table
from archstat.tables.columns import Column, Table, number
from archstat.tables.formats import FORMATS
from archstat.tables.lean import lean
from archstat.tables.selection import keeping, with_columns, with_rows
from archstat.tables.terminal import text
from archstat.tables.tree import as_tree

TABLE = Table(
    (Column("name", "Name"), Column("input", "Input", is_condition=True), number("macs", "MACs"), Column("why", "Why")),
    (("a", "1×2", 3, None), ("b", "1×2", 4, "")),
    "Title",
)


def keys(table):
    return [column.key for column in table.columns]


def test_columns_stand_in_the_order_asked_for_by_key_or_header():
    chosen = with_columns(TABLE, ["macs", "Name"])
    assert keys(chosen) == ["macs", "name"]
    assert chosen.rows == ((3, "a"), (4, "b"))
    assert with_columns(TABLE, []) is TABLE


def test_what_is_asked_for_is_shown_even_where_it_is_empty_or_the_same():
    chosen = with_columns(TABLE, ["name", "input", "why"])
    assert lean(chosen) is chosen
    for form in ("text", "markdown", "csv", "json"):
        assert "1×2" in FORMATS[form](chosen)
    paper = FORMATS["latex"](chosen)
    assert paper.count("1$\\times$2") == 2, "in each row, and in no note"
    assert "Left out" not in paper


def test_a_column_that_is_not_there_is_refused_and_those_that_could_be_are_named():
    with pytest.raises(UnknownNameError, match=r"No column is named 'mac'. Did you mean 'macs'.*macs, why, more"):
        with_columns(TABLE, ["mac"], ["more"])


def test_empty_columns_leave_and_shared_conditions_stand_above():
    found = lean(TABLE)
    assert keys(found) == ["name", "macs"]
    assert found.title == "Title\nInput 1×2"
    other = Table(TABLE.columns, (("a", "1×2", 3, None), ("b", "1×3", 4, "so")))
    assert lean(other) is other
    one = Table(TABLE.columns, TABLE.rows[:1])
    assert keys(lean(one)) == ["name", "input", "macs"], "of one row nothing is shared"


def test_a_condition_that_some_rows_have_none_of_is_one_all_the_same():
    some = Table(TABLE.columns, (("a", "1×2", 3, "x"), ("b", None, 4, "y")))
    assert lean(some).title == "Input 1×2"
    words = Table(TABLE.columns, (("a", "1×2", 3, "x"), ("b", "", 4, "y")))
    assert "input" in keys(lean(words)), "an empty text is another value"


def test_what_is_asked_for_does_not_give_way():
    wide = Table((Column("name", "Name"), number("macs", "MACs", gives_way=1)), (("a" * 30, 10**9),))
    assert "MACs" not in text(wide, width=20).splitlines()[0]
    assert "MACs" in text(keeping(wide, ["macs", None]), width=20).splitlines()[0]


def test_a_header_is_known_by_its_letters():
    rated = Table((Column("name", "Name"), number("top1_accuracy", "Top-1 %")), (("a", 70.0),))
    assert keys(with_columns(rated, ["top1", "name"])) == ["top1_accuracy", "name"]


def test_a_condition_that_a_note_tells_is_not_told_again():
    noted = Table(TABLE.columns, TABLE.rows, "Title", ("All of 1×2.",))
    assert lean(noted).title == "Title"


def test_rows_of_some_kinds_and_without_those_that_cost_nothing():
    table = layer_table(archstat.count("lenet5"))
    linear = with_rows(table, only=["LINEAR"])
    assert [row[0] for row in linear.rows] == ["f6"]
    assert (
        linear.notes[-1] == f"{len(table.rows) - 1} of {len(table.rows)} rows are not shown; totals are those of all."
    )
    assert all(row[3] or row[4] for row in with_rows(table, has_zero_rows=False).rows)
    assert with_rows(table).notes == table.notes
    with pytest.raises(UnknownNameError, match=r"No kind of layer is named 'pool'. The kinds are Conv2d, "):
        with_rows(table, only=["pool"])


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "densenet121", "lenet5", "se_resnet50"])
def test_a_tree_has_every_row_once_and_each_module_is_the_sum_of_what_is_in_it(name):
    rows = archstat.count(name).layers
    tree = as_tree(rows)
    leaves = [row for row in tree if not row.kind.endswith(" rows")]
    assert [row.macs for row in leaves] == [row.macs for row in rows]
    assert [row.kind for row in leaves] == [row.kind for row in rows]
    depths = [row.layer.count("· ") for row in tree]
    for place, row in enumerate(tree):
        if row.kind.endswith(" rows"):
            count, below = int(row.kind.split()[0]), []
            for other, depth in zip(tree[place + 1 :], depths[place + 1 :], strict=True):
                if depth < depths[place] or len(below) == count:
                    break
                below += [other] if not other.kind.endswith(" rows") else []
            assert (sum(each.macs for each in below), len(below)) == (row.macs, count)
