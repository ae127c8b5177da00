"""A small GPT, its configs, and what its framework says that a forward pass costs: for docs/tasks/formula.md."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


class Config(NamedTuple):
    """The sizes of a GPT."""

    layers: int
    width: int
    length: int
    vocabulary: int
    heads: int = 2


CONFIGS = [Config(1, 8, 4, 50), Config(2, 8, 4, 50), Config(2, 16, 4, 30), Config(2, 16, 8, 30)]


class Block(nn.Module):
    """Attention and a perceptron, each after a norm."""

    def __init__(self, config: Config) -> None:  # noqa: D107
        super().__init__()
        self.heads, width = config.heads, config.width
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the block on (batch, length, width)."""
        batch, length, width = x.shape
        split = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.mlp_norm(x))))


class Gpt(nn.Module):
    """Blocks between embeddings and a head that shares the weights of the embedding."""

    def __init__(self, config: Config) -> None:  # noqa: D107
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.length, config.width)
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.width, bias=False)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Run the network on (batch, length)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.norm(self.blocks(self.tokens(ids) + self.positions(places))))


def build(config: Config) -> tuple[Gpt, torch.Tensor]:
    """The network of a config and one text, without values."""
    with torch.device("meta"):
        return Gpt(config), torch.zeros(1, config.length, dtype=torch.long)


def forward_flops(config: Config) -> int:
    """A third of 6N + 12·layers·width·length a token, as for PaLM; N as nanoGPT has it, without positions alone."""
    model, _ = build(config)
    parameters = sum(each.numel() for each in model.parameters()) - model.positions.weight.numel()
    return (6 * parameters + 12 * config.layers * config.width * config.length) * config.length // 3


def forward_flops_of_matrices(config: Config) -> int:
    """The same, where N has matrices alone."""
    model, _ = build(config)
    matrices = sum(each.numel() for each in model.parameters() if each.dim() > 1) - model.positions.weight.numel()
    return (6 * matrices + 12 * config.layers * config.width * config.length) * config.length // 3
