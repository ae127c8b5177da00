"""Check what ``make dist`` built: the wheel and the sdist hold every file of the package, and the wheel works.

Run: ``python tools/check_distributions.py dist``.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = (["--version"], ["list", "lenet"], ["table", "lenet5"], ["compare", "lenet5", "--format", "html"])
"""What an installed archstat must be able to do: each reads other files of the package."""


def files_of_the_package(root: Path = ROOT) -> set[str]:
    """Every file that an installation needs, from the root of the repository."""
    files = (path for path in (root / "archstat").rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in files if path.suffix not in (".pyc", ".pyo")}


def missing_in_wheel(wheel: Path, needed: Iterable[str]) -> set[str]:
    """What a wheel lacks."""
    with zipfile.ZipFile(wheel) as archive:
        return set(needed) - set(archive.namelist())


def missing_in_sdist(sdist: Path, needed: Iterable[str]) -> set[str]:
    """What an sdist lacks; all of it lies under one folder."""
    with tarfile.open(sdist) as archive:
        return set(needed) - {name.partition("/")[2] for name in archive.getnames()}


def check(folder: Path) -> None:
    """Check the one wheel and the one sdist of a folder, and run the wheel in an environment of its own.

    Raises:
        SystemExit: Something is missing, or a command fails.
    """
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    needed = files_of_the_package()
    missing = {wheel.name: missing_in_wheel(wheel, needed), sdist.name: missing_in_sdist(sdist, needed)}
    if any(missing.values()):
        raise SystemExit(f"Files of the package are missing: {missing}")
    _run(wheel)


def _run(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        pip = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--constraint",
            ROOT / "constraints.txt",
            f"{wheel.resolve()}[all]",
        ]
        subprocess.run(pip, check=True)
        for arguments in COMMANDS:
            command = [python, "-m", "archstat", *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    check(Path(sys.argv[1]))
