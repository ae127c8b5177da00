"""How large pictures are."""

import pytest

from archstat.errors import InputError
from archstat.report.pictures.sizes import DEFAULT, PICTURE_SIZES, picture_size


def test_a_slide_is_of_16_to_9_and_its_png_has_1920_pixels():
    slide = picture_size("slide")
    assert slide.width / slide.height == pytest.approx(16 / 9)
    assert slide.width * slide.density == pytest.approx(1920)
    assert slide.type_size == pytest.approx(18 / 72 * 96)


@pytest.mark.parametrize(("name", "inches", "points"), [("column", 3.5, 8), ("page", 6.5, 9)])
def test_what_goes_into_a_paper_is_as_wide_as_its_text_and_printed_with_300_dots_for_an_inch(name, inches, points):
    size = PICTURE_SIZES[name]
    assert (size.width / 96, size.type_size / 96 * 72) == (pytest.approx(inches), pytest.approx(points))
    assert size.height is None
    assert size.density * 96 == pytest.approx(300)


@pytest.mark.parametrize("text", ["1200x675", "1200X675", "1200×675", " 1200 x 675 "])
def test_a_width_and_a_height_are_the_pixels_of_the_png(text):
    size = picture_size(text)
    assert (size.width * size.density, size.height * size.density) == (1200, 675)


@pytest.mark.parametrize(("text", "grown"), [("900x500", 1), ("400x300", 1), ("1800x1000", 2), ("9000x500", 1)])
def test_larger_pictures_have_larger_type_and_small_ones_none_that_is_smaller(text, grown):
    assert picture_size(text).type_size == grown * DEFAULT.type_size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0x0",
        "1e9",
        "1e9x1e9",
        "-5x9",
        "900",
        "900x",
        "x",
        "9999999x9999999",
        "199x500",
        "\u0661000x\u0669000",
        "a\n",
    ],
)
def test_what_is_no_size_is_refused_with_what_can_be_written(text):
    with pytest.raises(InputError, match=r"write slide, column, page, or WIDTHxHEIGHT in pixels, from 200x150 to"):
        picture_size(text)
