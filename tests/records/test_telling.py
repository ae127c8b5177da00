"""What a console shows of records: a few lines, however much they hold."""

import msgspec
import pytest

import archstat
from archstat.analysis.training import train_source
from archstat.networks.settings import Setting, TrainingSetting
from archstat.records.telling import short
from tests.measured import measured


def test_a_cost_is_three_lines_with_its_totals():
    cost = archstat.count("lenet5")
    lines = str(cost).splitlines()
    assert lines[0] == "lenet5 · input 1×1×32×32 · float32"
    assert "60,000 parameters · 325.7 k MACs" in lines[1]
    assert lines[2] == "Not counted: nothing"
    assert repr(cost) == str(cost)
    lower = msgspec.structs.replace(cost, uncounted=tuple(archstat.records.UncountedOp(op, 1, 1) for op in "abcdefg"))
    assert str(lower).splitlines()[2] == "Not counted: a, b, c, d, e, …"


@pytest.mark.parametrize(
    "made",
    [
        lambda: archstat.count("resnet50"),
        lambda: archstat.memory("lenet5"),
        lambda: train_source("lenet5", Setting(), TrainingSetting()),
        lambda: archstat.explain("resnet50")[0],
        measured,
    ],
)
def test_no_record_fills_a_console(made):
    shown = str(made())
    assert len(shown.splitlines()) <= 3
    assert len(shown) < 400


def test_what_is_long_is_told_by_its_size():
    assert short([1] * 61) == "<61 values>"
    assert short({str(n): n for n in range(40)}) == "<40 values>"
    assert short("x" * 500) == f"'{'x' * 58}…"
    assert short(None) == "None"
