"""The tools themselves, each in a process of its own, on the architectures: our emulation gives their numbers."""

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.other_tools import RUNS, Question, ask_tool, ask_tools, has_own_files, version
from archstat.counting.conventions import TOOLS
from archstat.errors import SourceError
from archstat.networks.settings import InputSpec, Setting
from archstat.published.figures import counted
from archstat.records import Opinion
from tests.sampling import IS_WHOLE

EVERY = list(counted())
FAMILIES = {
    about.family: [name for name in EVERY if counted()[name].family == about.family] for about in counted().values()
}
SAMPLE = [*(min(names, key=lambda name: counted()[name].macs) for names in FAMILIES.values()), "resnet50", "srdensenet"]
"""The smallest of each family, the one that all ask about, and one with transposed convolutions."""

ON_CPU = {"fvcore", "fvcore-activations", "mmengine", "mmengine-activations", "ptflops", "calflops"}
"""They need values: on the meta device fvcore and mmengine fail, and ptflops counts linear layers twice."""

IN_WHOLE = ("fvcore", "FlopCounterMode") if os.environ.get("ARCHSTAT_HUBS") == "1" else ("FlopCounterMode",)
"""Two tools that count in unlike ways check our MACs of every architecture; fvcore computes, which takes minutes."""

OF_THEIR_OWN = {
    "ultralytics": [f"ultralytics:{name}" for name in ("yolo11n", "yolov8n-cls", "yolo12n", "yolov10n", "yolov8n-seg")],
    "keras": [f"keras:{name}" for name in ("MobileNetV2", "DenseNet121", "EfficientNetB0")],
}
"""Networks that a tool is made for; ultralytics counts these on small images, and ours of 224 pixels as well."""


def _asked(tool):
    """The networks that a tool is asked about; one that runs another tool is asked about few."""
    own = OF_THEIR_OWN.get(tool, [])
    if IS_WHOLE:
        return own + ([] if tool == "keras" else EVERY if tool in IN_WHOLE else SAMPLE)
    if own:
        return [own[0], "resnet18"] if tool == "ultralytics" else own[:1]
    return ["lenet5_modern", "mobilenet_v2"] if TOOLS[tool].after else (EVERY if tool in IN_WHOLE else SAMPLE)[::8]


ASKED = [(tool, _asked(tool)) for tool in RUNS]
BEYOND = {
    # its joins are torch.add(a, b), which these two count; of a + b, which they do not, a trace tells the same
    "ptflops": {"fractalnet": 374_784},
    "calflops": {"fractalnet": 374_784},
}
"""By how much a tool says more than our emulation, and on which architectures."""

NOT_TOLD = {"ultralytics": {"lenet5", "nasnet_a_mobile", "zfnet"}}
"""On which architectures a trace does not tell what a tool says."""

NETS = """
import os
import torch
from torch import nn
from torch.nn import functional as F

class Layers(nn.Module):
    '''Layers that no architecture of ours has.'''
    def __init__(self):
        super().__init__()
        print("made")
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.group = nn.GroupNorm(2, 8)
        self.activations = nn.Sequential(nn.PReLU(), nn.ReLU6(), nn.ELU(), nn.LeakyReLU(), nn.GELU(), nn.SiLU())
        self.transposed = nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, groups=2)
        self.instance, self.batch = nn.InstanceNorm2d(8, affine=True), nn.BatchNorm2d(8, affine=False)
        self.pool, self.norm = nn.AdaptiveAvgPool2d(3), nn.LayerNorm(8)
        self.linear, self.softmax = nn.Linear(8, 5), nn.Softmax(-1)

    def forward(self, x):
        x = F.relu6(self.activations(self.group(self.conv(x))))
        x = self.pool(self.instance(self.transposed(self.batch(x))))
        return self.softmax(self.linear(self.norm(F.relu(x).permute(0, 2, 3, 1))))

class Resized(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Upsample(scale_factor=2), nn.Conv2d(3, 4, 3))

class Attention(nn.Linear):
    '''A subclass, and fused attention.'''
    def __init__(self):
        super().__init__(8, 8)

    def forward(self, x):
        x = super().forward(x)
        return F.scaled_dot_product_attention(x, x, x)

class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.first, self.second = nn.Sequential(self.linear), nn.Sequential(nn.ReLU(), self.linear)

    def forward(self, x):
        return self.second(self.first(x))

class Dies(nn.Linear):
    '''It runs for us, and ends the process of whoever gives it values.'''
    def __init__(self):
        super().__init__(4, 4)

    def forward(self, x):
        if not x.is_meta:
            os._exit(3)
        return super().forward(x)

class Sleeps(nn.Linear):
    def __init__(self):
        super().__init__(4, 4)

    def forward(self, x):
        import time
        time.sleep(600)

class Fails(nn.Linear):
    def __init__(self):
        super().__init__(4, 4)

    def forward(self, x):
        raise ValueError("no such way\\nat all")
"""


@pytest.fixture
def there(monkeypatch):
    """How to make a tool the one that its process finds: ultralytics-thop has a folder of its own beside thop."""

    def find(tool):
        if tool == "ultralytics":
            folder = Path(sys.prefix) / "ultralytics-thop"
            assert folder.is_dir(), "it is missing: 'make .venv/.test' installs it"
            monkeypatch.syspath_prepend(folder)

    return find


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A folder with networks in ``nets.py``, where the processes run."""
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)


def numbers(tool, names, setting=None):
    """What the tool says of networks, and what we take it to say."""
    device = "cpu" if tool in ON_CPU or setting else "meta"
    said = ask_tool(tool, [Question(name, setting or Setting(), device) for name in names], seconds=600)
    assert [opinion.failure for opinion in said] == [""] * len(names)
    told = [analyse(name, setting or Setting()).tally(tool).number for name in names]
    return [opinion.number for opinion in said], told


@pytest.mark.parametrize(("tool", "names"), ASKED, ids=[f"{tool} on {len(names)}" for tool, names in ASKED])
@pytest.mark.sampled(6)
def test_our_number_is_the_tools_own_to_the_last_digit(tool, names, there):
    there(tool)
    said, told = numbers(tool, names)
    pairs = {name: pair for name, *pair in zip(names, said, told, strict=True)}
    assert {name for name, (_, ours) in pairs.items() if ours is None} == NOT_TOLD.get(tool, set()) & set(names)
    beyond = {name: own - ours for name, (own, ours) in pairs.items() if ours is not None and own != ours}
    assert beyond == {name: more for name, more in BEYOND.get(tool, {}).items() if name in names}


def test_every_tool_is_asked_and_everything_in_the_sample_is_there():
    assert set(RUNS) == set(TOOLS) == {tool for tool, _ in ASKED}
    assert len(SAMPLE) == len(FAMILIES) + 2


def test_the_tools_are_those_that_the_emulation_was_made_from():
    pins = (Path(__file__).parents[2] / "constraints.txt").read_text()
    for tool, about in TOOLS.items():
        pinned = re.search(rf"^{about.package}==([^\s;]+)", pins, re.MULTILINE)[1]
        assert version(tool).partition("+")[0].replace("-", ".post") == pinned


RESIZED = 16 * 16 * 4 * 27
ATTENDING = 2 * 5 * 8 * 8
ELSEWHERE = {
    "fvcore": {"Resized": 3 * 18 * 18 + RESIZED, "Attention": ATTENDING, "Shared": 2 * 16},
    "fvcore-activations": {"Resized": 16 * 16 * 4, "Attention": 2 * 5 * 8, "Shared": 4 + 4},
    "ultralytics": {"Resized": 2 * RESIZED},
    "mmengine": {"Resized": 3 * 18 * 18 + RESIZED, "Attention": ATTENDING, "Shared": 2 * 16},
    "mmengine-activations": {"Resized": 16 * 16 * 4, "Attention": 2 * 5 * 8, "Shared": 4 + 4},
    "lightning": {"Resized": 2 * RESIZED, "Attention": 2 * ATTENDING, "Shared": 2 * 2 * 16},
    "torchinfo": {"Resized": RESIZED + 16 * 16 * 4, "Attention": 64 + 8, "Shared": 2 * (16 + 4)},
    "ptflops": {"Resized": 2 * 3 * 18 * 18 + RESIZED + 16 * 16 * 4, "Shared": 128},
    "ptflops-aten": {"Resized": RESIZED + 16 * 16 * 4, "Attention": ATTENDING + 80, "Shared": 2 * (16 + 4)},
    "thop": {"Resized": RESIZED + 3 * 18 * 18, "Attention": 0, "Shared": 9 * 2 * 16},
    "FlopCounterMode": {"Resized": 2 * RESIZED, "Attention": 2 * ATTENDING, "Shared": 2 * 2 * 16},
    "calflops": {"Resized": 2 * RESIZED + 16 * 16 * 4 + 3 * 9 * 9, "Attention": 2 * ATTENDING, "Shared": 196},
}
"""What the tools say of networks that many a rule goes wrong with."""
REFUSED = {
    "torchinfo": {"Shared"},
    "ptflops": {"Shared"},
    "ptflops-aten": {"Attention"},
    "thop": {"Resized", "Shared"},
    "FlopCounterMode": {"Attention"},
    "lightning": {"Attention"},
    "calflops": {"Resized", "Shared"},
}
SHAPES = {"Layers": (3, 17, 17), "Resized": (3, 9, 9), "Attention": (2, 5, 8), "Shared": (4,)}


@pytest.mark.usefixtures("nets")
@pytest.mark.parametrize("tool", [tool for tool in RUNS if tool != "keras"])
@pytest.mark.sampled(6)
def test_elsewhere_a_number_is_the_tools_own_or_refused(tool, there):
    there(tool)
    expected = {"Layers": None, **ELSEWHERE[tool]}
    settings = {net: Setting((InputSpec(SHAPES[net]),)) for net in expected}
    questions = [Question(f"nets.py:{net}", setting) for net, setting in settings.items()]
    for net, opinion in zip(expected, ask_tool(tool, questions, seconds=300), strict=True):
        tally = analyse(f"nets.py:{net}", settings[net]).tally(tool)
        assert opinion.number is not None, (net, opinion.failure)
        assert expected[net] in (None, opinion.number), net
        assert tally.number == (None if net in REFUSED.get(tool, ()) else opinion.number), net


@pytest.mark.usefixtures("nets")
@pytest.mark.rare
def test_a_tool_that_counts_only_its_own_networks_says_so_of_others():
    (opinion,) = ask_tool("keras", [Question("nets.py:Shared", Setting((InputSpec((4,)),)), "meta")], seconds=300)
    assert opinion.failure == "ValueError: it counts networks of Keras alone"


@pytest.mark.usefixtures("nets")
def test_tools_are_asked_side_by_side(monkeypatch):
    monkeypatch.setattr("archstat.analysis.other_tools.RUNS", dict.fromkeys(["thop", "FlopCounterMode"]))
    said = ask_tools("nets.py:Shared", Setting((InputSpec((4,)),)), seconds=300)
    assert {tool: opinion.number for tool, opinion in said.items()} == {"thop": 288, "FlopCounterMode": 64}
    assert all(opinion.version for opinion in said.values())


# -- tools that say nothing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "seconds", "failures"),
    [
        (
            ["Fails", "Nothing", "Dies", "Fails"],
            300,
            [
                "ValueError: no such way",
                "SourceError: 'nets.py' has no 'Nothing'. It defines Layers, Resized, Attention",
                "its process ended with code 3",
                "its process ended with code 3",
            ],
        ),
        (["Sleeps"], 12, ["not done after 12 s"]),
    ],
    ids=["failing", "slow"],
)
@pytest.mark.usefixtures("nets")
@pytest.mark.sampled(2)
def test_a_tool_that_fails_says_why_and_keeps_what_it_said_before(asked, seconds, failures):
    failing = [Question(f"nets.py:{net}", Setting((InputSpec((4,)),))) for net in asked]
    first, *others = ask_tool("FlopCounterMode", [Question("lenet5", Setting()), *failing], seconds=seconds)
    assert first.number == 2 * 325_680
    assert [opinion.number for opinion in others] == [None] * len(others)
    assert all(opinion.failure.startswith(says) for opinion, says in zip(others, failures, strict=True))


def test_a_tool_that_is_not_there_is_not_run(monkeypatch):
    monkeypatch.setattr("archstat.analysis.other_tools.version", lambda _: "")
    assert ask_tool("thop", [Question("lenet5", Setting())], seconds=1) == [Opinion(failure="not installed")]


def test_a_tool_whose_files_another_package_has_overwritten_is_not_run(monkeypatch, tmp_path):
    package, records = tmp_path / "fvcore", tmp_path / "fvcore-1.0.dist-info"
    package.mkdir()
    records.mkdir()
    (package / "__init__.py").write_text("own = True")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"own = True").digest()).rstrip(b"=").decode()
    (records / "METADATA").write_text("Metadata-Version: 2.1\nName: fvcore\nVersion: 1.0\n")
    (records / "RECORD").write_text(f"fvcore/__init__.py,sha256={digest},10\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert has_own_files("fvcore")
    (package / "__init__.py").write_text("own = False")
    assert not has_own_files("fvcore")
    (opinion,) = ask_tool("fvcore", [Question("lenet5", Setting())], seconds=1)
    assert opinion.failure == "another package has overwritten its files: install it again"


def test_a_name_that_leads_nowhere_is_refused_here_first():
    with pytest.raises(SourceError):
        analyse("nowhere.py:Net", Setting()).tally("thop")


# -- none outlives the one who asked -----------------------------------------------------------------------------------

ASKS = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
from archstat.analysis import other_tools
from archstat.networks.settings import InputSpec, Setting
other_tools.RUNS = {"FlopCounterMode": None}
other_tools.ask_tools("started.py:Net", Setting((InputSpec((4,)),)), seconds=300)
"""
STARTED = """
import os, time
from pathlib import Path
Path("pid.new").write_text(str(os.getpid()))
Path("pid.new").rename("pid")
time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.sampled(2)
def test_a_tool_ends_with_the_process_that_asked_it(tmp_path, number):
    (tmp_path / "started.py").write_text(STARTED)
    (tmp_path / "asks.py").write_text(ASKS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "asks.py"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as asking:
        _until((tmp_path / "pid").exists)
        tool = int((tmp_path / "pid").read_text())
        asking.send_signal(number)
        assert asking.wait(60) != 0
    _until(lambda: not _runs(tool))


def _until(is_so):
    """Wait for another process; the test fails by the time limit of the whole run if it never comes."""
    waited = threading.Event()
    for _ in range(6000):
        if is_so():
            return
        waited.wait(0.01)
    raise AssertionError("it never came")


def _runs(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
