"""``archstat memory``, and the columns that training adds to ``archstat table``."""

import csv
import io
import json

import pytest

from archstat import count
from archstat.analysis.training import train_source
from archstat.networks.settings import Setting, TrainingSetting


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def test_at_inference_a_row_is_a_tensor_that_is_alive_at_the_peak(archstat):
    code, out, err = archstat("memory", "lenet5_modern")
    assert (code, err) == (0, "")
    assert out.startswith("lenet5_modern · input 1×1×32×32 · float32 · inference, alive at the peak\n\nLayer ")
    # c1 and its activation: 6 maps of 28×28
    assert "Peak memory       36.75 KiB of activations at once, in c1_tanh\n" in out
    assert [int(row["nbytes"]) for row in rows(archstat("memory", "lenet5_modern", "--format", "csv").out)] == [
        18816
    ] * 2


def test_in_training_a_row_is_a_layer_and_what_it_keeps(archstat):
    out = archstat("memory", "resnet18", "--training", "--optimizer", "adam", "--format", "csv").out
    cost = train_source("resnet18", Setting(), TrainingSetting("adam"))
    assert sum(int(row["saved_bytes"]) for row in rows(out)) == cost.saved_bytes
    shown = archstat("memory", "resnet18", "--training", "--optimizer", "adam").out
    assert "resnet18 · input 1×3×224×224 · float32 · one training step with adam\n" in shown
    assert "Optimizer         89.18 MiB kept by adam\n" in shown


def test_mixed_precision_says_so_and_saves_less(archstat):
    arguments = ["memory", "resnet18", "--training", "--batch-size", "16", "--format", "json"]
    plain, mixed = json.loads(archstat(*arguments).out), json.loads(archstat(*arguments, "--amp").out)
    assert mixed["amp"]
    assert mixed["saved_bytes"] < plain["saved_bytes"]
    assert "under autocast to bfloat16\n" in archstat("memory", "resnet18", "--training", "--amp").out


def test_the_largest_batch_is_that_of_the_rows(archstat):
    out = archstat("memory", "lenet5_modern", "--training", "--fit", "16MiB", "--format", "json").out
    found = json.loads(out)
    batch = found["fit"]["batch_size"]
    assert found["input_shapes"] == [[batch, 1, 32, 32]]
    assert found["peak_bytes"] == found["fit"]["peak_bytes"] <= 16 * 1024**2 < found["fit"]["next_peak_bytes"]
    shown = archstat("memory", "lenet5_modern", "--training", "--fit", "16MiB").out
    assert f"Largest batch     {batch} in 16.00 MiB: it takes " in shown


def test_a_network_that_does_not_fit_says_so(archstat):
    code, out, _ = archstat("memory", "lenet5_modern", "--fit", "1KiB")
    assert code == 0
    assert "Largest batch     none: the smallest takes 281.8 KiB, more than 1.000 KiB\n" in out


def test_a_table_shows_forward_and_backward_work(archstat):
    found = rows(archstat("training", "mobilenet_v2", "--format", "csv").out)
    assert sum(int(row["forward_macs"]) for row in found) == count("mobilenet_v2").macs
    depthwise = next(row for row in found if "groups" in row["kind"])
    assert int(depthwise["backward_macs"]) == 2 * int(depthwise["forward_macs"]) > 0
    assert "Backward         " in archstat("training", "mobilenet_v2").out


def test_a_table_shows_what_training_keeps_beside_the_memory_of_inference(archstat):
    found = rows(archstat("training", "resnet18", "--memory", "--format", "csv").out)
    cost = train_source("resnet18", Setting(), TrainingSetting())
    assert sum(int(row["saved_bytes"]) for row in found) == cost.saved_bytes
    assert sum(int(row["activation_bytes"]) for row in found) == count("resnet18").activation_bytes


def test_rows_can_be_sorted(archstat):
    found = rows(archstat("training", "resnet18", "--sort", "backward_macs", "--format", "csv").out)
    macs = [int(row["backward_macs"]) for row in found]
    assert macs == sorted(macs, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["memory", "resnet5"], "No architecture is named 'resnet5'."),
        (
            ["memory", "cost.json"],
            "'cost.json' is a saved cost, of one input and without its tensors: name the network itself.",
        ),
        (
            ["training", "cost.json"],
            "'cost.json' is a saved cost, of one input and without its tensors: name the network itself.",
        ),
        (["memory", "lenet5", "--fit", "much"], "'much' is no amount of memory: write it as '16GiB' or '24GB'."),
        (["memory", "lenet5", "--fit", "0"], "'0' is no memory at all"),
        (["memory", "lenet5", "--training", "--input", "3x32x32"], "The forward pass failed in layer 'c1'"),
        (["memory", "vgg16", "--resolution", "64"], "An image of 224x224 would do ('--resolution 224')."),
        (["memory", "vgg16", "--training", "--resolution", "64"], "An image of 224x224 would do ('--resolution 224')."),
        (["memory", "lenet5", "--amp"], "'--amp' and '--optimizer' are of a training step: add '--training'."),
        (["training", "lenet5", "--memory", "--sort", "macs"], "No column is named 'macs'."),
    ],
)
def test_nonsense_is_refused_in_one_line(fails, arguments, says):
    assert says in fails(*arguments)


def test_a_network_that_branches_on_its_activations_is_run_for_real_in_training_too(archstat, tmp_path, monkeypatch):
    (tmp_path / "branches.py").write_text(
        "from torch import nn\n\nclass Net(nn.Linear):\n    def forward(self, x):\n"
        "        y = super().forward(x)\n        return y * 2 if y.sum() > 0 else y\n"
    )
    monkeypatch.chdir(tmp_path)
    code, out, _ = archstat("memory", "branches.py:Net(4, 4)", "--input", "4")
    assert code == 0
    assert "Parameters        80 B" in out
    code, out, _ = archstat("memory", "branches.py:Net(4, 4)", "--input", "4", "--training")
    assert code == 0
    assert "The network was run for real" in out


def test_a_failure_in_training_is_one_line_without_what_torch_logs(process):
    done = process("memory", "vgg16", "--training", "--resolution", "64")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: The forward pass failed in layer 'fc6'")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("option", "command"), [("--training", ["training"]), ("--memory", ["training", "--memory"])])
def test_the_former_spelling_shows_the_same_with_a_note(archstat, option, command):
    code, out, err = archstat("table", option, "lenet5_modern", "--sort", "parameters")
    assert (code, out) == archstat(*command, "lenet5_modern", "--sort", "parameters")[:2]
    assert f"'archstat {command[0]} NAME{' --memory' * (len(command) > 1)}' now" in err
