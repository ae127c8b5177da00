"""``accuracies.toml``."""

import re

import pytest

from archstat.errors import DataError, UnknownNameError
from archstat.published.accuracies import ACCURACIES_FILE, Evaluation, best_for, evaluation_named, evaluations
from archstat.published.data_files import entries
from archstat.published.figures import counted
from archstat.registry import architectures


def decoded(text):
    return entries(text.encode(), ACCURACIES_FILE, Evaluation, named="key")


ENTRY = """
[one]
title = "A page"
source = "Someone, 2020"
link = "https://example.org"
protocol = "ImageNet validation, center crop"
precision = "as printed"
top1 = { vgg16 = 71.6 }
"""

# the parameters of what was evaluated, as others count them
EVALUATED = {
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "bn_inception": 11_295_240,
    "inception_v3": 23_834_568,
    "inception_resnet_v2": 55_843_464,
    "xception": 22_855_952,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50_v1_5": 25_557_032,
    "resnet101_v1_5": 44_549_160,
    "resnet152_v1_5": 60_192_808,
    "resnext101_32x4d": 44_177_704,
    "densenet121": 7_978_856,
    "densenet201": 20_013_928,
    "se_resnet50": 28_088_024,
    "se_resnext50_32x4d": 27_559_896,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "nasnet_a_mobile": 5_289_978,
}


@pytest.mark.parametrize("key", list(evaluations()))
def test_every_evaluated_network_is_an_architecture_of_ours(key):
    about = evaluations()[key]
    assert about.key == key
    assert about.top1
    assert set(about.top1) <= set(architectures)


@pytest.mark.parametrize("key", list(evaluations()))
def test_every_evaluation_says_where_it_comes_from_and_how_it_was_made(key):
    about = evaluations()[key]
    assert about.link.startswith("https://")
    assert all((about.title, about.source, about.protocol, about.precision))
    assert all(note.endswith(".") for note in about.notes.values())


@pytest.mark.parametrize("key", list(evaluations()))
def test_values_are_accuracies_and_no_errors(key):
    about = evaluations()[key]
    assert all(50 < value < 90 for value in about.top1.values())
    assert all(75 < value < 99 for value in about.top5.values())
    assert all(about.top1[name] < value for name, value in about.top5.items())


def test_our_architectures_have_the_parameters_of_what_was_evaluated():
    assert set(EVALUATED) <= set(evaluations()["cadene2018"].top1)
    assert {name: counted()[name].parameters for name in EVALUATED} == EVALUATED


def test_the_alexnet_of_torchvision_is_left_out_because_it_is_none_of_ours():
    assert "alexnet" not in evaluations()["cadene2018"].top1
    assert 61_100_840 not in {own.parameters for own in counted().values()}, "enter its accuracy now: 56.432, 79.194"


def test_what_was_read_off_a_chart_is_within_a_point_of_what_was_printed_elsewhere():
    read, printed = evaluations()["canziani2016"].top1, evaluations()["zagoruyko2016"].top1
    both = set(printed) & set(read)
    assert set(printed) - both == {"vgg19", "resnet34"}, "nobody who is named read these off"
    assert {name: read[name] for name in both} == pytest.approx({name: printed[name] for name in both}, abs=1)


def test_a_larger_network_of_a_family_is_more_accurate_under_one_protocol():
    for about in evaluations().values():
        for family in ("resnet18 resnet34 resnet50_v1_5 resnet101_v1_5 resnet152_v1_5", "densenet121 densenet169"):
            values = [about.top1[name] for name in family.split() if name in about.top1]
            assert values == sorted(values)


# -- choosing one ------------------------------------------------------------------------------------------------------


def test_the_evaluation_that_covers_most_is_chosen():
    assert best_for(["alexnet", "googlenet", "vgg16", "inception_v4"]).key == "canziani2016"
    assert best_for(["alexnet", "densenet121", "se_resnet50", "no_such"]).key == "cadene2018"


def test_of_evaluations_that_cover_as_many_the_first_is_chosen():
    covering = [key for key, about in evaluations().items() if {"vgg16", "resnet18"} <= set(about.top1)]
    assert len(covering) == 3
    assert best_for(["vgg16", "resnet18"]).key == covering[0] == "cadene2018"
    assert best_for(["alexnet", "vgg16"]).key == "zagoruyko2016", "printed before read off"


def test_a_twin_that_was_evaluated_counts_too_where_the_evaluation_has_two_others():
    assert best_for(["vgg16", "googlenet", "resnet50", "alexnet"]).key == "canziani2016"
    assert best_for(["resnet50", "resnet101"]).key == "ImageNet val, 10-crop", "both have errors of their own"


def test_a_name_that_comes_twice_counts_once():
    assert best_for(["alexnet", "alexnet", "densenet121", "vgg11"]).key == "cadene2018"


@pytest.mark.parametrize("names", [[], ["lenet5"], ["no_such"]])
def test_where_none_covers_any_there_is_none(names):
    assert best_for(names) is None


def test_where_no_evaluation_has_two_the_errors_of_the_protocol_that_most_share_are_taken():
    found = best_for(["mobilenet_v2", "efficientnet_b0", "efficientnet_b1"])
    assert found.key == found.protocol == "ImageNet val, 1-crop"
    assert found.top1["mobilenet_v2"] == pytest.approx(100 - 28.0, abs=0.2)
    assert set(found.top1) == {"mobilenet_v2", "efficientnet_b0", "efficientnet_b1"}


def test_errors_of_one_protocol_are_asked_for_by_its_name():
    found = evaluation_named("ImageNet val, 10-crop")
    assert found.top1["resnet50"] == 77.15, "100 − 22.85"
    assert "se_resnet50" not in found.top1
    with pytest.raises(UnknownNameError, match="and protocols of published errors, as 'ImageNet val, 1-crop'"):
        evaluation_named("10-crop of another")


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_file_that_holds_together_is_read():
    (about,) = decoded(f"{ENTRY}top5 = {{ vgg16 = 90 }}").values()
    assert (about.key, about.top1, about.top5, about.notes) == ("one", {"vgg16": 71.6}, {"vgg16": 90.0}, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{ENTRY}top5 = {{ vgg16 = 70 }}", "in [one]: the top-5 accuracy of vgg16 is 70, no more than its top-1"),
        (f"{ENTRY}top5 = {{ vgg19 = 90 }}", "in [one]: vgg19 has no top-1 accuracy"),
        (f'{ENTRY}notes = {{ vgg19 = "?" }}', "in [one]: vgg19 has no top-1 accuracy"),
        (ENTRY.replace("71.6", "716"), "in [one]: 716 of vgg16 is no accuracy in percent"),
        (ENTRY.replace("71.6", "0.0"), "in [one]: 0 of vgg16 is no accuracy in percent"),
        (f"{ENTRY}top5 = {{ vgg16 = 100 }}", "in [one]: 100 of vgg16 is no accuracy in percent"),
        (ENTRY.replace("71.6", '"71.6"'), "in [one]: Expected `float`, got `str` - at `$.top1[...]`"),
        (ENTRY.replace('protocol = "ImageNet validation, center crop"', ""), "missing required field `protocol`"),
        (f'{ENTRY}color = "red"', "in [one]: Object contains unknown field `color`"),
        ("one = 3", "Expected `object`, got `int`"),
        ("[one", "accuracies.toml does not hold together"),
    ],
)
def test_what_does_not_hold_together_is_refused_and_the_message_says_where(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        decoded(text)


def test_an_evaluation_is_known_by_its_key():
    assert evaluation_named("canziani2016") is evaluations()["canziani2016"]
    with pytest.raises(UnknownNameError, match=r"No evaluation is named 'canziani'\. Did you mean 'canziani2016'\?"):
        evaluation_named("canziani")
