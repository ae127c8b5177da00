"""How a notebook shows records."""

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

import archstat
from archstat import notebook


@pytest.fixture
def shell(monkeypatch):
    """A shell as a notebook has one, which is the running one."""
    made = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    return made


def shown(shell, value):
    """What the notebook shows of a value, by the type of what it is."""
    return shell.display_formatter.format(value)[0]


def test_a_cost_is_shown_as_its_table(shell):
    notebook.register_if_shown()
    page = shown(shell, archstat.count("lenet5"))["text/html"]
    assert "<table" in page
    assert "325,680 (325.7 k)<" in page


def test_any_other_record_is_shown_as_python_writes_it(shell):
    notebook.register_if_shown()
    row = archstat.count("lenet5").layers[0]
    assert shown(shell, row) == {"text/plain": repr(row)}


def test_a_shell_that_began_later_is_told_by_its_extension(shell):
    cost = archstat.count("lenet5")
    assert "text/html" not in shown(shell, cost)
    shell.extension_manager.load_extension("archstat.notebook")
    assert "<table" in shown(shell, cost)["text/html"]


def test_without_a_shell_nothing_is_told(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    notebook.register_if_shown()


PROGRAM = """
import sys
import IPython
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import archstat
print(sorted(name for name in ("pandas", "torch", "archstat.tables", "archstat.report.page") if name in sys.modules))
print("<table" in shell.display_formatter.format(archstat.count("lenet5"))[0]["text/html"])
"""


def test_a_notebook_that_imports_archstat_knows_at_once_and_has_loaded_nothing_for_it():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "True"]
