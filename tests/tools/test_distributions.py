"""What is installed holds every file that the package reads, and what is built is checked for that."""

import io
import runpy
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "check_distributions.py"))
files_of_the_package = TOOL["files_of_the_package"]
SETTINGS = msgspec.toml.decode((ROOT / "pyproject.toml").read_bytes())
NEEDED = {"archstat/__init__.py", "archstat/py.typed", "archstat/published/figures.toml"}


def left_out(files, patterns):
    """The data files that none of the patterns of package data matches, each from the root of the package."""
    data = [name for name in files if PurePosixPath(name).suffix != ".py"]
    return {name for name in data if not any(PurePosixPath(name).match(f"archstat/{pattern}") for pattern in patterns)}


def test_every_data_file_of_the_package_is_installed():
    files = files_of_the_package()
    needed = {"archstat/py.typed", "archstat/published/figures.toml", "archstat/published/counted.json"}
    assert needed <= files
    assert any(name.startswith("archstat/report/templates/") for name in files)
    assert left_out(files, SETTINGS["tool"]["setuptools"]["package-data"]["archstat"]) == set()


def test_a_data_file_that_is_not_installed_is_found():
    assert left_out(["archstat/a.py", "archstat/b/c.toml"], ["*.toml", "report/*"]) == {"archstat/b/c.toml"}


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in (ROOT / "archstat").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def wheel(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return path


def sdist(path, names):
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"archstat-0.1.0/{name}"), io.BytesIO())
    return path


@pytest.mark.parametrize(("make", "missing"), [(wheel, "missing_in_wheel"), (sdist, "missing_in_sdist")])
def test_a_file_that_a_distribution_lacks_is_named(tmp_path, make, missing):
    missing = TOOL[missing]
    assert missing(make(tmp_path / "whole", NEEDED), NEEDED) == set()
    assert missing(make(tmp_path / "torn", NEEDED - {"archstat/py.typed"}), NEEDED) == {"archstat/py.typed"}


def test_the_version_of_the_citation_is_that_of_the_package():
    import archstat

    assert f"\nversion: {archstat.__version__}\n" in (ROOT / "CITATION.cff").read_text()
