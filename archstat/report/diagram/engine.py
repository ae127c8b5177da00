"""elkjs, which lays diagrams out, and the script that draws them, run without a browser."""

from __future__ import annotations

import ctypes
import functools
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any, Literal

import msgspec

from archstat.errors import DataError

Direction = Literal["down", "right"]

SECONDS_MOST = 300
"""How long elkjs may look for a layout."""


class Look(msgspec.Struct, frozen=True, rename="camel"):
    """How a diagram is drawn.

    Attributes:
        show: The key of what is shown of each box.
        opened: The places of the boxes that are open.
        direction: Where data flows.
        is_wrapped: Whether a long way is broken into columns, or rows, as a page or a slide has room for them.
        ratio: How wide a picture whose way is broken is to be, roughly, for each pixel of its height.
    """

    show: str
    opened: tuple[int, ...] = msgspec.field(name="open")
    direction: Direction = "down"
    is_wrapped: bool = False
    ratio: float = 0.9


def picture(data: Mapping[str, Any], look: Look, title: str, colours: Mapping[str, str] | None) -> str:
    """A diagram as SVG; of equal diagrams, the same bytes.

    Args:
        data: What is drawn, as :meth:`~archstat.report.diagram.content.Content.plain` has it.
        look: The boxes that are open, and what is shown of them.
        title: What the picture is of, for who cannot see it.
        colours: The colours by their names; ``None``: those of the page of ours that the picture stands on, whose
            script opens boxes.

    Raises:
        ModuleNotFoundError: There is no engine to lay it out with.
        DataError: There are too many boxes to be laid out.
    """
    from py_mini_racer import JSTimeoutException  # noqa: PLC0415 - an extra

    state = {**msgspec.to_builtins(look), "canOpen": colours is None}
    given = json.dumps([data, state, title, colours])

    def drawn() -> str:
        svg: str = _engine().eval(f"archstatDrawer.drawn(...{given})", timeout_sec=SECONDS_MOST)
        return svg

    try:
        # In a thread of its own: a notebook has a loop running, in which the engine refuses to wait.
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(drawn).result()
    except JSTimeoutException as error:
        raise DataError(
            f"{len(data['boxes']):,} boxes could not be laid out within {SECONDS_MOST} seconds: open fewer levels, or "
            "draw a module alone."
        ) from error


_SURROUNDINGS = """
var self = globalThis;
globalThis.postMessage = () => {};
globalThis.setTimeout = (work) => { work(); return 0; };
globalThis.clearTimeout = () => {};
globalThis.console = { log() {}, error() {}, warn() {} };
"""
"""What elkjs expects around it: it is written for a worker of a browser."""


@functools.cache
def _engine() -> Any:
    """A JavaScript engine that knows how to draw."""
    from py_mini_racer import MiniRacer  # noqa: PLC0415 - an extra

    engine = MiniRacer()
    # Held for ever: to close it while the interpreter goes down waits for a thread that has ended, and to close it
    # before that crashes beside some other libraries. The operating system clears up after both.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))
    engine.eval(_SURROUNDINGS)
    engine.eval(drawer())
    return engine


def drawer() -> str:
    """Elkjs as it is published, and our scripts that draw with it: a worker of a page, or a script of an engine."""
    ours = [_text("templates", name) for name in ("pieces.js", "drawing.js", "drawer.js")]
    return "\n".join([_text("libraries", "elk-worker.min.js"), *ours])


def _text(folder: str, name: str) -> str:
    return files("archstat.report").joinpath(folder).joinpath(name).read_text(encoding="utf-8")
