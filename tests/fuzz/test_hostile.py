"""Whatever is typed, and whatever a file holds: a result, a verdict, or one sentence.

A small part of it runs with all other tests; ``make fuzz`` runs the whole: 3,680 command lines and 5,910 files.
"""

import os
import sys

import pytest

import archstat as package
from archstat.analysis.inference import analyse
from archstat.claims.locks import Lock, lock_text, locked
from archstat.files.results import cost_to_json, measurements_to_json
from archstat.networks.written import WrittenSetting
from archstat.quiz.exercises import Exercise
from archstat.quiz.worksheets import sheet_text, worksheet_of
from tests.cli.conftest import NET
from tests.fuzz.files import changed_json, changed_sheet, changed_toml
from tests.fuzz.invocations import invocation
from tests.measured import measured
from tests.report.folders import CLAIMS, REPORT, report

SHARE = float(os.environ.get("ARCHSTAT_FUZZ", "0.01"))
"""How much of it is run."""

INVOCATIONS, FILES = (max(round(number * SHARE), 20) for number in (3680, 5910))
BLOCK = 20
CODES = {0, 1, 2}


@pytest.fixture(scope="module")
def right():
    """Right files, to be changed."""
    cost = package.count("lenet5")
    lock = lock_text(Lock("", (locked("lenet5", WrittenSetting(), cost),), {"macs": "1 %"}))
    return {"cost.json": cost_to_json(cost), "measured.json": measurements_to_json([measured()]), "a.lock": lock}


@pytest.fixture(scope="module")
def sheet():
    """A worksheet, to be changed."""
    exercise = Exercise("lenet5", ("parameters", "macs"), rows=4)
    return sheet_text(worksheet_of(exercise, analyse("lenet5", exercise.setting)))


@pytest.fixture
def folder(tmp_path, monkeypatch, right, sheet):
    """A folder with one of everything."""
    for name, text in right.items():
        (tmp_path / name).write_text(text)
    for name, text in {"net.py": NET, "claims.toml": CLAIMS, "broken.toml": "[[claim]", "broken.json": "{"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "sheet.md").write_text(sheet, encoding="utf-8")
    (tmp_path / "loop").symlink_to("loop")
    report(tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def falls_short(monkeypatch, capfd):
    """Runs a command line in this process, and says what is wrong with how it ends; ``""``: nothing."""
    from archstat.cli import main

    def run(arguments):
        monkeypatch.setattr(sys, "argv", ["archstat", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        except BaseException as error:  # noqa: BLE001 - a traceback is what is looked for
            code = repr(error)
        said = capfd.readouterr().err
        return _fault(code, said)

    return run


def _fault(code, said):
    if code not in CODES:
        return f"it ended with {code}"
    if "Traceback" in said or "more than archstat can do" in said:
        return f"nobody had foreseen it: {said[-300:]}"
    if code == 2 and not said.strip():
        return "it failed and said nothing"
    steering = [character for character in said if not character.isprintable() and character != "\n"]
    is_long = len(said) > 2000 and not said.startswith("Usage: ")  # the help is as long as there are commands
    return f"it said {said[:100]!r}" if is_long or steering else ""


@pytest.mark.parametrize("block", range(0, INVOCATIONS, BLOCK))
@pytest.mark.usefixtures("folder")
def test_a_command_line_ends_with_a_result_or_a_sentence(falls_short, block):
    tried = {seed: invocation(seed) for seed in range(block, block + BLOCK)}
    faults = {(seed, *arguments): fault for seed, arguments in tried.items() if (fault := falls_short(arguments))}
    assert faults == {}


JSON_COMMANDS = {
    "cost.json": [["table"], ["compare"], ["diff", "lenet5"], ["table", "--strict"], ["report", "--output", "out"]],
    "measured.json": [["compare"], ["report", "--output", "out"], ["roofline", "lenet5"], ["check"]],
}


@pytest.mark.parametrize("block", range(0, FILES, BLOCK))
def test_a_file_that_was_changed_is_read_or_refused(falls_short, folder, right, block):
    faults = {}
    for seed in range(block, block + BLOCK):
        arguments = _changed(folder, right, seed)
        if fault := falls_short(arguments):
            faults[(seed, *arguments)] = fault
    assert faults == {}
    assert not (folder / "ran").exists()


def _changed(folder, right, seed):
    """Change one file by the seed, and give the command that reads it."""
    kind = seed % 4
    if kind < 2:
        name = list(right)[kind]
        (folder / "changed.json").write_bytes(changed_json(right[name], seed))
        commands = JSON_COMMANDS[name]
        command = commands[seed // 4 % len(commands)]
        at = len(command) if command[-1].startswith("--m") or "diff" in command else 1
        return [*command[:at], "changed.json", *command[at:]]
    if kind == 2 and seed % 8 == 6:
        (folder / "changed.lock").write_bytes(changed_toml(right["a.lock"], seed))
        return [["check", "changed.lock"], ["lock", "--update", "changed.lock"]][seed // 8 % 2]
    if kind == 2:
        (folder / "changed.toml").write_bytes(changed_toml(CLAIMS, seed))
        return ["check", "changed.toml", "--format", ["text", "csv", "json", "junit", "github"][seed // 4 % 5]]
    figures = f'{REPORT}[figure.a]\nchart = "layers"\n[table.b]\nof = "claims"\n'
    report(folder / "folder", contents=figures, text="{{parameters}}\n\n{{figure a}}\n\n{{table b}}")
    (folder / "folder" / "report.toml").write_bytes(changed_toml(figures, seed))
    return ["report", "build", "folder"]


@pytest.mark.parametrize("block", range(0, FILES // 4, BLOCK))
def test_a_worksheet_that_was_changed_is_marked_or_refused(falls_short, folder, sheet, block):
    faults = {}
    for seed in range(block, block + BLOCK):
        (folder / "changed.md").write_bytes(changed_sheet(sheet, seed))
        arguments = ["check", "changed.md", "--format", ["text", "csv", "json", "junit", "github"][seed % 5]]
        if fault := falls_short(arguments):
            faults[(seed, *arguments)] = fault
    assert faults == {}


def test_the_same_seed_makes_the_same_again(right):
    assert [invocation(seed) for seed in range(50)] == [invocation(seed) for seed in range(50)]
    assert changed_json(right["cost.json"], 7) == changed_json(right["cost.json"], 7)
    assert changed_toml(CLAIMS, 7) == changed_toml(CLAIMS, 7)


@pytest.mark.parametrize(
    ("code", "said", "fault"),
    [
        (0, "", ""),
        (2, "Error: no.\n", ""),
        (2, "", "it failed and said nothing"),
        (1, "Traceback (most recent call last)", "nobody had foreseen it"),
        (139, "", "it ended with 139"),
        ("ZeroDivisionError()", "", "it ended with ZeroDivisionError"),
        (2, "x" * 2001, "it said"),
        (2, "\x1b[2J", "it said"),
    ],
)
def test_what_falls_short_is_noticed(code, said, fault):
    assert _fault(code, said).startswith(fault)
    assert bool(_fault(code, said)) == bool(fault)
