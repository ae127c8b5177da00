"""What a store can be opened from, and what is refused in a sentence."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, create_engine, table, update

from archstat.errors import DataError
from archstat.store import opening
from archstat.store.schema import METADATA
from archstat.store.store import Store
from tests.store.test_store import result


def test_the_steps_lead_to_the_tables_of_today(place):
    Store(place, is_made=True).close()
    engine = create_engine(opening.url_of(place))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [change for change in compare_metadata(context, METADATA) if opening.VERSION_TABLE not in str(change)]
    engine.dispose()
    assert found == []


def test_the_head_is_the_last_step():
    steps = ScriptDirectory(str(opening._STEPS))
    assert steps.get_current_head() == opening.HEAD


def set_revision(place, revision):
    engine = create_engine(opening.url_of(place))
    with engine.begin() as connection:
        connection.execute(update(table(opening.VERSION_TABLE, column("version_num"))).values(version_num=revision))
    engine.dispose()


def test_a_store_of_a_newer_archstat_is_refused(place):
    Store(place, is_made=True).close()
    set_revision(place, "9999")
    with pytest.raises(DataError, match=r"is of a newer archstat, or damaged: its schema is '9999', this .* '0001'"):
        Store(place)


def test_a_store_is_not_made_by_who_only_reads(place):
    with pytest.raises(DataError, match=r"There is no store|is no store of archstat: it is empty"):
        Store(place)
    assert "://" in place or not Path(place).exists()


@pytest.mark.parametrize("content", [b"x", b"SQLite format 3\0" + b"\xff" * 200, b'{"schema": 1}'])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "results.db"
    path.write_bytes(content)
    for is_made in (False, True):
        with pytest.raises(DataError, match=r"results\.db (is no store|cannot be used)"):
            Store(path, is_made=is_made)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "results.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    connection.close()
    with pytest.raises(DataError, match="is no store of archstat: it has the tables letters"):
        Store(path, is_made=True)


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "results.db"
    path.touch()
    Store(path, is_made=True).close()
    assert path.stat().st_size


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere/results.db", "cannot be made: there is no folder nowhere"),
        (".", "is no regular file"),
        ("foo://x", "is no store: write a file as"),
        ("postgresql+nothing://u:secret@h/x", r"'postgresql\+nothing://u:\*\*\*@h/x' is no store"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/x", r"The store postgresql.*u:\*\*\*@127.* cannot be used: conn"),
        ("mysql://u:secret@h/x", "needs MySQLdb, which is not installed"),
        ("://", "is no store"),
        ("a\0b", "cannot be read|is no"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
def test_a_place_that_leads_nowhere_is_refused(tmp_path, monkeypatch, place, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=says) as raised:
        Store(place, is_made=True)
    assert "secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_a_store_that_may_only_be_read_can_be_read(tmp_path):
    path = tmp_path / "results.db"
    Store(path, is_made=True).close()
    path.chmod(stat.S_IRUSR)
    with Store(path) as store:
        assert store.results() == []


def test_a_damaged_row_is_a_sentence(tmp_path):
    path = tmp_path / "results.db"
    with Store(path, is_made=True) as store:
        store.add([result()])
        [row] = store.results()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE costs SET content = X'00'")
        connection.close()
        with pytest.raises(DataError, match="A row of the store is damaged"):
            store.cost(row.key)
