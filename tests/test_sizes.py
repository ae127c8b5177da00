"""Files and functions that can be read in one go; a longer file says on top why it is one."""

import ast
from pathlib import Path

import archstat

ROOT = Path(archstat.__file__).parent
REASON = "and so one file"
"""With these words the docstring of a long file gives its reason: one table, one grammar, one state machine."""


def is_too_long(text):
    """Whether a file has more than 400 lines and no reason in its docstring."""
    return len(text.splitlines()) > 400 and REASON not in (ast.get_docstring(ast.parse(text)) or "")


def long_functions(text):
    """The functions of more than 40 lines, their docstrings left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
            lines = node.end_lineno - node.lineno + 1 - docstring
            if lines > 40:
                yield node.name, lines


def test_a_file_of_more_than_400_lines_says_why_it_is_one():
    assert [str(path) for path in sorted(ROOT.rglob("*.py")) if is_too_long(path.read_text())] == []


def test_no_function_has_more_than_40_lines():
    found = {str(path): list(long_functions(path.read_text())) for path in sorted(ROOT.rglob("*.py"))}
    assert {path: long for path, long in found.items() if long} == {}


def test_long_files_and_functions_would_be_found():
    body = "    pass\n" * 40
    assert list(long_functions(f'def short():\n    """Says.\n\n    More.\n    """\n{body[9:]}')) == []
    assert list(long_functions(f"def long():\n{body}")) == [("long", 41)]
    assert is_too_long('"""A file."""\n' + "x = 1\n" * 400)
    assert not is_too_long('"""One table, and so one file."""\n' + "x = 1\n" * 400)
    assert not is_too_long('"""A file."""\n' + "x = 1\n" * 399)
