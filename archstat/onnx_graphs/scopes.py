"""Which layer a node belongs to: as torch's exporters wrote it, else by its name."""

from __future__ import annotations

import ast
from typing import Any

from archstat.onnx_graphs.recording import Scopes

_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
_REWRITTEN = "pkg.onnxscript.rewriter.rule_name"


def scopes_of(node: Any, owners: dict[str, str]) -> Scopes:
    """The layers around a node, from the outermost inwards.

    Args:
        node: The node.
        owners: The names of parameters, each with the layer that it is named after.
    """
    told = {entry.key: entry.value for entry in node.metadata_props}
    if _SCOPES in told:
        scopes = _marked(told)
        if _REWRITTEN in told:
            # A convolution that has swallowed the norm behind it is still that convolution.
            owner = next((owners[name] for name in node.input if owners.get(name)), "")
            same = [scope for scope in scopes if scope[0] == owner]
            if owner and not same:
                return (*[scope for scope in scopes if owner.startswith(f"{scope[0]}.")], (owner, node.op_type))
        return scopes
    return _named(node.name)


def _marked(told: dict[str, str]) -> Scopes:
    """The layers that torch's exporter lists; the network itself stands before and the op behind them."""
    try:
        paths = ast.literal_eval(told[_SCOPES])[1:-1]
        kinds = ast.literal_eval(told.get(_CLASSES, "[]"))[1:-1]
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return ()
    if len(kinds) != len(paths):
        kinds = [""] * len(paths)
    return tuple((str(path), str(kind).rpartition(".")[2]) for path, kind in zip(paths, kinds, strict=True) if path)


def _named(name: str) -> Scopes:
    """``/layer1/layer1.0/conv1/Conv`` is in layer1.0.conv1; a name of one part is a layer of its own.

    >>> _named("/layer1/layer1.0/conv1/Conv")
    (('layer1', ''), ('layer1.0', ''), ('layer1.0.conv1', ''))
    >>> _named("Conv_0")
    (('Conv_0', ''),)
    """
    parts = [part for part in name.split("/") if part]
    if "/" not in name:
        return ((name, ""),) if name else ()
    scopes: list[tuple[str, str]] = []
    path = before = ""
    for part in parts[:-1]:
        if before and part.startswith(f"{before}."):
            path = f"{path.removesuffix(before)}{part}"
        else:
            path = f"{path}.{part}" if path else part
        before = part
        scopes.append((path, ""))
    return tuple(scopes)


def owners_of(names: dict[str, Any]) -> dict[str, str]:
    """The layer that each parameter is named after: ``"conv1.weight"`` → ``"conv1"``."""
    return {name: name.rpartition(".")[0] for name in names}
