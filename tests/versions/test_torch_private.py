"""Names of torch that nobody promises stand in one module; without one the numbers are the same, or a sentence is."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import archstat
from archstat.tracing import torch_private

SOURCE = Path(archstat.__file__).parent
PRIVATE = re.compile(r"\btorch(?!\.ops\b)(\.\w+)*\._(?!_)\w+|from torch\._|from torch\.[\w.]*\._|_op_dk\b|_use_count\b")
TOLD = {"cuda/device.py", "cuda/kernels.py", "networks/files/torch_export.py", "networks/wrappers.py"}
"""Where the absence of ``torch.cuda._sleep`` is told to who measures, who can do without it; and where a name is a
text, of a logger or of the home of a class, and nothing is looked up by it."""

WITHOUT = """
import importlib.util, os, sys
import click, msgspec, numpy, psutil, torch, torch._subclasses.fake_tensor, torch.nested._internal.sdpa
import torch._dynamo, torch.utils.flop_counter  # once for all, as a step of an optimizer imports them
from torch import nn

FILE = sys.argv[1]

def take_away(path):
    *parents, name = path.split(".")
    owner = torch
    for parent in parents:
        owner = getattr(owner, parent)
    taken, full = owner.__dict__.get(name, getattr(owner, name)), f"torch.{path}"
    loaded = sys.modules.get(full)
    delattr(owner, name)
    if loaded is not None:
        sys.modules[full] = None
    # Alone, as torch itself needs its names where anything else of archstat is imported.
    spec = importlib.util.spec_from_file_location("archstat.tracing.torch_private", FILE)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    setattr(owner, name, taken)
    if loaded is not None:
        sys.modules[full] = loaded

def found():
    import archstat
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(16, 4))
    x = torch.zeros(2, 3, 4, 4)
    cost = archstat.count(net.eval(), x)
    with torch.autocast("cpu"):
        cast = archstat.count(net.eval(), x)
    script = archstat.count(torch.jit.script(nn.Linear(4, 4)), torch.zeros(2, 4))
    step = archstat.memory(net.train(), x, training=archstat.TrainingSetting("adam"))
    peaks = [each.peak_activation_bytes for each in (cost, cast)]
    return [cost.macs, cost.flops, *peaks, cast.macs, script.macs, step.peak_bytes]

for paths in sys.argv[2:]:
    reading, writing = os.pipe()
    if not os.fork():
        try:
            for path in paths.split():
                take_away(path)
            answer = found()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, msgspec.json.encode(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        print(file.read().decode())
    os.wait()
"""

NEEDED = {
    "_subclasses.fake_tensor.FakeTensorMode",
    "utils._python_dispatch.TorchDispatchMode",
    "_C.DispatchKey",
    "_C._dispatch_has_kernel_for_dispatch_key",
    "_C._RestorePythonTLSSnapshot",
    "_C._SetExcludeDispatchKeyGuard",
    "_C._current_autograd_node",
    "_C._autograd._get_sequence_nr",
    "_C._storage_Use_Count",
}
"""Names without which this network cannot be counted, cast or trained; any other can be missing."""


def answers(groups):
    """What is found without the names of each group, a process for each; together they take a third of the time."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT, torch_private.__file__, *groups],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(zip(groups, map(msgspec.json.decode, ran.stdout.splitlines()), strict=True))


@pytest.mark.rare
def test_without_a_name_the_numbers_are_the_same_or_a_sentence_tells_which():
    spare = [name for name in torch_private.TORCH_NAMES if name not in NEEDED]
    groups = [" ".join(spare[start : start + 6]) for start in range(0, len(spare), 6)]
    found = answers(["", *sorted(NEEDED), *groups])
    whole = found.pop("")
    assert isinstance(whole, list)
    assert all(whole)
    differing = [group for group in groups if found.pop(group) != whole]
    found |= answers([name for group in differing for name in group.split()]) if differing else {}
    refused = {name: answer for name, answer in found.items() if answer != whole}
    assert {name for name, said in refused.items() if "UnsupportedTorchError: torch " not in str(said)} == set()
    assert set(refused) == NEEDED


def test_private_names_stand_in_one_module():
    found = {
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in SOURCE.rglob("*.py")
        if path.name != "torch_private.py" and not any(str(path).endswith(told) for told in TOLD)
        for line in path.read_text("utf-8").splitlines()
        if PRIVATE.search(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    "line", ["torch._C._x()", "from torch._ops import y", "torch.nested._internal", "op._op_dk(1)"]
)
def test_a_private_name_would_be_found(line):
    assert PRIVATE.search(line)


def test_what_is_lacking_is_named(monkeypatch):
    monkeypatch.setattr(torch_private, "TORCH_NAMES", [])
    with pytest.raises(archstat.ArchstatError, match=r"has no torch\._C\._gone, which this needs"):
        torch_private._found("_C._gone")()


def test_a_module_that_is_lacking_is_like_a_name(monkeypatch):
    monkeypatch.setattr(torch_private, "TORCH_NAMES", [])
    assert torch_private._found("gone._internal.name", 3) == 3
