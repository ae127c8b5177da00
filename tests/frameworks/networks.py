"""The smallest network that has what can go wrong: batch norm, dropout, and sums that a reader can do."""

import torch
from torch import nn

CONV_MACS = 8 * 6 * 6 * 3 * 3 * 3
LINEAR_MACS = 10 * 8 * 6 * 6
"""Of one image of 3×8×8."""

PARAMETERS = (3 * 3 * 3 + 1) * 8 + 2 * 8 + (8 * 6 * 6 + 1) * 10


def small():
    """Make the network."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(8 * 6 * 6, 10)
    )


def batch(size=4):
    """Draw images and their classes."""
    generator = torch.Generator().manual_seed(size)
    images = torch.randn(size, 3, 8, 8, generator=generator)
    return images, torch.randint(0, 10, (size,), generator=generator)


def loss(network, given):
    """Come to the loss of a batch."""
    return nn.functional.cross_entropy(network(given[0]), given[1])


def dataset(batches=4, size=4):
    """Draw some batches of images and classes."""
    return torch.utils.data.TensorDataset(*batch(batches * size))


def weights_of(network):
    """Copy what was learned."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def are_equal(left, right):
    """Compare to the last bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)
