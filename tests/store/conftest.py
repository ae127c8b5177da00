"""An SQLite file and a PostgreSQL of our own: each test of a store runs on both."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from archstat.store.store import Store


def program(name):
    """A program of PostgreSQL, where the system has it."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which(name) or next((str(place / name) for place in places if (place / name).exists()), None)
    return found or pytest.skip("there is no PostgreSQL")


def as_another():
    """What a command begins with, as PostgreSQL refuses to be run by root."""
    if os.getuid() != 0:
        return [], None
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user


@pytest.fixture(scope="session")
def postgresql():
    """The address of a server that listens on a socket of its own, and is gone with the tests."""
    folder = Path(tempfile.mkdtemp(prefix="archstat-pg-", dir="/tmp"))
    prefix, user = as_another()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        made = [program("initdb"), "--auth=trust", "--username=archstat", "--no-sync", "--encoding=UTF8", "-D", data]
        subprocess.run([*prefix, *made], check=True, capture_output=True, cwd=folder, env=environment)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        start = [program("pg_ctl"), "-D", data, "-o", options, "-l", folder / "log", "-w", "start"]
        subprocess.run([*prefix, *start], check=True, capture_output=True, cwd=folder, env=environment)
        yield folder
    finally:
        if (data / "postmaster.pid").exists():
            stop = [program("pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop"]
            subprocess.run([*prefix, *stop], check=False, capture_output=True, cwd=folder, env=environment)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgresql, request):
    """The URL of an empty database."""
    from sqlalchemy import create_engine, text

    name = f"t{abs(hash(request.node.nodeid)):x}"
    server = f"postgresql+psycopg://archstat@/postgres?host={postgresql}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"postgresql+psycopg://archstat@/{name}?host={postgresql}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a store can be."""
    if request.param == "sqlite":
        return str(tmp_path / "results.db")
    return request.getfixturevalue("database")


@pytest.fixture
def store(place):
    """An empty store."""
    with Store(place, is_made=True) as opened:
        yield opened
