"""Named architectures, and that names alone need no torch."""

import subprocess
import sys

import pytest

import archstat
from archstat.errors import UnknownNameError
from archstat.files.results import cost_to_json
from archstat.registry import Architecture, Registry, architecture, architectures


def entry(name):
    return Architecture(name, "family", (3, 8, 8), lambda: None)


def test_a_name_can_be_given_once():
    registry = Registry("archstat.architectures", "architecture")
    registry.add(entry("net"))
    with pytest.raises(ValueError, match=r"Two of archstat\.architectures are named 'net'\."):
        registry.add(entry("net"))


def test_an_architecture_cannot_take_the_name_of_another():
    def alexnet():
        """Another AlexNet."""

    assert "alexnet" in architectures
    with pytest.raises(ValueError, match="'alexnet'"):
        architecture(input_shape=(3, 8, 8))(alexnet)


@pytest.mark.parametrize(("name", "guess"), [("resnet5", "'resnet50'"), ("VGG16", "'vgg16'"), ("lenet", "'lenet5'")])
def test_an_unknown_name_comes_with_close_ones(name, guess):
    with pytest.raises(UnknownNameError, match=guess) as raised:
        architectures.get(name)
    assert "'archstat list' shows every name." in str(raised.value)


def test_a_name_that_resembles_none_gets_no_guess():
    with pytest.raises(UnknownNameError, match=r"^No architecture is named 'qqq'\. 'archstat list'"):
        architectures.get("qqq")


@pytest.mark.parametrize("name", list(architectures))
def test_every_architecture_is_under_its_own_name_with_a_docstring(name):
    found = architectures.get(name)
    assert found.name == name == found.build.__name__
    assert found.family in found.build.__module__
    assert found.build.__doc__
    assert all(size > 0 for size in found.input_shape)


def test_looking_names_up_twice_gives_the_same_entries():
    assert architectures.all() is architectures.all()
    assert list(architectures) == list(architectures.all())


LIST = (
    "import sys; sys.argv = ['archstat', 'list']; from archstat.cli import main\ntry: main()\nexcept SystemExit: pass"
)
PROGRAMS = {
    "import archstat": "import archstat; archstat.ArchstatError",
    "import archstat.cli": "import archstat.cli",
    "archstat list": LIST,
    "tables of saved results": "import archstat.tables.formats, archstat.files.results, archstat.published.figures",
}


def loaded_by(program):
    """Which of the slow libraries a Python program loads."""
    ask = "import sys; print([name for name in ('torch', 'pandas') if name in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{program}\n{ask}"], capture_output=True, text=True, check=True
    )
    return done.stderr.strip()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_torch_and_pandas_are_not_loaded_by(program):
    assert loaded_by(program) == "[]"


@pytest.mark.parametrize("command", ["table", "compare"])
def test_a_saved_cost_is_shown_without_torch(command, tmp_path):
    saved = tmp_path / "cost.json"
    saved.write_text(cost_to_json(archstat.count("lenet5")))

    assert loaded_by(LIST.replace("'list'", f"{command!r}, {str(saved)!r}")) == "[]"


def test_the_check_for_loaded_libraries_can_fail():
    assert loaded_by("import archstat; archstat.count") == "['torch']"
    assert loaded_by("import pandas") == "['pandas']"
