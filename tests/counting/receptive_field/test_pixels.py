"""Which pixels the middle of a map sees, held to the gradient that comes back to the input."""

import pytest
import torch
from torch import nn

import archstat

NETWORKS = {
    "convolution": lambda: [nn.Conv2d(1, 1, 3)],
    "stride and padding": lambda: [nn.Conv2d(1, 1, 5, stride=2, padding=2), nn.Conv2d(1, 1, 3, stride=3, padding=1)],
    "dilation": lambda: [nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 3, dilation=3, padding=3)],
    "two sides": lambda: [nn.Conv2d(1, 1, (3, 5), stride=(1, 2), padding=(0, 2)), nn.AvgPool2d((2, 1))],
    "pools": lambda: [nn.Conv2d(1, 1, 3), nn.AvgPool2d(2), nn.Conv2d(1, 1, 3), nn.AvgPool2d(2)],
    "transposed": lambda: [nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)],
    "up again": lambda: [nn.AvgPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)],
    "all of it": lambda: [nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1)],
}


def seen(layers, at):
    """The first and last row and column with a gradient from one output, all weights being 1."""
    network = nn.Sequential(*layers)
    for parameter in network.parameters():
        nn.init.ones_(parameter)
    image = torch.ones(1, 1, 24, 24, requires_grad=True)
    network(image)[0, 0, at[0], at[1]].backward()
    rows, columns = image.grad[0, 0].nonzero(as_tuple=True)
    return [(int(each.min()), int(each.max())) for each in (rows, columns)]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_middle_and_its_neighbour_see_what_has_a_gradient(name):
    layers = NETWORKS[name]()
    (last,) = archstat.explain(nn.Sequential(*layers), torch.empty(1, 1, 24, 24))[-1:]
    assert [each.count for each in last.pixels] == list(last.row.output_shape[2:])
    middle = [each.position for each in last.pixels]
    inside = [(max(each.first, 0), min(each.last, each.size - 1)) for each in last.pixels]
    assert inside == seen(layers, middle)
    across = last.pixels[1]
    if across.next_first is not None:
        beside = (max(across.next_first, 0), min(across.next_last, across.size - 1))
        assert [inside[0], beside] == seen(layers, (middle[0], middle[1] + 1))


def test_the_size_of_the_field_is_how_many_pixels_it_has():
    for each in archstat.explain("vgg16"):
        for size, pixels in zip(each.field.size, each.pixels, strict=True):
            assert pixels.last - pixels.first + 1 == (pixels.size if size is None else size)
            if pixels.next_first is not None:
                assert pixels.next_first - pixels.first == each.field.stride[0]


def test_what_has_no_field_has_no_pixels():
    (only,) = archstat.explain(nn.Linear(4, 2), torch.empty(1, 4))
    assert (only.field, only.pixels) == (None, ())


def test_where_positions_were_put_in_another_order_nothing_is_in_the_middle():
    class Windows(nn.Module):
        def forward(self, x):
            x = x.reshape(1, 1, 2, 4, 8)  # 8 rows as 2 windows of 4
            return torch.relu(x[:, :, :, ::3])

    (only,) = archstat.explain(Windows(), torch.empty(1, 1, 8, 8))
    assert only.pixels == ()
