"""How charts look: colours, type, axes.

Colours are names that the page resolves, so that light and dark share a chart.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from plotly import graph_objects as go

from archstat import units
from archstat.language import language, message
from archstat.report.drawing.lines import in_lines

LIGHT = {
    "paper": "#ffffff",
    "raised": "#f6f7f9",
    "ink": "#1b1f24",
    "muted": "#5c6670",
    "line": "#d5dae0",
    "grid": "#e8ebef",
    "accent": "#0b62a8",
    "blue": "#0072b2",
    "orange": "#b35e00",
    "green": "#00805f",
    "purple": "#a4508b",
    "sky": "#2f93cf",
    "red": "#c8401f",
    "gold": "#8f7200",
    "grey": "#6b7681",
}
"""Colours on white paper. The eight last are for data: those of Okabe and Ito (2008), which people who are colour-blind
tell apart, some darker so that text in them has a contrast of 3 : 1 at least."""

DARK = {
    "paper": "#14171b",
    "raised": "#1e2329",
    "ink": "#e8ebee",
    "muted": "#a3adb8",
    "line": "#3a424b",
    "grid": "#292f36",
    "accent": "#6db8f2",
    "blue": "#4aa8e8",
    "orange": "#f0a13c",
    "green": "#2bbd92",
    "purple": "#d98cc0",
    "sky": "#8fd0f7",
    "red": "#f2765a",
    "gold": "#dcc04b",
    "grey": "#98a2ad",
}
"""Colours on a dark page, under the same names as :data:`LIGHT`."""

INK, MUTED, LINE, GRID = "var(--ink)", "var(--muted)", "var(--line)", "var(--grid)"
PAPER, RAISED = "var(--paper)", "var(--raised)"
BLUE, ORANGE, GREEN, PURPLE = "var(--blue)", "var(--orange)", "var(--green)", "var(--purple)"
SKY, RED, GOLD, GREY = "var(--sky)", "var(--red)", "var(--gold)", "var(--grey)"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GOLD, GREY)
"""Colours of data, in the order in which they are given out."""

_LATIN = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial'
_LATIN_CODE = "ui-monospace, SFMono-Regular, Menlo, Consolas"
_OTHER_LETTERS = {
    "ko": '"Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", NanumGothic',
    "ja": '"Hiragino Sans", "Yu Gothic", Meiryo, "Noto Sans JP", "Noto Sans CJK JP", IPAGothic',
    "zh": '"PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei"',
}
"""The types of Korean, Japanese and Chinese, which Latin types have no letters for: those of macOS, of Windows and of
Linux. Whoever quotes, or names a layer, may write any of them, whatever archstat speaks."""

SIZE = 13
"""The size of text in charts, in pixels."""
CHAR = 6.9
"""How wide a character of that size is on average, in pixels: what the places of labels are worked out with."""

_KINDS = (
    (message("Convolution"), ("Conv", "ChosenMaps"), BLUE),
    (message("Linear"), ("Linear", "Bilinear", "mm", "matmul"), ORANGE),
    (message("Normalization"), ("Norm", "LocalResponse"), GREEN),
    (message("Pooling"), ("Pool", "Subsampling"), PURPLE),
    (message("Attention and recurrence"), ("Attention", "LSTM", "GRU", "RNN"), RED),
    (message("Activation"), ("ReLU", "Sigmoid", "Tanh", "Softmax", "SiLU", "GELU", "Hardswish", "Swish"), GOLD),
)
"""The sorts of layers, by parts of the names of their classes; chosen maps and subsampling are those of LeNet-5."""

REST = message("Other")
"""What belongs to no sort, and to no family."""


def font() -> str:
    """The types of pages and pictures: Latin ones first, then those of Korean, Japanese and Chinese.

    >>> font().split(", ")[5:7], font().split(", ")[-2:]
    (['Arial', '"Apple SD Gothic Neo"'], ['"WenQuanYi Micro Hei"', 'sans-serif'])
    """
    return f"{_LATIN}, {other_letters()}, sans-serif"


def font_of_code() -> str:
    """The types of code and of numbers in columns, whose letters are equally wide, then those of :func:`font`."""
    return f"{_LATIN_CODE}, monospace, {other_letters()}"


def other_letters() -> str:
    """The types for letters that are not Latin: first those of the language that is spoken.

    Signs that Korean, Japanese and Chinese share look different in each.
    """
    spoken = language()
    return ", ".join(_OTHER_LETTERS[each] for each in sorted(_OTHER_LETTERS, key=lambda each: each != spoken))


def sort_of(kind: str) -> tuple[str, str]:
    """What sort of layer one of that class is, in English, and its colour.

    >>> sort_of("Conv2d"), sort_of("BatchNorm2d")[0], sort_of("add")
    (('Convolution', 'var(--blue)'), 'Normalization', ('Other', 'var(--grey)'))
    """
    lower = kind.lower()  # ops are named in small letters: conv2d, max_pool2d
    fits = ((name, colour) for name, parts, colour in _KINDS if any(part.lower() in lower for part in parts))
    return next(fits, (REST, GREY))


def figure(*traces: Any, height: float = 460, **layout: Any) -> go.Figure:
    """A figure in the style of all: no frame, no legend unless asked for, grid lines under the data.

    Args:
        traces: What is drawn.
        height: Of the whole figure, in pixels.
        layout: What is different; ``xaxis``, ``yaxis`` and ``margin`` add to those of the style.
    """
    return go.Figure(list(traces), {**base(height), **styled(layout)})


def styled(layout: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of a layout in the style of all: what :func:`figure` does to them, for those of a phone."""
    return {key: _merged(key, value) for key, value in layout.items()}


def _merged(key: str, value: Any) -> Any:
    if re.fullmatch(r"[xy]axis\d*", key):
        return {**_AXIS, **value}
    return {**_MARGIN, **value} if key == "margin" else value


_MARGIN = {"l": 64, "r": 24, "t": 16, "b": 56}
_AXIS = {
    "gridcolor": GRID,
    "zeroline": False,
    "linecolor": LINE,
    "tickcolor": LINE,
    "tickfont": {"color": MUTED},
    "title": {"font": {"color": MUTED, "size": SIZE}},
    "automargin": True,
}


def base(height: float) -> dict[str, Any]:
    """What the layout of every figure begins with."""
    return {
        "template": "none",
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": font(), "size": SIZE, "color": INK},
        "margin": _MARGIN,
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": RAISED,
            "bordercolor": LINE,
            "font": {"color": INK, "family": font(), "size": SIZE},
            "align": "left",
        },
        "dragmode": False,
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with its title, which has the unit."""
    return {**more, "title": {"text": words(title), "font": {"color": MUTED, "size": SIZE}, "standoff": 10}}


def within(value: float) -> float:
    """An amount for an axis; what is beyond all that can be measured is drawn beyond its ends."""
    return min(max(value, 1e-30), 1e30)


def logarithmic(low: float, high: float, title: str, *, unit: str = "", room: float = 0.08) -> dict[str, Any]:
    """A logarithmic axis over these values, with ticks at 1, 2 and 5 of each decade and prefixes at them.

    A short axis has more ticks, a long one fewer.

    Args:
        low: The smallest value, above 0.
        high: The largest.
        title: The title of the axis, with the unit if the ticks have none.
        unit: What stands behind the prefix at each tick: ``"B"``.
        room: How much of the axis stays free at either end.
    """
    first, last = math.log10(within(low)), math.log10(within(high))
    free = max((last - first) * room, 0.05)
    powers = range(math.floor(first - free), math.ceil(last + free) + 1)
    steps = next(steps for most, steps in _STEPS if last - first < most)
    ticks = [step * 10.0**power for power in powers for step in steps]
    return axis(
        title,
        type="log",
        range=[first - free, last + free],
        tickmode="array",
        tickvals=ticks,
        ticktext=[units.round_amount(tick, unit) for tick in ticks],
    )


_STEPS = (
    (0.5, (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)),
    (2.5, (1, 2, 5)),
    (math.inf, (1,)),
)
"""Up to how many decades a logarithmic axis has which ticks in each."""


def words(text: str, most: int = 60) -> str:
    """Any text as charts show it: cut where it is very long, and with no mark-up of its own.

    Plotly reads some HTML in labels, and what stands between two $ as TeX; a layer can have any name.

    >>> words("<b>conv</b>", 8), words("$x$")
    ('&lt;b&gt;conv…', '&#36;x&#36;')
    """
    return html.escape(cut(text, most), quote=False).replace("$", "&#36;")


def cut(text: str, most: int = 60) -> str:
    r"""Any text as one line of print, cut where it is very long, for where there is no mark-up.

    >>> cut("a\tlong name", 8)
    'a long …'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def readable(text: Any) -> Any:
    r"""A text without what is no character to be read, such as a mark that turns the direction of what follows.

    Anything else, and text that is mark-up already, is left as it is.

    >>> readable("a\u202eb\n")
    'a\ufffdb\n'
    """
    if type(text) is not str or text.isprintable():
        return text
    return "".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text)


def hover(title: str, lines: Sequence[tuple[str, str]], *, source: str = "") -> str:
    """What is shown at a point: its name, its numbers, and where they come from.

    Args:
        title: The name.
        lines: What, and how much.
        source: The source that the numbers were published in.
    """
    body = "".join(f"<br>{words(what)}: <b>{words(value)}</b>" for what, value in lines)
    return f"<b>{words(title)}</b>{body}{_broken(source)}"


def _broken(source: str, width: int = 52) -> str:
    """A source in short lines: plotly does not break them."""
    if not source.strip():
        return ""
    lines = "".join(f"<br>{words(line, width)}" for line in in_lines(source, width))
    return f'<br><span style="color:{MUTED}">{lines.removeprefix("<br>")}</span>'


def resolved(value: Any, colours: Mapping[str, str]) -> Any:
    """A figure's content with the names of colours replaced, for pictures without a page."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: colours[match[1]], value)
    if isinstance(value, Mapping):
        return {key: resolved(each, colours) for key, each in value.items()}
    return [resolved(each, colours) for each in value] if isinstance(value, (list, tuple)) else value


_NAME = re.compile(r"var\(--(\w+)\)")
