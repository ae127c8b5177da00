"""The law behind counts: on arithmetic that is written out, and on networks whose law is known."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from archstat.scaling import Growth, Point, Refused, growths_of
from tests.support import cost_of

IMAGES = range(32, 641, 32)


def counting(law, *, takes=bool, tried=None):
    """A network whose MACs follow a function of the size, and all else is constant."""

    def count(size):
        if tried is not None:
            tried.append(size)
        return Point(size, law(size), 1, 1, 1, 1, 1) if takes(size) else Refused(size, "no")

    return count


def macs(law, sizes=IMAGES, *, unit=None, **options):
    growth = growths_of(counting(law, **options), sizes, unit=unit)[0]
    assert growth.quantity == "macs"
    return growth


def test_a_law_says_what_it_was_fitted_and_verified_on():
    law = macs(lambda s: 3 * s * s + s + 5, [8, 16, 24, 32, 40])
    assert law == Growth("macs", (5, 1, 3), 8, 0, 0, (8, 16, 24), (32, 40))


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 5, 6, 8, 16, 32, 64])
def test_a_stride_gives_a_law_on_its_multiples_and_on_no_smaller_period(stride):
    law = macs(lambda s: 9 * ((s + stride - 1) // stride) ** 2, unit=224)
    assert (law.coefficients, law.period, law.residue) == ((0, 0, Fraction(9, stride**2)), stride, 0)
    assert not set(law.fitted) & set(law.verified)


@pytest.mark.parametrize("period", [4, 8, 16])
def test_a_law_that_only_some_sizes_in_between_break_is_not_one_of_every_size(period):
    law = macs(lambda s: s * s + (s % period == period // 2), unit=224)
    assert (law.coefficients, law.period, law.residue) == ((0, 0, 1), period, 0)


@pytest.mark.parametrize(("law", "most"), [(lambda s: s * s, 7), (lambda s: (s + 31) // 32, 8)])
def test_few_sizes_in_between_tell_whether_a_law_is_one_of_every_size(law, most):
    tried = []
    macs(law, unit=224, tried=tried)
    assert len(set(tried) - set(IMAGES)) <= most


def test_without_a_unit_nothing_else_is_counted():
    tried = []
    assert macs(lambda s: s // 2, tried=tried).period == 32
    assert sorted(set(tried)) == list(IMAGES)


def test_sizes_that_leave_a_remainder_have_a_law_too():
    law = macs(lambda s: ((s - 3) // 8) ** 2, range(11, 200, 8))
    assert (law.period, law.residue) == (8, 3)
    assert law.coefficients == (Fraction(9, 64), Fraction(-6, 64), Fraction(1, 64))


def test_a_long_period_that_hides_in_a_few_sizes_is_found_out():
    def overlapping(s):
        """Windows of a pool to 7×7 overlap unless 7 divides the side: among multiples of 96 first at 672."""
        return s * s if s // 32 % 7 == 0 else s * s + s if s % 96 == 0 else s * s + s % 13

    assert macs(overlapping).coefficients is None
    law = macs(overlapping, unit=224)
    assert (law.coefficients, law.period) == ((0, 0, 1), 224)


def test_a_law_of_a_part_is_confirmed_as_far_as_there_are_sizes():
    def every_eleventh(s):
        return s % 13 if s % 96 else s * s if s % 1056 else 0

    assert macs(every_eleventh, range(96, 961, 96)).coefficients == (0, 0, 1)
    assert macs(every_eleventh, unit=224).coefficients is None


def test_a_kink_gives_the_law_from_there_on():
    law = macs(lambda s: max(s * s, 200 * s), unit=224)
    assert (law.coefficients, law.since, law.period) == ((0, 0, 1), 224, 1)
    assert law.fitted[0] == 224
    assert not law.holds_at(192)


@pytest.mark.parametrize(
    "law", [lambda s: 2**s, lambda s: s**5, lambda s: s.bit_count(), lambda s: s * s + hash((s,)) % 7]
)
def test_what_follows_no_polynomial_has_none(law):
    assert macs(law, unit=224) == Growth("macs")


@pytest.mark.parametrize("sizes", [[], [64], [64, 96]])
def test_too_few_sizes_have_no_law(sizes):
    assert macs(lambda s: s, sizes, unit=64).coefficients is None or len(sizes) == 2


def test_sizes_that_are_not_taken_are_left_out():
    law = macs(lambda s: s * s, takes=lambda s: s > 100 and s % 16 == 0, unit=224)
    assert (law.period, law.fitted[0]) == (16, 128)


small = st.integers(1, 4)


@st.composite
def convolutional(draw):
    """A chain of 3×3 convolutions, padded, some with a stride of 2, and the MACs and outputs of one pixel block."""
    layers, channels, scale = [], 3, 1
    macs_law = activations_law = Fraction(0)
    for _ in range(draw(st.integers(1, 4))):
        out, stride, groups = (
            draw(small) * channels,
            draw(st.sampled_from([1, 2])),
            draw(st.sampled_from([1, channels])),
        )
        layers.append(nn.Conv2d(channels, out, 3, stride, 1, groups=groups, bias=False, device="meta"))
        scale *= stride
        macs_law += Fraction(out * 9 * (channels // groups), scale**2)
        activations_law += Fraction(out, scale**2)
        channels = out
    return nn.Sequential(*layers), scale, macs_law, activations_law


@given(convolutional())
@settings(max_examples=25)
def test_a_chain_of_convolutions_grows_with_the_square_of_its_side(drawn):
    network, period, macs_law, activations_law = drawn

    def count(size):
        cost = cost_of(network, torch.empty(1, 3, size, size, device="meta"))
        return Point(size, *[getattr(cost, name) for name in Point.__struct_fields__[1:-1]])

    laws = {growth.quantity: growth for growth in growths_of(count, range(32, 257, 32), unit=32)}
    assert laws["macs"].coefficients == (0, 0, macs_law)
    assert laws["activations"].coefficients == (0, 0, activations_law)
    assert laws["macs"].period == period
    assert laws["parameters"].coefficients == (sum(weight.numel() for weight in network.parameters()),)
