"""The command line in this process, and in one of its own."""

import functools
import subprocess
import sys
from typing import NamedTuple

import pytest

from archstat.cli import main
from archstat.measuring import peaks, selftest, session
from archstat.measuring.peaks import measure_peaks

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


@functools.cache
def short_peaks(*asked):
    """The best that this computer does, from short work, and the same each time that it is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peaks, "STRETCH_S", 1e-4)
        patch.setattr(peaks, "_COPY_LEAST", 2**22)
        patch.setattr(peaks, "_COPY_MOST", 2**22)
        patch.setattr(peaks, "_PRODUCTS", {"cpu": (peaks.Product(128, 128, 128),)})
        return measure_peaks(*asked)


@pytest.fixture(autouse=True)
def _short_peaks(monkeypatch):
    monkeypatch.setattr("archstat.measuring.peaks.measure_peaks", short_peaks)


class TickingClock:
    """A clock that goes 10 ms further whenever it is asked: what is timed with it takes as long each time."""

    def __init__(self):
        self.ns = 0

    def now_ns(self):
        self.ns += 10_000_000
        return self.ns

    def sleep(self, seconds):
        self.ns += round(seconds * 1e9)


REMEMBERED = {}


@pytest.fixture(autouse=True)
def _steady_computer(monkeypatch):
    """Whole passes take as long each time, and the same measurement gives the same record, date and noise included."""
    monkeypatch.setattr("archstat.measuring.session.HostClock", TickingClock)
    monkeypatch.setattr("archstat.measuring.selftest.HostClock", TickingClock)
    monkeypatch.setattr("archstat.measuring.selftest.NETWORK", "lenet5_modern")
    monkeypatch.setattr("archstat.measuring.prepared.default_threads", lambda: 1)  # tests share the cores
    measure, check = session.Session.measurements, selftest.run_selftest

    def remembered(self):
        key = repr((self.plan(), self._how))
        if key not in REMEMBERED:
            REMEMBERED[key] = list(measure(self))
        yield from REMEMBERED[key]

    def checked(how, **options):
        if how not in REMEMBERED:
            REMEMBERED[how] = check(how, **options)
        return REMEMBERED[how]

    monkeypatch.setattr(session.Session, "measurements", remembered)
    monkeypatch.setattr("archstat.measuring.selftest.run_selftest", checked)
