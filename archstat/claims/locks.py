"""Locks: what networks cost, in a TOML file that people read, git merges and a check holds networks to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from archstat import units
from archstat.claims.growth import TOTALS, Allowances, allowances
from archstat.errors import ArchstatError, DataError, OutputError, quoted
from archstat.files.text import LARGEST_FILE, text_of, toml_of
from archstat.networks.written import WrittenSetting
from archstat.records import LayerCost, ModelCost, Shape

LOCK_SCHEMA = "archstat.lock/1"
"""The version of the TOML of a lock; a new one whenever a key changes its meaning or goes."""

LOCK_NAME = "archstat.lock"
"""The name that a lock has where nobody says another one."""

_SUMMED = ("parameters", "macs", "other_flops", "activation_bytes")
"""The totals that are sums of rows."""


def _told(how: WrittenSetting) -> str:
    """What is not as by default, in words: ``" (resolution 320)"``."""
    told = [f"{key} {_said(value)}" for key, value in msgspec.to_builtins(how).items()]
    return f" ({', '.join(told)})" if told else ""


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


class LockedNetwork(msgspec.Struct, frozen=True):
    """What one network cost when it was locked.

    Attributes:
        name: The network, as on the command line; a path begins at the folder of the lock.
        how: How the network is counted.
        input_shapes: The shapes of the tensors that went in.
        parameters: Elements of all parameters.
        macs: Multiply-accumulates.
        other_flops: Floating-point operations that are no part of one.
        activation_bytes: The size of every layer's own outputs.
        peak_activation_bytes: The most memory alive at once.
        peak_layer: The layer that ran at that moment.
        layers: The rows; they add up to the totals.
        line: The line of the file.
    """

    name: str
    how: WrittenSetting
    input_shapes: tuple[Shape, ...]
    parameters: int
    macs: int
    other_flops: int
    activation_bytes: int
    peak_activation_bytes: int
    peak_layer: str
    layers: tuple[LayerCost, ...]
    line: int = 0

    @property
    def label(self) -> str:
        """The network, and how it is counted where that is not as by default."""
        return f"{self.name}{_told(self.how)}"


class Lock(msgspec.Struct, frozen=True):
    """A file of locked networks.

    Attributes:
        path: The path of the file.
        networks: The networks, sorted by name.
        allow: By how much the totals may grow, as the file says.
    """

    path: str
    networks: tuple[LockedNetwork, ...]
    allow: str | Mapping[str, str | int] = ""

    @property
    def allowances(self) -> Allowances:
        """By how much the totals may grow."""
        return allowances(self.allow) if self.allow else {}


def locked(name: str, how: WrittenSetting, cost: ModelCost) -> LockedNetwork:
    """What a network costs now, for a lock."""
    totals = {total: getattr(cost, total) for total in TOTALS}
    return LockedNetwork(name, how, cost.input_shapes, **totals, peak_layer=cost.peak_layer, layers=cost.layers)


def with_networks(lock: Lock, networks: Sequence[LockedNetwork]) -> Lock:
    """A lock with networks put in; those of the same name and input that it held go."""
    held = {each.label: each for each in (*lock.networks, *networks)}
    return msgspec.structs.replace(lock, networks=tuple(held[label] for label in sorted(held)))


# -- written -----------------------------------------------------------------------------------------------------------

_HEAD = """\
# What networks cost. 'archstat check' fails where one costs more; 'archstat lock' writes all of this file but 'allow'.
"""


def lock_text(lock: Lock) -> str:
    """The TOML of a lock: the same networks give the same text, a line for each total and for each layer.

    Raises:
        OutputError: A name in it is no text that a file could hold.
    """
    return "\n".join((_HEAD + f"schema = {_value(LOCK_SCHEMA)}", *_allow(lock), *map(_table, lock.networks)))


def _allow(lock: Lock) -> Iterator[str]:
    if isinstance(lock.allow, str):
        yield f"allow = {_value(lock.allow)}\n" if lock.allow else ""
    else:
        yield from ("", "[allow]", *(f"{total} = {_value(said)}" for total, said in sorted(lock.allow.items())), "")


def _table(network: LockedNetwork) -> str:
    how = msgspec.to_builtins(network.how)
    fields = {
        "name": network.name,
        **how,
        "input_shapes": units.shapes(network.input_shapes),
        **{total: getattr(network, total) for total in TOTALS},
        "peak_layer": network.peak_layer,
    }
    lines = [f"{key} = {_value(value)}" for key, value in fields.items()]
    layers = [f"  {_inline(_fields_of(row))}," for row in network.layers]
    return "\n".join(("[[network]]", *lines, "layers = [", *layers, "]", ""))


def _fields_of(row: LayerCost) -> dict[str, Any]:
    """What a line says of a row: what is nothing is left out."""
    kind = {"kind" if row.is_layer else "op": row.kind}
    call = {} if row.call == 1 else {"call": row.call}
    shape = {"output": units.shape(row.output_shape)} if row.output_shape else {}
    amounts = {name: getattr(row, name) for name in _SUMMED if getattr(row, name)}
    return {"layer": row.layer, **kind, **({"detail": row.detail} if row.detail else {}), **call, **shape, **amounts}


def _inline(fields: Mapping[str, Any]) -> str:
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in fields.items())} }}"


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _string(text: str) -> str:
    """A text as TOML writes it: what cannot be seen, or would turn the direction of a line, is written as its code."""
    quoted_text = json.dumps(text, ensure_ascii=False)
    if quoted_text.isprintable():
        return quoted_text
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise OutputError(f"{quoted(text)} holds half a character, which no TOML can: rename it.")
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted_text)


# -- read --------------------------------------------------------------------------------------------------------------

_SCHEMA_LINE = re.compile(r"^\s*schema\s*=\s*[\"']archstat\.lock/", re.MULTILINE)
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?:\s.*)?$", re.MULTILINE)
_NETWORK_LINE = re.compile(r"\s*\[\[\s*network\s*\]\]")


def is_lock(path: Path) -> bool:
    """Whether a file is a lock, by the end of its name or by what it says of itself; one that is not there is none."""
    if path.suffix == ".lock":
        return True
    try:
        return _SCHEMA_LINE.search(text_of(path, LARGEST_FILE)) is not None
    except DataError:
        return False


def read_lock(path: Path) -> Lock:
    """The lock that a file holds.

    Raises:
        DataError: The file cannot be read, or is no lock, or one that was merged only in part.
    """
    return lock_of(text_of(path, LARGEST_FILE), str(path))


class _LockedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of a layer."""

    layer: str
    kind: str = ""
    op: str = ""
    detail: str = ""
    call: int = 1
    output: str = ""
    parameters: int = 0
    macs: int = 0
    other_flops: int = 0
    activation_bytes: int = 0


class _LockedTable(WrittenSetting, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a network."""

    name: str
    input_shapes: str
    parameters: int
    macs: int
    other_flops: int
    activation_bytes: int
    peak_activation_bytes: int
    peak_layer: str
    layers: tuple[_LockedRow, ...]


class _LockFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    network: list[Any] = []
    allow: str | dict[str, str | int] = ""


def lock_of(text: str, path: str) -> Lock:
    """The lock that a text in TOML holds.

    Raises:
        DataError: The text is no lock, or one that was merged only in part; the message says in which line.
    """
    _refuse_conflict(text, path)
    content = toml_of(text, path)
    schema = content.get("schema")
    if schema != LOCK_SCHEMA:
        said = f"its schema is {quoted(schema)}" if schema else "it has no schema"
        raise DataError(f"{path} is no lock of version {LOCK_SCHEMA!r}: {said}; 'archstat lock' writes a new one.")
    try:
        found = msgspec.convert(content, _LockFile)
    except msgspec.ValidationError as error:
        raise DataError(f"{path}: {error}; 'archstat lock' writes a lock anew.") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _NETWORK_LINE.match(line)]
    places = [*lines, *[0] * len(found.network)]
    networks = tuple(_network(entry, line, path) for entry, line in zip(found.network, places, strict=False))
    _refuse_doubles(networks, path)
    if not networks:
        raise DataError(f"{path} locks no network: name some to 'archstat lock'.")
    return Lock(path, networks, _checked_allow(found.allow, path))


def _refuse_conflict(text: str, path: str) -> None:
    """Refuse what git left of a merge that it could not make."""
    match = _CONFLICT.search(text)
    if match is None:
        return
    line = text.count("\n", 0, match.start()) + 1
    raise DataError(
        f"{path}:{line}: {quoted(match[1])} marks a conflict of a merge: take either side whole, "
        "and write the lock anew."
    )


def _checked_allow(allow: str | dict[str, str | int], path: str) -> str | dict[str, str | int]:
    try:
        if allow:
            allowances(allow)
    except ArchstatError as error:
        raise DataError(f"{path}: allow: {error}") from error
    return allow


def _network(entry: Any, line: int, path: str) -> LockedNetwork:
    name = entry.get("name", "without a name") if isinstance(entry, dict) else "that is no table"
    try:
        made = msgspec.convert(entry, _LockedTable)
        shapes = tuple(map(_shape, filter(None, made.input_shapes.split(", "))))
        how = WrittenSetting(**{field: getattr(made, field) for field in WrittenSetting.__struct_fields__})
        _ = how.setting  # an input that is none is refused before anything is counted
        layers = tuple(map(_row, made.layers))
        _check_sums(made, layers)
    except (msgspec.ValidationError, ValueError, ArchstatError) as error:
        raise DataError(f"{path}:{line}: network {quoted(name)}: {str(error).rstrip('.')}.") from error
    totals = {total: getattr(made, total) for total in TOTALS}
    return LockedNetwork(made.name, how, shapes, **totals, peak_layer=made.peak_layer, layers=layers, line=line)


def _check_sums(made: _LockedTable, layers: Sequence[LayerCost]) -> None:
    """Refuse totals that the lines of the layers do not add up to: git merged some, and not the others."""
    for total in _SUMMED:
        said, found = getattr(made, total), sum(getattr(row, total) for row in layers)
        if said != found:
            raise DataError(f"its layers have {found:,} {total} together, and its total is {said:,}: write it anew")


def _shape(text: str) -> Shape:
    if not re.fullmatch(r"\d{1,18}(×\d{1,18})*|–", text, re.ASCII):
        raise DataError(f"{quoted(text)} is no shape, as '1×3×224×224'")
    return () if text == "–" else tuple(map(int, text.split("×")))


def _row(made: _LockedRow) -> LayerCost:
    if bool(made.kind) == bool(made.op):
        raise DataError(f"the line of {quoted(made.layer)} has either a 'kind' of layer or an 'op'")
    amounts = {name: getattr(made, name) for name in _SUMMED}
    if any(amount < 0 for amount in amounts.values()):
        raise DataError(f"the line of {quoted(made.layer)} has an amount below 0")
    return LayerCost(
        layer=made.layer,
        kind=made.kind or made.op,
        detail=made.detail,
        call=made.call,
        output_shape=_shape(made.output) if made.output else (),
        **_NOT_LOCKED,
        **amounts,
        is_layer=bool(made.kind),
    )


_NOT_LOCKED = {"trainable_parameters": 0, "weights": 0, "buffers": 0, "activations": 0}
"""What a lock does not hold of a layer, and nothing here asks for."""


def _refuse_doubles(networks: Sequence[LockedNetwork], path: str) -> None:
    seen: dict[str, int] = {}
    for network in networks:
        if network.label in seen:
            first = seen[network.label]
            raise DataError(f"{path}:{network.line}: {quoted(network.label)} is locked in line {first} already.")
        seen[network.label] = network.line
