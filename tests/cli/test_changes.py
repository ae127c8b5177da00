"""``archstat changes``, and the networks of a project at the command line."""

import csv
import io
import os
import shutil
import subprocess

import pytest

from archstat.cli._names import NetworkName

GIT = shutil.which("git")
NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width={width}):
        super().__init__(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))
"""
PROJECT = """
[tool.archstat.networks.small]
network = "./net.py:Net"
input = "4"
max = { parameters = 100, macs = "90" }

[tool.archstat.networks.wide]
network = "./net.py:Net(width=20)"
input = "4"

[tool.archstat.networks.known]
network = "torchvision:resnet18"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A repository with a project, whose network has grown since."""
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    (tmp_path / "net.py").write_text(NET.format(width=8))
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([GIT, *words], cwd=tmp_path, env={**os.environ, **who}, check=True)
    (tmp_path / "net.py").write_text(NET.format(width=9))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_network_of_the_project_has_a_row_and_those_that_changed_a_table(archstat, folder):
    del folder
    code, out, err = archstat("changes")
    assert (code, err) == (0, "")
    assert "58 → 65 (+12.1 %)" in out
    assert "1 of 2 networks cost what they did." in out
    assert "small: Parameters changed most in 0 (+5), 2 (+2)." in out
    assert out.count("A at HEAD and B now") == 1
    assert "known" not in out, "git knows nothing of a library"


def test_programs_get_numbers(archstat, folder):
    del folder
    small, wide = csv.DictReader(io.StringIO(archstat("changes", "--base", "main", "--format", "csv").out))
    assert (small["parameters_before"], small["parameters_after"]) == ("58", "65")
    assert wide["macs_before"] == wide["macs_after"] == "120"


@pytest.mark.parametrize("format_", ["markdown", "html", "json", "latex"])
def test_every_format_has_it(archstat, folder, format_):
    del folder
    code, out, err = archstat("changes", "--format", format_)
    assert (code, err) == (0, "")
    assert "small" in out


def test_what_is_new_and_what_is_broken_is_told(archstat, folder):
    (folder / "new.py").write_text(NET.format(width=3))
    code, out, err = archstat("changes", "./new.py:Net", "small", "./net.py:Gone", "--input", "4")
    assert code == 2
    assert "'./new.py' did not exist at 'HEAD'. All of it is new." in out
    assert "./net.py:Gone: It cannot be counted: './net.py' has no 'Gone'." in out
    assert err == "Error: './net.py' has no 'Gone'. It defines Net.\n"


def test_a_network_that_was_broken_is_told_and_does_not_fail(archstat, folder):
    subprocess.run([GIT, "checkout", "--quiet", "--detach"], cwd=folder, check=True)
    code, out, err = archstat("changes", "small", "--base", "nowhere")
    assert (code, err) == (0, "")
    assert "At nowhere it could not be counted: " in out


def test_without_names_or_a_project_there_is_nothing_to_do(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = archstat("changes")
    assert (code, out) == (2, "")
    assert "no project here lists networks" in err


def test_limits_of_the_project_are_checked_without_a_file(archstat, folder):
    assert archstat("check").code == 0
    (folder / "net.py").write_text(NET.format(width=30))
    code, out, _ = archstat("check")
    assert code == 1
    assert "112.0 % (112) over the limit" in out
    (folder / "pyproject.toml").write_text(PROJECT.replace("parameters", "beauty"))
    code, _, err = archstat("check")
    assert code == 2
    assert "network 'small': 'beauty' is none of the quantities" in err


def test_all_networks_of_the_project_are_locked_with_their_inputs(archstat, folder):
    (folder / "pyproject.toml").write_text(PROJECT.partition("[tool.archstat.networks.known]")[0])
    assert archstat("lock", "-o", "archstat.lock").code == 0
    text = (folder / "archstat.lock").read_text()
    assert text.count("[[network]]") == 2
    assert text.count('input = ["4"]') == 2
    assert archstat("check").code == 0
    (folder / "net.py").write_text(NET.format(width=10))
    assert archstat("check").code == 1


@pytest.mark.parametrize(
    "words", [["table"], ["explain"], ["memory"], ["training"], ["reconcile"], ["compare"], ["report"]]
)
def test_commands_know_the_names_of_the_project(archstat, folder, words):
    del folder
    code, out, _ = archstat(*words, "small")
    assert code == 0
    assert "net.py" in out


def test_a_claims_file_does_not_know_them(archstat, folder):
    (folder / "claims.toml").write_text('[[budget]]\narchitecture = "small"\nparameters = "<= 100"\n')
    code, _, err = archstat("check", "claims.toml")
    assert code == 2
    assert "'small'" in err


def test_a_shell_completes_the_names_of_the_project(folder):
    def completed(text):
        return [each.value for each in NetworkName().shell_complete(None, None, text)]

    assert completed("smal")[:1] == ["small"]
    (folder / "pyproject.toml").write_text("[tool.archstat.networks")
    assert "small" not in completed("smal"), "and who types is not told of a file that does not hold together"
