"""``figures.toml`` and ``counted.json``."""

import re

import pytest
import torch

import archstat
from archstat.analysis.inference import count_source
from archstat.errors import DataError, UnknownNameError
from archstat.networks.settings import Setting
from archstat.published.data_files import entries
from archstat.published.figures import (
    FIGURES_FILE,
    Figure,
    ListedArchitecture,
    Published,
    counted,
    expand,
    published,
    published_of,
    select,
)
from archstat.registry import architectures

VARIANTS = [(name, variant) for name, about in published().items() for variant in about.variants]


def decoded(text):
    return entries(text, FIGURES_FILE, Published)


ENTRY = """
[net]
display = "Net"
title = "A net"
authors = "Someone"
year = 2020
link = "https://example.org"
where = "Table 1"
task = "classification"
"""
FIGURE = 'printed = "1.8e9", convention = "all", source = "Table 1", verdict = "rounds"'


def test_every_architecture_has_an_entry_and_every_entry_an_architecture():
    assert set(published()) == set(architectures)


def test_every_architecture_has_our_counts():
    assert set(counted()) == set(architectures)


@pytest.mark.parametrize("name", list(architectures))
@pytest.mark.sampled(3)
def test_our_stored_counts_are_those_of_today(name):
    cost, entry = archstat.count(name), architectures.get(name)
    today = ListedArchitecture(entry.family, entry.input_shape, entry.arguments, cost.parameters, cost.macs)
    assert counted()[name] == today, "write counted.json anew with 'make counts'"


@pytest.mark.parametrize("name", list(published()))
def test_every_entry_says_where_it_comes_from(name):
    about = published()[name]
    assert about.link.startswith(("https://", "http://"))
    assert 1990 < about.year < 2030
    assert all((about.title, about.authors, about.where, about.task))
    for figure in (about.parameters, about.macs):
        assert figure is None or figure.source
    for error in about.errors:
        assert error.protocol
        assert error.source
        rates = [rate for rate in (error.top1, error.top5) if rate is not None]
        assert rates
        assert all(0 < rate < 60 for rate in rates), "error, not accuracy"
        assert sorted(rates, reverse=True) == rates, "five guesses are wrong less often than one"


@pytest.mark.parametrize("name", list(published()))
def test_the_convention_of_a_figure_suits_it(name):
    about = published()[name]
    assert about.parameters is None or about.parameters.convention in ("all", "weights", "all+running")
    assert about.macs is None or about.macs.convention in ("conv+linear", "conv", "conv+linear+add", "conv+linear+norm")


def test_twins_name_each_other_and_have_the_same_parameters():
    twins = {name: about.twin for name, about in published().items() if about.twin}
    assert twins["resnet50"] == "resnet50_v1_5"
    for name, twin in twins.items():
        assert twins[twin] == name
        assert counted()[twin].parameters == counted()[name].parameters
        assert counted()[twin].macs != counted()[name].macs
        assert published()[name].note, "it says how they differ"


def test_a_file_that_holds_together_is_read():
    found = decoded(f"{ENTRY}macs = {{ {FIGURE} }}".encode())
    assert found["net"].macs == Figure("1.8e9", "all", "Table 1", "rounds")
    assert str(found["net"].macs) == "1.8e9"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{ENTRY}color = "red"', "in [net]: Object contains unknown field `color`"),
        (ENTRY.replace("year = 2020", 'year = "2020"'), "in [net]: Expected `int`, got `str` - at `$.year`"),
        (ENTRY.replace("year = 2020\n", ""), "in [net]: Object missing required field `year`"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "differs"), "1.8e9 is differs: say why - at `$.macs`"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "truncated"), "1.8e9 is truncated: say why - at `$.macs`"),
        (
            f"{ENTRY}macs = {{ {FIGURE} }}".replace("rounds", "close"),
            "Invalid enum value 'close' - at `$.macs.verdict`",
        ),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("all", "some"), "Invalid enum value 'some'"),
        (f"{ENTRY}macs = {{ {FIGURE} }}".replace("1.8e9", "many"), "in [net]: 'many' is no printed number"),
        (f'{ENTRY}[[net.errors]]\ntop1 = "low"\nprotocol = ""\nsource = ""', "at `$.errors[0].top1`"),
        ("net = 3", "Expected `object`, got `int`"),
        (f"{ENTRY}{ENTRY}", "Cannot declare ('net',) twice"),
        ("[net", "figures.toml does not hold together"),
    ],
)
def test_what_does_not_hold_together_is_refused_and_the_message_says_where(text, says):
    with pytest.raises(DataError, match=re.escape(says)):
        decoded(text.encode())


def test_a_file_in_another_encoding_is_refused():
    with pytest.raises(DataError, match="does not hold together"):
        decoded(b"\xff\xfe")


# -- finding entries ---------------------------------------------------------------------------------------------------


def test_architectures_are_selected_by_year_and_task_and_pattern_together():
    assert select() == list(published())
    assert select(years=(1990, 2011)) == ["lenet5", "lenet5_modern"]
    assert select(task="MNIST") == ["lenet5", "lenet5_modern"]
    assert select("plain", years=(2015, 2015), task="cifar") == ["plain20", "plain56"]
    assert select("vgg", years=(2015, 2030)) == ["se_vgg16"]
    assert select("vgg", years=(2018, 2030)) == []


def test_years_include_the_first_and_the_last():
    years = {published()[name].year for name in select(years=(2014, 2015))}
    assert years == {2014, 2015}


def test_a_name_with_an_asterisk_stands_for_every_architecture_of_that_form():
    assert expand(["vgg1?", "lenet5"]) == ["vgg11", "vgg13", "vgg16", "vgg19", "lenet5"]
    assert expand(["*"]) == list(published())
    assert expand(["lenet5", "lenet*"]) == ["lenet5", "lenet5_modern"], "each comes once"


@pytest.mark.parametrize("name", ["net.py:Net(sizes=[1])", "pkg.mod:net", "./a[1].json", "vgg16(classes=3)"])
def test_what_is_no_description_stays_as_it_is(name):
    assert expand([name]) == [name]


def test_a_description_that_fits_none_is_refused():
    with pytest.raises(UnknownNameError, match=re.escape("No architecture is named like 'vgg2*'. 'archstat list'")):
        expand(["lenet5", "vgg2*"])


def test_the_published_figures_of_a_network_are_those_of_exactly_it():
    assert published_of(archstat.count("vgg16")) is published()["vgg16"]
    assert published_of(archstat.count("resnet18(shortcuts='B')")) is published()["resnet18"]
    assert published_of(count_source("resnet18", Setting(resolution=256))) is None
    assert published_of(count_source("vgg16", Setting(batch_size=2))) is None
    assert published_of(archstat.count("vgg16(classes=10)")) is None
    assert published_of(archstat.count("torch.nn:Linear(3, 4)", torch.empty(1, 3))) is None


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
@pytest.mark.sampled(3)
def test_the_figures_of_a_variant_are_found_by_its_arguments_and_its_resolution(name, variant):
    cost = count_source(variant.call, Setting(resolution=variant.resolution))
    assert published_of(cost) in (variant, published()[name])
    assert published_of(count_source(variant.call, Setting(resolution=variant.resolution, batch_size=2))) is None
