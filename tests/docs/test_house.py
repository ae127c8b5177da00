"""What the pages for contributors say of the house is what it is."""

import re

import msgspec

from tests.docs.pages import DOCS, ROOT, blocks

BUILT = DOCS / "architecture.md"


def rooms():
    """The folders of the package."""
    return {path.parent.name for path in (ROOT / "archstat").glob("*/__init__.py")}


def test_every_room_stands_in_the_tables_for_contributors():
    for page in (BUILT, ROOT / "CONTRIBUTING.md"):
        assert {room for room in rooms() if f"`archstat/{room}/`" not in page.read_text()} == set()


def test_every_module_outside_of_a_room_is_explained():
    modules = {path.name for path in (ROOT / "archstat").glob("*.py") if not path.name.startswith("__")}
    assert {name for name in modules if f"`{name}`" not in BUILT.read_text()} == set()


def test_the_page_says_who_may_import_whom_as_the_contract_does():
    settings = msgspec.toml.decode((ROOT / "pyproject.toml").read_bytes())
    contract = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    expected = [layer.replace("archstat.", "").replace(" | ", " · ") for layer in contract]
    assert expected == blocks(BUILT, "text")[1].splitlines()


def test_every_target_of_make_that_the_pages_name_is_there():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [path.read_text() for path in (ROOT / "CONTRIBUTING.md", ROOT / "README.md", *DOCS.glob("*.md"))]
    named = {name for page in pages for name in re.findall(r"(?:^|`)make (\w+)", page, re.MULTILINE)}
    assert named
    assert named <= targets


def test_the_words_of_the_glossary_are_there_once():
    words = re.findall(r"^\*\*([\w ]+)\*\*\n: ", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) == len(set(words))
    needed = "architecture layer op trace MAC FLOP parameters activations latency throughput energy claim verdict trust"
    assert {*needed.split(), "receptive field"} <= set(words)
