"""Titles and descriptions inside of picture files."""

import io
import struct
import xml.etree.ElementTree as ET
import zlib

import pytest
from PIL import Image

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


def test_every_chunk_of_a_png_has_its_checksum():
    plain = io.BytesIO()
    Image.new("RGB", (4, 3)).save(plain, "PNG")
    data, kinds = in_png(plain.getvalue(), WORDS, 1)[8:], []
    while data:
        (size,) = struct.unpack(">I", data[:4])
        kind_and_content, (checksum,) = data[4 : 8 + size], struct.unpack(">I", data[8 + size : 12 + size])
        assert zlib.crc32(kind_and_content) == checksum
        kinds.append(kind_and_content[:4])
        data = data[12 + size :]
    assert kinds[:4] == [b"IHDR", b"pHYs", b"iTXt", b"iTXt"]


PDF = b"""%PDF-1.4
1 0 obj
<</Title (Kaleido-fier)>>
endobj
2 0 obj
<</Type /Catalog>>
endobj
xref
0 3
0000000000 65535 f
0000000009 00000 n
0000000051 00000 n
trailer
<</Size 3
/Root 2 0 R
/Info 1 0 R>>
startxref
85
%%EOF
"""


def test_a_pdf_has_its_own_title_in_an_update_that_leads_back_to_what_was_there():
    made = in_pdf(PDF, WORDS)
    assert made.startswith(PDF)
    update = made[len(PDF) :]
    assert update.startswith(b"1 0 obj\n<</Title <feff")
    assert b"/Prev 85" in update
    table = int(update.rsplit(b"startxref\n", 1)[1].split()[0])
    assert made[table:].startswith(b"xref\n0 1\n0000000000 65535 f \n1 1\n")
    entry = int(made[table:].split(b"\n")[4].split()[0])
    assert made[entry:].startswith(b"1 0 obj")
    title = update.split(b"/Title <")[1].split(b">")[0]
    assert bytes.fromhex(title.decode()).decode("utf-16") == WORDS.title


@pytest.mark.parametrize("other", [b"a picture", b"%PDF-1.7\nxref stream\n%%EOF", b""])
def test_a_pdf_of_another_build_stays_as_it_is(other):
    assert in_pdf(other, WORDS) == other
