"""``archstat lock``, and locks in ``archstat check``."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from archstat.claims.locks import lock_of, lock_text, read_lock
from archstat.files.text import LARGEST_FILE

LOCK = "archstat.lock"


@pytest.fixture
def grown(net, tmp_path):
    """Makes the network of the folder as wide as that, and gives its name."""
    start = (tmp_path / "net.py").read_text()

    def width(channels):
        (tmp_path / "net.py").write_text(start.replace("width: int = 4", f"width: int = {channels}"))
        return net

    return width


def test_a_lock_has_a_line_for_each_total_and_each_layer_sorted_by_name(archstat):
    code, out, err = archstat("lock", "resnet18", "lenet5")
    assert (code, err) == (0, "")
    assert re.findall(r'^name = "(.*)"$', out, re.MULTILINE) == ["lenet5", "resnet18"]
    assert "\nparameters = 60000\nmacs = 325680\n" in out
    (line,) = re.findall(r'^.*layer = "c1".*$', out, re.MULTILINE)
    assert f"parameters = {6 * 25 + 6}, macs = {28 * 28 * 6 * 25}, " in line
    assert out == archstat("lock", "lenet5", "resnet18").out
    assert lock_text(lock_of(out, "a")) == out


def test_what_is_locked_and_costs_the_same_holds(archstat, net, tmp_path):
    code, out, err = archstat("lock", net, "--input", "3x32x32", "--output", LOCK)
    assert (code, out) == (0, "")
    assert err.endswith(f"Wrote {LOCK}\n")
    assert 'input = ["3x32x32"]' in (tmp_path / LOCK).read_text()
    code, out, _ = archstat("check", "--trust", LOCK)
    assert code == 0
    assert "5 claims: exact 5. All as expected." in out


def test_other_networks_of_a_lock_stay_and_one_network_may_stand_there_with_several_inputs(archstat, tmp_path, net):
    archstat("lock", net, "--input", "3x32x32", "-o", LOCK)
    archstat("lock", net, "--input", "3x64x64", "--batch-size", "2", "-o", LOCK)
    archstat("lock", "resnet18", "--resolution", "64", "--dtype", "float16", "--strict", "-o", LOCK)
    archstat("lock", net, "--input", "3x32x32", "-o", LOCK)
    found = read_lock(tmp_path / LOCK).networks
    assert [each.label for each in found] == [
        "net.py:Net (input 3x32x32)",
        "net.py:Net (input 3x64x64, batch_size 2)",
        "resnet18 (resolution 64, dtype float16, strict True)",
    ]
    assert archstat("check", "--trust", LOCK).code == 0


def test_a_lock_fails_where_a_network_costs_more_and_says_how_much_where_and_what_to_do(archstat, grown):
    archstat("lock", "lenet5", "--output", LOCK)
    archstat("lock", grown(4), "--input", "3x32x32", "--output", LOCK)
    grown(5)
    code, out, _ = archstat("check", "--trust", LOCK, "--format", "junit")
    (suite,) = ET.fromstring(out)  # noqa: S314 - written above
    messages = [each.get("message") for each in suite.findall("testcase/failure")]
    assert code == 1
    assert suite.get("failures") == "5"
    macs, more = 28 * 28 * 4 * 75, 28 * 28 * 75
    assert messages[1] == (
        f"<= {macs:,} does not hold, expected holds: computed {macs + more:,}; "
        f"macs {macs:,} → {macs + more:,} (+25.0 %), moved most by conv (+{more:,}); no more is allowed; "
        "'archstat lock --update --trust archstat.lock' writes down what is true now."
    )
    assert "the peak is in conv" in messages[-1]
    assert archstat("check", "--trust", LOCK).out.count("archstat lock --update") == 1


def test_what_is_allowed_holds_and_less_is_told_and_never_fails(archstat, grown, tmp_path):
    archstat("lock", grown(4), "--input", "3x32x32", "--output", LOCK)
    grown(5)
    assert archstat("check", "--trust", LOCK, "--allow", "25%").code == 0
    assert archstat("check", "--trust", LOCK, "--allow", "24.9 %").code == 1
    every = [f"--allow={name}=25%" for name in ("parameters", "other_flops", "activation_bytes")]
    every += ["--allow=macs=58,800", "--allow=peak_activation_bytes=4 KiB"]
    assert archstat("check", "--trust", LOCK, *every).code == 0
    assert archstat("check", "--trust", LOCK, *every, "--allow=macs=58,799").code == 1
    text = (tmp_path / LOCK).read_text()
    (tmp_path / LOCK).write_text(text.replace("\n\n", '\n\nallow = "30 %"\n\n', 1))
    assert archstat("check", "--trust", LOCK).code == 0
    assert archstat("check", "--trust", LOCK, "--allow", "0").code == 1
    grown(3)
    code, out, _ = archstat("check", "--trust", LOCK)
    assert code == 0
    assert "(−25.0 %)" in out
    assert "it costs less than the lock says; 'archstat lock --update --trust archstat.lock' writes down" in out


def test_an_update_counts_with_the_recorded_inputs_and_keeps_what_is_allowed(archstat, grown, tmp_path):
    archstat("lock", grown(4), "--input", "3x32x32", "--batch-size", "2", "--output", LOCK)
    text = (tmp_path / LOCK).read_text().replace("\n\n", '\n\n[allow]\nmacs = "1 %"\nparameters = 0\n\n', 1)
    (tmp_path / LOCK).write_text(text)
    grown(5)
    assert archstat("lock", "--update", "--trust").code == 0
    renewed = (tmp_path / LOCK).read_text()
    assert f"macs = {2 * 28 * 28 * 5 * 75}\n" in renewed
    assert '[allow]\nmacs = "1 %"\nparameters = 0\n' in renewed
    assert archstat("check", "--trust", LOCK).code == 0
    grown(4)
    assert archstat("lock", "--update", "--trust", LOCK).code == 0
    assert (tmp_path / LOCK).read_text() == text


def test_a_lock_in_another_folder_names_paths_from_there(archstat, net, tmp_path, monkeypatch):
    (tmp_path / "ci").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    archstat("lock", net, "--input", "3x32x32", "--output", "ci/a.lock")
    assert 'name = "../net.py:Net"' in (tmp_path / "ci/a.lock").read_text()
    assert archstat("check", "--trust", "ci/a.lock").code == 0
    monkeypatch.chdir(tmp_path / "ci")
    assert archstat("check", "--trust", "a.lock").code == 0


def test_a_lock_is_data_until_it_is_trusted(archstat, fails, net, tmp_path):
    archstat("lock", net, "--input", "3x32x32", "--output", LOCK)
    before = (tmp_path / LOCK).read_bytes()
    code, out, err = archstat("check", LOCK)
    assert code == 2
    assert "imported" not in out + err, "none of its code has run"
    assert "may not run any unless you trust it" in err
    assert err.endswith("('--trust')\n")
    assert "may not run any unless you trust it" in fails("lock", "--update", LOCK)
    assert (tmp_path / LOCK).read_bytes() == before
    (tmp_path / "pyproject.toml").write_text("[tool.archstat]\ntrust=['.']")
    assert archstat("check", LOCK).code == 0


def test_a_network_that_cannot_be_built_is_an_error_and_the_others_are_checked(archstat, fails, net, tmp_path):
    archstat("lock", net, "--input", "3x32x32", "-o", LOCK)
    archstat("lock", "lenet5", "-o", LOCK)
    (tmp_path / "net.py").write_text("class Other: pass\n")
    code, out, err = archstat("check", "--trust", LOCK, "--format", "json")
    found = json.loads(out)
    assert code == 2
    assert [each["verdict"] for each in found] == ["exact"] * 5 + ["error"]
    assert "6 could not be checked. archstat.lock:" in err
    before = (tmp_path / LOCK).read_bytes()
    assert "network 'net.py:Net (input 3x32x32)': " in fails("lock", "--update", "--trust")
    assert (tmp_path / LOCK).read_bytes() == before


CONFLICT = "<<<<<<< HEAD\nmacs = 325680\n=======\nmacs = 325681\n>>>>>>> main\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("lock/1", "lock/2"), "is no lock of version 'archstat.lock/1': its schema is"),
        (lambda text: text.replace("schema", "shema"), "it has no schema"),
        (lambda text: text.replace("macs = 325680\n", CONFLICT), "archstat.lock:8: '<<<<<<<' marks a conflict"),
        (lambda text: text.replace("macs = 325680", "macs = 325681"), "its layers have 325,680 macs together, and its"),
        (lambda text: text.partition("[[network]]")[0], "archstat.lock locks no network"),
        (lambda text: f"{text}\n{text[text.index('[[network]]') :]}", "'lenet5' is locked in line 4 already"),
        (lambda text: text.replace('op = "', 'opp = "'), "contains unknown field `opp`"),
        (lambda text: text.replace('op = "', 'kind = "a", op = "'), "has either a 'kind' of layer or an 'op'"),
        (lambda text: text.replace('"1×1×32×32"', '"<script>"'), "'<script>' is no shape"),
        (lambda text: text.replace('name = "lenet5"', "name = 3"), "network '3': Expected `str`, got `int`"),
        (
            lambda text: text.replace('name = "lenet5"', 'name = "a"\nbatch_size = 0'),
            "Expected `int` >= 1 - at `$.batch_size`",
        ),
        (lambda text: text.replace('name = "lenet5"', 'name = "a"\ninput = ["層"]'), "'層' is no input"),
        (
            lambda text: text.replace('name = "lenet5"', 'name = "a"\ndtype = "int3"'),
            "Invalid enum value 'int3' - at `$.dtype`",
        ),
        (lambda text: text.replace("[[network]]", '[allow]\nmac = "1 %"\n[[network]]'), "allow: 'mac' is no total"),
        (lambda text: text.replace("[[network]]", "[allow]\nmacs = 'x'\n[[network]]"), "allow: 'x' allows no growth"),
        (lambda text: text.replace("[[network]]", "[network]"), "Expected `array`, got `object`"),
        (lambda _: "", "it has no schema"),
        (lambda _: "x", "is no TOML"),
    ],
)
def test_a_lock_that_does_not_hold_together_ends_with_2(archstat, fails, tmp_path, monkeypatch, change, says):
    monkeypatch.chdir(tmp_path)
    archstat("lock", "lenet5", "--output", LOCK)
    (tmp_path / LOCK).write_text(change((tmp_path / LOCK).read_text()))
    assert says in fails("check", LOCK)
    assert says in fails("lock", "--update")
    assert says in fails("lock", "resnet18", "--output", LOCK)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["lock"], "Missing argument 'NAME...'"),
        (["lock", "--update", "a.lock", "b.lock"], "'--update' takes one file"),
        (["lock", "--update", "--batch-size", "2"], "'--update' counts with the inputs that the lock records"),
        (["lock", "--update", "nothing.lock"], "nothing.lock cannot be read: No such file"),
        (["lock", "vgg17"], "No architecture is named 'vgg17'"),
        (["lock", "cost.json"], "'cost.json' is a saved cost, which never changes"),
        (["lock", "lenet5", "--output", "no/a.lock"], "no/a.lock cannot be written"),
        (["check", "good.toml", "--allow", "1%"], "'--allow' is for locks, and there is none"),
        (["check", "a.lock", "--allow", "flops=1%"], "'flops' is no total that can grow"),
        (["check", "a.lock", "--allow", "100"], "'100' is an amount of one total"),
        (["check", "a.lock", "--allow", "macs=-1%"], "allows no growth that is known"),
        (["check", "a.lock", "--allow", ""], "allows no growth that is known"),
    ],
)
def test_nonsense_ends_with_2(archstat, tmp_path, monkeypatch, line, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = archstat(*line)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize("name", ["a b", "層", "<script>", 'a"b', "a\\b", "\x7f\u202e"])
def test_layers_of_any_name_are_locked(archstat, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    body = f"made = nn.Sequential()\n    made.add_module({name!r}, nn.Linear(3, 4))\n    return made\n"
    (tmp_path / "net.py").write_text(f"from torch import nn\ndef net():\n    {body}", encoding="utf-8")
    assert archstat("lock", "net.py:net", "--input", "3", "--output", LOCK).code == 0
    assert read_lock(tmp_path / LOCK).networks[0].layers[0].layer == name
    assert archstat("check", "--trust", LOCK).code == 0


KILLED = """
import os, signal, sys
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["archstat", "lock", "resnet18", "--output", "archstat.lock"]
from archstat.cli import main
main()
"""


def test_who_is_killed_while_writing_leaves_the_old_file(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archstat("lock", "lenet5", "--output", LOCK)
    before = Path(LOCK).read_bytes()
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == -signal.SIGKILL
    assert Path(LOCK).read_bytes() == before


def test_a_lock_that_is_too_large_is_refused(fails, tmp_path):
    with (tmp_path / LOCK).open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    assert "it holds more than 256 MiB" in fails("check", tmp_path / LOCK)


def test_an_assumed_input_and_a_lower_bound_are_told(archstat, net):
    code, _, err = archstat("lock", net)
    assert code == 0
    assert "Note: net.py:Net is counted on 1×3×" in err


def test_a_function_that_makes_inputs_is_recorded_from_the_folder_of_the_lock_and_needs_trust(archstat, net, tmp_path):
    (tmp_path / "ci").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "made.py").write_text("import torch\ndef make():\n    return (torch.empty(1, 3, 16, 16),), {}\n")
    archstat("lock", net, "--input", "@made.py:make", "--output", "ci/a.lock")
    assert 'input = ["@../made.py:make"]' in (tmp_path / "ci/a.lock").read_text()
    assert archstat("check", "--trust", "ci/a.lock").code == 0
    assert archstat("check", "ci/a.lock").code == 2


def test_an_input_that_has_changed_is_an_error_and_no_growth(archstat, net, tmp_path):
    archstat("lock", net, "--input", "3x32x32", "--output", LOCK)
    text = (tmp_path / LOCK).read_text()
    (tmp_path / LOCK).write_text(text.replace('input = ["3x32x32"]', 'input = ["3x64x64"]'))
    code, _, err = archstat("check", "--trust", LOCK)
    assert code == 2
    assert "it was counted on 1×3×32×32 then and on 1×3×64×64 now, which says nothing of its growth" in err
