"""LeNet-5, against the arithmetic of its paper."""

from tests.architectures.support import by_stage


def test_lenet5_has_the_parameters_of_section_ii_b():
    found = by_stage("lenet5", "parameters")
    expected = {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}
    assert {layer: count for layer, count in found.items() if count} == expected
    assert sum(expected.values()) == 60_000


def test_lenet5_has_the_connections_of_section_ii_b():
    macs, other = by_stage("lenet5", "macs"), by_stage("lenet5", "other_flops")
    connections = {layer: macs[layer] + other[layer] for layer in ("c1", "s2", "c3", "s4", "c5", "f6")}
    assert connections == {"c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000, "c5": 48_120, "f6": 10_164}
    assert sum(connections.values()) + 84 * 10 == 340_908


def test_c3_of_lenet5_connects_60_of_96_pairs_of_maps():
    macs = by_stage("lenet5", "macs")["c3"]
    assert macs == 60 * 25 * 10 * 10
    assert by_stage("lenet5_modern", "macs")["c3"] == 96 * 25 * 10 * 10
    assert by_stage("lenet5_modern", "parameters")["c3"] == 2_416
