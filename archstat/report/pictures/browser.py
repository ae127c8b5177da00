"""Figures → files of pictures, drawn by one browser that nobody sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

import msgspec

from archstat.errors import OutputError, first_line

Format = Literal["svg", "png", "pdf"]


class Drawing(msgspec.Struct, frozen=True):
    """A figure, and how large it is to be drawn.

    Attributes:
        figure: What plotly draws, as plain values.
        width: The width that it is laid out for, in pixels.
        height: The height in the same.
        scale: Pixels of the picture for each of these.
    """

    figure: Mapping[str, Any]
    width: float
    height: float
    scale: float


def draw_all(
    drawings: Mapping[str, Drawing], format_: Format, watch: Callable[[Sequence[str]], Iterable[str]]
) -> dict[str, bytes]:
    """The files of several pictures, by their names.

    Args:
        drawings: By the names of the pictures.
        format_: The kind of picture.
        watch: Gives the names out one by one, and may tell how far it is.

    Raises:
        OutputError: There is no kaleido or no Chrome to draw with.
    """
    try:
        return run_to_the_end(_in_one_browser(drawings, format_, watch))
    except (ImportError, ValueError, RuntimeError, OSError, asyncio.TimeoutError) as error:
        raise OutputError(
            f"No picture could be drawn ({first_line(error).rstrip('.,: ')}): pictures need kaleido and a Chrome or "
            "Chromium: pip install kaleido."
        ) from error


_Made = TypeVar("_Made")


def run_to_the_end(work: Coroutine[Any, Any, _Made]) -> _Made:
    """What comes out of work with a browser, also within a notebook, whose own loop runs already.

    Args:
        work: The work, which has not begun.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()


async def _in_one_browser(
    drawings: Mapping[str, Drawing], format_: Format, watch: Callable[[Sequence[str]], Iterable[str]]
) -> dict[str, bytes]:
    """One browser for all: to start one takes seconds. A server of kaleido's would wait for ever where that fails."""
    from kaleido import Kaleido  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    from kaleido.errors import KaleidoError  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra

    made: dict[str, bytes] = {}
    try:
        async with Kaleido(n=1) as browser:
            for name in watch(list(drawings)):
                made[name] = await browser.calc_fig(drawings[name].figure, _options(drawings[name], format_))
    except KaleidoError as error:
        raise RuntimeError(str(error)) from error
    return made


def _options(drawing: Drawing, format_: Format) -> dict[str, Any]:
    # A browser cuts off what is no whole pixel, and 1049.9999 of them are 1049.
    scale = drawing.scale * (1 + 1e-9)
    return {"format": format_, "width": drawing.width, "height": drawing.height, "scale": scale}
