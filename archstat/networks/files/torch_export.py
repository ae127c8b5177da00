"""Programs that ``torch.export`` saved: ``net.pt2``.

They bring the input that they were exported with. Layers are those of the network that was exported, where torch can
tell them apart again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
import zipfile
from collections.abc import Iterator

import torch
from torch import nn

from archstat.errors import SourceError, first_line, quoted
from archstat.networks.file_formats import FILE_FORMATS, FileFormat
from archstat.networks.source import Built, Source

_PICKLED = "opaque_obj_"
"""What the objects of an archive are called that torch would unpickle without asking."""


def exported_network(program: torch.export.ExportedProgram) -> Built:
    """The network of an exported program, and the input that it was exported with."""
    return Built(_with_layers(program), program.example_inputs)


def exported_name(program: torch.export.ExportedProgram) -> str:
    """The class of the network that was exported."""
    return _classes(program).get("", type(program).__name__)


def _classes(program: torch.export.ExportedProgram) -> dict[str, str]:
    """The class of each layer, by path."""
    stacks = [node.meta.get("nn_module_stack") or {} for node in program.graph.nodes]
    kinds = {path: kind for stack in stacks for path, kind in stack.values()}
    names = {path: kind if isinstance(kind, str) else kind.__qualname__ for path, kind in kinds.items()}
    return {path: name.rpartition(".")[2] for path, name in names.items()}


def _with_layers(program: torch.export.ExportedProgram) -> nn.Module:
    """The network with the layers that it had, else as one module."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch uses what torch deprecates
            network = torch.export.unflatten(program)
    except Exception:  # noqa: BLE001 - layers that cannot be told apart fail in many ways
        return program.module()
    classes = _classes(program)
    for path, module in network.named_modules():
        if path in classes:
            # All are of one class of torch.export's; a subclass of it goes by the name that a reader knows.
            module.__class__ = type(classes[path], (type(module),), {})
    return network


@contextlib.contextmanager
def _without_pickles() -> Iterator[None]:
    """Have torch refuse what only a pickle that may run code can bring back, where it would fall back to that."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    loggers = [logging.getLogger(each) for each in ("torch.export", "torch._export.serde.serialize")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def exported_program(place: str) -> torch.export.ExportedProgram:
    """The exported program in a file.

    Raises:
        SourceError: The file holds none, or only together with pickled objects.
    """
    try:
        with zipfile.ZipFile(place) as archive:
            pickled = [name for name in archive.namelist() if name.rpartition("/")[2].startswith(_PICKLED)]
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{quoted(place)} is no program of torch.export: it is no whole archive.") from error
    if pickled:
        raise SourceError(f"{quoted(place)} holds pickled objects, which are never loaded, as that runs their code.")
    try:
        with _without_pickles():
            return torch.export.load(place)
    except Exception as error:
        why = _why(error)
        raise SourceError(f"{quoted(place)} holds no program that torch.export can load{why}.") from error


def _why(error: BaseException) -> str:
    """What torch says is wrong with a program; where that points at warnings, which nobody sees, the cause of it."""
    while "check the warnings above" in str(error) and (error.__context__ or error.__cause__):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]  # one of them is there
    said = first_line(error)
    return f": {said.rstrip('.')}" if said and "warnings above" not in said else ""


def _source(place: str) -> Source:
    # Read where it is named, so that what it holds is refused before anything is asked of it.
    program = exported_program(place)
    return Source(place, lambda: exported_network(program))


FILE_FORMATS.add(
    FileFormat("torch.export", (".pt2",), _source, "programs of torch.export, with the input they were exported with")
)
