"""TorchScript, and what else ``torch.save`` leaves in files of that name, which is refused by what it is.

A pickle is never loaded but for tensors (``weights_only``), as loading one runs what it says.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from archstat.errors import SourceError, first_line, quoted
from archstat.networks.file_formats import FILE_FORMATS, FileFormat
from archstat.networks.files.torch_export import exported_network, exported_program
from archstat.networks.source import Source

_CLASS = re.compile(r"GLOBAL ([\w.]+)")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""What layers of torch keep in a state dict beside their parameters."""


def _source(place: str) -> Source:
    names = _names_in(place)
    if any("/code/" in f"/{name}" for name in names):
        network = _scripted(place)
        return Source(place, lambda: network)
    if any(name.endswith("archive_format") or name == "serialized_exported_program.json" for name in names):
        program = exported_program(place)
        return Source(place, lambda: exported_network(program))
    raise _refusal(place)


def _names_in(place: str) -> list[str]:
    """The names in an archive; none if it is no archive."""
    try:
        with zipfile.ZipFile(place) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return []


def _scripted(place: str) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated, and its files remain
            network: nn.Module = torch.jit.load(place, map_location="cpu")  # type: ignore[no-untyped-call]  # torch's
    except Exception as error:
        why = first_line(error) or type(error).__name__
        raise SourceError(f"{quoted(place)} cannot be loaded as TorchScript: {why}") from error
    return network


def _refusal(place: str) -> SourceError:
    """Why a file that torch saved is no network, by what it is."""
    missing = "the network itself is missing. Name its class, as './net.py:Net'."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(place, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - a broken file fails in many ways
        found = _CLASS.search(str(error))
        if found is None:
            return SourceError(f"{quoted(place)} is no file of torch's, or a broken one.")
        return SourceError(
            f"{quoted(place)} is a pickle with {quoted(found[1])} in it, which is never loaded, as that runs its code: "
            "name the class of the network, as './net.py:Net'."
        )
    tensors = dict(_tensors_of(held))
    if not tensors:
        return SourceError(f"{quoted(place)} holds no tensors: {missing}")
    what = "is a state dict" if _is_state_dict(held) else "holds a state dict"
    return SourceError(f"{quoted(place)} is no network: it {what} of {_parameters(tensors):,} parameters: {missing}")


def _tensors_of(held: Any, path: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of a state dict, or of one that lies in a checkpoint, by name."""
    if isinstance(held, Tensor):
        yield path, held
    elif isinstance(held, Mapping):
        for name, value in held.items():
            if not path and not _is_state_dict(held) and str(name).startswith(("optim", "ema", "sched")):
                continue  # what the optimizer keeps, or a second copy
            yield from _tensors_of(value, f"{path}.{name}")


def _is_state_dict(held: Any) -> bool:
    return isinstance(held, Mapping) and all(isinstance(value, Tensor) for value in held.values())


def _parameters(tensors: Mapping[str, Tensor]) -> int:
    """The elements of the tensors but for statistics of norms; one with two names counts once."""
    weights = [tensor for name, tensor in tensors.items() if name.rpartition(".")[2] not in _STATISTICS]
    return sum({(tensor.data_ptr() or id(tensor), tuple(tensor.shape)): tensor.numel() for tensor in weights}.values())


FILE_FORMATS.add(
    FileFormat("TorchScript", (".pt", ".pth", ".ts"), _source, "what torch.jit.script and torch.jit.trace make")
)
