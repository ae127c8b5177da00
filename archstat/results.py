"""Records ⇄ JSON files: a schema version, sorted keys, base units, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from archstat.errors import DataError, InputError, OutputError, UncountedError
from archstat.records import BatchFit, InferenceMemory, LayerCost, ModelCost, OpCost, TrainingCost
from archstat.settings import Setting

SCHEMA = "archstat.cost/1"
"""The version of the JSON that ``to_json`` writes; a new one whenever a key changes its meaning or goes."""

MEMORY_SCHEMA = "archstat.memory/1"
"""The version of the JSON that ``memory_to_json`` writes."""


def to_json(cost: ModelCost) -> str:
    """The JSON of a cost; ``docs/json.md`` describes it."""
    text = msgspec.json.encode({"schema": SCHEMA, **_with_flops(cost)}, order="sorted")
    return msgspec.json.format(text, indent=2).decode()


def memory_to_json(memory: InferenceMemory | TrainingCost, fit: BatchFit | None = None) -> str:
    """The JSON of what the memory goes to; ``docs/memory.md`` describes it."""
    fields = {"schema": MEMORY_SCHEMA, "peak_bytes": memory.peak_bytes, **msgspec.to_builtins(memory)}
    text = msgspec.json.encode({**fields, "fit": msgspec.to_builtins(fit)}, order="sorted")
    return msgspec.json.format(text, indent=2).decode()


def _with_flops(record: ModelCost | LayerCost | OpCost) -> dict[str, Any]:
    """A record's fields and the FLOPs that follow from them."""
    fields = msgspec.structs.asdict(record)
    for name in ("layers", "ops"):
        if name in fields:
            fields[name] = [_with_flops(row) for row in fields[name]]
    return {**fields, "flops": record.flops}


def from_json(text: str | bytes) -> ModelCost:
    """A cost from its JSON; the totals must be the sums of the rows.

    Raises:
        DataError: It is not the JSON of a cost, or of another version, or does not add up.
    """
    try:
        schema = msgspec.json.decode(text, type=_Header).schema
        if schema != SCHEMA:
            raise DataError(f"This is no saved cost of version {SCHEMA!r}: its schema is {schema!r}.")
        cost = msgspec.json.decode(text, type=ModelCost)
    except msgspec.DecodeError as error:
        raise DataError(f"This is no saved cost: {error}.") from error
    for name in _TOTALS:
        total = sum(getattr(row, name) for row in cost.layers)
        if total != getattr(cost, name):
            raise DataError(
                f"The saved layers have {total:,} {name} together, the saved total is {getattr(cost, name):,}."
            )
    return cost


_TOTALS = (
    "parameters",
    "trainable_parameters",
    "buffers",
    "macs",
    "other_flops",
    "activations",
    "activation_bytes",
)


class _Header(msgspec.Struct):
    schema: str = ""


def read(path: Path) -> ModelCost:
    """The cost that a file holds.

    Raises:
        DataError: It cannot be read, or holds something else.
    """
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def read_for(name: str, setting: Setting) -> ModelCost:
    """A saved cost, which was counted in a setting of its own.

    Raises:
        DataError: The file cannot be read, or holds something else.
        InputError: Another input is asked for.
        UncountedError: Under ``strict``, it was saved with ops that no rule counts.
    """
    if setting != Setting(strict=setting.strict):
        raise InputError(f"{name!r} is a saved cost, counted for one input: name its network to count another input.")
    cost = read(Path(name))
    if setting.strict and cost.uncounted:
        ops = ", ".join(f"{op.op} ({op.calls} ×)" for op in cost.uncounted)
        raise UncountedError(f"{name!r} was saved with ops that no rule counts: {ops}.")
    return cost


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never seen half-written; a pipe or a device is written to directly.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
