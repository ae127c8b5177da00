"""A file → the graph in it, checked and with its functions written out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from archstat.errors import SourceError, first_line, quoted
from archstat.networks.file_formats import check_file
from archstat.networks.libraries import library_of

OLDEST = 11
"""The oldest version of the operators that is read: before, many said in attributes what shapes now follow from."""

#: ONNX's numbers of element types in torch's words.
ONNX_TYPES = dict(
    enumerate(
        "undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 "
        "complex128 bfloat16 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz uint4 int4 float4_e2m1fn "
        "float8_e8m0fnu uint2 int2".split()
    )
)
_OURS = ("", "ai.onnx")
_MOST_BYTES = 1 << 31


def onnx_library() -> Any:
    """The onnx package.

    Raises:
        SourceError: The package is not installed.
    """
    return library_of("onnx", "onnx")


def read_graph(place: str) -> Any:
    """The model that a file holds, its weights left where they are; functions are written out.

    Raises:
        SourceError: There is no such file, or it holds no graph that can be read.
    """
    check_file(place)
    onnx = onnx_library()
    if os.path.getsize(place) >= _MOST_BYTES:  # noqa: PTH202 - see check_file
        raise SourceError(f"{quoted(place)} is larger than the 2 GiB that a file of this format can be.")
    try:
        model = onnx.load(place, load_external_data=False)
    except Exception as error:
        raise SourceError(f"{quoted(place)} is no ONNX file, or a broken one.") from error
    if not model.graph.node and not model.graph.output:
        raise SourceError(f"{quoted(place)} is no ONNX file, or a broken one: it holds no graph.")
    if not all(isinstance(text, str) for graph in every_graph(model.graph) for text in _texts(graph)):
        raise SourceError(f"{quoted(place)} is no ONNX file, or a broken one: its names are no text.")
    _check_version(place, onnx, model)
    return _written_out(place, model)


def _texts(graph: Any) -> Iterator[Any]:
    """The names in a graph; what is no text in a broken file comes as bytes."""
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (text for entry in node.metadata_props for text in (entry.key, entry.value))
        yield from (attribute.name for attribute in node.attribute)
    yield from (proto.name for proto in graph.initializer)
    for info in (*graph.input, *graph.output, *graph.value_info):
        yield info.name
        yield from (dim.dim_param for dim in info.type.tensor_type.shape.dim)
        yield from (text for entry in info.metadata_props for text in (entry.key, entry.value))


def opset_of(model: Any) -> int:
    """The version of ONNX's own operators in a model."""
    return max([int(each.version) for each in model.opset_import if each.domain in _OURS], default=OLDEST)


def _check_version(place: str, onnx: Any, model: Any) -> None:
    opset, newest = opset_of(model), int(onnx.defs.onnx_opset_version())
    if opset < OLDEST:
        raise SourceError(
            f"{quoted(place)} is of opset {opset}, and {OLDEST} is the oldest that is read: bring it up to date with "
            "onnx.version_converter."
        )
    if opset > newest:
        raise SourceError(
            f"{quoted(place)} is of opset {opset}, and the onnx that is installed knows {newest} at most: install a "
            "newer one."
        )


def _written_out(place: str, model: Any) -> Any:
    """The model without functions of its own."""
    if not model.functions:
        return model
    from onnx import inliner  # noqa: PLC0415 - optional

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:
        raise SourceError(f"The functions in {quoted(place)} cannot be written out: {first_line(error)}") from error


def subgraphs(node: Any) -> Iterator[Any]:
    """The graphs within a node: branches and bodies."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def every_graph(graph: Any) -> Iterator[Any]:
    """A graph and all that its nodes hold."""
    yield graph
    for node in graph.node:
        for inner in subgraphs(node):
            yield from every_graph(inner)


def operator_of(node: Any) -> str:
    """The operator of a node, of another domain with that: ``"com.microsoft::FusedConv"``."""
    return node.op_type if node.domain in _OURS else f"{node.domain}::{node.op_type}"
