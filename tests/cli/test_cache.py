"""A second look from the command line: without torch, the same to the letter, and only where it is wanted."""

import json
import os
import re
import subprocess
import sys

import pytest

from archstat.networks.witness import Witness

SECOND = """
import sys
from archstat.cli import main
try:
    main()
finally:
    sys.stdout.flush()
    print("torch" in sys.modules, file=sys.stderr)
"""

COMMANDS = [
    ("table", "lenet5"),
    ("table", "lenet5", "--by", "op", "--format", "csv"),
    ("table", "lenet5", "--explain", "--convention", "conv"),
    ("table", "lenet5", "--format", "json", "--batch-size", "3"),
    ("compare", "lenet5", "alexnet", "--convention", "conv"),
    ("diff", "lenet5", "lenet5(classes=9)"),
    ("explain", "lenet5", "c1"),
    ("scale", "lenet5", "--over", "batch"),
    ("memory", "lenet5"),
    ("memory", "lenet5", "--training", "--optimizer", "adam", "--fit", "1MiB"),
    ("training", "lenet5"),
    ("reconcile", "lenet5"),
    ("check", "claims.toml"),
    ("check", "claims.toml", "--format", "junit"),
]

CLAIMS = """
[[claim]]
id = "weights"
text = "60,000 weights"
source = "somewhere"
stated = "60,000"
architecture = "lenet5"
quantity = "parameters"
"""


@pytest.fixture(autouse=True)
def a_fresh_process(monkeypatch, tmp_path):
    """Nobody has watched yet, as code of others may have run in other tests, and nothing was counted ahead."""
    monkeypatch.setattr("archstat.analysis.kept.WITNESS", Witness())
    monkeypatch.setattr("archstat.analysis.ahead.FILE", tmp_path / "counted.zip")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSTAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claims.toml").write_text(CLAIMS)
    return tmp_path


def entries(folder):
    return {path.name: path.stat().st_ino for path in (folder / "cache").rglob("*.entry")}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.sampled(3)
def test_a_second_look_imports_no_torch_and_says_the_same(archstat, folder, command):
    first = archstat(*command)
    kept = entries(folder)
    assert kept
    second = in_another_process(*command)
    assert (second.returncode, timeless(second.stdout)) == (first.code, timeless(first.out))
    assert second.stderr.splitlines()[-1] == "False", second.stderr
    assert entries(folder) == kept, "nothing is written again"


def timeless(report):
    return re.sub(r'(?<=time=")[\d.]+', "", report)


def in_another_process(*command):
    return subprocess.run([sys.executable, "-c", SECOND, *command], capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("folder")
def test_a_second_page_needs_no_torch_either():
    first, second = (in_another_process("report", "lenet5", "--cdn") for _ in range(2))
    assert first.stderr.splitlines()[-1] == "True"
    assert second.stderr.splitlines()[-1] == "False"
    assert second.stdout == first.stdout


@pytest.mark.usefixtures("folder")
def test_a_page_of_other_material_is_another_page(archstat):
    page = ("report", "lenet5", "--cdn")
    first = archstat(*page).out
    assert archstat(*page, "--title", "Mine").out != first
    assert archstat(*page, "--charts", "layers").out != first
    assert archstat("report", "lenet5", "srdensenet", "--cdn").out != first
    assert archstat(*page).out == first


def test_a_page_of_a_network_that_is_not_kept_is_made_each_time(archstat, folder):
    (folder / "net.py").write_text("import time\nfrom torch import nn\nclock = time.time\nNet = nn.ReLU\n")
    archstat("report", "./net.py:Net", "--input", "3x4x4", "--cdn")
    assert entries(folder) == {}


def test_no_cache_counts_anew_and_keeps_nothing(archstat, folder):
    assert archstat("table", "lenet5", "--no-cache").code == 0
    assert not (folder / "cache").exists()
    archstat("table", "lenet5")
    kept = entries(folder)
    archstat("table", "lenet5", "--no-cache")
    assert entries(folder) == kept


def test_a_damaged_entry_costs_no_word(archstat, folder):
    first = archstat("table", "lenet5")
    for path in (folder / "cache").rglob("*.entry"):
        path.write_bytes(b"\0" * 100)
    assert archstat("table", "lenet5") == first


def shown(archstat, verb):
    [row] = json.loads(archstat("cache", verb, "--format", "json").out)
    return row


def test_the_cache_is_shown_and_cleared(archstat, folder):
    empty = {"folder": str(folder / "cache"), "results": 0, "bytes": 0, "limit_bytes": 256 * 2**20}
    assert shown(archstat, "show") == empty
    archstat("table", "lenet5")
    kept = shown(archstat, "show")
    assert (kept["results"], kept["bytes"] > 0) == (1, True)
    assert shown(archstat, "clear") == kept
    assert shown(archstat, "show") == empty


@pytest.mark.parametrize("verb", ["show", "clear"])
def test_where_nothing_is_kept_it_says_so(archstat, monkeypatch, verb):
    monkeypatch.setenv("ARCHSTAT_CACHE", "off")
    assert archstat("cache", verb).out.endswith("\n\nARCHSTAT_CACHE says that nothing is kept.\n")


def test_a_place_that_cannot_be_written_costs_no_word(archstat, folder, monkeypatch):
    first = archstat("table", "lenet5")
    (folder / "file").write_text("")
    for place in (folder / "file", os.devnull, "x" * 5000):
        monkeypatch.setenv("ARCHSTAT_CACHE", str(place))
        assert archstat("table", "lenet5") == first


def test_what_a_network_prints_goes_to_stderr(archstat, folder):
    (folder / "net.py").write_text("print('imported')\nfrom torch import nn\nNet = nn.ReLU\n")
    first = archstat("table", "./net.py:Net", "--input", "3")
    assert "imported" in first.err
    assert "imported" not in first.out
