"""Every form of a name, right and wrong, and building without memory."""

import re
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from archstat.errors import ArchstatError, SourceError, UnknownNameError
from archstat.networks.construction import MetaConstruction
from archstat.networks.source import Source
from archstat.networks.sources import build_on_cpu, build_on_meta, find

NET = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn
from blocks import WIDTH, Block

@dataclass
class Config:
    width: int = WIDTH

class Net(nn.Module):
    def __init__(self, width: int = Config().width, *, depth: int = 1):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(width) for _ in range(depth)])

    def forward(self, x):
        return self.blocks(x)

class Zoo:
    Tiny = Net

def make(width=2):
    return Net(width)

ready = Net(5)
number = 3

def makes_a_number():
    return 3

class Raises(nn.Module):
    def __init__(self):
        raise ValueError("no such luck\\nsecond line")

class Quits(nn.Module):
    def __init__(self):
        raise SystemExit(3)

class NeedsValues(nn.Module):
    def __init__(self):
        super().__init__()
        import torch
        rates = torch.linspace(0, 1, 3) * torch.rand(3)
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(1 + int(rates.sum().item() >= 0)))
"""
BLOCKS = """
from torch import nn

WIDTH = 3

class Block(nn.Linear):
    def __init__(self, width):
        super().__init__(width, width)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of networks and one beside it, and the working directory."""
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "blocks.py").write_text(BLOCKS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parameters(spec):
    return sum(parameter.numel() for parameter in build_on_meta(find(spec)).parameters())


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


# -- right -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("net.py:Net", 12),
        ("./net.py:Net", 12),
        ("net.py:Net(2)", 6),
        ("net.py:Net(width=2)", 6),
        ("net.py:Net(2, depth=3)", 18),
        (" net.py:Net( width = 2 ) ", 6),
        ("net.py:make", 6),
        ("net.py:make(4)", 20),
        ("net.py:ready", 30),
        ("net.py:Zoo.Tiny", 12),
    ],
)
def test_a_network_of_a_file_is_found(spec, count):
    assert parameters(spec) == count
    assert find(spec).name == spec
    assert find(spec).input_shape is None


def test_a_file_is_found_by_its_full_path_whatever_the_folder(folder, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert parameters(f"{folder}/net.py:Net(2)") == 6


@pytest.mark.parametrize("name", ["my nets (old)", "a-b", "nets.v2", "ünïcode", "a:b"])
def test_the_folder_of_a_file_may_have_any_name(tmp_path, name):
    write(tmp_path / name / "net.py", "from torch import nn\ndef make(n=1): return nn.Linear(n, 1)")
    assert parameters(f"{tmp_path / name}/net.py:make(4)") == 5


def test_files_of_two_folders_do_not_get_each_others_neighbours(folder):
    write(folder / "wide" / "net.py", NET)
    write(folder / "wide" / "blocks.py", BLOCKS.replace("WIDTH = 3", "WIDTH = 7"))
    assert [parameters(spec) for spec in ("net.py:Net", "wide/net.py:Net", "net.py:Net")] == [12, 56, 12]


def test_a_file_is_read_again_when_it_has_changed(folder):
    write(folder / "one.py", "from torch import nn\ndef make(): return nn.Linear(1, 1)")
    assert parameters("one.py:make") == 2
    write(folder / "one.py", "from torch import nn\ndef make(): return nn.Linear(10, 10)")
    assert parameters("one.py:make") == 110


@pytest.mark.usefixtures("folder")
def test_loading_a_file_leaves_the_search_path_alone():
    before = list(sys.path)
    find("net.py:Net")
    with pytest.raises(SourceError):
        find("net.py:Missing")
    assert sys.path == before


def test_a_file_may_hide_no_module_of_the_same_name(folder):
    write(folder / "torch.py", "from torch import nn\ndef make(): return nn.Linear(1, 1)")
    assert parameters("torch.py:make") == 2
    assert sys.modules["torch"] is torch


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package, as torchvision.models is one."""
    write(tmp_path / "zoo_of_tests" / "__init__.py", "")
    write(tmp_path / "zoo_of_tests" / "models.py", "from torch import nn\ndef tiny(*, n=2): return nn.Linear(n, 1)\n")
    write(tmp_path / "zoo_of_tests" / "broken.py", "import a_module_that_is_missing\n")
    write(tmp_path / "zoo_of_tests" / "wrong.py", "def (:\n")
    write(tmp_path / "zoo_of_tests" / "quits.py", "raise SystemExit('usage: quits')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "zoo_of_tests"


@pytest.mark.parametrize(("call", "count"), [("tiny", 3), ("tiny()", 3), ("tiny(n=9)", 10)])
def test_whatever_can_be_imported_is_found(package, call, count):
    assert parameters(f"{package}.models:{call}") == count


def test_a_class_of_torch_is_found():
    assert parameters("torch.nn:Linear(3, 4)") == 16
    assert parameters("torch:nn.Linear(3, 4)") == 16


@pytest.mark.usefixtures("torchvision")
def test_a_network_of_torchvision_is_found():
    assert parameters("torchvision.models:resnet18(num_classes=10)") == 11_181_642


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("lenet5", 60_000),
        (" lenet5 ", 60_000),
        ("lenet5()", 60_000),
        ("resnet18(classes=10)", 11_181_642),
        ("resnet18(shortcuts='A')", 11_515_688),
        ("alexnet(groups=1, dropout=0.1)", 62_378_344),
        ("alexnet(dropout=0)", 60_965_224),
    ],
)
def test_an_architecture_of_ours_is_found(spec, count):
    assert parameters(spec) == count
    assert find(spec).input_shape is not None


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("None", None),
        ("True", True),
        ("-1", -1),
        ("1.5e3", 1500.0),
        ("'a(b):c'", "a(b):c"),
        ("(1, 2)", (1, 2)),
        ("[1, [2]]", [1, [2]]),
        ("{'a': {1, 2}}", {"a": {1, 2}}),
        ("b'x'", b"x"),
    ],
)
def test_arguments_are_literals(folder, literal, value):
    write(
        folder / "one.py",
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self, x):\n        super().__init__()\n"
        "        self.x = x",
    )
    assert build_on_meta(find(f"one.py:Net({literal})")).x == value
    assert build_on_meta(find(f"one.py:Net(x={literal})")).x == value


# -- wrong -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nofile.py:Net", "There is no file 'nofile.py'."),
        ("blocks.py/net.py:Net", "There is no file 'blocks.py/net.py'."),
        (".py:Net", "There is no file '.py'."),
        ("net.py:Nett", "'net.py' has no 'Nett'. It defines Config, Net, Zoo, make"),
        ("net.py:Zoo.Huge", "'net.py' has no 'Zoo.Huge'."),
        ("net.py", "'net.py' names no network: write it as './net.py:Net'"),
        ("net.py:", "'net.py:' names no network"),
        (":Net", "':Net' names no network"),
        (":", "':' names no network"),
        ("a:b:c", "'a:b:c' names the revision 'a', and git says of"),
        ("./net:Net", "'./net' is no module: write a file as './net.py:Net'"),
        ("..:Net", "'..' is no module"),
        ("nowhere:Net", "No module is named 'nowhere'. Is it installed? A file is written './net.py:Net'."),
        ("torch.nowhere:Net", "No module is named 'torch.nowhere'."),
        ("net.py:number", "'net.py:number' is neither a network nor makes one: it is of type int."),
        ("net.py:ready(1)", "does not fit: the network is made already, so it takes no arguments."),
        ("net.py:Net(1, 2)", "too many positional arguments. Its arguments are (width=3, depth=1)."),
        ("net.py:Net(wide=2)", "got an unexpected keyword argument 'wide'. Its arguments are (width=3, depth=1)."),
        ("net.py:Raises(1)", "does not fit: too many positional arguments. It takes no arguments."),
        (
            "resnet18(10)",
            "does not fit: too many positional arguments. Its arguments are (classes=1000, shortcuts='B').",
        ),
        ("resnet18(classes='ten')", "does not fit: classes: Expected `int`, got `str`."),
        ("resnet18(classes=0)", "does not fit: classes: Expected `int` >= 1."),
        ("alexnet(dropout=2)", "does not fit: dropout: Expected `float` <= 1.0."),
        ("resnet18(classes=True)", "does not fit: classes: Expected `int`, got `bool`."),
        ("resnet18(shortcuts='D')", "does not fit: shortcuts: 'D' is none of 'A', 'B', 'C', 'none'."),
        ("resnet18(depth=3)", "got an unexpected keyword argument 'depth'"),
    ],
)
def test_a_wrong_name_is_refused_with_a_reason(spec, says):
    with pytest.raises(SourceError, match=re.escape(says)):
        find(spec)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("net.py:Raises", "'net.py:Raises' could not be built: ValueError: no such luck"),
        ("net.py:Quits", "'net.py:Quits' could not be built: SystemExit: 3"),
        ("net.py:makes_a_number", "makes no torch.nn.Module: what it returns is of type int."),
        ("net.py:Net('wide')", "could not be built: TypeError"),
        (
            "torch.nn:Linear(4, -1)",
            "could not be built: RuntimeError: Trying to create tensor with",
        ),
        ("alexnet(groups=7)", "could not be built: ValueError: in_channels must be divisible by groups"),
    ],
)
def test_a_network_that_cannot_be_built_says_why_in_one_line(spec, says):
    with pytest.raises(SourceError, match=re.escape(says)) as raised:
        build_on_meta(find(spec))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("broken", "'zoo_of_tests.broken' could not be imported: ModuleNotFoundError: No module named 'a_module"),
        ("wrong", "'zoo_of_tests.wrong' could not be imported: SyntaxError: .* \\(line 1\\)"),
        ("quits", "'zoo_of_tests.quits' could not be imported: SystemExit: usage: quits"),
        ("models", "'zoo_of_tests.models' has no 'Net'. It defines tiny."),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(package, module, says):
    with pytest.raises(SourceError, match=says):
        find(f"{package}.{module}:Net")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import a_module_that_is_missing", "ModuleNotFoundError: No module named 'a_module_that_is_missing'"),
        ("x = 1\n  y = 2", "IndentationError: unexpected indent .*\\(line 2\\)"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("\0", "could not be imported: (SyntaxError|ValueError)"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(folder, text, says):
    write(folder / "bad.py", text)
    before = list(sys.path)
    with pytest.raises(SourceError, match=f"'bad.py' could not be imported: .*{says.rpartition('imported: ')[2]}"):
        find("bad.py:Net")
    assert sys.path == before


HOSTILE = [
    "resnet50(__import__('os').system('true'))",
    "resnet50(classes=__import__('os'))",
    "resnet50(lambda: 0)",
    "resnet50(classes=[x for x in ()])",
    "resnet50(classes=1 if True else 2)",
    "resnet50(classes=open('/etc/passwd'))",
    "resnet50(f'{1}')",
    "resnet50(**{'classes': 3})",
    "resnet50(*[3])",
    "resnet50(",
    "resnet50)",
    "resnet50())",
    "resnet50()()",
    "resnet50().eval()",
    "resnet50(1)(2)",
    "resnet50(classes=3",
    "resnet50(classes=3)\nimport os",
    "resnet50(3, classes)",
    "resnet50(classes=3, classes=3)",
    "(((((resnet50)))))",
    "resnet50" + "(" * 10_000,
    "resnet50(" + "[" * 10_000 + "]" * 10_000 + ")",
    "resnet50(" + "-" * 10_000 + "1)",
    "a" * 10_000,
    "a" * 10_000 + ".py:Net",
    "a" * 10_000 + ":Net",
    "",
    " ",
    "()",
    "\0",
    "\0.py:Net",
    "a\0b:Net",
    "torch.nn:\0",
    "resnet50(classes='\0')",
    "rösnet",
    "模型",
    "模型.py:网络",
    "模型:网络",
    "\ud800",
    "\ud800.py:Net",
    "-",
    "--help",
    "/",
    "/dev/null",
    "/dev/null:Net",
    "../../..",
]


@pytest.mark.parametrize("spec", HOSTILE, ids=[ascii(spec[:24]) for spec in HOSTILE])
def test_a_hostile_name_is_refused(spec):
    with pytest.raises((SourceError, UnknownNameError)):
        find(spec)


def test_the_check_for_hostile_names_can_fail():
    assert isinstance(find("resnet50(classes=3)"), Source)


def test_nothing_in_a_name_is_evaluated(tmp_path):
    with pytest.raises(SourceError, match="arguments are literals, as in 'resnet50\\(classes=10\\)'"):
        find(f"resnet50(open({str(tmp_path / 'made')!r}, 'w'))")
    assert not (tmp_path / "made").exists()


@given(st.text(alphabet="resnt50alx(),=':.[]{}*-_ \n#py/", max_size=30))
def test_any_text_is_found_or_refused(spec):
    try:
        found = find(spec)
    except ArchstatError:
        return
    assert found.name == spec


# -- building ----------------------------------------------------------------------------------------------------------


class Everything(nn.Module):
    """Parameters, buffers of numbers and of whole numbers, and tensors that a constructor computes with."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LSTM(4, 4), nn.MultiheadAttention(4, 2))
        self.register_buffer("ids", torch.zeros(5, dtype=torch.int64))
        self.register_buffer("places", torch.arange(6))
        self.scale = nn.Parameter(torch.full((3,), 0.5))
        self.table = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.kept = nn.init.trunc_normal_(torch.empty(4), std=0.02)


def test_parameters_are_without_memory_and_whole_numbers_are_real():
    model = build_on_meta(Source("it", Everything))
    assert all(parameter.is_meta for name, parameter in model.named_parameters() if name != "table")
    assert not model.ids.is_meta
    assert model.places.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_network_without_memory_has_the_sizes_of_the_real_one():
    meta, real = build_on_meta(Source("it", Everything)), build_on_cpu(Source("it", Everything))
    assert {name: value.shape for name, value in meta.state_dict().items()} == {
        name: value.shape for name, value in real.state_dict().items()
    }
    assert [name for name, _ in meta.named_parameters()] == [name for name, _ in real.named_parameters()]
    assert [p.requires_grad for p in meta.parameters()] == [p.requires_grad for p in real.parameters()]


@pytest.mark.parametrize("build", [build_on_meta, build_on_cpu])
def test_building_leaves_the_random_numbers_as_they_were(build):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build(Source("it", Everything))
    assert torch.equal(torch.rand(3), expected)


def test_a_network_made_before_is_not_changed_by_initialising_it_again():
    weight = torch.ones(2, 2)
    with MetaConstruction():
        made = torch.empty(2, 2)
        nn.init.zeros_(made)
        nn.init.constant_(made, 3.0)
        nn.init.uniform_(tensor=made)
    assert made.is_meta
    assert torch.equal(weight, torch.ones(2, 2))


def test_filling_a_tensor_with_values_still_fills_it():
    real = torch.ones(2)
    with MetaConstruction():
        nn.init.constant_(real, 3.0)
        real[0].fill_(5)
    assert real.tolist() == [5.0, 3.0]


def test_a_tensor_whose_device_is_named_is_made_there():
    with MetaConstruction():
        assert not torch.zeros(2, device="cpu").is_meta
        assert torch.zeros(2).is_meta
        assert not torch.zeros(2, dtype=torch.int32).is_meta
        assert torch.zeros(2, dtype=torch.float16).is_meta
        assert torch.zeros(2, dtype=float).is_meta
        assert not torch.zeros(2, dtype=bool).is_meta


def test_what_is_made_of_tensors_with_and_without_values_has_none():
    with MetaConstruction():
        joined = torch.cat([torch.linspace(0, 1, 3), torch.zeros(2)])
        with pytest.raises(RuntimeError, match="dimensions of tensors"):
            torch.cat([torch.linspace(0, 1, 3), torch.zeros(2, 2)])
    assert joined.is_meta
    assert joined.shape == (5,)


def test_the_mode_ends_with_its_block_also_after_an_error():
    with pytest.raises(ZeroDivisionError), MetaConstruction():
        _ = 1 / 0
    assert not torch.zeros(2).is_meta


@pytest.mark.usefixtures("folder")
def test_a_constructor_that_needs_values_is_run_on_the_cpu():
    model = build_on_meta(find("net.py:NeedsValues"))
    assert len(model.layers) == 2


def test_a_huge_network_takes_no_memory():
    model = build_on_meta(Source("it", lambda: nn.Linear(10**7, 10**7)))
    assert model.weight.shape == (10**7, 10**7)
    assert model.weight.is_meta


def test_whole_numbers_that_are_never_filled_are_zeros():
    with MetaConstruction():
        index, weight = torch.empty(1000, dtype=torch.int64), torch.empty(3)
    assert not index.is_meta
    assert not index.any()
    assert weight.is_meta


def test_what_a_constructor_imports_keeps_its_tensors_with_values(tmp_path, monkeypatch):
    (tmp_path / "late_layers.py").write_text(
        "import torch\nSCALE = torch.ones(2)\nclass Layer(torch.nn.Linear):\n    anchors = torch.zeros(3)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def build():
        import late_layers

        return late_layers.Layer(2, 2)

    layer = build_on_meta(Source("net", build))
    late = sys.modules.pop("late_layers")
    assert layer.weight.is_meta
    assert late.SCALE.tolist() == [1, 1]
    assert type(layer).anchors.tolist() == [0, 0, 0]
