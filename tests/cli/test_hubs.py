"""The networks of libraries at the command line: lists, completion, mistakes."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from archstat.cli import cli
from archstat.networks.hub import HUB_NAMES, HUBS


def completed(*words):
    found = ShellComplete(cli, {}, "archstat", "_ARCHSTAT_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [item.value for item in found if item.type == "plain"]


def test_the_networks_of_a_library_are_listed_by_pattern(archstat):
    code, out, _ = archstat("list", "--source", "torchvision", "raft_*")
    assert code == 0
    assert "torchvision:raft_large\ntorchvision:raft_small" in out
    assert out.rstrip().endswith("2 of torchvision")


def test_a_part_of_a_name_is_a_pattern_too(archstat):
    code, out, _ = archstat("list", "--source", "timm", "ConvNeXt_Tiny", "--format", "csv")
    assert code == 0
    assert "timm:convnext_tiny" in out.split()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--source", "tim"], "No hub is named 'tim'. Did you mean 'timm'"),
        (["--source", "timm", "--year", "2015"], "leave out '--source'"),
    ],
)
def test_what_cannot_be_listed_is_refused(archstat, args, says):
    code, out, err = archstat("list", *args)
    assert (code, out) == (2, "")
    assert says in err


def test_where_nothing_fits_that_is_said(archstat):
    code, out, _ = archstat("list", "--source", "timm", "no-such-network")
    assert code == 0
    assert "No network of timm fits." in out


def test_a_shell_completes_names_of_ours_and_hubs():
    assert {"resnet18", "resnet50"} <= set(completed("table", "resn"))
    assert "torchvision:" in completed("memory", "torchv")
    assert completed("compare", "alexnet", "vgg1")[0].startswith("vgg1")


def test_a_shell_completes_the_names_of_a_hub_behind_its_colon():
    assert completed("table", "torchvision:raft_") == ["torchvision:raft_large", "torchvision:raft_small"]


def test_the_hubs_that_are_completed_are_those_that_are_registered():
    assert sorted(HUBS) == sorted(HUB_NAMES)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("hf:./net.json", {"model_type": "bert", "num_hidden_layers": 1, "vocab_size": 9}),
        ("diffusers:./net.json", {"_class_name": "AutoencoderTiny"}),
    ],
)
def test_a_config_of_a_library_is_no_saved_cost(archstat, monkeypatch, tmp_path, name, fields):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.json").write_text(json.dumps(fields))
    for command in (("table",), ("memory", "--training"), ("measure", "--dry-run")):
        code, out, err = archstat(*command, name)
        assert (code, err) == (0, "")
        assert name in out


def test_a_network_of_a_library_has_its_table(archstat):
    code, out, _ = archstat("table", "timm/resnet18.a1_in1k")
    assert code == 0
    assert "timm/resnet18.a1_in1k · input 1×3×224×224 · float32" in out


def test_a_hub_without_a_name_says_where_its_names_are(fails):
    says = "'timm:' names no network: what one of timm is called is missing ('archstat list --source timm')."
    assert says in fails("table", "timm:")


def test_arguments_before_the_head_are_refused_and_not_dropped_with_it(fails):
    says = "'hf:gpt2(n_layer=1)#CausalLM' cannot be read: arguments come last, as in 'hf:gpt2#CausalLM(n_layer=2)'."
    assert says in fails("table", "hf:gpt2(n_layer=1)#CausalLM")


@pytest.mark.rare
def test_a_factory_that_imports_keras_itself_gets_it_on_torch(tmp_path):
    (tmp_path / "net.py").write_text(
        "def build():\n import keras\n return keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-m", "archstat", "table", "./net.py:build", "--exact"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^MACs +32$", ran.stdout, re.MULTILINE)


@pytest.mark.rare
def test_a_detector_is_measured_in_a_process_that_has_not_imported_its_library(tmp_path):
    command = [sys.executable, "-m", "archstat", "measure", "ultralytics:yolo11n", "--resolution", "64"]
    ran = subprocess.run(
        [*command, "--max-time", "1", "--format", "csv"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "ultralytics:yolo11n" in ran.stdout


def test_a_comparison_tells_what_was_assumed_and_all_that_goes_in(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from torch import nn\nclass Net(nn.Sequential):\n def __init__(self): super().__init__(nn.Conv2d(3, 4, 3))\n"
    )
    out = archstat("compare", "./net.py:Net", "hf:bert(num_hidden_layers=1)").out
    assert "./net.py:Net: input assumed: 1×3×224×224 (first layer takes 3 channels)." in out
    assert "hf:bert(num_hidden_layers=1): input 1×128, 1×128, 1×128." in out
