"""What all commands share: help, exit codes, failures, and where a result goes."""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest

import archstat
from archstat.cli._commands import COMMANDS
from archstat.errors import ArchstatError
from archstat.store.records import StoredResult
from archstat.store.store import Store
from archstat.sweeping.plan import versions_for

EVERY = pytest.mark.parametrize("command", list(COMMANDS))
CLAIMS = str(Path(__file__).parents[2] / "reports" / "cnn-overview" / "claims.toml")
MEASURED = str(Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results" / "alexnet-cpu-fp32-b1.json")
NET = f"{Path(__file__).parents[2] / 'docs' / 'examples' / 'net.py'}:Net"
STORE = Path(tempfile.mkdtemp()) / "results.db"
with Store(STORE, is_made=True) as opened:  # so that a sweep has nothing left to do
    opened.add([StoredResult("lenet5", "", versions_for("lenet5"), archstat.count("lenet5"))])
RESULTS = {
    "cache": ["cache", "show"],
    "results": ["results", "list", "--store", str(STORE)],
    "sweep": ["sweep", "lenet5", "--store", str(STORE)],
    "badge": ["badge", "lenet5"],
    "draw": ["draw", "lenet5"],
    "card": ["card", "lenet5"],
    "changes": ["changes", NET, "--input", "3x32x32"],
    "check": ["check", CLAIMS],
    "list": ["list"],
    "lock": ["lock", "lenet5"],
    "table": ["table", "lenet5"],
    "explain": ["explain", "lenet5"],
    "find": ["find", "lenet5"],
    "pareto": ["pareto", "lenet5", "--y", "parameters"],
    "memory": ["memory", "lenet5"],
    "compare": ["compare", "lenet5"],
    "diff": ["diff", "lenet5", "lenet5"],
    "identify": ["identify", "lenet5", "325,680"],
    "reconcile": ["reconcile", "lenet5"],
    "measure": ["measure", "lenet5"],
    "paper": ["paper", "lenet5"],
    "selftest": ["selftest"],
    "quiz": ["quiz", "lenet5"],
    "scale": ["scale", "resnet20", "--sizes", "32,64,96,128,160"],
    "peaks": ["peaks", "--threads", "1"],
    "report": ["report", "lenet5"],
    "roofline": ["roofline", "alexnet", MEASURED],
    "training": ["training", "lenet5"],
}


def test_every_command_is_run_by_these_tests():
    missing = set(COMMANDS) - RESULTS.keys()
    assert not missing, f"give RESULTS a quick command line of {', '.join(sorted(missing))}"


def test_every_file_is_one_command():
    files = {path.stem for path in Path(archstat.cli.__file__).parent.glob("[a-z]*.py")}
    assert files == set(COMMANDS)


def test_the_version_is_that_of_the_package(archstat):
    assert archstat("--version") == (0, "archstat, version 0.1.0\n", "")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command_and_what_a_name_is(archstat, option):
    code, out, err = archstat(option)
    assert (code, err) == (0, "")
    assert all(re.search(rf"^  {command} ", out, re.MULTILINE) for command in COMMANDS)
    assert "'./net.py:Net'" in out


@EVERY
def test_the_help_of_a_command_has_an_example_and_explains_every_option(archstat, command):
    code, out, err = archstat(command, "--help")
    assert (code, err) == (0, "")
    assert f"Example: archstat {command} " in out
    for parameter in COMMANDS.get(command).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help.endswith("."), parameter.name
            assert parameter.opts[0] in out


@EVERY
@pytest.mark.sampled(2)
def test_the_example_of_a_command_works(archstat, command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSTAT_CACHE", str(tmp_path / "cache"))  # what was counted ahead is known, as to a user
    for folder in ("reports", "docs"):
        (tmp_path / folder).symlink_to(Path(__file__).parents[2] / folder)
    shutil.copy(STORE, tmp_path)
    example = re.search(r"Example: archstat (.+)", COMMANDS.get(command).help)[1]
    code, out, err = archstat(*shlex.split(example))
    assert code == 0
    written = example.partition(" --output ")[2]
    assert err == (f"Wrote {written}\n" if written else "")
    assert (tmp_path / written).stat().st_size if written else out


@EVERY
def test_a_result_is_all_that_stands_on_stdout(archstat, command):
    code, out, err = archstat(*RESULTS[command])
    assert (code, err) == (0, "")
    assert out.endswith("\n")
    assert "\x1b" not in out


@EVERY
def test_an_option_that_is_not_there_is_refused(archstat, command):
    code, out, err = archstat(*RESULTS[command], "--nonsense")
    assert (code, out) == (2, "")
    assert "Error: No such option" in err
    assert "--nonsense" in err
    assert re.search(f"Try 'archstat {command}( page| show| list)? --help' for help.", err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tabel"], "No such command 'tabel'."),
        (["table"], "Missing argument 'NAME'."),
        (["compare"], "Missing argument 'NAME...'."),
        (["diff", "lenet5"], "Missing argument 'B'."),
        (["explain"], "Missing argument 'NAME'."),
        (["explain", "lenet5", "c1", "c3"], "Got unexpected extra argument (c3)"),
        (
            ["table", "lenet5", "--explain", "--by", "op"],
            "'--explain' shows what belongs to single layers: leave out '--by' and '--depth'.",
        ),
        (
            ["table", "lenet5", "--explain", "--by", "stage"],
            "'--explain' shows what belongs to single layers: leave out '--by' and '--depth'.",
        ),
        (["training", "lenet5", "--by", "op"], "No such option"),
        (["roofline", "lenet5"], "Missing argument 'FILE'."),
        (
            ["table", "lenet5", "--explain", "--depth", "1"],
            "'--explain' shows what belongs to single layers: leave out '--by' and '--depth'.",
        ),
        (["table", "lenet5", "--convention", "thop", "--by", "op"], "'--convention' has a number for each layer"),
        (["reconcile"], "Missing argument 'NAME'."),
        (["reconcile", "lenet5", "--run", "--timeout", "0"], "is not in the range 1<=x<=86400"),
        (["list", "a", "b"], "Got unexpected extra argument (b)"),
        (
            ["table", "lenet5", "--format", "xml"],
            "'xml' is not one of 'text', 'markdown', 'csv', 'json', 'latex', 'html'.",
        ),
        (["reconcile", "lenet5", "--run", "--timeout", "nan"], "'nan' is no time."),
        (["reconcile", "lenet5", "--run", "--timeout", "inf"], "is not in the range 1<=x<=86400"),
        (["reconcile", "lenet5", "--run", "--timeout", "1e308"], "is not in the range 1<=x<=86400"),
        (["measure", "lenet5", "--threads", "2147483648"], "is not in the range 1<=x<=1024"),
        (["measure", "lenet5", "--threads", "100000"], "is not in the range 1<=x<=1024"),
        (["table", "lenet5", "--batch-size", "0"], "Invalid value for '--batch-size': 0 is not in the range x>=1."),
        (["table", "lenet5", "--batch-size", "two"], "'two' is not a valid integer range."),
        (["table", "lenet5", "--resolution", "-1"], "Invalid value for '--resolution'"),
        (["table", "lenet5", "--depth", "0"], "Invalid value for '--depth'"),
        (["table", "lenet5", "--dtype", "int8"], "Invalid value for '--dtype'"),
        (["table", "lenet5", "--output"], "Option '--output' requires an argument."),
    ],
)
def test_wrong_use_is_refused_in_one_understandable_message(archstat, arguments, says):
    code, out, err = archstat(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(("Usage: archstat", "Error: "))
    assert says in err.partition("Error: ")[2]
    assert err.count("Error") == 1


def test_no_command_at_all_shows_the_help_and_is_wrong_use(archstat):
    code, out, err = archstat()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: archstat [OPTIONS] COMMAND")


def test_a_failure_of_several_lines_is_put_on_one(archstat, monkeypatch):
    def fail(**_):
        raise ArchstatError("first\n  second")

    monkeypatch.setattr(COMMANDS.get("list"), "callback", fail)
    assert archstat("list") == (2, "", "Error: first second\n")


UNFORESEEN = [
    (MemoryError(), "it takes more memory than there is."),
    (RecursionError("maximum recursion depth"), "something is nested too deeply."),
    (OverflowError("int too large to convert to float"), "a number is too large."),
    (ZeroDivisionError("division by zero"), "it failed with ZeroDivisionError: division by zero."),
    (
        UnicodeEncodeError("utf-8", "a\udce9" * 9999, 1, 2, "surrogates not allowed"),
        "it failed with UnicodeEncodeError",
    ),
    (ValueError("x" * 10**6 + "\nnext"), "it failed with ValueError: xxx"),
    (KeyError(), "it failed with KeyError."),
]


@pytest.mark.parametrize(("error", "says"), UNFORESEEN, ids=lambda value: type(value).__name__)
def test_a_mistake_of_ours_is_one_sentence_and_no_verdict(fails, monkeypatch, error, says):
    def fail(**_):
        raise error

    monkeypatch.setattr(COMMANDS.get("list"), "callback", fail)
    said = fails("list")
    assert said.startswith("Error: This is more than archstat can do: ")
    assert says in said
    assert len(said) < 1500


def test_a_mistake_of_ours_is_not_hidden_from_those_who_mend_it(monkeypatch):
    def fail(**_):
        raise ZeroDivisionError

    monkeypatch.setattr(COMMANDS.get("list"), "callback", fail)
    monkeypatch.setattr(sys, "argv", ["archstat", "list"])
    monkeypatch.setenv("ARCHSTAT_TRACEBACK", "1")
    from archstat.cli import main

    with pytest.raises(ZeroDivisionError):
        main()


STEERING = ["a\x1b[2Jb", "\x9b2J", "\x1b]52;c;YQ==\x07", "a\u202eb", "a\0b", "n\udce9t"]


@pytest.mark.parametrize("text", STEERING, ids=ascii)
def test_no_message_steers_a_terminal(archstat, monkeypatch, text):
    def fail(**_):
        raise ArchstatError(f"It says {text}.")

    monkeypatch.setattr(COMMANDS.get("list"), "callback", fail)
    for arguments in (["list"], ["list", "--format", text], [text], ["table", "lenet5", f"--{text}"]):
        code, out, err = archstat(*arguments)
        assert (code, out) == (2, "")
        assert all(line.isprintable() for line in err.split("\n"))


def test_a_long_message_is_shortened_and_its_end_is_kept(archstat):
    code, out, err = archstat("table", "lenet5", "--format", "x" * 10**6)
    assert (code, out) == (2, "")
    assert len(err) < 2000
    assert "is not one of" in err


def test_an_interruption_ends_with_130(archstat, monkeypatch):
    def interrupt(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(COMMANDS.get("list"), "callback", interrupt)
    code, out, err = archstat("list")
    assert (code, out, err.strip()) == (130, "", "")


# -- where a result goes -----------------------------------------------------------------------------------------------

NO_TABLE = ("badge", "card", "draw", "paper", "report", "lock")
"""The commands whose result is no table: a picture, a card, files of LaTeX, a page, a file of TOML."""


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in NO_TABLE])
@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "json", "latex", "html"])
@pytest.mark.sampled(4)
def test_a_file_gets_what_stdout_would_get(archstat, tmp_path, command, format_):
    arguments = [*RESULTS[command], "--format", format_]
    shown = archstat(*arguments)
    path = tmp_path / "out"
    assert archstat(*arguments, "--output", path) == (0, "", f"Wrote {path}\n")
    assert path.read_text(encoding="utf-8") == shown.out
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_an_old_file_is_kept_when_a_command_fails(archstat, tmp_path):
    path = tmp_path / "out"
    path.write_text("old")
    assert archstat("table", "resnet5", "--output", path).code == 2
    assert path.read_text() == "old"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("draw", "paper")])
def test_a_place_that_cannot_be_written_is_refused(fails, tmp_path, command):
    nowhere = tmp_path / "nowhere" / "out"
    assert (
        fails(*RESULTS[command], "--output", nowhere)
        == f"Error: {nowhere} cannot be written: No such file or directory.\n"
    )
    assert fails(*RESULTS[command], "--output", tmp_path) == f"Error: {tmp_path} cannot be written: Is a directory.\n"


def test_a_device_is_written_to(archstat):
    assert archstat("list", "--output", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()


# -- terminals ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Run a command on a terminal of that width, and give what it shows."""

    def run(width, *arguments, **environment):
        from archstat.cli import main

        screen = Terminal()
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("COLUMNS", str(width))
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["archstat", *arguments])
            patch.setattr(sys, "stdout", screen)
            with pytest.raises(SystemExit):
                main()
        return screen.getvalue()

    return run


def test_a_terminal_gets_bold_headers_unless_no_color_is_set(on_terminal):
    assert "\x1b[1m" in on_terminal(200, "list")
    assert "\x1b" not in on_terminal(200, "list", NO_COLOR="1")
    assert "\x1b" not in on_terminal(200, "list", "--format", "csv")


def test_a_terminal_gets_rows_that_fit(on_terminal):
    shown = on_terminal(80, "table", "resnet18", NO_COLOR="1").partition("\n\nParameters")[0]
    assert max(map(len, shown.splitlines())) <= 80
    assert "118.0 M" in shown
    wide = on_terminal(300, "table", "resnet18", NO_COLOR="1").partition("\n\nParameters")[0]
    assert max(map(len, wide.splitlines())) > 80


# -- as a process ------------------------------------------------------------------------------------------------------


def test_it_runs_as_a_module(process):
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"archstat, version {archstat.__version__}\n", "")


def test_a_failure_of_a_process_has_no_traceback(process):
    done = process("table", "nowhere.py:Net")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "Error: There is no file 'nowhere.py'.\n")


def test_a_reader_that_has_seen_enough_is_no_failure():
    command = [sys.executable, "-m", "archstat", "list", "--format", "json"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE, encoding="utf-8")
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_a_failure_in_one_line():
    command = [sys.executable, "-m", "archstat", "list"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 2
    assert done.stderr == "Error: The result cannot be written: No space left on device.\n"


def test_a_terminal_without_the_signs_gets_question_marks():
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "archstat", "list"]
    done = subprocess.run(command, check=False, capture_output=True, encoding="cp1252", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "????" in done.stdout
    assert "resnet50" in done.stdout


def test_output_that_is_closed_gets_nothing_and_that_is_said():
    command = ["/bin/sh", "-c", f"{sys.executable} -m archstat list >&-"]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, encoding="utf-8")
    assert (done.returncode, done.stderr) == (2, "Error: The result cannot be written: standard output is closed.\n")


def test_a_file_can_be_written_where_output_is_closed(tmp_path):
    command = ["/bin/sh", "-c", f"{sys.executable} -m archstat list --output {tmp_path}/out >&- 2>&-"]
    assert subprocess.run(command, check=False).returncode == 0
    assert (tmp_path / "out").read_text(encoding="utf-8").startswith("Architecture ")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_that_may_not_grow_is_a_failure_and_no_cut_result(tmp_path, unbuffered):
    command = ["/bin/sh", "-c", f"ulimit -f 1; {sys.executable} -m archstat list > {tmp_path}/out"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, encoding="utf-8", env=environment)
    assert (done.returncode, done.stderr) == (2, "Error: The result cannot be written: File too large.\n")


def test_a_pipe_that_does_not_wait_gets_all():
    command = [sys.executable, "-m", "archstat", "list", "--format", "html"]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as running, os.fdopen(reading) as pipe:
        os.close(writing)
        shown = pipe.read()
    assert running.returncode == 0
    assert len(shown) > 2**16, "more than a pipe holds"
    assert shown.endswith("</html>\n")


def test_a_reader_that_has_seen_enough_changes_no_verdict(tmp_path):
    (tmp_path / "a.toml").write_text("[[budget]]\narchitecture='lenet5'\nmacs='< 1'\n")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "archstat", "check", str(tmp_path / "a.toml")]
    done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE, encoding="utf-8")
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
