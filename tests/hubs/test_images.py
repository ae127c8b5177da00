"""Networks of timm and torchvision: parameters are the library's own, MACs those of torch's formulas.

A sample is counted here; ``ARCHSTAT_HUBS=1`` counts all of them, some 1,500.
"""

import os
import runpy
from pathlib import Path

import pytest

from archstat.analysis.inference import count_source
from archstat.networks.hub import HUBS, names_in
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
IS_WHOLE = os.environ.get("ARCHSTAT_HUBS") == "1"

TIMM = """
beit_base_patch16_224 caformer_s18 convnext_atto cspresnet50 davit_tiny deit3_small_patch16_224 densenet121 dla34
edgenext_xx_small efficientnet_b0 efficientvit_b0 fastvit_t8 ghostnet_100 hgnet_tiny hrnet_w18_small inception_v4
levit_128s maxvit_tiny_rw_224 mixer_s32_224 mobilenetv4_conv_small mobileone_s0 mobilevit_xxs mvitv2_tiny nest_tiny
pvt_v2_b0 regnetx_002 repvgg_a0 res2net50_26w_4s resnet18 resnetv2_50 rexnet_100 selecsls42b skresnet18
swin_tiny_patch4_window7_224 tinynet_e tiny_vit_5m_224 tresnet_m vgg11 vit_tiny_patch16_224 vovnet39a xception41
""".split()
"""A network of each of some forty families."""

TORCHVISION = "efficientnet_b0 maxvit_t mnasnet0_5 mobilenet_v3_small regnet_y_400mf squeezenet1_1 swin_v2_t".split()

DATA_DEPENDENT = frozenset(
    """
    fasterrcnn_mobilenet_v3_large_320_fpn fasterrcnn_mobilenet_v3_large_fpn fasterrcnn_resnet50_fpn
    maskrcnn_resnet50_fpn
    """.split()
)
"""Detectors whose work depends on how many boxes random weights find."""


@pytest.mark.parametrize("name", names_in(HUBS.get("timm")) if IS_WHOLE else TIMM)
@pytest.mark.sampled(7)
def test_a_network_of_timm_has_its_own_parameters_and_the_macs_of_torchs_formulas(name):
    cost, expected = TOOL["beside_torch"](f"timm:{name}")
    assert (cost.parameters, cost.macs) == expected
    assert cost.uncounted == ()


@pytest.mark.parametrize("name", names_in(HUBS.get("torchvision")) if IS_WHOLE else TORCHVISION)
def test_a_network_of_torchvision_has_the_operations_of_its_own_table(name):
    meta = library_of("torchvision", "torchvision").models.get_model_weights(name).DEFAULT.meta
    cost = count_source(f"torchvision:{name}", Setting())
    assert cost.uncounted == ()
    assert round(cost.macs / 1e9, 3) == meta["_ops"] or name in DATA_DEPENDENT
    assert cost.parameters == meta["num_params"] or name.startswith("quantized_")
