"""Titles and descriptions inside of picture files."""

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from archstat.report.pictures.embedding import in_pdf, in_png, in_svg
from archstat.report.pictures.words import Words

WORDS = Words('A <b> "title" & 网络 \x00', "caption", "what it shows", "MACs: sums.")
SVG = (
    '<svg class="main-svg" xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<defs id="defs-0a1b2c"><clipPath id="clip0a1b2cxy"/></defs><g clip-path="url(#clip0a1b2cxy)"/></svg>'
)


def test_an_svg_is_an_image_with_a_title_and_a_description_whatever_the_words_are():
    tree = ET.fromstring(in_svg(SVG, WORDS, "a"))  # noqa: S314 - ours
    title, description, *_ = tree
    assert title.text == 'A <b> "title" & 网络 \ufffd'
    assert description.text.startswith("what it shows caption MACs: sums. Made by archstat")
    assert (tree.get("role"), tree.get("aria-labelledby")) == ("img", f"{title.get('id')} {description.get('id')}")


def test_an_svg_is_the_same_whenever_it_is_drawn_and_its_parts_are_those_of_no_other():
    again = SVG.replace("0a1b2c", "ffffff")
    assert in_svg(SVG, WORDS, "a") == in_svg(again, WORDS, "a")
    one, other = (set(ids(in_svg(SVG, WORDS, name))) for name in "ab")
    assert one.isdisjoint(other)


def ids(picture):
    tree = ET.fromstring(picture)  # noqa: S314 - ours
    found = [each.get("id") for each in tree.iter() if each.get("id")]
    assert f"url(#{found[-1]})" in picture
    return found


def test_what_is_no_svg_stays_as_it_is():
    assert in_svg("a picture", WORDS, "a") == "a picture"


@pytest.mark.parametrize("density", [1, 1.5, 300 / 96])
def test_a_png_has_its_words_and_how_large_it_is_in_print(density):
    plain = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(plain, "PNG")
    with Image.open(io.BytesIO(in_png(plain.getvalue(), WORDS, density))) as picture:
        picture.load()
        assert picture.getpixel((0, 0)) == (255, 0, 0)
        assert picture.info["Title"] == WORDS.title
        assert picture.info["Description"] == WORDS.description
        assert picture.info["dpi"] == pytest.approx((96 * density, 96 * density), rel=1e-3)


def blank_pdf():
    """A PDF of one page that has a title of its own."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(300, 200)
    writer.add_metadata({"/Title": "Kaleido-fier", "/Producer": "a browser"})
    writer.write(out)
    return out.getvalue()


def test_a_pdf_has_its_own_title_and_the_same_page():
    made = PdfReader(io.BytesIO(in_pdf(blank_pdf(), WORDS)))
    assert (made.metadata.title, made.metadata.subject) == (WORDS.title, WORDS.description)
    assert made.metadata.creator == "archstat"
    assert [tuple(page.mediabox) for page in made.pages] == [(0, 0, 300, 200)]


def test_equal_pictures_are_equal_bytes():
    assert in_pdf(blank_pdf(), WORDS) == in_pdf(blank_pdf(), WORDS)
