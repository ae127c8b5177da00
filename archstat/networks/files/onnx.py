"""ONNX graphs: ``net.onnx``. They hold no torch network, so they are counted and neither run nor trained."""

from __future__ import annotations

from archstat.errors import SourceError, quoted
from archstat.networks.file_formats import FILE_FORMATS, FileFormat
from archstat.networks.source import Source


def _source(place: str) -> Source:
    raise SourceError(
        f"{quoted(place)} is a graph and no torch network: it is counted, and cannot be trained, measured or handed to "
        "other tools."
    )


FILE_FORMATS.add(FileFormat("ONNX", (".onnx",), _source, "graphs of ONNX, which are counted alone", runs_code=False))
