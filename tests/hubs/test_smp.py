"""Networks of segmentation_models_pytorch: parameters are the library's own, MACs those of torch's formulas.

Every decoder is counted here with the encoder that it has by default, and one with each kind of encoder;
``ARCHSTAT_HUBS=1`` counts every encoder of the library's own.
"""

import os
import runpy
from importlib import import_module
from pathlib import Path

import pytest

from archstat.networks.hub import HUBS, names_in

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
DECODERS = names_in(HUBS.get("smp"))
ENCODERS = "mit_b0 mobilenet_v2 timm-regnetx_002 tu-convnext_atto tu-vgg11 tu-swin_tiny_patch4_window7_224".split()
MORE = import_module("segmentation_models_pytorch.encoders").get_encoder_names()
IS_WHOLE = os.environ.get("ARCHSTAT_HUBS") == "1"


def check(spec):
    cost, expected = TOOL["beside_torch"](spec)
    assert (cost.parameters, cost.macs) == expected
    assert cost.uncounted == ()
    assert cost.input_origin == "known"


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.sampled(3)
def test_a_decoder_has_its_own_parameters_and_the_macs_of_torchs_formulas(name):
    check(f"smp:{name}")


@pytest.mark.parametrize("encoder", [*ENCODERS, *(MORE if IS_WHOLE else ())])
def test_an_encoder_has_its_own_parameters_and_the_macs_of_torchs_formulas(encoder):
    check(f"smp:Unet({encoder!r})")
