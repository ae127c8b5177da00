"""Charts for Python and notebooks."""

import inspect
import json
import subprocess
import sys

import msgspec
import pytest
import torch
from plotly import graph_objects as go
from torch import nn

import archstat
from archstat import plot
from archstat.errors import DataError, InputError, UnknownNameError
from archstat.report.chart import CHARTS
from archstat.report.drawing import theme
from tests.measured import measured

NETWORKS = ["alexnet", "vgg16", "googlenet"]


@pytest.mark.parametrize("name", CHARTS.all())
def test_every_chart_is_a_function_with_a_docstring_and_a_signature(name):
    draw = getattr(plot, name)
    assert (draw.__name__, next(iter(inspect.signature(draw).parameters))) == (name, "networks")
    assert draw.__doc__.startswith(CHARTS.get(name).about)
    assert "is_dark: Draw for a dark page." in draw.__doc__
    assert name in dir(plot)


def test_a_chart_is_a_figure_that_needs_no_page():
    figure = plot.accuracy(NETWORKS)
    assert isinstance(figure, go.Figure)
    assert "var(--" not in figure.to_json()
    assert figure.layout.paper_bgcolor == theme.LIGHT["paper"]
    assert "Canziani" in figure.layout.meta["caption"]
    assert "Bubbles of 3 networks" in figure.layout.meta["alt"]


def test_a_figure_can_be_drawn_for_a_dark_page():
    figure = plot.accuracy(NETWORKS, is_dark=True)
    assert figure.layout.paper_bgcolor == theme.DARK["paper"]
    assert theme.DARK["blue"] in figure.to_json()


def test_a_view_is_chosen_by_its_label():
    assert plot.layers("lenet5").layout.meta["view"] == "Parameters"
    assert plot.layers("lenet5", view="MACs").layout.meta["view"] == "MACs"
    with pytest.raises(UnknownNameError, match=r"No view is named 'MAC'. Did you mean 'MACs'"):
        plot.layers("lenet5", view="MAC")
    with pytest.raises(UnknownNameError, match="one picture only"):
        plot.top1(NETWORKS, view="MACs")


def test_a_cost_draws_itself_as_its_network_is_drawn():
    cost = archstat.count("lenet5")
    assert cost.plot().to_json() == plot.layers("lenet5").to_json()
    assert cost.plot("icicle", view="MACs").to_json() == plot.icicle(cost, view="MACs").to_json()


def test_a_network_of_ones_own_is_drawn_with_the_accuracy_that_is_stated():
    cost = archstat.count(nn.Sequential(nn.Conv2d(3, 8, 3)), torch.ones(1, 3, 8, 8))
    figure = plot.accuracy([*NETWORKS, cost], accuracies={"Sequential": 55.5})
    assert 55.5 in figure.data[1].y
    assert "Accuracy of Sequential: as stated by hand." in figure.layout.meta["caption"]


def test_measurements_bring_their_networks():
    found = msgspec.structs.replace(measured(archstat.count("lenet5")), latency=None)
    assert "LeNet-5" in plot.layers([found]).layout.meta["title"] + plot.layers([found]).layout.meta["alt"]


@pytest.mark.parametrize(
    ("draw", "error", "says"),
    [
        (lambda: plot.layers([]), InputError, "nothing to draw"),
        (lambda: plot.layers(["lenet5", "alexnet"]), InputError, "one of a single network, and here are 2"),
        (lambda: plot.accuracy("lenet5"), DataError, "No source that archstat knows"),
        (lambda: plot.accuracy(NETWORKS, accuracies={"nobody": 5}), UnknownNameError, "nobody"),
        (lambda: plot.accuracy(NETWORKS, accuracies={"vgg16": 500}), DataError, "'500' is no accuracy"),
        (lambda: plot.accuracy(NETWORKS, evaluation="me"), UnknownNameError, "No evaluation is named 'me'"),
        (lambda: plot.draw_chart("bubbles", NETWORKS), UnknownNameError, "No chart is named 'bubbles'"),
        (lambda: plot.layers("lenet55"), UnknownNameError, "lenet55"),
        (lambda: plot.layers([nn.ReLU()]), InputError, "A ReLU cannot be drawn: hand over a name"),
        (lambda: archstat.count("lenet5").plot("memory"), DataError, "holds no ops"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(draw, error, says):
    with pytest.raises(error, match=says):
        draw()


def test_no_other_name_is_a_chart():
    with pytest.raises(AttributeError, match=r"module 'archstat\.plot' has no attribute 'bubbles'"):
        plot.bubbles  # noqa: B018 - asking is what is tested


def test_a_page_is_that_of_the_command_line(tmp_path):
    text = archstat.page("lenet5", title="Mine", charts=["layers"], output=tmp_path / "page.html")
    assert "<h1>Mine</h1>" in text
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text


# -- what a cost hands over to what stands above it --------------------------------------------------------------------


def test_a_cost_is_json_that_every_command_reads(tmp_path):
    cost = archstat.count("lenet5")
    (tmp_path / "cost.json").write_text(cost.to_json())
    assert archstat.load_cost(tmp_path / "cost.json") == cost
    assert cost.to_dict() == json.loads(cost.to_json())


def test_a_layer_of_a_cost_is_its_row_and_a_block_is_what_its_rows_come_to():
    cost = archstat.count("resnet18")
    assert cost.layer("conv1").parameters == 64 * 3 * 7 * 7
    block = [row for row in cost.layers if row.layer.startswith("conv2_x.")]
    assert cost.layer("conv2_x").macs == sum(row.macs for row in block) > 0
    with pytest.raises(UnknownNameError, match=r"No layer is named 'conv9'"):
        cost.layer("conv9")


def test_a_cost_is_a_table_in_every_format():
    cost = archstat.count("lenet5")
    assert cost.table().startswith("lenet5 · input 1×1×32×32")
    assert cost.table("markdown", depth=1, sort="macs").splitlines()[4].startswith("| c3 |")
    assert json.loads(cost.table("json"))[0]["layer"] == "c1"
    with pytest.raises(UnknownNameError, match="No format is named 'html'"):
        cost.table("html")


def test_what_is_above_a_record_is_imported_when_it_is_asked_for():
    asked = "print('plotly' in sys.modules)"
    program = f"import sys, archstat; archstat.load_cost; {asked}; archstat.plot; {asked}"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
