"""The table of operators, which the other files of this folder fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archstat.onnx_graphs.node import GraphNode
from archstat.records import TensorSpec

#: From a node to its outputs; what torch would run is emitted on the way. ``None``: not told by shapes.
Mapping = Callable[[GraphNode], "Sequence[TensorSpec] | None"]

#: One entry = one operator, those of other domains with theirs: ``"com.microsoft::FusedConv"``.
OPERATORS: dict[str, Mapping] = {}


def operator(names: str) -> Callable[[Mapping], Mapping]:
    """Enter the decorated function for some operators."""

    def enter(mapping: Mapping) -> Mapping:
        OPERATORS.update(dict.fromkeys(names.split(), mapping))
        return mapping

    return enter
