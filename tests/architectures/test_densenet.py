"""DenseNet, against its own structure."""

import torch

from archstat.networks.sources import find


def test_a_dense_layer_hands_on_what_it_was_given():
    layer = find("densenet40_k12").build().block1.layer1
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(layer.eval()(x)[:, :16], x)
