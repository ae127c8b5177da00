"""Networks of OpenCLIP: parameters are the library's own, MACs those of torch's formulas.

A sample is counted here; ``ARCHSTAT_HUBS=1`` counts all of them.
"""

import os
import runpy
from pathlib import Path

import pytest

from archstat.networks.hub import HUBS, names_in

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
SAMPLE = "ViT-B-32 RN50 coca_ViT-B-32 ViT-B-16-SigLIP2 convnext_tiny MobileCLIP2-S0 ViTamin-S PE-Core-T-16-384".split()
IS_WHOLE = os.environ.get("ARCHSTAT_HUBS") == "1"


@pytest.mark.parametrize("name", names_in(HUBS.get("open_clip")) if IS_WHOLE else SAMPLE)
@pytest.mark.sampled(3)
def test_a_network_has_its_own_parameters_and_the_macs_of_torchs_formulas(name):
    cost, expected = TOOL["beside_torch"](f"open_clip:{name}")
    assert (cost.parameters, cost.macs) == expected
    assert cost.uncounted == ()
    assert cost.input_origin == "known"
