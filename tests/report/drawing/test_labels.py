"""Labels that cover nothing, in every width that a plot is shown in."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.report.drawing.canvas import Canvas
from archstat.report.drawing.labels import LONGEST, WIDTH, annotations
from archstat.report.drawing.legend import legend
from archstat.report.drawing.plot_area import Corner, Frame, Spot, frame_of, frames_of
from archstat.report.drawing.theme import CHAR

FRAME = Frame((0.0, 10.0), (0.0, 10.0), 400.0, 300.0)


def box(label, frame):
    """Where a label is in pixels."""
    x, y = frame.pixels(label["x"], label["y"])
    x, y = x + label["ax"], y + label["ay"]
    half = len(label["text"]) * WIDTH / 2
    return x - half, y - 8, x + half, y + 8


def overlap(a, b):
    return a[0] < b[2] - 0.2 and b[0] < a[2] - 0.2 and a[1] < b[3] - 0.2 and b[1] < a[3] - 0.2


def covers(box, spot, frame):
    x, y = frame.pixels(spot.x, spot.y)
    return math.hypot(x - min(max(x, box[0]), box[2]), y - min(max(y, box[1]), box[3])) < spot.radius


@given(
    st.lists(
        st.builds(
            Spot,
            x=st.floats(0, 10),
            y=st.floats(0, 10),
            text=st.text("abcdef", min_size=1, max_size=40),
            radius=st.floats(0, 20),
        ),
        max_size=12,
    )
)
def test_labels_cover_neither_each_other_nor_points_and_stay_inside_however_wide(spots):
    labels = annotations(spots, FRAME)
    for frame in frames_of(FRAME):
        boxes = [box(each, frame) for each in labels]
        assert not any(overlap(a, b) for a, b in itertools.combinations(boxes, 2))
        assert all(b[0] >= -0.2 and b[1] >= -0.2 and b[2] <= frame.width + 0.2 and b[3] <= 300.2 for b in boxes)
        assert not any(covers(b, spot, frame) for b in boxes for spot in spots)


def test_a_lone_point_has_its_name_on_the_right_without_a_line():
    label = annotations([Spot(5, 5, "alexnet")], FRAME)[0]
    assert label["text"] == "alexnet"
    assert label["ax"] > 0
    assert label["ay"] == 0
    assert label["arrowcolor"] == "rgba(0,0,0,0)"


def test_a_point_at_the_right_edge_has_its_name_on_the_left():
    assert annotations([Spot(10, 5, "alexnet")], FRAME)[0]["ax"] < 0


def test_where_there_is_no_room_the_names_of_most_weight_stay():
    spots = [Spot(5, 5, "a" * 20, weight=number) for number in range(30)]
    labels = annotations(spots, Frame((0, 10), (0, 10), 160.0, 60.0))
    assert 1 <= len(labels) < 5
    assert labels[0]["x"] == 5
    named = annotations([*spots[:-1], Spot(5, 5, "winner", weight=99)], Frame((0, 10), (0, 10), 160.0, 60.0))
    assert "winner" in [each["text"] for each in named]


def test_points_without_a_name_are_only_kept_clear_of():
    label = annotations([Spot(5, 5, "name"), Spot(5.6, 5, "", radius=12)], FRAME)
    assert [each["text"] for each in label] == ["name"]
    assert label[0]["ax"] < 0


def test_a_label_keeps_off_a_line_while_there_is_other_room():
    label = annotations([Spot(5, 5, "name")], FRAME, lines=[[(5, 5), (10, 5)]])[0]
    assert (label["ax"], label["ay"]) != annotations([Spot(5, 5, "name")], FRAME)[0]["ax"]
    assert label["ax"] < 0 or label["ay"] != 0


def test_a_label_keeps_out_of_a_corner_that_is_taken():
    spot = Spot(8.8, 9, "name")
    free = box(annotations([spot], FRAME)[0], FRAME)
    corner = Corner(is_right=True, is_top=True, width=40, height=60)
    taken = box(annotations([spot], FRAME, corner=corner)[0], FRAME)
    assert overlap(free, corner.box(FRAME))
    assert not overlap(taken, corner.box(FRAME))


def test_a_long_name_is_cut_and_mark_up_is_text():
    label = annotations([Spot(2, 5, "<b>" + "x" * 10_000)], FRAME)[0]
    assert label["text"] == "&lt;b&gt;" + "x" * (LONGEST - 4) + "…"


@pytest.mark.parametrize(("x", "y", "is_free"), [(5, 5, True), (9.9, 0.1, False)])
def test_a_corner_is_free_where_no_point_is(x, y, is_free):
    corner = Corner(is_right=True, is_top=False, width=80, height=60)
    assert corner.is_free([Spot(x, y, "a")], [], FRAME) is is_free


def test_a_line_through_a_corner_takes_it():
    corner = Corner(is_right=True, is_top=False, width=80, height=60)
    assert not corner.is_free([Spot(1, 9, "a")], [[(1, 0.5), (10, 0.5)]], FRAME)


def test_a_frame_is_what_the_margins_leave():
    axes = {"xaxis": {"range": [0, 10]}, "yaxis": {"range": [0, 10]}}
    layout = {**axes, "height": 360, "margin": {"l": 60, "r": 40, "t": 20, "b": 40}}
    assert frame_of(layout, Canvas(500)) == FRAME


def test_a_picture_is_shown_in_one_width_and_a_page_in_wider_ones_too():
    assert [each.width for each in frames_of(FRAME)] == [400, 560, 800]
    fixed = Frame(FRAME.x, FRAME.y, 400, 300, is_fixed=True)
    assert frames_of(fixed) == [fixed]


def test_letters_of_full_width_take_twice_the_room():
    plain, wide = (annotations([Spot(5, 5, text)], FRAME)[0] for text in ("aaaa", "卷积卷积"))
    assert wide["ax"] - plain["ax"] == pytest.approx(4 * WIDTH / 2, abs=0.1)


# -- what colours mean -------------------------------------------------------------------------------------------------


def test_a_key_has_as_many_lines_as_the_width_asks_for():
    entries = [(name, "var(--blue)") for name in ("VGG", "ResNet", "Inception")]
    one, short = legend(entries, 1000)
    three, high = legend(entries, 9 * CHAR)
    assert (short, high) == (20, 60)
    assert len({each["yshift"] for each in one}) == 1
    assert [each["yshift"] for each in three] == [46, 26, 6]


def test_a_key_of_nothing_takes_no_room():
    assert legend([], 100) == ([], 0)
