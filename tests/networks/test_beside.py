"""Names with paths from the folder of the file that holds them."""

from pathlib import Path

import pytest

from archstat.networks.beside import absolute_name, beside, for_folder, from_folder, setting_from_folder
from archstat.networks.input_specs import InputMaker, InputSpec
from archstat.networks.settings import Setting


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder ``ci`` with a file of each kind, within the one that is worked in, which has a file too."""
    (tmp_path / "ci").mkdir()
    for name in ("ci/net.py", "ci/net.onnx", "ci/cost.json", "here.py"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return Path("ci")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("net.py:Net", "ci/net.py:Net"),
        ("./net.py:Net(path='a.py:b')", "ci/net.py:Net(path='a.py:b')"),
        ("net.onnx", "ci/net.onnx"),
        ("cost.json", "ci/cost.json"),
        ("hf:./cost.json#Model", "hf:./ci/cost.json#Model"),
        ("../here.py:Net", "here.py:Net"),
        ("here.py:Net", "here.py:Net"),
        ("gone.py:Net", "gone.py:Net"),
        ("main:./net.py:Net", "main:./net.py:Net"),
        ("timm:resnet50", "timm:resnet50"),
        ("package.module:Net", "package.module:Net"),
        ("resnet50(classes=10)", "resnet50(classes=10)"),
        ("\0.py:Net", "\0.py:Net"),
        ("a" * 10_000 + ".py:Net", "a" * 10_000 + ".py:Net"),
        ("", ""),
    ],
)
def test_a_path_that_is_there_from_the_folder_is_that_one(folder, name, found):
    assert from_folder(name, folder) == found
    assert from_folder(name, Path()) == name


def test_a_name_for_a_folder_leads_back_from_there(folder):
    assert for_folder("here.py:Net", folder) == "../here.py:Net"
    assert for_folder("ci/net.py:Net", folder) == "net.py:Net"
    assert for_folder("resnet50", folder) == "resnet50"
    assert for_folder("here.py:Net", Path()) == "here.py:Net"
    assert absolute_name("net.py:Net", folder) == absolute_name("ci/net.py:Net", Path())


def test_functions_that_make_inputs_are_found_likewise(folder):
    setting = Setting((InputMaker("net.py:make"), InputSpec((3,))), batch_size=2)
    assert setting_from_folder(setting, folder) == Setting(
        (InputMaker("ci/net.py:make"), InputSpec((3,))), batch_size=2
    )


def test_a_file_beside_another_one_comes_before_that_in_the_folder_that_is_worked_in(folder):
    assert beside("net.py", folder) == folder / "net.py"
    assert beside("here.py", folder) == Path("here.py")
    assert beside("gone.py", folder) == folder / "gone.py"
