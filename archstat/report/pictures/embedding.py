"""What a picture is called and what it shows, written into its file, where programs and screen readers look for it."""

from __future__ import annotations

import re
import struct
import zlib
from xml.sax.saxutils import escape

from archstat.report.pictures.words import Words

_INCH_M = 0.0254


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


# -- PNG ---------------------------------------------------------------------------------------------------------------

_SIGNATURE_AND_HEAD = 8 + 25
"""The signature of a PNG and its first chunk, which others follow."""


def in_png(picture: bytes, words: Words, density: float) -> bytes:
    """A PNG with a title, a description, and how many of its pixels make an inch.

    Args:
        picture: What plotly draws.
        words: The words of the picture.
        density: Pixels for each of an SVG, of which 96 make an inch: in print it has the size that was asked for.

    Source: W3C, Portable Network Graphics (Third Edition), 11.3.3.4 (iTXt) and 11.3.4.3 (pHYs).
    """
    per_m = round(density * 96 / _INCH_M)
    told = _chunk(b"pHYs", struct.pack(">IIB", per_m, per_m, 1))
    told += _text("Title", words.title) + _text("Description", words.description)
    return picture[:_SIGNATURE_AND_HEAD] + told + picture[_SIGNATURE_AND_HEAD:]


def _text(key: str, text: str) -> bytes:
    """International text, as it is and not compressed."""
    return _chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + text.encode(errors="replace"))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# -- PDF ---------------------------------------------------------------------------------------------------------------


def in_pdf(picture: bytes, words: Words) -> bytes:
    """A PDF with its own title, as an update that follows what the browser has written.

    A file of another build than the one that browsers write stays as it is.

    Source: ISO 32000-1, 7.5.6 (incremental updates) and 14.3.3 (document information).
    """
    trailer = re.search(
        rb"trailer\s*<<(?=[^>]*/Size (\d+))(?=[^>]*/Root (\d+ 0 R))(?=[^>]*/Info (\d+) 0 R)[^>]*>>"
        rb"\s*startxref\s*(\d+)\s*%%EOF\s*$",
        picture,
    )
    if trailer is None:
        return picture
    size, root, info, before = trailer.groups()
    start = picture if picture.endswith(b"\n") else picture + b"\n"
    titled = b"%s 0 obj\n<</Title <%s>/Subject <%s>/Creator (archstat)>>\nendobj\n"
    entry = titled % (info, _pdf_text(words.title), _pdf_text(words.description))
    table = b"xref\n0 1\n0000000000 65535 f \n%s 1\n%010d 00000 n \n" % (info, len(start))
    rest = b"trailer\n<</Size %s/Root %s/Info %s 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    return start + entry + table + rest % (size, root, info, before, len(start) + len(entry))


def _pdf_text(text: str) -> bytes:
    """A text in UTF-16 with its mark, written in hexadecimal digits."""
    return f"\ufeff{text}".encode("utf-16-be", errors="replace").hex().encode()
