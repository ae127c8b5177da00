"""Xception, against Fig. 5 of its paper."""

import torch
from torch import nn

from archstat.architectures.xception import halving
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of


def test_xception_has_the_36_convolutions_of_its_feature_extraction():
    """§4: 36 convolutional layers in 14 modules; a separable one is one, and those of shortcuts are not among them."""
    model = build_on_meta(find("xception"))
    paths = [path for path, layer in model.named_modules() if isinstance(layer, nn.Conv2d)]
    counted = [path for path in paths if ".shortcut." not in path and not path.endswith(".depthwise")]
    assert len(counted) == 36


def test_the_flows_of_xception_give_the_maps_and_sizes_of_fig_5():
    last = {row.layer.partition(".")[0]: row.output_shape for row in cost_of("xception").layers}
    assert last["entry_flow"] == last["middle_flow"] == (1, 728, 19, 19)
    assert last["exit_flow"] == (1, 2048, 10, 10)


def test_a_middle_block_of_xception_costs_three_separable_convolutions():
    rows = [row for row in cost_of("xception").layers if row.layer.startswith("middle_flow.block4.")]
    assert sum(row.macs for row in rows) == 3 * 19 * 19 * 728 * (3 * 3 + 728)
    assert sum(row.parameters for row in rows) == 3 * 728 * (3 * 3 + 728 + 2)


def test_the_shortcut_of_xception_sees_what_the_first_relu_has_not_rectified():
    block = halving(2, 2, 2).eval()
    x = -torch.ones(1, 2, 4, 4)
    block(x)
    assert torch.equal(x, -torch.ones(1, 2, 4, 4))
