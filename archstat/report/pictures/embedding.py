"""What a picture is called and what it shows, written into its file, where programs and screen readers look for it."""

from __future__ import annotations

import io
import re
import zlib
from xml.sax.saxutils import escape

from archstat.report.pictures.words import Words


def in_svg(picture: str, words: Words, name: str) -> str:
    """An SVG with a title and a description; those of several that stand in one page are told apart by their names.

    Args:
        picture: What plotly draws.
        words: The words of the picture.
        name: Tells the picture from others.
    """
    steady = _steady(picture, name)
    title, about = (f"{_identifier(name)}-{part}" for part in ("title", "description"))
    told = f'<title id="{title}">{_xml(words.title)}</title><desc id="{about}">{_xml(words.description)}</desc>'
    head = re.match(r"<svg\b[^>]*?(?=>)", steady)
    if head is None:
        return picture
    labels = f' role="img" aria-labelledby="{title} {about}"'
    return f"{head[0]}{labels}>{told}{steady[head.end() + 1 :]}"


def _identifier(name: str) -> str:
    """A name that an element can have, in letters that every program takes."""
    return f"picture-{zlib.crc32(name.encode()):08x}"


def _steady(picture: str, name: str) -> str:
    """An SVG whose elements have the same names whenever it is drawn: plotly draws lots for a part of them."""
    lot = re.search(r'<defs id="defs-([0-9a-f]{6})"', picture)
    return (
        picture if lot is None else re.sub(rf"(defs-|clip){lot[1]}", rf"\g<1>{zlib.crc32(name.encode()):08x}", picture)
    )


def _xml(text: str) -> str:
    """A text without what XML has no character for."""
    return escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))


# -- PNG and PDF -------------------------------------------------------------------------------------------------------


def in_png(picture: bytes, words: Words, density: float) -> bytes:
    """A PNG with a title, a description, and how many of its pixels make an inch.

    Args:
        picture: What plotly draws.
        words: The words of the picture.
        density: Pixels for each of an SVG, of which 96 make an inch: in print it has the size that was asked for.
    """
    from PIL import Image  # noqa: PLC0415 - an extra
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - an extra

    told = PngInfo()
    for key, text in (("Title", words.title), ("Description", words.description)):
        told.add_itxt(key, _sound(text))
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.save(out, "PNG", pnginfo=told, dpi=(density * _INCH, density * _INCH))
    return out.getvalue()


_INCH = 96.0
"""Pixels of an SVG that make an inch."""


def in_pdf(picture: bytes, words: Words) -> bytes:
    """A PDF with its own title and description; the browser has written one of its own."""
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415 - an extra

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(picture)))
    writer.metadata = {"/Title": _sound(words.title), "/Subject": _sound(words.description), "/Creator": "archstat"}
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _sound(text: str) -> str:
    """A text without halves of characters, which no file can hold."""
    return text.encode(errors="replace").decode()
