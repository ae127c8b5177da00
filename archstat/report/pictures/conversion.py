"""An SVG → PNG or PDF, made by the browser that draws charts."""

from __future__ import annotations

import asyncio
import base64
import re
import tempfile
from pathlib import Path
from typing import Any, Literal

from archstat.errors import OutputError, first_line
from archstat.report.pictures.browser import run_to_the_end

DENSITY = 2.0
"""Pixels of a PNG for each of the SVG: sharp on a slide, and on paper up to half a page wide."""

_SECONDS = 60.0
"""A browser that needs longer for one picture does not answer any more."""


def svg_as(svg: str, format_: Literal["png", "pdf"]) -> bytes:
    """A picture as another kind of file, of just its size.

    Args:
        svg: The picture; its first element says how wide and how high it is.
        format_: The kind of file.

    Raises:
        OutputError: There is no kaleido or no Chrome to draw with.
    """
    size = svg_size(svg)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "picture.html"
        page.write_text(_page(svg, size), encoding="utf-8")
        try:
            return run_to_the_end(asyncio.wait_for(_drawn(page.as_uri(), size, format_), _SECONDS))
        except (ImportError, ValueError, RuntimeError, OSError, asyncio.TimeoutError) as error:
            raise OutputError(
                f"No {format_.upper()} could be made ({first_line(error).rstrip('.,: ')}): that needs kaleido and a "
                "Chrome or Chromium: pip install kaleido. An SVG needs neither."
            ) from error


def svg_size(svg: str) -> tuple[int, int]:
    """The width and the height of a picture in pixels, as its first element says them.

    Args:
        svg: The picture.

    Raises:
        ValueError: The first element says neither.
    """
    match = re.match(r'<svg\b[^>]*? width="(\d+)" height="(\d+)"', svg)
    if match is None:
        raise ValueError("The first element of the picture is no <svg> with a width and a height.")
    return int(match[1]), int(match[2])


def _page(svg: str, size: tuple[int, int]) -> str:
    """A page with nothing but the picture, on paper of its size."""
    style = f"@page {{ size: {size[0]}px {size[1]}px; margin: 0 }} body {{ margin: 0 }} svg {{ display: block }}"
    return f"<!DOCTYPE html><meta charset=utf-8><style>{style}</style><body>{svg}</body>"


async def _drawn(address: str, size: tuple[int, int], format_: str) -> bytes:
    from choreographer import Browser  # noqa: PLC0415 - an extra: kaleido brings it

    async with Browser() as browser:
        tab = await browser.create_tab(address)
        await _ready(tab)
        if format_ == "pdf":
            answer = await tab.send_command("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
        else:
            clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": DENSITY}
            shot = {"format": "png", "clip": clip, "captureBeyondViewport": True}
            answer = await tab.send_command("Page.captureScreenshot", shot)
    if "error" in answer:
        raise RuntimeError(str(answer["error"].get("message", "the browser refuses")))
    return base64.b64decode(answer["result"]["data"])


async def _ready(tab: Any) -> None:
    """Wait until the picture is there."""
    asked = {"expression": "document.readyState === 'complete' && !!document.querySelector('svg')"}
    while True:
        answer = await tab.send_command("Runtime.evaluate", asked)
        if answer.get("result", {}).get("result", {}).get("value") is True:
            return
        await asyncio.sleep(0.02)
