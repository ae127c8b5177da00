"""From a file or a URL to a database whose tables are those of today."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from archstat.errors import DataError, MissingPackageError, first_line, quoted

VERSION_TABLE = "archstat_store"
HEAD = "0001"
"""The schema of today: the last of ``migrations/versions/``."""

_STEPS = Path(__file__).parent / "migrations"
_WAIT_S = 60
"""How long a writer waits for others before it gives up."""

_LOCK = 0x61726368
"""What PostgreSQL locks while a store is made: two processes may open a new one at the same moment."""


def opened(place: str, *, is_made: bool) -> Engine:
    """A database with the tables of today.

    Args:
        place: The path of an SQLite file, or the URL of a database.
        is_made: Whether a store is made where there is none; one of an older archstat is brought up to date either way.

    Raises:
        DataError: There is none, the database cannot be reached, it is no store, or one of a newer archstat.
        MissingPackageError: The driver of the database is not installed.
    """
    url = url_of(place)
    if url.drivername.startswith("sqlite"):
        _check_file(url, is_made=is_made)
    with complaining(place):
        engine = _engine(url)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        try:
            _bring_up_to_date(engine, place, is_made=is_made)
        except BaseException:
            engine.dispose()
            raise
    return engine


def _engine(url: URL) -> Engine:
    """What connects to a database.

    Raises:
        MissingPackageError: The driver is not installed, and an extra of archstat brings it.
        DataError: The driver is not installed, and no extra brings it.
    """
    try:
        return create_engine(url)
    except ModuleNotFoundError as error:
        known = MissingPackageError.of(error)
        if known is not None:
            raise known from error
        raise DataError(f"A store of {url.drivername} needs {error.name}, which is not installed.") from error


def url_of(place: str) -> URL:
    """The URL of a store; a path is that of an SQLite file.

    >>> url_of("results.db").render_as_string(), url_of("postgresql+psycopg://me@db/archstat").database
    ('sqlite:///results.db', 'archstat')

    Raises:
        DataError: The text is no such URL.
    """
    if "://" not in place:
        return URL.create("sqlite", database=place)
    try:
        url = make_url(place)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DataError(
            f"{quoted(without_password(place))} is no store: write a file as 'results.db', a database as "
            "'postgresql+psycopg://user@host/name'."
        ) from error
    return url


def without_password(place: str) -> str:
    """A place as it may be shown.

    >>> without_password("postgresql+psycopg://me:secret@db/archstat")
    'postgresql+psycopg://me:***@db/archstat'
    """
    scheme, mark, rest = place.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{mark}{user.partition(':')[0]}{':***' if ':' in user else ''}{at}{host}" if mark else place


def _check_file(url: URL, *, is_made: bool) -> None:
    """Refuse what is no file of a store, before SQLite makes an empty one in its place.

    Raises:
        DataError: The file is not there, or none of SQLite's.
    """
    path = Path(url.database or "")
    if "\0" in str(path):
        raise DataError(f"{quoted(str(path))} is no store: no file can have such a name.")
    try:
        if path.is_file():
            with path.open("rb") as file:
                start = file.read(16)
            if start and start != b"SQLite format 3\0":
                raise DataError(f"{path} is no store: it is no file of SQLite.")
            return
        if path.exists():
            raise DataError(f"{path} is no store: it is no regular file.")
        if not is_made:
            raise DataError(
                f"There is no store {quoted(str(path))}: 'archstat sweep' and 'archstat results import' make one."
            )
        if not path.parent.is_dir():
            raise DataError(f"{path} cannot be made: there is no folder {path.parent}.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{quoted(str(path))} cannot be read: {reason}.") from error


def _prepare_sqlite(engine: Engine) -> None:
    """Let several processes write: they wait for each other, and readers see what was there before."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver would begin its transactions too late: see on_begin
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_S * 1000}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.execute("PRAGMA synchronous = NORMAL")  # with a write-ahead log nothing is torn by a crash
        with contextlib.suppress(sqlite3.OperationalError):  # a file that may only be read stays as it is
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A transaction that reads first and writes then would fail if another one has written in between.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it, or nothing."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def complaining(place: str) -> Iterator[None]:
    """What a database says, in one sentence and without its statements.

    Raises:
        DataError: The database failed.
    """
    try:
        yield
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        said = first_line(reason).rstrip(".") or type(reason).__name__
        raise DataError(f"The store {without_password(place)} cannot be used: {said}.") from error


# -- the schema --------------------------------------------------------------------------------------------------------


def _bring_up_to_date(engine: Engine, place: str, *, is_made: bool) -> None:
    """Make the tables, or change those of an older store.

    Raises:
        DataError: The database is no store, or one of a newer archstat.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = _revision(connection)  # anew: another process may have made it meanwhile
        if revision is None:
            _check_that_it_is_free(connection, place, is_made=is_made)
        if revision != HEAD:
            _migrate(connection, place)


def _revision(connection: Connection) -> str | None:
    """The schema of a store; ``None``: the database is none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a name of ours
    return found


def _check_that_it_is_free(connection: Connection, place: str, *, is_made: bool) -> None:
    """Refuse a database in which others keep something, and one that was to be read.

    Raises:
        DataError: The database is no store.
    """
    tables = inspect(connection).get_table_names()
    if not is_made or (tables and connection.dialect.name == "sqlite"):
        has = f": it has the tables {', '.join(sorted(tables)[:5])}" if tables else ": it is empty"
        raise DataError(f"{without_password(place)} is no store of archstat{has}.")


def _migrate(connection: Connection, place: str) -> None:
    """Take the steps from the schema that is there to the one of today.

    Raises:
        DataError: The schema is unknown: of a newer archstat.
    """
    from alembic import command  # noqa: PLC0415 - a store that is up to date needs none of it
    from alembic.config import Config  # noqa: PLC0415 - likewise
    from alembic.util import CommandError  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise DataError(
            f"The store {without_password(place)} is of a newer archstat, or damaged: its schema is "
            f"{_revision(connection)!r}, this archstat knows {HEAD!r}."
        ) from error
