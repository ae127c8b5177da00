"""A docstring stands alone: ``help()`` shows it without the one before, so nothing in it may point there."""

import ast
import re
from pathlib import Path

import pytest

import archstat

ROOT = Path(archstat.__file__).parent

POINTS_ELSEWHERE = re.compile(
    r"(likewise|ditto|as (above|before|below)|the (same|rest|others?|former|latter)|that|those|these|this one|"
    r"it|it's|its|they|them|their|nor|and|but|also|(all|more|none|one|each|some) of (it|them|these|those)|"
    r"(what|where|how( \w+)?|whether|when|why|whose?) (it|its|they|that|those|not))\b",
    re.IGNORECASE,
)
"""How a sentence begins whose subject was said elsewhere."""
ONLY_CODE = re.compile(r"``[^`]*``[.,:;]?")
SECTION = re.compile(r"^ *(Args|Attributes|Raises|Returns|Yields):$")
ENTRY = re.compile(r"^ +[\w*]+: +(\S.*)$")


def texts_of(tree):
    """The docstrings of modules, classes and functions, and the strings under assignments, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def sentences_of(text):
    """The summary of a docstring and the entries of its sections: what is read alone, with the lines."""
    lines = text.splitlines()
    yield 0, " ".join(text.strip().split("\n\n")[0].split())
    in_section = False
    for number, line in enumerate(lines):
        in_section = in_section or bool(SECTION.match(line))
        entry = ENTRY.match(line) if in_section else None
        if entry:
            yield number, entry[1]


def stands_alone(sentence):
    return POINTS_ELSEWHERE.match(sentence) is None


def says_something(summary):
    return len(summary.split()) > 1 and ONLY_CODE.fullmatch(summary) is None


def faults_of(source):
    """The lines of a file with a sentence that points elsewhere, or a summary of one word or of nothing but code."""
    for line, text in texts_of(ast.parse(source)):
        for number, sentence in sentences_of(text):
            if not stands_alone(sentence) or (number == 0 and not says_something(sentence)):
                yield line + number, sentence


def test_every_docstring_stands_alone():
    found = [
        f"{path.relative_to(ROOT)}:{line} {sentence}"
        for path in sorted(ROOT.rglob("*.py"))
        for line, sentence in faults_of(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "summary",
    [
        "Likewise.",
        "The same with the heads first.",
        "That amount.",
        "Those that hold.",
        "It is cut into instances.",
        "Its name.",
        "Whether it is.",
        "How often it ran.",
        "All of it.",
        "Wait.",
        "``--trust``.",
    ],
)
def test_a_docstring_that_leans_on_another_one_is_found_wherever_it_stands(summary):
    sources = (
        f'"""{summary}"""\n',
        f'class A:\n    """{summary}"""\n',
        f'class A:\n    def f():\n        """{summary}"""\n',
        f'LIMIT = 3\n"""{summary}"""\n',
    )
    for source in sources:
        assert [sentence for _, sentence in faults_of(source)] == [summary]


def test_an_entry_of_a_section_that_leans_on_another_one_is_found_with_its_line():
    source = '"""Count.\n\n    Args:\n        model: The network.\n        kwargs: Likewise.\n"""\n'
    assert list(faults_of(source)) == [(1, "Count."), (5, "Likewise.")]


def test_plain_sentences_pass():
    assert list(faults_of('"""The elements of the first input."""\n')) == []
    assert list(faults_of('"""A term of a polynomial: ``3/4·n²``."""\n')) == []
    assert list(faults_of('"""Whether the work is done.\n\n    It ends then.\n"""\n')) == []
