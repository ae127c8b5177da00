"""What starts a command, before any of it is loaded."""

import subprocess
import sys

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
