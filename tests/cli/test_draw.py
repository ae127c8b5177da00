"""The command ``archstat draw``."""

import subprocess
import sys
from pathlib import Path

import pytest

from archstat.cli.draw import _OF_A_LAYER, _SHOWN
from archstat.report.diagram.amounts import BOX_AMOUNTS
from archstat.report.layer_pictures.layer_picture import LAYER_PICTURES

RESULTS = Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results"
ALEXNET = str(RESULTS / "alexnet-cpu-fp32-b1.json")


def test_without_a_file_the_picture_is_the_result(archstat):
    code, out, err = archstat("draw", "lenet5")
    assert (code, err) == (0, "")
    assert out.startswith("<svg")


def test_a_file_is_written_whole(archstat, tmp_path):
    code, out, err = archstat("draw", "lenet5", "--output", str(tmp_path / "net.svg"))
    assert (code, out) == (0, "")
    assert err == f"Wrote {tmp_path / 'net.svg'}\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("lenet5", "--output", "net.gif"), "'net.gif' ends in none of .svg, .png, .pdf, .html: which is it to be?"),
        (("lenet5", "--output", "net"), "ends in none of"),
        (("lenet5", "c9"), "No module with parts inside is named 'c9'."),
        (("lenet5", "--depth", "-1"), "-1 is not in the range x>=0"),
        (("lenet5", "--show", "colour"), "'colour' is not one of"),
        (("lenet5", "--show", "latency"), "measured, not counted, and no measurement is given"),
        (("lenet5", "--measured", ALEXNET), "No measurement is of 'lenet5'; there is alexnet."),
        (("lenet5", "--measured", "nowhere.json"), "nowhere.json"),
        (("alexnet", "--measured", ALEXNET, "--batch-size", "3"), "is at batch 3"),
        (("lenet5", "c9", "--show", "arithmetic"), "No layer is named 'c9'."),
        (("lenet5", "--show", "arithmetic"), "Of which layer is the picture to be?"),
        (("lenet5", "c1_tanh", "--show", "arithmetic"), "it is no single convolution or linear layer"),
        (("lenet5", "c1", "--show", "arithmetic", "--depth", "2"), "draws no boxes: leave out '--depth'"),
        (("lenet5", "c1", "--show", "receptive_field", "--wrap"), "draws no boxes: leave out '--wrap'"),
        (("lenet5", "--slides", "--output", "a.html"), "'a.html' ends in none of .svg, .png, .pdf"),
        (("lenet5", "--slides", "--wrap"), "A slide is laid out so that it fills its page: leave out '--wrap'."),
        (("lenet5", "--slides", "--direction", "down"), "leave out '--direction'"),
        (("resnet5",), "No architecture is named 'resnet5'."),
        (("lenet5", "--output", "nowhere/net.svg"), "nowhere"),
    ],
)
def test_nonsense_gets_a_sentence(archstat, tmp_path, monkeypatch, args, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = archstat("draw", *args)
    assert (code, out) == (2, "")
    assert says in err
    assert not list(tmp_path.iterdir())


def test_everything_that_a_diagram_can_show_can_be_asked_for():
    assert BOX_AMOUNTS == _SHOWN


def test_every_picture_of_a_layer_can_be_asked_for():
    assert set(LAYER_PICTURES) == set(_OF_A_LAYER)


@pytest.mark.parametrize("show", _OF_A_LAYER)
def test_a_picture_of_a_layer_is_printed_or_written(archstat, tmp_path, show):
    args = ("draw", "lenet5", "c1", "--show", show)
    code, out, err = archstat(*args)
    assert (code, err) == (0, "")
    assert out.startswith("<svg")
    code, told, err = archstat(*args, "--output", str(tmp_path / "c1.svg"))
    assert (code, told) == (0, "")
    assert (tmp_path / "c1.svg").read_text(encoding="utf-8") == out
    assert archstat(*args, "--dark")[1] != out
    archstat(*args, "--output", str(tmp_path / "c1.html"))
    assert "archstat" in (tmp_path / "c1.html").read_text(encoding="utf-8")


def test_a_saved_cost_cannot_be_drawn(archstat, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", str(tmp_path / "cost.json"))
    code, _, err = archstat("draw", str(tmp_path / "cost.json"))
    assert code == 2
    assert "holds no ops, so no graph: name the network itself" in err


def test_a_module_depth_and_direction_make_other_pictures(archstat):
    whole = archstat("draw", "googlenet", "--depth", "0")[1]
    part = archstat("draw", "googlenet", "inception_3a")[1]
    deep = archstat("draw", "googlenet", "--depth", "1")[1]
    right = archstat("draw", "googlenet", "--depth", "0", "--direction", "right")[1]
    dark = archstat("draw", "googlenet", "--depth", "0", "--dark")[1]
    assert len({whole, part, deep, right, dark}) == 5


def test_what_was_measured_is_what_is_shown(archstat):
    code, out, _ = archstat("draw", "alexnet", "--measured", ALEXNET)
    assert code == 0
    assert ">Latency<" in out
    assert " ms<" in out


def test_a_slide_says_what_it_is_of(archstat, tmp_path):
    code, out, _ = archstat("draw", "lenet5", "--slides")
    assert code == 0
    assert 'viewBox="0 0 960' in out
    assert "lenet5 · input 1×1×32×32 · float32" in out
    assert archstat("draw", "lenet5", "--slides", "--output", str(tmp_path / "a.svg")).code == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == out


def test_words_are_those_of_the_language(archstat):
    assert "입력" in archstat("draw", "lenet5", "--lang", "ko")[1]


@pytest.mark.rare
def test_a_process_that_has_drawn_ends_well_whatever_else_it_has_loaded():
    command = [sys.executable, "-m", "archstat", "draw", "timm:resnet10t"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout[:4]) == (0, "<svg"), done.stderr
