"""The two networks of the GPU tests: one of convolutions, one of matrix products, ready to run."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat.measuring.prepared import Prepared
from archstat.networks import sources
from archstat.records import Conditions


class Attention(nn.Module):
    """Self-attention with its heads beside one another."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.project_in, self.project_out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.project_in(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.project_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and two linear layers, each beside a shortcut."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """ViT-B/16 without a class token: the mean of its tokens is classified. (Dosovitskiy et al., 2021.)"""

    def __init__(self, width=768, heads=12, depth=12, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.position = nn.Parameter(0.02 * torch.randn(196, width))
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(x)).mean(1))


def _resnet50():
    return sources.build_on_cpu(sources.find("resnet50"))


BUILDERS = {"resnet50": _resnet50, "vit_b_16": VisionTransformer}


def prepared(name, batch_size):
    """That network on the GPU, with inputs."""
    torch.manual_seed(0)
    model = BUILDERS[name]().to("cuda").eval()
    x = torch.randn(batch_size, 3, 224, 224, device="cuda")
    conditions = Conditions("cuda", torch.cuda.get_device_name(), "fp32", batch_size)
    ready = Prepared(name, model, (x,), conditions)
    for _ in range(5):
        ready.run()
    ready.wait()
    return ready


each_network = pytest.mark.parametrize("name", BUILDERS)
