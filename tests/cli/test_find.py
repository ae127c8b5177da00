"""Choosing among networks at the command line."""

import json

import msgspec
import pytest

import archstat
from archstat.store.records import Failure, StoredResult, Versions
from archstat.store.store import Store

COST = archstat.count("lenet5")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a store and a file of accuracies."""
    monkeypatch.chdir(tmp_path)
    with Store("results.db", is_made=True) as store:
        for number in range(1, 5):
            cost = msgspec.structs.replace(COST, macs=number * 10**6)
            store.add([StoredResult(f"timm:lenet_{number}", "", Versions(), cost)])
        store.add([StoredResult("timm:lenet_bad", "", Versions(), None, Failure("failed", "No."))])
    (tmp_path / "acc.csv").write_text("model,top1\nlenet_1.tag,50\nlenet_2,40\nlenet_3,60\nlenet5,10\n")
    return tmp_path


def found(archstat, *arguments):
    code, out, err = archstat(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    return [row["network"] for row in json.loads(out)]


def test_networks_within_limits_are_found(archstat):
    assert found(archstat, "find", "lenet5", "--macs", "<400k") == ["lenet5"]
    assert found(archstat, "find", "lenet", "--store", "results.db", "--macs", "2M", "--parameters", ">=1k") == [
        "lenet5",
        "lenet5_modern",
        "timm:lenet_1",
        "timm:lenet_2",
    ]


def test_the_best_come_first(archstat):
    ordered = ("find", "lenet", "--store", "results.db", "--accuracy", "acc.csv")
    assert found(archstat, *ordered, "--sort", "top1", "--limit", "2") == ["timm:lenet_3", "timm:lenet_1"]
    assert found(archstat, *ordered, "--top1", ">=50", "--sort", "macs") == ["timm:lenet_1", "timm:lenet_3"]


def test_the_nearest_come_first(archstat):
    nearest = ("find", "timm:*", "--store", "results.db", "--near", "timm:lenet_4", "--by", "macs")
    assert found(archstat, *nearest) == ["timm:lenet_3", "timm:lenet_2", "timm:lenet_1"]


def test_the_front_is_what_no_other_one_beats(archstat):
    front = ("pareto", "timm:*", "--store", "results.db", "--accuracy", "acc.csv")
    assert found(archstat, *front) == ["timm:lenet_1", "timm:lenet_3"]
    assert found(archstat, *front, "--macs", ">1M") == ["timm:lenet_2", "timm:lenet_3"]


def test_columns_that_say_nothing_are_left_out_and_sources_are_said(archstat):
    out = archstat("find", "timm:*", "--store", "results.db", "--accuracy", "acc.csv").out
    assert "Setting" not in out
    assert "From" in archstat("find", "lenet", "--store", "results.db").out
    assert out.endswith(
        "\n\n4 of 4 networks.\nAccuracy: acc.csv. Of several weights of a network the most accurate count.\n"
    )
    assert "From" not in archstat("find", "lenet5").out


@pytest.fixture
def batches(folder):
    """The store with results of other batch sizes, and a network that newer programs counted again."""
    with Store("results.db") as store:
        eight = msgspec.structs.replace(COST, input_shapes=((8, 1, 32, 32),), macs=COST.macs * 8)
        store.add([StoredResult("timm:lenet_1", '{"batch_size":8}', Versions(), eight)])
        again = msgspec.structs.replace(COST, macs=5 * 10**6)
        store.add([StoredResult("timm:lenet_4", "", Versions("9"), again)])
    return folder


@pytest.mark.usefixtures("batches")
def test_only_results_of_one_batch_size_are_compared(archstat):
    assert found(archstat, "find", "lenet_1", "--store", "results.db") == ["timm:lenet_1"]
    row = json.loads(archstat("find", "lenet_1", "--store", "results.db", "--format", "json").out)[0]
    assert (row["batch_size"], row["macs"]) == (1, 10**6)
    row = json.loads(archstat("find", "lenet_1", "--store", "results.db", "--batch-size", "8", "--format", "json").out)[
        0
    ]
    assert (row["batch_size"], row["macs"]) == (8, COST.macs * 8)
    told = archstat("find", "timm:*", "--store", "results.db").out
    assert "Amounts are for one input; 1 result of other batch sizes left out." in told


@pytest.mark.usefixtures("batches")
def test_networks_of_ours_are_counted_for_the_same_batch(archstat):
    rows = json.loads(archstat("find", "lenet5", "--batch-size", "8", "--format", "json").out)
    assert {row["batch_size"] for row in rows} == {8}
    assert rows[0]["macs"] == COST.macs * 8


@pytest.mark.usefixtures("batches")
def test_a_network_that_was_counted_again_is_one_candidate(archstat):
    rows = json.loads(archstat("find", "lenet_4", "--store", "results.db", "--format", "json").out)
    assert [row["macs"] for row in rows] == [5 * 10**6]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("find", "--macs", "much"), "A limit on macs cannot be read: 'much'"),
        (("find", "--peak-activation-memory", "1G"), "A limit on peak_activation_bytes cannot be read"),
        (("find", "--sort", "mac"), "No quantity is named 'mac'"),
        (("find", "--by", "macs"), "add '--near NAME'"),
        (("find", "lenet", "--near", "resnet50"), "No network to choose from is named 'resnet50'"),
        (("find", "--near", "lenet5", "--sort", "macs"), "leave out '--sort'"),
        (("find", "--accuracy", "no.csv"), "no.csv cannot be read"),
        (("find", "--accuracy", "acc.csv", "--evaluation", "canziani2016"), "not both"),
        (("find", "--evaluation", "canzani"), "No evaluation is named 'canzani'"),
        (("find", "--store", "no.db"), "There is no store 'no.db'"),
        (("pareto", "--x", "macs", "--y", "macs"), "A front needs two quantities"),
    ],
)
def test_what_cannot_be_is_one_sentence(fails, arguments, says):
    assert says in fails(*arguments)
