"""The networks of a project, by names of its own."""

import os

import pytest

from archstat.errors import DataError, InputError
from archstat.networks.project import as_in_project, project_here, written_in_project
from archstat.networks.settings import InputSpec, Setting
from archstat.networks.written import WrittenSetting

PROJECT = """
[networks.tiny]
network = "./net.py:Net"
input = "3x32x32"
batch_size = 2

[networks.made]
network = "timm:resnet18"
input = ["@net.py:make", "mask=bool:128"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a project, and one below it that is worked in."""
    (tmp_path / "archstat.toml").write_text(PROJECT)
    (tmp_path / "net.py").touch()
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_leads_to_its_network_with_its_input(project):
    del project
    assert as_in_project("tiny", Setting()) == ("./net.py:Net", Setting((InputSpec((3, 32, 32)),), batch_size=2))


def test_what_is_said_goes_before_what_the_file_says(project):
    del project
    name, setting = as_in_project("tiny", Setting(batch_size=5, dtype="float16"))
    assert (name, setting.batch_size, setting.dtype, len(setting.inputs)) == ("./net.py:Net", 5, "float16", 1)
    assert written_in_project("tiny", WrittenSetting(input=("1x8x8",)))[1].input == ("1x8x8",)


def test_paths_begin_at_the_folder_of_the_file(project, monkeypatch):
    monkeypatch.chdir(project / "sub")
    assert as_in_project("tiny", Setting())[0] == "../net.py:Net"
    assert written_in_project("made", WrittenSetting())[1].input[0] == "@../net.py:make"


def test_a_revision_may_stand_before_a_name(project):
    del project
    assert as_in_project("main:tiny", Setting())[0] == "main:./net.py:Net"
    assert as_in_project("origin/main:tiny", Setting())[0] == "origin/main:./net.py:Net"


@pytest.mark.parametrize(
    "name", ["resnet50", "./net.py:tiny", "timm:tiny", "other", "tiny.json", "", "a:b:tiny", "sub:tiny"]
)
def test_any_other_name_is_left_as_it_is(project, name):
    del project
    assert as_in_project(name, Setting()) == (name, Setting())


@pytest.mark.parametrize("name", ["torchvision.models:tiny", "net:tiny", "nets.small:tiny"])
def test_a_name_in_a_module_is_that_of_the_module(project, name):
    (project / "nets").mkdir()
    assert as_in_project(name, Setting())[0] == name
    assert as_in_project("test:tiny", Setting())[0] == "test:./net.py:Net", (
        "a branch; Python's own module has no network"
    )


def test_a_pyproject_toml_has_the_same_in_a_table_of_its_own(project):
    (project / "archstat.toml").unlink()
    (project / "pyproject.toml").write_text(PROJECT.replace("[networks", "[tool.archstat.networks"))
    assert set(project_here().networks) == {"tiny", "made"}


def test_a_file_that_lists_nothing_hides_none_above_it(project, monkeypatch):
    (project / "sub" / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    monkeypatch.chdir(project / "sub")
    assert as_in_project("tiny", Setting())[0] == "../net.py:Net"


def test_a_file_that_changed_is_read_again(project):
    assert "tiny" in project_here().networks
    (project / "archstat.toml").write_text(PROJECT.replace("tiny", "small"))
    os.utime(project / "archstat.toml", ns=(1, 1))
    assert "small" in project_here().networks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("networks = 3", "'networks' is a table of tables"),
        ("[networks]\ntiny = 3", "network 'tiny': Expected `object`"),
        ("[networks.tiny]\ninput = '3'", "missing required field `network`"),
        ("[networks.tiny]\nnetwork = 'a'\nsize = 3", "unknown field `size`"),
        ("[networks.tiny]\nnetwork = 'a'\nbatch_size = 0", "Expected `int` >= 1"),
        ("[networks.resnet50]\nnetwork = './net.py:Net'", "archstat has a network 'resnet50' already"),
        ("[networks.'a b']\nnetwork = './net.py:Net'", "'a b' is no name for a network"),
        ("[networks.tiny", "is no TOML"),
        ("\0", "is no TOML"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused_in_a_sentence(project, text, says):
    (project / "archstat.toml").write_text(text)
    with pytest.raises(DataError, match=says):
        as_in_project("tiny", Setting())
    assert as_in_project("resnet50", Setting())[0] == "resnet50", "a name of ours needs no project"


def test_an_input_that_is_none_is_refused(project):
    (project / "archstat.toml").write_text("[networks.tiny]\nnetwork = './net.py:Net'\ninput = 'axb'")
    with pytest.raises(InputError, match="'axb' is no input"):
        as_in_project("tiny", Setting())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner that could be told here")
def test_a_file_of_somebody_else_is_passed_over(project, monkeypatch):
    del project
    monkeypatch.setattr("archstat.networks.project.belongs_to_user", lambda _: False)
    assert as_in_project("tiny", Setting())[0] == "tiny"
