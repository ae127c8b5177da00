"""Within limits, near another one, on the front: held against looking at every pair."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.errors import DataError, InputError, UnknownNameError
from archstat.finding.candidates import ACCURACIES, Candidate
from archstat.finding.choosing import near, ordered, pareto_front, within_limits
from archstat.store.questions import bound_on


def candidate(name="a", macs=1, parameters=1, top1=None):
    return Candidate(name, "", "", "1x3x8x8", 1, parameters, macs, 2 * macs, 1, 4, 4, False, top1)


SOME = [candidate("a", 4, 9, 70.0), candidate("b", 2, 9, 60.0), candidate("c", 8, 1, 75.0), candidate("d", 1, 1)]


def names(found):
    return "".join(each.network for each in found)


def test_every_limit_must_hold():
    assert names(within_limits(SOME, [bound_on("macs", "<8", float), bound_on("parameters", ">=9", float)])) == "ab"
    assert names(within_limits(SOME, [bound_on("top1_accuracy", ">50 %", float)])) == "abc", (
        "what is not known does not hold"
    )


def test_the_best_come_first_and_what_is_not_known_last():
    assert names(ordered(SOME, "macs")) == "dbac"
    assert names(ordered(SOME, "top1_accuracy")) == "cabd"


def test_nearest_is_by_ratio_and_without_the_network_itself():
    assert names(near(SOME, SOME[1], "macs")) in ("adc", "dac")
    assert names(near(SOME, SOME[2], "macs")) == "abd"


def test_near_what_is_not_known_is_refused():
    with pytest.raises(DataError, match="The top1_accuracy of 'd' is not known"):
        near(SOME, SOME[3], "top1_accuracy")


def test_what_is_no_quantity_is_refused():
    with pytest.raises(UnknownNameError, match="No quantity is named 'mac'"):
        ordered(SOME, "mac")
    with pytest.raises(InputError, match="needs two quantities: both are 'macs'"):
        pareto_front(SOME, "macs", "macs")


def beats(one, other, x, y):
    """Whether one is no worse in both, and better in one."""

    def worse(each, name):
        value = getattr(each, name)
        return -value if name in ACCURACIES else value

    pairs = [(worse(one, name), worse(other, name)) for name in (x, y)]
    return all(mine <= theirs for mine, theirs in pairs) and any(mine < theirs for mine, theirs in pairs)


NUMBERS = st.integers(1, 6)
CANDIDATES = st.lists(
    st.builds(candidate, st.sampled_from("abcdef"), NUMBERS, NUMBERS, st.none() | NUMBERS.map(float)), max_size=12
)


@given(CANDIDATES, st.sampled_from([("macs", "top1_accuracy"), ("macs", "parameters"), ("top1_accuracy", "macs")]))
def test_the_front_is_what_no_other_one_beats(candidates, axes):
    x, y = axes
    known = [each for each in candidates if getattr(each, x) is not None and getattr(each, y) is not None]
    unbeaten = [each for each in known if not any(beats(other, each, x, y) for other in known)]
    found = pareto_front(candidates, x, y)
    assert sorted(map(id, found)) == sorted(map(id, unbeaten))
