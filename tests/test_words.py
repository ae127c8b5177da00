"""One word, one concept: no name stands for two things, and no room is called what nobody looks under."""

import ast
import functools
import re
from collections import defaultdict
from pathlib import Path

import archstat

ROOT = Path(archstat.__file__).parent

TWO_MEANINGS = {
    "check": "a command, and what it calls",
    "compare": "a verb of Python, and the command of that name",
    "depth": "the quantity that a claim names, and how a trace tells it",
    "diff": "a verb of Python, and the command of that name",
    "draw": "a command, and the verb of Python that draws the same",
    "explain": "a command, and what it calls",
    "identify": "a command, the verb of Python, and what both call",
    "main": "how each program begins: the command line, and the process that another tool is run in",
    "measure": "a command, and what it calls",
    "memory": "a command, a verb and a chart, all of the same thing",
    "page": "a command, and the verb of Python that makes the same page",
    "reconcile": "a verb of Python, and the command of that name",
    "roofline": "a command and a chart of the same thing",
    "scale": "a verb of Python, and the command of that name",
    "summary": "of findings, and the table of a network as another counter calls it",
    "winners": "the winners of the challenge, and the chart of them",
}
"""The names that may stand twice, each with the reason."""

MEANS_NOTHING = frozenset(
    "common faults helpers keys misc opinions own quiet shipped sight stuff texts told utils way".split()
)
"""Rooms that a reader would not open to find what is in them."""


def names_of(path):
    """The public names that a file defines itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@functools.cache
def homes():
    """Where each public name is defined; those of architectures are what users type, and checked by the registry."""
    found = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        if "architectures" not in path.parts:
            for name in names_of(path):
                if not name.startswith("_"):
                    found[name].append(str(path.relative_to(ROOT)))
    return found


def test_a_name_has_one_meaning_in_the_whole_package():
    twice = {name: files for name, files in homes().items() if len(set(files)) > 1}
    assert {name: files for name, files in twice.items() if name not in TWO_MEANINGS} == {}


def test_the_list_of_names_with_two_meanings_has_no_name_too_many():
    assert {name for name in TWO_MEANINGS if len(set(homes()[name])) < 2} == set()


def test_no_room_is_called_what_nobody_looks_under():
    assert {path.stem for path in ROOT.rglob("*")} & MEANS_NOTHING == set()


def test_few_modules_lie_at_the_top():
    loose = {path.stem for path in ROOT.glob("*.py")} - {"__init__", "__main__", *archstat.__all__}
    assert len(loose) <= 10, loose


AN_OPTION = re.compile(r"(?<![\w(-])--[a-z]")
"""Two dashes and a word; in a style sheet ``var(--ink)`` is none."""


def lines_with_options(text):
    """The numbers of the lines that name an option of the command line."""
    return [number for number, line in enumerate(text.splitlines(), 1) if AN_OPTION.search(line)]


OF_GIT = Path("networks/revisions.py")
"""Where the options are those of git, which is run there."""


def test_no_module_below_the_command_line_names_an_option():
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).parts[0] != "cli"
        and path.relative_to(ROOT) != OF_GIT
        and (lines := lines_with_options(path.read_text()))
    }
    assert found == {}


def test_an_option_in_a_message_would_be_found_and_a_heading_is_none():
    assert lines_with_options("# -- the tools ----\ngive '--input 3x8x8'\n") == [2]
