"""NASNet-A, against Fig. 4 of its paper, another library, and the counts of copies that pad differently."""

import pytest
import torch

from archstat.analysis.inference import Setting, count_source
from archstat.architectures.nasnet import FactorizedReduction
from archstat.networks.settings import InputSpec
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import cost_of


@pytest.mark.usefixtures("torchvision")
def test_the_mobile_network_costs_what_18_cells_of_another_library_cost_without_six_of_them():
    spec = "timm.models.nasnet:NASNetALarge(stem_size=32, num_features=1056)"
    theirs = count_source(spec, Setting((InputSpec((3, 224, 224)),)))
    left_out = {f"cell_{number}" for number in (4, 5, 10, 11, 16, 17)}  # 4 @ 1056, where they have 6 @ 1056
    kept = [row for row in theirs.layers if row.layer.partition(".")[0] not in left_out]
    ours = cost_of("nasnet_a_mobile")
    assert ours.parameters == sum(row.parameters for row in kept)
    assert sorted(row.macs for row in ours.layers if row.macs) == sorted(row.macs for row in kept if row.macs)


@pytest.mark.parametrize(
    ("name", "reductions", "copies"),
    [
        ("nasnet_a_mobile", [(28, 22), (14, 88), (7, 176)], 568_234_858),  # stem_0 halves 111, which is odd
        ("nasnet_a_large", [(21, 336)], 23_809_955_634),  # 165, 83 and 21 are odd
    ],
)
def test_copies_that_compute_a_row_and_a_column_more_cost_what_is_known_of_them(name, reductions, copies):
    """In each reduction of an even size, the first layers of its five separable convolutions: 5, 7, 7, 5 and 3 wide."""
    kernels = (5, 7, 7, 5, 3)
    extra = [
        ((size + 1) ** 2 - size**2) * sum(kernel**2 * maps + maps * maps for kernel in kernels)
        for size, maps in reductions
    ]
    assert cost_of(name).macs + sum(extra) == copies


@pytest.mark.parametrize(("name", "last", "shape"), [("mobile", 11, (1056, 7, 7)), ("large", 17, (4032, 11, 11))])
def test_the_second_number_of_the_name_is_the_maps_of_the_last_cell(name, last, shape):
    shapes = {row.layer.partition(".")[0]: row.output_shape for row in cost_of(f"nasnet_a_{name}").layers}
    assert shapes[f"cell_{last}"] == (1, *shape)
    assert f"cell_{last + 1}" not in shapes


def separables(cell):
    """The kernels of the first depthwise convolutions by block and side."""
    found = ((path, module) for path, module in cell.named_modules() if path.endswith("depthwise1"))
    return {path.removesuffix(".depthwise1"): module.kernel_size[0] for path, module in found}


def test_the_cells_have_the_separable_convolutions_of_fig_4():
    network = build_on_meta(find("nasnet_a_mobile"))
    assert separables(network.cell_0) == {
        "block1.left": 5,
        "block1.right": 3,
        "block2.left": 5,
        "block2.right": 3,
        "block5.left": 3,
    }
    assert separables(network.reduction_0) == {
        "block1.left": 5,
        "block1.right": 7,
        "block2.right": 7,
        "block3.right": 5,
        "block5.left": 3,
    }


@pytest.mark.parametrize(("name", "after", "seen"), [("mobile", "cell_4", 0), ("large", "cell_6", 1)])
def test_the_cell_after_a_reduction_sees_what_the_authors_code_shows_it(name, after, seen):
    """The mobile one sees h_i of the reduction as its h_{i-1}, the large one sees its h_{i-1}."""
    network, states = build_on_meta(find(f"nasnet_a_{name}")), {}
    for cell in ("reduction_0", after):
        network.get_submodule(cell).register_forward_pre_hook(
            lambda _, inputs, cell=cell: states.__setitem__(cell, inputs)
        )
    network(torch.empty(1, 3, 224, 224, device="meta"))
    assert states[after][1] is states["reduction_0"][seen]
    assert states[after][1] is not states["reduction_0"][1 - seen]


def test_a_factorized_reduction_sees_every_row_and_every_column():
    layer = FactorizedReduction(1, 2).eval()
    x = torch.ones(1, 1, 7, 7, requires_grad=True)
    layer(x).abs().sum().backward()
    row, column = torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")
    assert torch.equal(x.grad[0, 0] != 0, row % 2 == column % 2)
