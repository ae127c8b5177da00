"""Networks of torch's own layers alone, so that they can be built with every torch: a name, what builds it, inputs."""

import torch
from torch import nn
from torch.nn import functional

from tests.support import Calls


def floats(*shape):
    return torch.zeros(shape)


def ids(*shape):
    return torch.zeros(shape, dtype=torch.int64)


def _convolutions_2d():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())


def _depthwise():
    return nn.Sequential(nn.Conv2d(8, 8, 3, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 16, 1))


def _squeeze_and_excite():
    gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 2, 1), nn.SiLU(), nn.Conv2d(2, 8, 1), nn.Sigmoid())
    return Calls(lambda x: x * gate(x), gate=gate)


def _attention():
    layer = nn.MultiheadAttention(16, 4, batch_first=True)
    return Calls(lambda x: layer(x, x, x), layer=layer)


def _masked_attention():
    layer = nn.MultiheadAttention(16, 2)
    mask = torch.zeros(6, 6, dtype=torch.bool)
    return Calls(lambda x: layer(x, x, x, attn_mask=mask.to(x.device), need_weights=False)[0], layer=layer)


def _fused_attention():
    return Calls(lambda x: functional.scaled_dot_product_attention(x, x, x, is_causal=True))


def _encoder(**kwargs):
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, **kwargs)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def _translator():
    return nn.Transformer(16, 2, 1, 1, 32, batch_first=True)


def _packed():
    layer = nn.GRU(4, 6, batch_first=True)

    def forward(x):
        return layer(nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True))[0].data

    return Calls(forward, layer=layer)


def _cells():
    lstm, gru = nn.LSTMCell(4, 6), nn.GRUCell(6, 6)
    return Calls(lambda x: gru(lstm(x)[0]), lstm=lstm, gru=gru)


def _text_classifier():
    return nn.Sequential(nn.Embedding(50, 16), nn.LSTM(16, 12, batch_first=True), Calls(lambda pair: pair[0][:, -1]))


def _bag():
    return nn.Sequential(nn.EmbeddingBag(50, 8), nn.Linear(8, 2), nn.LogSoftmax(-1))


def _upsampling():
    return nn.Sequential(
        nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.ReflectionPad2d(1),
        nn.PixelShuffle(1),
    )


def _norms():
    return nn.Sequential(nn.GroupNorm(2, 8), nn.InstanceNorm2d(8), nn.LayerNorm([8, 6, 6]), nn.RMSNorm([6]))


def _activations():
    kinds = [nn.GELU, nn.SiLU, nn.ELU, nn.CELU, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Mish]
    return nn.Sequential(*[kind() for kind in kinds], nn.PReLU(), nn.GLU(), nn.Softmax(-1))


def _pads():
    return nn.Sequential(nn.ConstantPad2d(1, 0.5), nn.ZeroPad2d(1), nn.CircularPad2d(1), nn.AvgPool2d(2))


def _products():
    weight = nn.Linear(6, 6)
    return Calls(lambda x: torch.einsum("bij,bjk->bik", x, weight(x)) @ x - 1 + x.sum(), weight=weight)


def _scripted():
    return torch.jit.script(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)))


MODELS = {
    "convolutions_2d": (_convolutions_2d, [floats(2, 3, 8, 8)]),
    "convolutions_1d": (lambda: nn.Conv1d(4, 6, 3, padding="same", dilation=2), [floats(2, 4, 9)]),
    "convolutions_3d": (lambda: nn.Sequential(nn.Conv3d(2, 4, 3), nn.AvgPool3d(2)), [floats(1, 2, 6, 6, 6)]),
    "grouped": (lambda: nn.Conv2d(8, 12, 3, stride=2, groups=4), [floats(1, 8, 9, 9)]),
    "depthwise": (_depthwise, [floats(2, 8, 7, 7)]),
    "squeeze_and_excite": (_squeeze_and_excite, [floats(1, 8, 5, 5)]),
    "attention": (_attention, [floats(2, 5, 16)]),
    "masked_attention": (_masked_attention, [floats(6, 2, 16)]),
    "fused_attention": (_fused_attention, [floats(2, 4, 5, 8)]),
    "encoder": (_encoder, [floats(2, 5, 16)]),
    "encoder_norm_first": (lambda: _encoder(norm_first=True, activation="gelu"), [floats(2, 5, 16)]),
    "translator": (_translator, [floats(2, 5, 16), floats(2, 4, 16)]),
    "lstm": (lambda: nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True), [floats(3, 5, 4)]),
    "projected_lstm": (lambda: nn.LSTM(4, 6, proj_size=3), [floats(5, 2, 4)]),
    "gru": (lambda: nn.GRU(4, 6, 2), [floats(5, 2, 4)]),
    "rnn": (lambda: nn.RNN(4, 6, nonlinearity="relu"), [floats(5, 2, 4)]),
    "packed": (_packed, [floats(2, 5, 4)]),
    "cells": (_cells, [floats(3, 4)]),
    "text_classifier": (_text_classifier, [ids(2, 7)]),
    "bag": (_bag, [ids(3, 4)]),
    "upsampling": (_upsampling, [floats(1, 4, 5, 5)]),
    "norms": (_norms, [floats(2, 8, 6, 6)]),
    "activations": (_activations, [floats(2, 4, 6)]),
    "pads": (_pads, [floats(1, 2, 5, 5)]),
    "products": (_products, [floats(2, 6, 6)]),
    "bilinear": (lambda: nn.Bilinear(4, 5, 3), [floats(2, 4), floats(2, 5)]),
    "scripted": (_scripted, [floats(3, 6)]),
}
