"""What the tests of all hubs share."""

import os
import socket
import subprocess
import sys

import pytest


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to open a socket is noted, and fails."""
    tried = []

    def refuse(*args, **_):
        tried.append(args)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


@pytest.fixture
def leaves_nothing(tmp_path):
    """Run a program in a home and with variables of its own: it prints nothing, writes no file and ends well."""

    def run(program, *variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", *variables))}
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        kept |= {"HOME": str(tmp_path), "TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-B", "-c", program]
        done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    return run
