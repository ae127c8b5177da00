"""ShuffleNet V2, against the table of its paper and the network of the same name elsewhere."""

import pytest
import torch

from archstat import units
from archstat.architectures.shufflenet_v2 import TABLE_5
from archstat.errors import SourceError
from archstat.networks.sources import build_on_meta, find
from archstat.published.figures import published
from tests.architectures.support import by_stage, cost_of


@pytest.mark.parametrize("width", TABLE_5)
@pytest.mark.parametrize("shortcut", ["input", "half"])
def test_the_maps_are_those_of_table_5(width, shortcut):
    rows = cost_of(f"shufflenet_v2(width={width}, shortcut={shortcut!r})").layers
    last = {row.layer.partition(".")[0]: row.output_shape for row in rows}
    sizes = {"stage2": 28, "stage3": 14, "stage4": 7, "conv5": 7}
    assert {row: last[row] for row in sizes} == {
        row: (1, maps, hw, hw) for (row, hw), maps in zip(sizes.items(), TABLE_5[width], strict=True)
    }


def test_a_unit_leaves_half_of_the_maps_as_they_are_and_mixes_the_halves():
    unit = find("shufflenet_v2(width=0.5)").build().stage2.unit2_2.eval()
    x = torch.randn(1, 48, 4, 4)
    y = unit(x)
    assert torch.equal(y[:, 0::2], x[:, :24])
    assert torch.equal(y[:, 1::2], unit.split.branch(x[:, 24:]))


@pytest.mark.parametrize("width", TABLE_5)
def test_the_network_of_the_authors_costs_more_than_torchvisions_in_one_unit(width):
    """A square of the maps by which half a stage exceeds conv1, once for each of 28x28 pixels."""
    ours, theirs = f"shufflenet_v2(width={width})", f"shufflenet_v2(width={width}, shortcut='half')"
    more = (TABLE_5[width][0] // 2 - 24) ** 2
    assert cost_of(ours).parameters - cost_of(theirs).parameters == more
    differences = {stage: macs - by_stage(theirs, "macs")[stage] for stage, macs in by_stage(ours, "macs").items()}
    assert {stage: macs for stage, macs in differences.items() if macs} == ({"stage2": 784 * more} if more else {})


PRINTED = {0.5: "41M", 1.0: "146M", 1.5: "299M", 2.0: "591M"}


@pytest.mark.parametrize("width", TABLE_5)
def test_no_width_of_torchvisions_network_has_the_printed_macs(width):
    assert (
        units.parse(PRINTED[width]).verdict(cost_of(f"shufflenet_v2(width={width}, shortcut='half')").macs) == "differs"
    )


@pytest.mark.parametrize("width", TABLE_5)
def test_with_the_additions_of_the_global_pooling_every_width_has_the_printed_macs(width):
    additions = 7 * 7 * TABLE_5[width][3]
    assert units.parse(PRINTED[width]).verdict(cost_of(f"shufflenet_v2(width={width})").macs + additions) == "rounds"
    figures = [published()["shufflenet_v2"].macs, *(v.macs for v in published()["shufflenet_v2"].variants)]
    assert any(figure.printed == PRINTED[width] for figure in figures)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("width=0.75", "ValueError: width 0.75 is none of 0.5, 1, 1.5, 2"),
        ("width=0", "width: Expected `float` > 0.0"),
        ("shortcut='A'", "shortcut: 'A' is none of 'input', 'half'"),
    ],
)
def test_what_table_5_does_not_have_is_refused(arguments, says):
    with pytest.raises(SourceError, match=says):
        build_on_meta(find(f"shufflenet_v2({arguments})"))


def test_a_width_may_be_a_whole_number():
    assert cost_of("shufflenet_v2(width=2)").macs == cost_of("shufflenet_v2(width=2.0)").macs
