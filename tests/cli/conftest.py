"""The command line in this process, and in one of its own."""

import subprocess
import sys
from typing import NamedTuple

import pytest

from archstat.cli import main

NET = """
import warnings
from torch import nn

print("imported")

class Net(nn.Module):
    def __init__(self, width: int = 4):
        super().__init__()
        print("built")
        self.conv = nn.Conv2d(3, width, 5)

    def forward(self, x):
        print("run")
        return self.conv(x)
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def archstat(monkeypatch, capsys):
    """Run the command line with these arguments."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["archstat", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return Ended(end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def fails(archstat):
    """Run a command that is expected to fail in one line, and give that line."""

    def run(*arguments):
        code, out, err = archstat(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
        return err

    return run


@pytest.fixture
def process():
    """Run the command line in a process of its own: ``(arguments, **options of subprocess.run)``."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "archstat", *arguments]
        return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", **options)

    return run


@pytest.fixture
def net(tmp_path, monkeypatch):
    """The name of a network in a file, whose code prints."""
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return "net.py:Net"
