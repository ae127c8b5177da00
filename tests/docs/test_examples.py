"""Every example of a document is run, or at least understood: commands, Python, TOML."""

import doctest
import inspect
import re
import runpy
import shlex
import shutil
from types import SimpleNamespace

import click
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import archstat
from archstat.cli import cli
from archstat.pytest_plugin import assert_cost, assert_formula
from tests.docs.pages import DOCS, PAGES, ROOT, blocks, name_of, prose

# -- Commands ----------------------------------------------------------------------------------------------------------


def shown(page):
    """Every command of a page whose output is not shown."""
    lines = [line for block in blocks(page, "", "text", "bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith("archstat ")]


def mentioned(page):
    """Every command in the sentences of a page, mostly without all of its arguments."""
    found = re.findall(r"`(archstat [^`]+)`", prose(page).replace("\n", " "))
    return [line for line in found if "…" not in line and "[" not in line and "|" not in line]


def each(lines_of):
    return [pytest.param(line, id=f"{name_of(page)}: {line[:60]}") for page in PAGES for line in lines_of(page)]


@pytest.fixture
def understood(monkeypatch, tmp_path):
    """Has the command line read its arguments and do nothing else."""
    monkeypatch.chdir(tmp_path)
    _still(monkeypatch, cli)
    return lambda line: CliRunner().invoke(cli, shlex.split(line, comments=True)[1:])


def _still(monkeypatch, command):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            _still(monkeypatch, command.get_command(context, name))
    else:
        monkeypatch.setattr(command, "callback", lambda **_: None)


@pytest.mark.parametrize("line", each(shown))
def test_the_program_understands_a_command_of_the_documents(understood, line):
    result = understood(line)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("line", each(mentioned))
def test_a_command_in_a_sentence_lacks_arguments_at_most(understood, line):
    result = understood(line)
    assert result.exit_code == 0 or re.search(r"Missing argument|requires an argument", result.output), result.output


@pytest.mark.parametrize(
    "line", ["archstat tabel resnet50", "archstat table resnet50 --sorted macs", "archstat diff a"]
)
def test_a_command_that_the_program_does_not_understand_is_found(understood, line):
    assert understood(line).exit_code == 2


def test_there_are_commands_in_the_documents():
    assert len(each(shown)) > 50
    assert len(each(mentioned)) > 20


# -- Python ------------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """A network as the documents mean it when they say ``model``."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.AdaptiveAvgPool2d(1))

    def forward(self, images):
        return self.backbone(images)


def names_for(page):
    """What an example may use without saying where it comes from."""
    network = Net
    if page.parent.name == "tasks":
        network = runpy.run_path(str(DOCS / "examples/net.py"))["Net"]
    return {
        "archstat": archstat,
        "torch": torch,
        "Net": network,
        "gpt": SimpleNamespace(**runpy.run_path(str(DOCS / "examples/gpt.py"))),
        "model": network(),
        "images": torch.empty(1, 3, 32, 32, device="meta"),
    }


SCRIPTS = [
    pytest.param(page, text, id=f"{name_of(page)}: {text.strip().splitlines()[0]}")
    for page in PAGES
    if page.name != "frameworks.md"  # in tests/frameworks, which keeps frameworks within a folder
    for text in blocks(page, "python")
]


@pytest.mark.parametrize(("page", "text"), SCRIPTS)
def test_python_of_the_documents_runs_and_prints_what_they_show(page, text, tmp_path, monkeypatch):
    # In a folder with what examples read, so that one that saves a file leaves none in the checkout.
    (tmp_path / "docs").symlink_to(DOCS)
    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    run_example(page, text)


def run_example(page, text):
    """Run what a document shows, and compare what that prints."""
    names = names_for(page)
    if ">>>" in text:
        example = doctest.DocTestParser().get_doctest(text, names, name_of(page), str(page), 0)
        assert doctest.DocTestRunner().run(example).failed == 0
        return
    exec(compile(text, name_of(page), "exec"), names)  # noqa: S102 - our own documents
    for name in [name for name in names if name.startswith("test_")]:
        fixtures = {"archstat_budget": assert_cost, "archstat_formula": assert_formula}
        names[name](**{taken: fixtures[taken] for taken in inspect.signature(names[name]).parameters})


def test_python_of_the_documents_that_is_wrong_is_found():
    with pytest.raises(AttributeError, match="no attribute 'cuont'"):
        run_example(DOCS / "explain.md", "archstat.cuont('lenet5')")
    with pytest.raises(AssertionError):
        run_example(DOCS / "explain.md", ">>> 1 + 1\n3\n")


def test_there_is_python_in_the_documents():
    assert SCRIPTS


# -- TOML --------------------------------------------------------------------------------------------------------------

FILES = sorted((DOCS / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_that_a_page_shows_is_the_file_that_its_commands_read(path):
    shown = [block for page in PAGES for block in blocks(page, "toml") if block.startswith(f"# {name_of(path)}\n")]
    assert shown == [path.read_text()]


def test_there_are_files_of_examples():
    assert FILES
