"""How a notebook shows records."""

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

import archstat
from archstat import notebook
from archstat.records import Interval, SelfTest
from tests.measured import CONDITIONS, ENERGY, PEAKS, environment, measured


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


EACH = {
    "ModelCost": (lambda: archstat.count("lenet5"), ["Activation memory", "c1_tanh"]),
    "TrainingCost": (lambda: archstat.count_training("lenet5"), ["Backward MACs", "one training step with sgd"]),
    "InferenceMemory": (lambda: archstat.memory("lenet5"), ["alive at the peak", "18.38 KiB"]),
    "Measurement": (measured, ["Latency", "10.00 ms", "Some Processor"]),
    "Peaks": (lambda: PEAKS, ["Some Processor", "1.000 TFLOP/s"]),
    "SelfTest": (
        lambda: SelfTest("net", CONDITIONS, 50, 1, 1, 1, Interval(0.9, 1.1, "trials"), 1, 0, environment()),
        ["net against itself", "The machine is quiet."],
    ),
    "Explanation": (lambda: archstat.explain("lenet5")[0], ["c1 · Conv2d 1→6 5×5", "(5·5·1 + 1)·6"]),
    "Explanations": (lambda: archstat.explain("lenet5"), ["DistanceToCodes", "(120 + 1)·84"]),
    "Scaling": (lambda: archstat.scale("lenet5_modern", "batch", [1, 2, 3]), ["Batch", "lenet5_modern"]),
}
"""One of each kind of record that is shown as a table, and words of it."""


@pytest.mark.parametrize("kind", notebook.SHOWN)
def test_a_record_is_shown_as_its_table_and_told_in_three_lines(shell, kind):
    make, words = EACH[kind]
    notebook.register_if_shown()
    page = shown(shell, make())
    assert [word for word in words if word not in page["text/html"]] == []
    assert page["text/html"].count("<table") in (1, 2)  # the first rows, and all
    assert len(page["text/plain"].splitlines()) <= 4
    assert len(page["text/plain"]) < 400


def test_a_measurement_with_energy_shows_it(shell):
    notebook.register_if_shown()
    assert "Energy" not in shown(shell, measured())["text/html"]
    assert "Energy" in shown(shell, measured(energy=ENERGY))["text/html"]


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
