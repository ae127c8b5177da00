"""GoogLeNet, against Table 1 of its paper and the slides that teach it."""

import pytest

from archstat import units
from archstat.networks.sources import build_on_meta, find
from tests.architectures.support import by_stage, cost_of

# GoogLeNet, Table 1: weights as the paper's filters give them, MACs, and the printed column of operations.
TABLE_1 = {
    "conv1": (9_408, 118_013_952, None),  # 34M: a separable 7x7
    "conv2": (114_688, 359_661_568, "360M"),
    "inception_3a": (163_328, 128_049_152, "128M"),
    "inception_3b": (388_096, 304_267_264, "304M"),
    "inception_4a": (375_552, 73_608_192, "73M"),
    "inception_4b": (448_512, 87_908_352, "88M"),
    "inception_4c": (509_440, 99_850_240, "100M"),
    "inception_4d": (604_672, 118_515_712, "119M"),
    "inception_4e": (867_328, 169_996_288, "170M"),
    "inception_5a": (1_042_432, 51_079_168, None),  # 54M: the printed weights, but not the printed filters
    "inception_5b": (1_442_816, 70_697_984, "71M"),
    "linear": (1_024_000, 1_024_000, "1M"),
}


@pytest.mark.parametrize("row", TABLE_1)
def test_googlenet_has_the_rows_of_table_1(row):
    weights, macs, printed = TABLE_1[row]
    found = by_stage("googlenet", "macs")
    assert found[row] + (found["conv2_reduce"] if row == "conv2" else 0) == macs
    sizes = dict(build_on_meta(find("googlenet")).named_parameters())
    prefixes = (row, "conv2_reduce") if row == "conv2" else (row,)
    mine = [p for path, p in sizes.items() if path.partition(".")[0] in prefixes and p.dim() > 1]
    assert sum(p.numel() for p in mine) == weights
    verdict = "truncated" if row == "inception_4a" else "rounds"
    assert printed is None or units.parse(printed).verdict(macs) in (verdict, "exact")


def test_the_heads_of_googlenet_cost_what_is_known_of_them():
    parameters, macs = by_stage("googlenet_aux", "parameters"), by_stage("googlenet_aux", "macs")
    assert (parameters["auxiliary_4a"], parameters["auxiliary_4d"]) == (3_188_840, 3_190_888)
    assert (macs["auxiliary_4a"], macs["auxiliary_4d"]) == (4_169_728, 4_202_496)


@pytest.mark.parametrize(
    ("name", "terms", "depth"),
    [
        ("inception_module_naive", [128 * 256, 192 * 9 * 256, 96 * 25 * 256], 672),
        ("inception_module_bottleneck", [128 * 256, 64 * 256, 192 * 9 * 64, 64 * 256, 96 * 25 * 64, 64 * 256], 480),
    ],
)
def test_the_inception_modules_of_the_lecture_cost_the_sum_of_their_terms(name, terms, depth):
    cost = cost_of(name)
    assert [row.macs for row in cost.layers if row.macs] == [784 * term for term in terms]
    assert cost.layers[-1].output_shape == (1, depth, 28, 28)


def test_358_m_takes_128_channels_where_the_slide_has_64():
    assert cost_of("inception_module_bottleneck").macs + 784 * 192 * 9 * 64 == 358_055_936
