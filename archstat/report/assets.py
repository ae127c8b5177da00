"""The libraries that a page brings along: packed, so that it needs no network and is still small."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
from importlib.resources import files

from plotly.offline import get_plotlyjs, get_plotlyjs_version

from archstat.report.diagram.engine import drawer


@functools.cache
def packed_library(library: str) -> str:
    """A library of :data:`LIBRARIES`, compressed with gzip and written in base64; a page unpacks it.

    Every browser since 2023 can (``DecompressionStream``); an older one shows tables and texts, and no charts.
    """
    return packed(LIBRARIES[library]())


def packed(text: str) -> str:
    """A text, compressed with gzip and written in base64; of equal texts the same."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def libraries_file() -> str:
    """A script that holds all libraries, packed, for the pages of a site to share."""
    held = {f"library-{name}": packed_library(name) for name in LIBRARIES}
    return f'"use strict";\nwindow.archstatLibraries = {json.dumps(held, indent=0)};\n'


def _tables() -> str:
    """DataTables, as itables bundles it for pages without a network."""
    return files("itables").joinpath("html").joinpath("dt_bundle.js").read_text(encoding="utf-8")


LIBRARIES = {"plotly": get_plotlyjs, "tables": _tables, "elk": drawer}
"""plotly.js draws charts, DataTables sorts and searches tables, elkjs and our own scripts draw diagrams."""


@functools.cache
def plotly_address() -> tuple[str, str]:
    """Where plotly.js is served, and the hash by which a browser knows that it is the same."""
    return f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js", hash_of(get_plotlyjs())


def hash_of(text: str) -> str:
    """The hash of a script or a style, as pages and their policies write it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
