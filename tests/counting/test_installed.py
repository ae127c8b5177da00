"""Rules that installed packages bring: the example of the manual, and packages that are wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import archstat
from archstat.counting import foreign, installed
from archstat.counting.rules import cost_of
from archstat.errors import UncountedError
from archstat.records import Cost, OpCall
from tests.counting.packages import install, install_project
from tests.counting.rows import spec

ROOT = Path(archstat.__file__).parents[1]
EXAMPLE = ROOT / "tests/counting/example_package"
PAGE = ROOT / "docs/tasks/own-kernels.md"
RULE = "import archstat\n\n@archstat.rule('pack::op')\ndef op(call):\n    return archstat.Cost({macs})\n"
CALL = OpCall("pack::op", 0, "other", (spec(4, 6),), {}, (spec(4, 6),))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder on the path, and no rules yet; what is imported from it is forgotten."""
    before = set(sys.modules)
    monkeypatch.setattr(foreign, "_entered", {})
    monkeypatch.syspath_prepend(tmp_path)
    installed.load_packages.cache_clear()
    yield tmp_path
    installed.load_packages.cache_clear()
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def run(*command, beside):
    """Run Python with these folders on the path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *beside))), "COLUMNS": "120"}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


# -- the example -------------------------------------------------------------------------------------------------------

COMMAND = "archstat table mykernels:FusedMLP --input 8x64"


def shown(page):
    """What the page shows that the command prints."""
    return page.partition(f"$ {COMMAND}\n")[2].partition("\n```")[0].strip()


def test_the_example_of_the_manual_is_counted_as_the_page_shows(tmp_path):
    install_project(tmp_path, EXAMPLE)
    ran = run("-m", *COMMAND.split(), beside=(EXAMPLE, tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip() == shown(PAGE.read_text())
    assert f"{8 * (256 * 64 + 64 * 256):,} (262.1 k)" in ran.stdout


def test_the_page_shows_the_files_of_the_example_itself():
    included = [line.split()[1] for line in PAGE.read_text().splitlines() if line.startswith("```{literalinclude}")]
    files = {(PAGE.parent / path).resolve() for path in included}
    assert files == {path for path in EXAMPLE.rglob("*") if path.suffix in (".py", ".toml")}


ONLY_TORCH = """
import sys
import torch, archstat
archstat.count(torch.nn.Linear(8, 3), torch.ones(2, 8))
print(any(name.startswith("mykernels") for name in sys.modules))
"""


def test_who_has_no_op_of_the_package_does_not_import_it(tmp_path):
    install_project(tmp_path, EXAMPLE)
    ran = run("-c", ONLY_TORCH, beside=(EXAMPLE, tmp_path))
    assert ran.stdout.strip() == "False", ran.stderr


def test_a_package_that_fails_is_one_sentence_at_the_command_line(tmp_path):
    install(tmp_path, "broken-kernels", "broken_costs", "import nowhere\n")
    ran = run("-m", *COMMAND.split(), beside=(EXAMPLE, tmp_path))
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.strip() == (
        "Error: The rules of the package 'broken-kernels' cannot be loaded: its entry point 'costs = broken_costs' "
        "fails with ModuleNotFoundError: No module named 'nowhere'."
    )


# -- what an entry point may name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("pack_costs", RULE.format(macs=7)),
        ("pack_costs:op", RULE.format(macs=7)),
        (
            "pack_costs:enter",
            "import archstat\n\ndef enter():\n    archstat.rule('pack::op')(lambda call: archstat.Cost(7))\n",
        ),
    ],
    ids=["a module", "a rule", "a function that enters rules"],
)
def test_a_module_a_rule_or_a_function_may_be_named(place, value, text):
    install(place, "pack", value, text)
    assert cost_of(CALL) == Cost(7)


def test_packages_are_looked_for_once(place, monkeypatch):
    install(place, "pack", "pack_costs", RULE.format(macs=7))
    cost_of(CALL)
    monkeypatch.setattr(installed, "entry_points", None)
    assert cost_of(CALL) == Cost(7)
    assert cost_of(OpCall("other::op", 0, "other", CALL.args, {}, CALL.outputs)) is None


@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_entered_by_hand_comes_before_what_a_package_brings(place, is_first):
    install(place, "pack", "pack_costs", RULE.format(macs=7))
    if not is_first:
        cost_of(CALL)
    archstat.rule("pack::op")(lambda _: Cost(1))
    installed.load_packages()
    assert cost_of(CALL) == Cost(1)


# -- packages that are wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text", "told"),
    [
        ("wrong_costs", None, "ModuleNotFoundError: No module named 'wrong_costs'"),
        ("wrong_costs", "1 / 0\n", "ZeroDivisionError: division by zero"),
        ("wrong_costs", "def (\n", "SyntaxError"),
        ("wrong_costs", "raise SystemExit(3)\n", "SystemExit: 3"),
        ("wrong_costs:nothing", "", "AttributeError: module 'wrong_costs' has no attribute 'nothing'"),
        ("wrong_costs:enter", "def enter(call):\n    pass\n", "TypeError: enter.. missing 1 required"),
        ("wrong_costs:enter", "def enter():\n    raise KeyError\n", "KeyError"),
        ("wrong costs", None, "this: 'wrong costs' is no module's name"),
        ("wrong_costs", "import archstat\narchstat.rule('aten::mm')\n", "this: 'aten::mm' is torch's own op"),
        ("wrong_costs", "import archstat\narchstat.rule('mm')\n", "this: 'mm' is no op's name"),
        ("wrong_costs", "import archstat\narchstat.rule('a::b')(lambda: 1)\n", "this: The rule for 'a::b' takes"),
    ],
)
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_package_that_is_wrong_is_named_with_its_entry_point(place, value, text, told, time):
    install(place, "wrong-pack", value, text)
    for _ in range(["first", "second"].index(time)):
        with pytest.raises(UncountedError):
            cost_of(CALL)
    with pytest.raises(
        UncountedError, match=f"of the package 'wrong-pack' cannot be .* 'costs = {value}' fails with {told}"
    ):
        cost_of(CALL)


@pytest.mark.parametrize("imported", ["", "one_costs", "two_costs"])
def test_two_packages_with_a_rule_for_one_op_are_told(place, imported):
    install(place, "one", "one_costs", RULE.format(macs=1))
    install(place, "two", "two_costs", RULE.format(macs=2))
    if imported:
        __import__(imported)
    with pytest.raises(
        UncountedError, match=r"package '(one|two)' .* the package '(two|one)' has a rule for 'pack::op' too"
    ):
        installed.load_packages()


def test_of_two_rules_for_one_op_the_user_may_enter_the_right_one(place):
    install(place, "one", "one_costs", RULE.format(macs=1))
    install(place, "two", "two_costs", RULE.format(macs=2))
    archstat.rule("pack::op")(lambda _: Cost(3))
    installed.load_packages()
    assert cost_of(CALL) == Cost(3)
