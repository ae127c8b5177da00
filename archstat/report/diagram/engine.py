"""elkjs, which lays diagrams out, and the script that draws them, run without a browser."""

from __future__ import annotations

import ctypes
import functools
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

import msgspec

from archstat.errors import DataError
from archstat.report.diagram.colours import colours


class Look(msgspec.Struct, frozen=True):
    """How a diagram is drawn.

    Attributes:
        show: The key of what is shown of each box.
        opened: The places of the boxes that are open.
        direction: Where data flows: ``"down"`` or ``"right"``.
    """

    show: str
    opened: Sequence[int]
    direction: str = "down"


def picture(data: Mapping[str, Any], look: Look, title: str, *, is_dark: bool = False, is_on_page: bool = False) -> str:
    """A diagram as SVG; of equal diagrams, the same bytes.

    Args:
        data: What is drawn, as :func:`~archstat.report.diagram.content.content_of` has it.
        look: The boxes that are open, and what is shown of them.
        title: What the picture is of, for who cannot see it.
        is_dark: Draw for a dark page.
        is_on_page: Draw for a page of ours, whose style has the colours, and whose script opens boxes.

    Raises:
        ModuleNotFoundError: There is no engine to lay it out with.
        DataError: There are too many boxes to be laid out.
    """
    state: dict[str, Any] = {"show": look.show, "open": list(look.opened), "direction": look.direction}
    state |= {"canOpen": is_on_page, "isFile": not is_on_page}
    given = json.dumps([data, state, title, None if is_on_page else colours(is_dark=is_dark)])
    from py_mini_racer import JSTimeoutException  # noqa: PLC0415 - an extra

    def drawn() -> str:
        svg: str = _engine().eval(f"archstatPicture(...{given})", timeout_sec=SECONDS_MOST)
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


SECONDS_MOST = 300
"""How long elkjs may look for a layout."""


_SURROUNDINGS = """
var self = globalThis, archstatSaid = [];
globalThis.postMessage = (message) => { archstatSaid.push(message); };
globalThis.setTimeout = (work) => { work(); return 0; };
globalThis.clearTimeout = () => {};
globalThis.console = { log() {}, error() {}, warn() {} };
"""
"""What elkjs expects around it: it is written for a worker of a browser."""

_DRAW = """
self.onmessage({ data: { id: 0, cmd: "register", algorithms: ["layered"] } });
function archstatPicture(data, state, title, colours) {
  archstatSaid.length = 0;
  const graph = archstatDiagram.graphOf(data, state);
  self.onmessage({ data: { id: 1, cmd: "layout", graph, layoutOptions: {}, options: {} } });
  const { data: laid, error } = archstatSaid.pop();
  if (error) throw new Error(JSON.stringify(error));
  return archstatDiagram.picture(data, state, laid, (name) => (colours ? colours[name] : `var(--${name})`), title);
}
"""


@functools.cache
def _engine() -> Any:
    """A JavaScript engine that knows how to draw."""
    from py_mini_racer import MiniRacer  # noqa: PLC0415 - an extra

    engine = MiniRacer()
    # Held for ever: to close it while the interpreter goes down waits for a thread that has ended, and to close it
    # before that crashes beside some other libraries. The operating system clears up after both.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))
    for script in (_SURROUNDINGS, elk(), drawing_script(), _DRAW):
        engine.eval(script)
    return engine


def elk() -> str:
    """Elkjs as it is published, for a worker."""
    return _text("libraries", "elk-worker.min.js")


def drawing_script() -> str:
    """What draws diagrams that were laid out."""
    return _text("templates", "drawing.js")


def _text(folder: str, name: str) -> str:
    return files("archstat.report").joinpath(folder).joinpath(name).read_text(encoding="utf-8")
