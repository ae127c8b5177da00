"""The documents tell the truth: their examples are run, and what they list is what there is."""

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import archstat
from archstat.cli import cli
from archstat.results import to_json

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def console_examples():
    """Every command of a ``console`` block with the output that stands under it."""
    for document in DOCUMENTS:
        for block in re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL):
            for example in block.split("$ ")[1:]:
                command, _, output = example.partition("\n")
                yield pytest.param(command, output, id=f"{document.name}: {command}")


@pytest.mark.parametrize(("command", "output"), list(console_examples()))
def test_a_command_prints_what_the_document_shows(command, output):
    result = CliRunner().invoke(cli, command.split()[1:])

    assert result.exit_code == 0
    assert result.stdout.strip() == output.strip()


def test_there_are_console_examples():
    assert list(console_examples())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("command", cli.commands)
def test_every_command_stands_in_the_documents(command):
    for document in ("README.md", "docs/getting-started.md"):
        assert f"archstat {command}" in (ROOT / document).read_text()


def test_the_json_page_lists_every_key():
    page = (ROOT / "docs/json.md").read_text()
    cost = msgspec.json.decode(to_json(archstat.count("lenet5")))
    keys = {*cost, *cost["layers"][0], *cost["ops"][0]}

    assert {key for key in keys if f"`{key}`" not in page and f"`{key}," not in page} == set()


def test_the_changelog_counts_the_architectures():
    from archstat.published import published

    assert f"{len(published())} architectures" in (ROOT / "CHANGELOG.md").read_text()
