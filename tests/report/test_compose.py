"""Which charts and tables stand on a page."""

import functools

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.network import Saved
from archstat.errors import DataError, UnknownNameError
from archstat.finding.candidates import choice_of
from archstat.networks.settings import Setting
from archstat.records import CountedTotals
from archstat.report.blocks import Methods, Sheet, Tiles
from archstat.report.chart import CHARTS
from archstat.report.compose import compose, sums_of
from archstat.report.material import Material, Subject, material_from
from archstat.store.records import ListedResult
from archstat.version import __version__
from tests.measured import CONDITIONS, measured

count = functools.cache(analyse)


def sheets(page):
    return [block.name for block in page.blocks if isinstance(block, Sheet)]


def test_a_page_of_one_network_has_its_totals_its_charts_and_its_sums():
    page = compose(material_from(["lenet5"], (), count))
    tiles = next(block for block in page.blocks if isinstance(block, Tiles))
    assert tiles.tiles[:2] == (("Parameters", "60,000", "60,000"), ("MACs", "325.7 k", "325,680"))
    assert page.title == "LeNet-5"
    assert page.subtitle.startswith("lenet5 · LeCun")
    assert {"layers"} <= {chart.name for chart in page.charts}
    assert sheets(page) == ["Layers of lenet5"]
    layers = next(block for block in page.blocks if isinstance(block, Sheet))
    assert layers.sums[0][1].formula == "(5·5·1 + 1)·6"


def test_a_page_of_two_has_their_layers_side_by_side():
    page = compose(material_from(["lenet5", "lenet5_modern"], (), count))
    assert sheets(page) == ["Totals", "Layers side by side"]
    assert page.title == "LeNet-5, LeNet-5 (dense C3)"


def test_many_networks_are_counted_in_the_title():
    page = compose(material_from(["lenet5", "resnet20", "resnet32", "resnet44", "resnet56"], (), count))
    assert page.title == "5 networks"
    assert sheets(page) == ["Totals"]


def test_charts_are_chosen_by_name_in_that_order():
    page = compose(material_from(["lenet5", "resnet20"], (), count), charts=["layers"], title="Mine")
    assert [chart.name for chart in page.charts] == ["layers", "layers"]
    assert page.title == "Mine"


def test_a_chart_that_is_asked_for_and_cannot_be_drawn_is_an_error():
    material = material_from(["lenet5"], (), count)
    with pytest.raises(UnknownNameError, match=r"No chart is named 'layer'\. Did you mean 'layers'"):
        compose(material, charts=["layer"])
    with pytest.raises(DataError, match=r"No measurement of 'lenet5' is given"):
        compose(material, charts=["roofline"])


def test_a_saved_cost_has_no_sums():
    saved = Saved(count("lenet5", Setting()).cost)
    assert sums_of(saved) == ()
    page = compose(Material((Subject(saved),)))
    assert [block.sums for block in page.blocks if isinstance(block, Sheet)] == [()]


def ran(name, batch_size=1, **changes):
    conditions = msgspec.structs.replace(CONDITIONS, batch_size=batch_size)
    cost = count(name, Setting(batch_size=batch_size)).cost
    counted = CountedTotals(*(getattr(cost, field) for field in CountedTotals.__struct_fields__))
    made = measured(architecture=name, conditions=conditions, input_shapes=cost.input_shapes, counted=counted)
    return msgspec.structs.replace(made, **changes)


def test_a_network_finds_its_measurement_and_is_counted_as_it_was_measured():
    subject = material_from(["lenet5"], [ran("lenet5", 4), ran("vgg16")], count).subjects[0]
    network, found = subject.measured()
    assert found.architecture == "lenet5"
    assert network.cost.input_shapes[0][0] == 4
    assert subject.network.cost.input_shapes[0][0] == 1


def test_a_network_that_was_not_measured_says_how_to_measure_it():
    subject = material_from(["lenet5"], [ran("vgg16")], count).subjects[0]
    with pytest.raises(DataError, match="No measurement of 'lenet5' is given") as caught:
        subject.measured()
    assert caught.value.helps == {"layers": ""}


def test_a_page_without_measurements_says_what_they_would_add():
    assert "archstat measure" in compose(material_from(["lenet5"], (), count)).notes[0]
    with_times = compose(material_from(["lenet5"], [ran("lenet5")], count))
    assert with_times.notes == ()
    assert any(name == "Latency" for name, _, _ in with_times.blocks[0].tiles)


def test_a_time_on_another_input_does_not_stand_beside_these_counts():
    large = ran("lenet5", input_shapes=((1, 1, 64, 64),))
    with pytest.raises(DataError, match=r"measured on an input of 1×1×64×64 and is counted on 1×1×32×32: give the"):
        compose(material_from(["lenet5"], [large], count))
    assert (
        material_from(["lenet5"], [large, ran("lenet5", 2)], count).subjects[0].measurement.conditions.batch_size == 2
    )


def test_every_measurement_stands_on_the_page_also_of_one_network_and_one_that_failed():
    failed = ran("lenet5", 2, latency=None)
    page = compose(material_from(["lenet5"], [ran("lenet5"), failed], count))
    assert sheets(page) == ["Layers of lenet5", "Measurements"]
    (*_, measurements) = [block for block in page.blocks if isinstance(block, Sheet)]
    assert len(measurements.table.rows) == 2


def test_a_page_of_measurements_alone_is_called_by_what_was_measured():
    material = Material((), (ran("lenet5"), ran("lenet5", 2), ran("lenet5_modern")))
    page = compose(material)
    assert page.title == "LeNet-5, LeNet-5 (dense C3)"
    assert "winners" not in {chart.name for chart in page.charts}
    with pytest.raises(DataError, match="'layers' is one of a network, and none is counted here"):
        compose(material, charts=["layers"])
    with pytest.raises(DataError, match="accuracies of no network at all"):
        compose(material, charts=["accuracy"])


def test_a_chart_that_is_named_twice_is_drawn_once():
    page = compose(material_from(["lenet5"], (), count), charts=["layers", "icicle", "layers"])
    assert [chart.name for chart in page.charts] == ["layers", "icicle"]


def test_a_name_without_end_is_cut_and_turns_nothing_around():
    cost = count("lenet5", Setting()).cost
    page = compose(
        Material((Subject(Saved(msgspec.structs.replace(cost, architecture="a" * 9999, peak_layer="\u202ec1" * 99))),))
    )
    assert len(page.title) == 60
    peak = page.blocks[0].tiles[4][2]
    assert "\u202e" not in peak
    assert len(peak) < 100


def test_every_chart_says_in_a_line_what_it_shows():
    for name, kind in CHARTS.all().items():
        assert kind.name == name == kind.draw.__name__
        assert kind.about.endswith(".")
        assert 20 < len(kind.about) < 130


# -- how the numbers came about ----------------------------------------------------------------------------------------


def told(page):
    return [paragraph for block in page.blocks if isinstance(block, Methods) for paragraph in block.paragraphs]


def test_a_page_says_how_its_counts_and_times_came_about():
    counts, times = told(compose(material_from(["lenet5"], [ran("lenet5", 4)], count)))
    assert counts.startswith("The counts of LeNet-5 are sums over the ops of one forward pass on tensors that have ")
    assert f"archstat {__version__} (torch " in counts
    assert times.startswith(
        "LeNet-5 ran on Some Processor · 1 thread · fp32 · eager · contiguous, with inputs of 1×32×32"
    )
    assert told(compose(Material(()))) == []


def test_of_a_saved_cost_no_page_makes_a_version_up():
    (counts,) = told(compose(Material((Subject(Saved(count("lenet5", Setting()).cost)),))))
    assert "archstat, in a version that is not recorded" in counts
    assert "torch" not in counts


def test_the_networks_of_a_store_were_counted_by_the_programs_that_it_names():
    row = ListedResult(
        *("k", "timm:a", "timm", "", "0.1.0", "2.9.0", "timm 1.0.27 x.json 12ab", "", "", 1.0, 1, "1x3x8x8", "float32"),
        *(1, 1, 0, 1, 2, 1, 4, 4, False),
    )
    choice = choice_of((), [row, msgspec.structs.replace(row, network="timm:b", torch="2.13.0")])
    (counts,) = told(compose(Material((), choice=choice)))
    assert "archstat 0.1.0 (torch 2.9.0, timm 1.0.27) and archstat 0.1.0 (torch 2.13.0, timm 1.0.27)" in counts
    assert "They are for inputs of 1×3×8×8." in counts
    assert "MACs: multiply-accumulates" in counts
