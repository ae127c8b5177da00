"""What starts a command, and what is done when archstat is imported, before any of it is loaded."""

import gc
import importlib.util
import subprocess
import sys
from importlib import import_module

import pytest

import archstat

PROGRAM = """
import atexit, gc, sys
before = gc.get_threshold()[0]
atexit.register(lambda: print(gc.get_threshold()[0] > 100 * before > 0, gc.isenabled(), gc.get_freeze_count() > 0))
from archstat.__main__ import main
sys.argv = ["archstat", "--version"]
main()
"""


def test_a_command_looks_for_garbage_rarely_and_not_at_its_end():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[1:] == ["True True True"]


@pytest.mark.parametrize("is_enabled", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_a_public_name_is_imported_without_looking_for_garbage(monkeypatch, is_enabled, fails):
    seen = []

    def noted(name):
        seen.append(gc.isenabled())
        return importlib.util if not fails else import_module(f"{name}.gone")

    monkeypatch.setattr(archstat.importlib, "import_module", noted)
    (gc.enable if is_enabled else gc.disable)()
    try:
        with pytest.raises((AttributeError, ModuleNotFoundError)):
            archstat.__getattr__("count")
        assert (seen, gc.isenabled()) == ([False], is_enabled)
    finally:
        gc.enable()
