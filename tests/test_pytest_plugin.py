"""Budgets in tests."""

import re

import pytest
import torch
from torch import nn

from archstat import count
from archstat.claims.locks import Lock, lock_text, locked, with_networks
from archstat.errors import DataError, InputError, UnknownNameError
from archstat.networks.written import WrittenSetting
from archstat.pytest_plugin import assert_cost

pytest_plugins = ["pytester"]
IMAGE = torch.empty(1, 3, 8, 8, device="meta")


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 10))


def test_a_network_within_its_budget_passes(archstat_budget):
    archstat_budget(net(), IMAGE, parameters=1_562, macs="<= 6k", depth=2, activation_bytes="< 1 KiB")
    archstat_budget("lenet5", parameters="60,000", macs="325.7k")
    archstat_budget("resnet50", layer="conv2_x", macs="< 0.7G")


def test_every_limit_that_is_broken_is_named():
    says = (
        "Sequential: parameters is 1,562, not <= 1000: 56.2 % (562) over the limit; "
        "most is spent by 2 (1,450), 0 (112)\n"
        "macs is 5,328, not 5,000: 6.6 % (328) over the limit; most is spent by 0 (3,888), 2 (1,440)\n"
        "weighted_layers is 2, not 3: 33.3 % (1) under the limit"
    )
    with pytest.raises(AssertionError, match=re.escape(says)):
        assert_cost(net(), IMAGE, parameters="<= 1000", macs="5,000", depth=2, weighted_layers=3)
    with pytest.raises(AssertionError, match=re.escape("conv2_x of resnet50: macs is 667,942,912, not < 0.6G")):
        assert_cost("resnet50", layer="conv2_x", macs="< 0.6G")


def test_what_is_no_quantity_is_an_error_and_no_pass():
    with pytest.raises(UnknownNameError, match=re.escape("No quantity is named 'mac'. Did you mean 'macs'")):
        assert_cost(net(), IMAGE, mac=3)
    with pytest.raises(UnknownNameError, match="No layer is named '7'"):
        assert_cost(net(), IMAGE, layer="7", macs=3)


def test_a_budget_without_a_limit_is_refused(archstat_budget):
    with pytest.raises(InputError, match="No limit is given"):
        archstat_budget(net(), IMAGE)


def test_the_fixture_is_there_where_archstat_is_installed(pytester):
    pytester.makepyfile(
        """
        def test_it_is_small(archstat_budget):
            archstat_budget("lenet5", parameters="<= 60k")

        def test_it_is_tiny(archstat_budget):
            archstat_budget("lenet5", parameters="<= 6k")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: lenet5: parameters is 60,000, not <= 6k*"])


def test_pytest_starts_without_torch(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            assert "torch" not in sys.modules
        """
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


class Scaled(nn.Module):
    def __init__(self, width=10):
        super().__init__()
        self.fc = nn.Linear(8, width)

    def forward(self, x, scale, depth=1):
        return self.fc(x) * scale / depth


def test_what_a_network_takes_by_name_is_given_by_name():
    number = torch.empty(1, device="meta")
    assert_cost(Scaled(), torch.empty(1, 8, device="meta"), scale=number, macs=80)
    assert_cost(Scaled(), torch.empty(1, 8, device="meta"), scale=number, kwargs={"depth": number}, macs=80, depth=1)
    with pytest.raises(UnknownNameError, match="No quantity is named 'size'"):
        assert_cost(Scaled(), torch.empty(1, 8, device="meta"), size=number)


def test_a_network_that_has_grown_says_by_how_much_and_where(tmp_path):
    image, number = torch.empty(1, 8, device="meta"), torch.empty(1, device="meta")
    (tmp_path / "cost.json").write_text(count(Scaled(), image, number).to_json())
    held = {"scale": number, "baseline": tmp_path / "cost.json"}
    assert_cost(Scaled(), image, growth="0", **held)
    assert_cost(Scaled(11), image, growth="10 %", **held)
    assert_cost(Scaled(11), image, growth={"parameters": 9}, **held)
    with pytest.raises(
        AssertionError, match=re.escape("Scaled: parameters 90 → 99 (+10.0 %), moved most by fc (+9); 3 %")
    ):
        assert_cost(Scaled(11), image, growth="3 %", **held)
    with pytest.raises(AssertionError, match="fc of Scaled: macs 80 → 88"):
        assert_cost(Scaled(11), image, growth={"macs": "3 %"}, layer="fc", **held)
    with pytest.raises(InputError, match="'growth' and 'baseline', a saved cost or a lock, go together"):
        assert_cost(Scaled(), image, number, growth="3 %")
    with pytest.raises(DataError, match="it was counted on 1×8, 1 then and on 2×8, 1 now"):
        assert_cost(Scaled(), torch.empty(2, 8, device="meta"), growth="3 %", **held)


def test_growth_is_held_against_the_nearest_lock(pytester):
    pytester.makefile(
        ".lock", archstat=lock_text(with_networks(Lock("", ()), [locked("lenet5", WrittenSetting(), count("lenet5"))]))
    )
    pytester.mkdir("tests").joinpath("test_it.py").write_text(
        """
def test_it_is_as_large(archstat_budget):
    archstat_budget("lenet5", growth="0")

def test_nothing_is_locked(archstat_budget):
    archstat_budget("resnet18", growth="0")
"""
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*archstat.lock does not lock just one network that is called 'resnet18': name a 'baseline' that does."]
    )


def test_fixtures_say_how_the_fixture_is_used(pytester):
    result = pytester.runpytest_subprocess("--fixtures")
    result.stdout.fnmatch_lines(
        ["archstat_budget*", '*archstat_budget(Net(), images, mask=mask, macs="<= 4.1G", growth="3 %")*']
    )
