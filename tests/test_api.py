"""The verbs of Python beyond counting, and how a named network is said to be counted."""

import inspect
import io

import pandas as pd
import pytest
import torch
from torch import nn

import archstat
from archstat import errors
from archstat.cli import main


def test_the_difference_of_two_networks_is_that_of_the_command(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["archstat", "diff", "lenet5", "lenet5_modern", "--format", "csv"])
    with pytest.raises(SystemExit):
        main()
    written = pd.read_csv(io.StringIO(capsys.readouterr().out))
    found = archstat.diff("lenet5", "lenet5_modern")
    assert list(found) == list(written)
    assert found["macs_b"].fillna(-1).tolist() == written["macs_b"].fillna(-1).tolist()


def test_a_difference_takes_networks_names_and_costs():
    cost = archstat.count("lenet5")
    assert archstat.diff(cost, "lenet5").equals(archstat.diff("lenet5", cost))
    with pytest.raises(errors.UnknownNameError, match="quantity"):
        archstat.diff(cost, cost, sort="beauty")
    with pytest.raises(errors.ForwardError, match="'input'"):
        archstat.diff(nn.Linear(2, 2), cost)


def test_the_largest_batch_takes_no_more_memory_than_there_is():
    found = archstat.fit("lenet5", "1MiB")
    at_once = [
        archstat.memory("lenet5", batch_size=size).peak_bytes for size in (found.batch_size, found.batch_size + 1)
    ]
    assert at_once == [found.peak_bytes, found.next_peak_bytes]
    assert found.peak_bytes <= 2**20 < found.next_peak_bytes
    assert archstat.fit("lenet5", 2**20) == found
    assert archstat.fit("lenet5", "1MiB", training=archstat.TrainingSetting("adam")).batch_size < found.batch_size


@pytest.mark.parametrize(
    ("memory", "how", "says"),
    [
        ("16", {}, "no unit"),
        ("much", {}, "no amount of memory"),
        (-5, {}, "memory"),
        (0, {}, "no memory at all"),
        ("1MiB", {"size": 3}, "no setting 'size'"),
        ("1MiB", {"resolution": 0}, "resolution cannot be '0'"),
    ],
)
def test_nonsense_about_the_largest_batch_is_refused_in_a_sentence(memory, how, says):
    with pytest.raises(errors.InputError, match=says):
        archstat.fit("lenet5", memory, **how)


@pytest.mark.parametrize("verb", [archstat.count, archstat.memory, archstat.count_training])
def test_keywords_say_how_a_named_network_is_counted(verb):
    assert verb("lenet5_modern", batch_size=3).input_shapes == ((3, 1, 32, 32),)


def test_an_input_is_written_as_at_a_prompt():
    as_text = archstat.count("resnet18", input="3x64x64")
    assert as_text.input_shapes == ((1, 3, 64, 64),)
    assert as_text.layers == archstat.count("resnet18", resolution=64).layers
    assert archstat.count("resnet18", input=["3x64x64"], dtype="float16").dtype == "float16"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"batch_size": 0}, "batch_size cannot be '0'"),
        ({"batch_size": "many"}, "batch_size cannot be 'many'"),
        ({"batch_size": True}, "batch_size cannot be 'True'"),
        ({"dtype": "int7"}, "dtype cannot be 'int7'"),
        ({"input": "3xx"}, "'3xx' is no input"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_a_sentence(how, says):
    with pytest.raises(errors.InputError, match=says):
        archstat.count("lenet5", **how)


def test_keywords_of_a_network_itself_go_into_its_forward():
    class Scaled(nn.Module):
        def forward(self, x, batch_size):
            return x.expand(batch_size, -1) * 2

    assert archstat.count(Scaled(), torch.ones(1, 3), batch_size=5).activations == 15


def test_every_error_can_be_caught_by_its_name_at_the_top():
    kinds = {
        name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ArchstatError)
    }
    assert kinds - set(archstat.__all__) == {"AbsentError"}, "a kind of SourceError that says where, not what"
