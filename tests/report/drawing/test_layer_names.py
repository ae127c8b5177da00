"""What layers are called in charts, and which colour and mark is which sort."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archstat.report.drawing.layer_names import layer_legend, row_name, short_path, symbol
from archstat.tables.network import WHOLE_NETWORK
from tests.report.charts.support import small

ROW = small().cost.layers[0]


@given(st.text(max_size=80), st.integers(4, 60))
def test_a_shortened_name_is_never_longer_than_it_may_be(name, most):
    assert len(short_path(name, most)) <= most


def test_a_path_loses_what_stands_before_its_last_part():
    assert short_path("conv2_x.conv2_1.residual.conv3", 24) == "conv2_x.conv2_1…conv3"
    assert short_path("conv2_x.conv2_1.residual.conv3", 14) == "conv2_x…conv3"
    assert short_path("x" * 30, 9) == "xxx…xxxxx"


def test_ops_runs_and_the_network_itself_are_told_apart():
    assert row_name(ROW) == "0"
    assert row_name(msgspec.structs.replace(ROW, call=2)) == "0, run 2"
    assert row_name(msgspec.structs.replace(ROW, layer="block", kind="add", is_layer=False)) == "block add"
    assert row_name(msgspec.structs.replace(ROW, layer="block", kind="net")) == "block"
    assert row_name(msgspec.structs.replace(ROW, layer="")) == WHOLE_NETWORK


def test_a_key_names_each_sort_once_and_takes_more_lines_where_it_is_narrow():
    kinds = ("Linear", "Conv2d", "Conv1d", "BatchNorm2d", "MaxPool2d", "ReLU", "Dropout")
    wide, low = layer_legend(kinds, 900, 80)
    narrow, high = layer_legend(kinds, 200, 80, has_marks=True)
    assert ["■" in each["text"] for each in wide] == [True] * 6
    assert (len({each["yshift"] for each in wide}), len({each["yshift"] for each in narrow})) == (1, 4)
    assert high - low == 3 * 20
    assert "◆</span> Normalization" in narrow[2]["text"]
    assert wide[0]["xshift"] == narrow[0]["xshift"] == -80


def test_sorts_have_marks_of_their_own():
    assert len({symbol(kind) for kind in ("Conv2d", "Linear", "ReLU", "MaxPool2d", "LayerNorm", "LSTM", "add")}) == 7
