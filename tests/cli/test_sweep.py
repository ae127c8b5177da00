"""Sweeps at the command line: what they say, and what they refuse."""

import json

import pytest

from archstat.sweeping.sweep import SweepProgress


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sweep_fills_a_store_and_goes_on(archstat):
    sweep = ("sweep", "lenet5(classes={2,3})", "lenet5(nothing=1)", "--jobs", "1", "--format", "json")
    assert json.loads(archstat(*sweep).out) == [{"store": "results.db", "new": 2, "failed": 1, "there_before": 0}]
    assert json.loads(archstat(*sweep).out) == [{"store": "results.db", "new": 0, "failed": 0, "there_before": 3}]
    listed = json.loads(archstat("results", "list", "--format", "json").out)
    assert [row["network"] for row in listed] == ["lenet5(classes=2)", "lenet5(classes=3)", "lenet5(nothing=1)"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing*",), "No architecture is named like 'nothing*'"),
        (("lenet5", "--over", "width=3"), "'width=3' is nothing that varies"),
        (("lenet5", "--measure", "speed"), "'speed' is nothing to measure: write 'latency', 'memory' or 'energy'."),
        (("lenet5", "--threads", "2"), "'--threads' is of measuring: add '--measure latency'."),
        (("lenet5", "--measure", "latency", "--threads", "two"), "'two' are no sizes"),
        (("lenet5", "--measure", "latency", "--scheduler", "tcp://x:1"), "leave out '--scheduler'"),
        (("lenet5", "--scheduler", "nonsense"), "There is no scheduler at 'nonsense'"),
        (("lenet5", "--memory-limit", "much"), "'much' is no amount of memory"),
        (("lenet5", "--store", "no/where.db"), "there is no folder no"),
        (("lenet5", "--store", "mysql://u:secret@h/x"), "needs MySQLdb"),
    ],
)
def test_what_cannot_be_is_one_sentence(fails, arguments, says):
    said = fails("sweep", *arguments)
    assert says in said
    assert "secret" not in said


def test_a_log_is_told_how_far_it_is_now_and_then(monkeypatch, capsys):
    from archstat.cli import sweep

    now = iter([0.0, 1.0, 31.0, 40.0, 95.0, 1000.0])
    monkeypatch.setattr("archstat.cli.sweep.time.monotonic", lambda: next(now))
    with sweep._telling() as told:
        for done in (1, 100, 150, 200, 250):
            told(SweepProgress(5, done, 3, 1000 - done, "timm:\x1b[2Jnet"))
    assert capsys.readouterr().err.splitlines() == [
        "100 done, 3 failed, 900 left, 5 min to go: timm:�[2Jnet",
        "200 done, 3 failed, 800 left, 6 min to go: timm:�[2Jnet",
        "250 done, 3 failed, 750 left, 50 min to go: timm:�[2Jnet",
    ]
