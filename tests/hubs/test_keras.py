"""The applications of Keras: weights are Keras' own, MACs those of torch's formulas.

A sample is counted here; ``ARCHSTAT_HUBS=1`` counts all of them.
"""

import os
import runpy
from pathlib import Path

import pytest

from archstat.analysis.inference import count_source
from archstat.networks.hub import HUBS, names_in
from archstat.networks.loading import load
from archstat.networks.settings import Setting

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
IS_WHOLE = os.environ.get("ARCHSTAT_HUBS") == "1"
SAMPLE = "DenseNet121 EfficientNetB0 MobileNet MobileNetV3Small ResNet50V2 VGG16 Xception".split()


@pytest.mark.parametrize("name", names_in(HUBS.get("keras")) if IS_WHOLE else SAMPLE)
@pytest.mark.sampled(4)
def test_an_application_has_keras_own_weights_and_the_macs_of_torchs_formulas(name):
    cost = count_source(f"keras:{name}", Setting())
    loaded = load(f"keras:{name}", Setting())
    assert cost.parameters == sum(each.value.numel() for each in loaded.model.trainable_variables)
    assert cost.parameters + cost.buffers == loaded.model.count_params()
    assert (cost.forward, cost.uncounted) == ("meta", ())
    macs, ran_on = TOOL["torch_macs"](loaded)
    assert cost.macs == macs + sum(TOOL["without_formula"](cost, ran_on).values())
