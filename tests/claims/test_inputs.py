"""Inputs in claims files: several, by name, with structure; and what no claim may be held against."""

import pytest

from archstat.analysis.inference import analyse
from archstat.claims import check, claims_of
from archstat.errors import ArchstatError, DataError
from archstat.networks.trust import NOTHING, Trust, names_code

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.embed = nn.Linear(8, 2), nn.Embedding(5, 2)

    def forward(self, x, ids):
        return self.fc(x) + self.embed(ids)

class Alone(nn.Linear):
    def __init__(self):
        super().__init__(8, 2)
"""
BUDGET = """
[[budget]]
architecture = "net.py:{net}"
{more}
macs = 16
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    return tmp_path


def judged(folder, net, more="", trust=None):
    path = folder / "budget.toml"
    path.write_text(BUDGET.format(net=net, more=more))
    file = claims_of(path.read_text(), str(path))
    return check(file, analyse, Trust.of([path]) if trust is None else trust)


def test_a_budget_has_several_inputs(folder):
    (finding,) = judged(folder, "Net", 'input = ["8", "ids=:int64"]')
    assert finding.verdict == "exact"
    assert "at 8, ids=:int64" in finding.claim.basis


def test_no_claim_is_held_against_an_input_that_is_assumed(folder):
    with pytest.raises(DataError, match=r"which input 'net.py:Alone' takes is not known, .* give its 'input'"):
        judged(folder, "Alone")
    (finding,) = judged(folder, "Alone", 'input = "8"')
    assert finding.verdict == "exact"


def test_a_function_that_makes_inputs_is_code_which_a_file_may_not_name_unless_it_is_trusted(folder):
    (folder / "inputs.py").write_text("import torch\n\ndef make():\n    return torch.ones(1, 8)\n")
    text = '[[budget]]\narchitecture = "torch.nn:Linear(8, 2)"\ninput = "@inputs.py:make"\nmacs = 16\n'
    path = folder / "budget.toml"
    path.write_text(text)
    with pytest.raises(ArchstatError, match=r"may name no other code|may not run any unless you trust it"):
        check(claims_of(text, str(path)), analyse, NOTHING)
    (finding,) = check(claims_of(text, str(path)), analyse, Trust.of([path]))
    assert finding.verdict == "exact"


@pytest.mark.parametrize(
    ("name", "is_code"),
    [
        ("timm:resnet18", False),
        ("timm/resnet18.a1_in1k", False),
        ("torchvision:resnet18(num_classes=3)", False),
        ("hf:bert", False),
        ("keras:ResNet50", False),
        ("ultralytics:yolo11n", False),
        ("ultralytics:yolo11n.pt", False),
        ("timm:create_model('resnet18')", True),
        ("torchvision:models.resnet18", True),
        ("hf.net:Net", True),
        ("net.py:Net", True),
    ],
)
def test_a_network_of_an_installed_library_is_no_code_of_the_users(name, is_code):
    assert names_code(name) is is_code


def test_a_file_beside_it_that_is_called_as_a_library_is_code(folder, monkeypatch):
    monkeypatch.setattr("archstat.networks.trust.installed_by", lambda _: ())
    assert names_code("timm/resnet18")
    text = '[[budget]]\narchitecture = "timm/resnet18"\nmacs = 16\n'
    with pytest.raises(ArchstatError, match="may not run any unless you trust it"):
        check(claims_of(text, str(folder / "budget.toml")), analyse, NOTHING)
