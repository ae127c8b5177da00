"""Networks of Ultralytics: parameters are those of the library's own configs, MACs those of torch's formulas.

A sample is counted here; ``ARCHSTAT_HUBS=1`` counts all of them, some 240.
"""

import os
import re
import runpy
from pathlib import Path

import pytest

from archstat.analysis.inference import count_source
from archstat.networks.hub import HUBS, names_in
from archstat.networks.hubs import ultralytics as hub
from archstat.networks.loading import load
from archstat.networks.settings import Setting

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
IS_WHOLE = os.environ.get("ARCHSTAT_HUBS") == "1"
SAMPLE = "yolov5n yolov8n yolov8n-seg yolov9t yolov10n yolo11n yolo11n-obb yolo26n".split()
NAMES = names_in(HUBS.get("ultralytics"))

OF_ANOTHER = re.compile(r"yoloe-(v8|11).*|(yolo11|yolo12).-cls|yolo26.-sem")
"""Networks whose config has the comments of another one: YOLOE those without its prompts, the others with a head of
other classes or of none."""


def commented_parameters(name):
    """The number of parameters that the comment of a size tells, where a config has such."""
    config = hub._configs()[name]
    text = config.file.read_text(encoding="utf-8")
    found = re.search(rf"^ +{config.size}: \[.*summary: .* layers, ([\d,]+) parameters", text, re.MULTILINE)
    return int(found[1].replace(",", "")) if found and config.size else None


@pytest.mark.parametrize("name", NAMES if IS_WHOLE else SAMPLE)
@pytest.mark.sampled(4)
def test_a_network_has_the_librarys_parameters_and_the_macs_of_torchs_formulas(name):
    cost = count_source(f"ultralytics:{name}", Setting())
    loaded = load(f"ultralytics:{name}", Setting())
    assert cost.parameters == sum(each.numel() for each in loaded.model.parameters())
    if not OF_ANOTHER.fullmatch(name):
        assert commented_parameters(name) in (None, cost.parameters)
    assert (cost.forward, cost.uncounted) == ("meta", ())
    macs, ran_on = TOOL["torch_macs"](loaded)
    assert cost.macs == macs + sum(TOOL["without_formula"](cost, ran_on).values())


def test_most_configs_of_v8_v11_and_v12_tell_their_parameters():
    told = [name for name in NAMES if not OF_ANOTHER.fullmatch(name) and commented_parameters(name) is not None]
    assert len(told) > 100
    assert {"yolo11n", "yolo12x", "yolov8n-p6", "yolo26s-pose"} <= set(told)
