"""What holds for every chart of the registry: a new one is tested the moment it exists."""

import functools
import json
import re
from collections import OrderedDict
from pathlib import Path

import msgspec
import pytest
import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.errors import DataError
from archstat.files.results import read_measurements
from archstat.finding.candidates import choice_of
from archstat.finding.ratings import of_evaluation
from archstat.networks.settings import Setting
from archstat.report.chart import CHARTS, drawn
from archstat.report.drawing import theme
from archstat.report.drawing.canvas import PHONE, Canvas
from archstat.report.drawing.labels import WIDTH, frame_of
from archstat.report.images import drawing_of
from archstat.report.material import Material, Subject, material_from
from archstat.report.page import content
from archstat.report.pictures.sizes import PICTURE_SIZES, picture_size
from archstat.report.pictures.words import words_of
from tests.measured import CONDITIONS, PEAKS, latency, measured, time, times

count = functools.cache(analyse)
RATED = of_evaluation("canziani2016", ())
RESULTS = Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results"
EVERY = pytest.mark.parametrize("name", list(CHARTS))
HOSTILE = "<script>alert('1')</script> \"&quot;\" <b>bold</b> " + "x" * 10_000


@functools.cache
def materials():
    """What every chart can be drawn of, one or the other."""
    results = [each for path in sorted(RESULTS.glob("*.json")) for each in read_measurements(path)]
    batches = [
        measured(
            architecture="lenet5",
            conditions=msgspec.structs.replace(CONDITIONS, batch_size=size),
            latency=latency(0.001 * (size + 1), 1e-5),
        )
        for size in (1, 2, 4)
    ]
    lecture = ["alexnet", "googlenet", "resnet18", "vgg16", "resnet50_v1_5", "inception_v4"]
    return (
        material_from(["alexnet"], results, count),
        material_from(["alexnet", "vgg16", "googlenet", "resnet50"], results, count),
        material_from(lecture, results, count),
        material_from(["alexnet", "vgg19", "googlenet", "resnet152", "senet154"], (), count),
        material_from(["inception_module_naive", "inception_module_bottleneck"], (), count),
        material_from(["resnet50", "se_resnet50", "resnet101", "se_resnet101"], (), count),
        material_from(["lenet5"], batches, count),
        material_from(["resnet50", "resnet50_v1_5"], (), count),
        Material((), choice=choice_of([count(name, Setting()) for name in lecture], (), "", RATED)),
    )


@functools.cache
def charts_of(name):
    """The charts of a kind, of everything that they can be drawn of."""
    return tuple(chart for material in materials() for chart in drawn_or_not(name, material))


def drawn_or_not(name, material):
    try:
        return drawn(CHARTS.get(name), material)
    except DataError as error:
        complaint = str(error)
    assert complaint.endswith(".")
    return []


def texts(value):
    """Every text in a chart, wherever it stands."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)


@EVERY
def test_a_chart_can_be_drawn_and_is_called_by_its_name(name):
    charts = charts_of(name)
    assert charts
    assert {chart.name for chart in charts} == {name}


@EVERY
def test_it_says_in_words_what_it_shows(name):
    for chart in charts_of(name):
        assert chart.title
        assert not chart.title.endswith(".")
        assert chart.caption.endswith((".", ")")), chart.caption
        assert len({view.label for view in chart.views}) == len(chart.views)
        for view in chart.views:
            assert len(view.alt) > 40
            assert view.alt.endswith("."), view.alt
            assert re.search(r"\d", view.alt), view.alt


@EVERY
def test_its_axes_say_what_they_are(name):
    for chart in charts_of(name):
        for view in chart.views:
            layout = json.loads(view.figure.to_json())["layout"]
            kinds = {trace.type for trace in view.figure.data}
            axes = {key: axis for key, axis in layout.items() if re.fullmatch(r"[xy]axis\d*", key)}
            shown = [axis for axis in axes.values() if axis.get("visible", True) and "ticktext" not in axis]
            if kinds & {"bar", "scatter"}:
                assert all(axis["title"].get("text") for axis in shown), (chart.title, view.label, axes)


@EVERY
@pytest.mark.sampled(4)
def test_its_colours_are_names_that_the_page_knows(name):
    for chart in charts_of(name):
        found = json.dumps(content(chart))
        assert not re.findall(r'"#[0-9a-fA-F]{3,8}"', found)
        assert set(re.findall(r"var\(--(\w+)\)", found)) <= set(theme.LIGHT)


@EVERY
@pytest.mark.sampled(5)
def test_the_same_records_give_the_same_chart(name):
    first = charts_of(name)
    charts_of.cache_clear()
    assert [content(chart) for chart in first] == [content(chart) for chart in charts_of(name)]


@EVERY
@pytest.mark.sampled(3)
def test_on_a_phone_it_has_the_same_data_in_another_layout(name):
    for chart in charts_of(name):
        for view in chart.views:
            wide, phone = view.figure.to_plotly_json(), view.draw(PHONE).to_plotly_json()
            assert json.dumps(phone["data"], default=list) == json.dumps(wide["data"], default=list)
            assert {**wide["layout"], **view.narrow} == phone["layout"]
            json.dumps(dict(view.narrow), allow_nan=False)


def test_a_caption_says_which_input_was_counted_or_measured():
    without = {"winners", "top1"}  # errors and accuracies, of which nothing is counted
    for name in set(CHARTS) - without:
        for chart in charts_of(name):
            assert re.search(r"\d×\d", chart.caption), chart.title


@EVERY
@pytest.mark.parametrize("size", [*PICTURE_SIZES, "1200x675", "500x400"])
@pytest.mark.sampled(3)
def test_a_picture_of_any_size_has_its_shape_and_every_label_inside(name, size):
    for chart in charts_of(name)[:2]:
        view = chart.views[-1]
        words, wanted = words_of(chart, view), picture_size(size)
        drawing = drawing_of(view, words, wanted, has_caption=True)
        assert drawing.width * drawing.scale == pytest.approx(wanted.width)
        assert wanted.height is None or drawing.height * drawing.scale == pytest.approx(wanted.height)
        layout = drawing.figure["layout"]
        frame = frame_of({**layout, "yaxis": layout["yaxis"]}, Canvas(drawing.width)) if has_frame(layout) else None
        for label in layout["annotations"] if frame else ():
            if "ax" in label:
                x, y = frame.pixels(label["x"], label["y"])
                half = len(theme.cut(label["text"])) * WIDTH * label["font"]["size"] / theme.SIZE / 2
                assert half - 1 <= x + label["ax"] <= frame.width - half + 1
                assert 0 <= y + label["ay"] <= frame.height


def has_frame(layout):
    return all("range" in layout.get(axis, {}) for axis in ("xaxis", "yaxis"))


@pytest.mark.parametrize("name", [name for name, kind in CHARTS.all().items() if kind.of == "network"])
def test_hostile_names_are_cut_and_cannot_be_mark_up(name):
    for chart in drawn(CHARTS.get(name), Material((hostile(),))):
        for view in content(chart)["views"]:
            found = list(texts([view["data"], view["layout"], view["narrow"]]))
            assert not any("<script" in text or "<b>bold" in text for text in found)
            assert max(map(len, found)) < 2_000
            assert any("script" in text for text in found), "the names are there"


def hostile():
    """A network whose name and layers are meant to do harm, and how it ran."""
    names = (HOSTILE, f"{HOSTILE[::-1]} script", "<script>")
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1)]
    model = nn.Sequential(
        OrderedDict((name.replace(".", ""), layer) for name, layer in zip(names, layers, strict=True))
    )
    network = analyse_model(model, torch.empty(1, 3, 8, 8, device="meta"))
    rows = [time(row.layer, 1e-3, kind=row.kind) for row in network.cost.layers]
    measurement = measured(network.cost, times(*rows), peaks=PEAKS)
    return Subject(network, measurement, network)
