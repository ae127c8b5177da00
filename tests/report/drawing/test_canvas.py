"""The room that charts are laid out for."""

import pytest

from archstat.report.drawing.canvas import PHONE, WIDE, Canvas


def test_without_a_height_every_part_has_its_own():
    assert WIDE.rest(400, 90, 100) == 400
    assert WIDE.step(24, 10, 90, 17) == 24


def test_a_part_takes_the_rest_of_a_height_and_says_where_that_is_not_enough():
    canvas = Canvas(700, 390, is_fixed=True)
    assert canvas.rest(400, 90, 100) == 300
    assert canvas.rest(400, 350, 100) == 100


def test_a_picture_in_a_column_is_not_upright():
    assert Canvas(400, is_fixed=True).rest(500, 90, 100) == pytest.approx(320)
    assert Canvas(900, is_fixed=True).rest(500, 90, 100) == 500


@pytest.mark.parametrize(("lines", "step"), [(10, 30), (5, 48), (30, 17)])
def test_lines_fill_a_height_and_are_neither_too_close_nor_far_apart(lines, step):
    assert Canvas(700, 390).step(24, lines, 90, 17) == step


def test_names_are_longer_where_there_is_more_width():
    assert [canvas.characters(28, 21) for canvas in (PHONE, Canvas(410), WIDE, Canvas(900), Canvas(9000))] == [
        21,
        26,
        28,
        45,
        60,
    ]
