"""Files and modules of repositories as they really are: packages, relative imports, the folder that is worked in."""

import os
import py_compile
import sys

import pytest

from archstat.errors import SourceError
from archstat.networks.sources import build_on_meta, find
from archstat.networks.trust import Reach

BLOCK = "from torch import nn\n\ndef block(width={width}):\n    return nn.Linear(width, 3)\n"
NET = "from .parts.blocks import block\n\ndef Net(**more):\n    return block(**more)\n"


def repository(folder, width=5, name="mynets"):
    """A package with files that import each other by their relative names."""
    package = folder / name
    (package / "parts").mkdir(parents=True)
    for each in (package, package / "parts"):
        (each / "__init__.py").write_text("")
    (package / "parts" / "blocks.py").write_text(BLOCK.format(width=width))
    (package / "net.py").write_text(NET)
    (package / "parts" / "deep.py").write_text("from ..net import Net\n")
    return package


def width_of(spec):
    return build_on_meta(find(spec)).in_features


@pytest.fixture(autouse=True)
def _as_before():
    path, known = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in ("mynets", "here"):
            del sys.modules[name]


def test_a_file_with_relative_imports_is_loaded_as_part_of_its_package(tmp_path):
    package = repository(tmp_path)
    assert width_of(f"{package}/net.py:Net") == 5
    assert width_of(f"{package}/parts/deep.py:Net(width=7)") == 7
    assert str(tmp_path) not in sys.path


def test_two_packages_of_one_name_do_not_mix(tmp_path):
    first, second = repository(tmp_path / "a", 5), repository(tmp_path / "b", 9)
    assert [width_of(f"{each}/net.py:Net") for each in (first, second, first)] == [5, 9, 5]


def test_a_file_whose_package_cannot_be_imported_is_loaded_alone_if_it_can_be(tmp_path):
    package = repository(tmp_path)
    (package / "__init__.py").write_text("import a_library_that_nobody_has\n")
    (package / "alone.py").write_text(BLOCK.format(width=4))
    assert width_of(f"{package}/alone.py:block") == 4
    with pytest.raises(SourceError, match="No module named 'a_library_that_nobody_has'"):
        find(f"{package}/net.py:Net")


def test_a_module_of_the_folder_that_is_worked_in_is_found(tmp_path, monkeypatch):
    repository(tmp_path, 6, "here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert width_of("here.net:Net") == 6


def test_what_is_installed_comes_before_the_folder_that_is_worked_in(tmp_path, monkeypatch):
    (tmp_path / "torchvision_of_mine.py").write_text(BLOCK.format(width=2))
    (tmp_path / "torch.py").write_text("raise SystemError\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert width_of("torchvision_of_mine:block") == 2
    assert width_of("torch.nn:Linear(8, 3)") == 8


def test_a_file_that_is_installed_takes_nothing_with_it_when_the_next_one_is_loaded(tmp_path, monkeypatch):
    site = tmp_path / "site"
    monkeypatch.setattr("archstat.networks.importing.is_installed_in", lambda top: top == site)
    package = repository(site)
    (site / "other.py").write_text("LOADED = []\n")
    (package / "net.py").write_text("import other\n" + NET)
    assert width_of(f"{package}/net.py:Net") == 5
    first = sys.modules["other"]
    (tmp_path / "alone.py").write_text(BLOCK.format(width=4))
    assert width_of(f"{tmp_path}/alone.py:block") == 4
    assert sys.modules.pop("other") is first


def test_a_package_reaches_no_further_up_than_the_file_that_names_it_may(tmp_path):
    package = repository(tmp_path / "mynets_above" / "own")
    for folder in (tmp_path / "mynets_above", tmp_path / "mynets_above" / "own"):
        (folder / "__init__.py").write_text("raise SystemError('code above')\n")
    reach = Reach("claims.toml", (str((tmp_path / "mynets_above" / "own" / "mynets").resolve()),))
    assert build_on_meta(find(f"{package}/net.py:Net", reach)).in_features == 5
    with pytest.raises(SourceError, match="code above"):
        find(f"{package}/net.py:Net")


def test_a_folder_that_is_called_as_a_library_is_a_folder(tmp_path, monkeypatch):
    repository(tmp_path, 8, "timm")
    monkeypatch.chdir(tmp_path)
    known = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "timm"}
    try:
        assert width_of("timm/net.py:Net") == 8
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "timm"]:
            del sys.modules[name]
        sys.modules.update(known)


@pytest.mark.parametrize("is_package", [False, True])
def test_a_file_of_the_same_second_and_size_is_the_file_that_it_is_now(tmp_path, monkeypatch, is_package):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package = repository(tmp_path)
    inner = package / "parts" / "blocks.py"
    if not is_package:
        (package / "__init__.py").unlink()
        (package / "net.py").write_text(NET.replace("from .parts", "from parts"))
    for width in (5, 6):
        for file, text in ((inner, BLOCK.format(width=width)), (tmp_path / "one.py", BLOCK.format(width=width))):
            file.write_text(text)
            os.utime(file, (1_600_000_000, 1_600_000_000))
            if width == 5:
                py_compile.compile(str(file))  # what Python itself keeps
        assert width_of(f"{package / 'net.py'}:Net") == width
        assert width_of(f"{tmp_path / 'one.py'}:block") == width
        for name in [name for name in sys.modules if name.partition(".")[0] == "mynets"]:
            del sys.modules[name]
    assert not (package / "__pycache__").exists()
