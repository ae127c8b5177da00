"""Charts → picture files, for papers and slides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from plotly import io

from archstat.errors import OutputError, first_line
from archstat.files.saving import make_folder, write_whole
from archstat.report.chart import Chart, View
from archstat.report.drawing import theme

Format = Literal["svg", "png", "pdf"]
_WIDTH = 900
"""Of a picture, in pixels."""
_SCALE = 2
"""Pixels of a PNG for each pixel of the chart, so that it is sharp in print."""


def write_images(charts: Iterable[Chart], folder: Path, format_: Format) -> list[Path]:
    """Write every view of every chart into a folder, once all are drawn; the paths, in order.

    Args:
        charts: What to draw, in the light colours.
        folder: Where; it is made if it is not there.
        format_: The kind of picture.

    Raises:
        OutputError: There is no chart to draw, no kaleido or no Chrome to draw with, or the folder cannot be written.
    """
    views = [(chart, view) for chart in charts for view in chart.views]
    if not views:
        raise OutputError("There is no picture to write: of these networks no chart can be drawn.")
    make_folder(folder)
    pictures: dict[Path, bytes] = {}
    for chart, view in views:
        pictures[folder / f"{_file_name(chart, view, pictures)}.{format_}"] = image(view, format_)
    for path, picture in pictures.items():
        write_whole(path, picture)
    return list(pictures)


def _file_name(chart: Chart, view: View, taken: Iterable[Path]) -> str:
    """Of the title and the view, without what file systems do not like; a number if it is taken."""
    parts = [chart.title, view.label] if len(chart.views) > 1 else [chart.title]
    name = re.sub(r"[^\w.]+", "-", " ".join(parts).lower()).strip("-.")
    name = name.encode()[:100].decode(errors="ignore") or chart.name
    stems = {path.stem for path in taken}
    return next(
        each for number in range(len(stems) + 2) if (each := f"{name}-{number}" if number else name) not in stems
    )


def image(view: View, format_: Format) -> bytes:
    """One picture on white paper.

    Raises:
        OutputError: There is no kaleido or no Chrome to draw with.
    """
    figure = theme.resolved(json.loads(view.figure.to_json()), theme.LIGHT)
    figure["layout"] |= {"paper_bgcolor": theme.LIGHT["paper"], "template": {}}
    try:
        picture: bytes = io.to_image(
            figure,
            format=format_,
            width=_WIDTH,
            height=view.figure.layout.height,
            scale=_SCALE if format_ == "png" else 1,
        )
    except (ImportError, ValueError, RuntimeError, OSError) as error:
        raise OutputError(
            f"No picture could be drawn ({first_line(error).rstrip('.,: ')}): pictures need kaleido and a Chrome or "
            "Chromium: pip install kaleido."
        ) from error
    return picture
