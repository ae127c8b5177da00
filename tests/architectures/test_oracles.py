"""Counts against others: two independent counters, the same network of another library."""

from pathlib import Path

import msgspec
import pytest

from archstat.analysis.inference import Setting, count_source
from archstat.networks.settings import InputSpec
from archstat.published.figures import published
from archstat.registry import architectures

ORACLES = msgspec.toml.decode(Path(__file__).with_name("oracles.toml").read_bytes())
TWINS = [name for name, oracle in ORACLES.items() if "same_as" in oracle]


def test_every_architecture_has_an_oracle():
    assert {name.partition("(")[0] for name in ORACLES} == set(architectures)


@pytest.mark.parametrize("name", ORACLES)
def test_an_oracle_says_both_numbers_or_names_the_same_network_elsewhere(name):
    assert "same_as" in ORACLES[name] or {"parameters", "macs"} <= ORACLES[name].keys()
    assert ORACLES[name].keys() <= {"parameters", "macs", "same_as", "resolution"}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.sampled(5)
def test_the_numbers_are_those_that_others_counted(name):
    oracle = ORACLES[name]
    cost = count_source(name, Setting(resolution=oracle.get("resolution")))
    assert {key: getattr(cost, key) for key in ("parameters", "macs") if key in oracle} == {
        key: number for key, number in oracle.items() if key in ("parameters", "macs")
    }


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.usefixtures("torchvision")
@pytest.mark.sampled(5)
def test_it_costs_what_the_same_network_of_another_library_costs(name):
    ours = count_source(name, Setting(resolution=ORACLES[name].get("resolution")))
    theirs = count_source(ORACLES[name]["same_as"], Setting((InputSpec(ours.input_shapes[0][1:]),)))
    assert (ours.parameters, ours.macs) == (theirs.parameters, theirs.macs)
    assert sorted(row.macs for row in ours.layers if row.macs) == sorted(row.macs for row in theirs.layers if row.macs)


@pytest.mark.parametrize(
    ("spec", "parameters", "macs"),
    [
        ("torchvision.models:alexnet", 61_100_840, 714_188_480),
        ("torchvision.models:googlenet(aux_logits=False, init_weights=False)", 6_624_904, 1_498_376_192),
    ],
)
@pytest.mark.usefixtures("torchvision")
def test_networks_of_the_same_name_elsewhere_cost_what_our_notes_say(spec, parameters, macs):
    name = spec.partition(":")[2].partition("(")[0]
    theirs = count_source(spec, Setting((InputSpec((3, 224, 224)),)))
    assert (theirs.parameters, theirs.macs) == (parameters, macs)
    assert f"{parameters:,}" in published()[name].note or f"{parameters / 1e6:.2f} M" in published()[name].note
