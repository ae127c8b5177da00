"""Which published error rate a claim means."""

import re
from fractions import Fraction

import pytest

from archstat.claims.rates import RATES, described, picked, published_rate
from archstat.errors import ArchstatError, DataError, UnknownNameError
from archstat.published.figures import ErrorRate, published
from archstat.quantities import QUANTITIES, unit_of

ONE_CROP = "ImageNet val, 1-crop"


@pytest.mark.parametrize(
    ("architecture", "resolution", "protocol", "quantity", "value"),
    [
        ("googlenet", None, "ImageNet val, 144-crop, 7 networks", "top5_error", "6.67"),
        ("googlenet", None, "ImageNet val, 144-crop", "top5_error", "7.89"),
        ("googlenet", None, f"{ONE_CROP}; Table 3", "top5_error", "10.07"),
        ("googlenet", None, f"{ONE_CROP}; Inception", "top1_error", "29.0"),
        ("vgg16", None, ONE_CROP, "top5_error", "9.618"),
        ("vgg16", 224, ONE_CROP, "top1_accuracy", "71.592"),
        ("alexnet", None, "ImageNet val, 10-crop; Table 2, 1 CNN", "top5_accuracy", "81.8"),
        ("mobilenet_v1(width=0.5)", None, ONE_CROP, "top1_accuracy", "63.7"),
        ("mobilenet_v1", 128, ONE_CROP, "top1_error", "35.6"),
        ("mobilenet_v1(width=0.5)", 160, ONE_CROP, "top1_error", "39.8"),
    ],
)
def test_a_rate_is_the_printed_one(architecture, resolution, protocol, quantity, value):
    assert published_rate(architecture, resolution, protocol, quantity) == Fraction(value)


@pytest.mark.parametrize(
    ("architecture", "resolution", "protocol", "quantity", "says"),
    [
        (
            "googlenet",
            None,
            ONE_CROP,
            "top5_error",
            (
                "2 error rates of googlenet are 'ImageNet val, 1-crop': choose from 'ImageNet val, 1-crop; Table 3', "
                "'ImageNet val, 1-crop; Inception-v3 paper, Table 3'."
            ),
        ),
        (
            "googlenet",
            None,
            "Imagenet",
            "top5_error",
            "No error rates of googlenet are 'Imagenet': choose from 'ImageNet",
        ),
        ("vgg16", None, "ImageNet val", "top5_error", "3 error rates of vgg16 are 'ImageNet val': choose from"),
        ("vgg16", 225, ONE_CROP, "top5_error", "No error rate of vgg16 at 225×225 was published."),
        ("vgg16(classes=3)", None, ONE_CROP, "top5_error", "No error rate of vgg16(classes=3) was published."),
        ("vgg16(3)", None, ONE_CROP, "top5_error", "No error rate of vgg16(3) was published."),
        ("vgg16(3", None, ONE_CROP, "top5_error", "'vgg16(3' cannot be read"),
        ("", None, ONE_CROP, "top5_error", "No architecture is named ''."),
        (
            "googlenet",
            None,
            "ImageNet val, 144-crop",
            "top1_error",
            "No top1_error of googlenet was published under 'ImageNet val, 144-crop; Table 3'.",
        ),
    ],
)
def test_none_that_fits_and_several_that_do_are_refused(architecture, resolution, protocol, quantity, says):
    with pytest.raises(ArchstatError, match=re.escape(says)):
        published_rate(architecture, resolution, protocol, quantity)


def test_an_unknown_architecture_is_refused_with_those_that_are_close():
    with pytest.raises(
        UnknownNameError, match=re.escape("No architecture is named 'vgg61'. Did you mean 'vgg19' or 'vgg16'")
    ):
        published_rate("vgg61", None, ONE_CROP, "top5_error")


def test_a_whole_protocol_comes_before_one_that_begins_so():
    rates = [
        ErrorRate("a, b", "Table 1"),
        ErrorRate("a", "Table 1"),
        ErrorRate("c", "Table 10"),
        ErrorRate("c", "Table 1"),
    ]
    assert picked(rates, "a", "net") is rates[1]
    assert picked(rates, "a,", "net") is rates[0]
    assert picked(rates, "c; Table 1", "net") is rates[3]
    with pytest.raises(DataError, match="2 error rates of net are 'c'"):
        picked(rates, "c", "net")


def test_protocol_and_source_pick_every_published_rate():
    for name, about in published().items():
        for rate in about.errors:
            assert picked(about.errors, described(rate), name) is rate


def test_rates_are_percentages():
    assert {unit_of(name) for name in RATES} == {"%"}
    assert not set(RATES) & set(QUANTITIES)
