"""Tables that libraries print of their own networks: our numbers, rounded as they are, are those that stand there."""

import pytest

from archstat.analysis.inference import analyse
from archstat.counting.conventions import TABLES
from archstat.networks.hub import HUBS, names_in
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting

DATA_DEPENDENT = {
    # how many boxes random weights find is not how many trained ones found
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted({*names_in(HUBS.get("torchvision"))} - DATA_DEPENDENT))
@pytest.mark.sampled(25)
def test_the_ops_of_torchvisions_weights_come_out(name):
    meta = library_of("torchvision", "torchvision").models.get_model_weights(name).DEFAULT.meta
    found = analyse(f"torchvision:{name}", Setting()).tally("torchvision")
    assert round(found.number / 1e9, 3) == meta["_ops"]


TIMM = """
resnet50 4.11 11.11
resnet18 1.82 2.48
efficientnet_b0 0.40 6.75
mobilenetv3_large_100 0.23 4.41
convnext_atto 0.55 3.81
swin_tiny_patch4_window7_224 4.51 17.06
mixer_s32_224 1.00 2.28
levit_128s 0.31 1.88
vit_tiny_patch16_224 1.08 4.12
"""
"""GMACs and millions of activations at 224 pixels, as the model cards print them: from timm's file
results/benchmark-infer-amp-nchw-pt210-cu121-rtx3090.csv."""


@pytest.mark.parametrize("line", TIMM.split("\n")[1:-1])
@pytest.mark.sampled(3)
def test_the_model_cards_of_timm_come_out(line):
    name, gmacs, activations = line.split()
    network = analyse(f"timm:{name}", Setting(resolution=224))
    assert f"{network.tally('timm').number / 1e9:.2f}" == gmacs
    assert f"{network.tally('timm-activations').number / 1e6:.2f}" == activations


OPEN_CLIP = """
ViT-S-32-alt 3.56
ViT-B-32 14.78
ViT-B-16 41.09
RN50 18.18
convnext_base 36.67
swin_base_patch4_window7_224 40.13
ViT-B-16-SigLIP 46.44
EVA02-B-16 41.09
ViT-L-14-336 395.22
"""
"""GFLOPs of an image and a text, from open_clip's docs/model_profile.csv."""


@pytest.mark.parametrize("line", OPEN_CLIP.split("\n")[1:-1])
@pytest.mark.sampled(3)
def test_the_table_of_open_clip_comes_out(line):
    name, gflops = line.split()
    assert f"{analyse(f'open_clip:{name}', Setting()).tally('open_clip').number / 1e9:.2f}" == gflops


def test_every_table_is_held_to_what_it_prints():
    assert set(TABLES) == {"torchvision", "timm", "timm-activations", "open_clip"}
