"""What a text leaves open: which network each of its names means, and what its columns count.

The file lies beside the text: ``README.archstat.toml`` beside ``README.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from archstat.claims.printed.said_of import Naming
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import DataError, UnknownNameError, quoted
from archstat.files.text import text_of, toml_of
from archstat.identifying.asked import ANY, asked
from archstat.networks.hub import HUB_NAMES
from archstat.networks.written import WrittenSetting


class NamedInText(WrittenSetting, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network that a text names.

    Attributes:
        network: The network, as a user types it; a path in it begins at the folder of the text.
    """

    network: str


class ColumnInText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the numbers of a column are.

    Attributes:
        unit: The unit, with its prefix: ``"M params"``, ``"GMACs"``, ``"MB"``; ``""``: as the header says.
        convention: How the column counts, a key of :data:`archstat.counting.conventions.CONVENTIONS`; ``""``: by any.
        is_resolution: Whether the column says the side of the image.
    """

    unit: str = ""
    convention: str = ""
    is_resolution: bool = False


class Sidecar(msgspec.Struct, frozen=True):
    """What is known besides the text.

    Attributes:
        networks: The networks by their names in the text.
        columns: The columns by their headers.
    """

    networks: Mapping[str, NamedInText] = {}
    columns: Mapping[str, ColumnInText] = {}

    def column(self, header: str) -> ColumnInText | None:
        """What is said of a column, if anything is."""
        return next((column for name, column in self.columns.items() if _same(name, header)), None)

    def networks_in(self, words: str) -> list[tuple[NamedInText, Naming]]:
        """The networks that some words name, and where, those first that are known by a name of the text.

        Of names in one another, the longest is meant; a cell that is one name means that alone.
        """
        for name, network in self.networks.items():
            if _same(name, words):
                return [(network, Naming(0, len(words)))]
        places = {name: place for name in self.networks if (place := _place(name, words)) is not None}
        outer = [name for name in places if not any(name != other and _place(name, other) for other in places)]
        found = [(self.networks[name], places[name]) for name in outer]
        for hub in _HUB.finditer(words):
            name = hub[0].rstrip(".")
            naming = Naming(hub.start(), hub.start() + len(name))
            found.append((NamedInText(network=name.replace("timm/", "timm:")), naming))
        if not found and _CARD.fullmatch(words.strip()):
            found.append((NamedInText(network=f"hf:{words.strip()}"), Naming(0, len(words))))
        first: dict[NamedInText, Naming] = {}
        for network, naming in found:
            first.setdefault(network, naming)
        return list(first.items())

    def is_own(self, network: NamedInText) -> bool:
        """Whether the file beside the text names that network, and not the text itself."""
        return network in self.networks.values()


_HUB = re.compile(rf"(?<![\w/:.-])(?:(?:{'|'.join(HUB_NAMES)}):|timm/)[A-Za-z0-9][\w./-]*", re.ASCII)
_CARD = re.compile(r"[A-Za-z0-9][\w.-]{0,60}/[A-Za-z][\w.-]{2,90}", re.ASCII)


_Entry = TypeVar("_Entry", NamedInText, ColumnInText)


def _same(a: str, b: str) -> bool:
    return " ".join(a.casefold().split()) == " ".join(b.casefold().split())


def _place(name: str, words: str) -> Naming | None:
    """Where words have a name, whatever the blanks in it."""
    form = r"\s+".join(map(re.escape, name.split()))
    found = re.search(rf"(?<![\w-]){form}(?![\w-]|[.×x]\d)", words, re.IGNORECASE) if form else None
    return None if found is None else Naming(*found.span())


def sidecar_of(path: Path) -> Path:
    """Where the file lies that says what a text leaves open."""
    return path.with_name(f"{path.stem}.archstat.toml")


def read_sidecar(path: Path) -> Sidecar:
    """What is known besides a text; nothing, where no file says it.

    Args:
        path: The text.

    Raises:
        DataError: The file beside it does not hold together.
    """
    file = sidecar_of(path)
    return sidecar_in(text_of(file), str(file)) if file.exists() or file.is_symlink() else Sidecar()


def sidecar_in(text: str, file: str) -> Sidecar:
    """What is known besides a text, as a text in TOML says it.

    Args:
        text: The text in TOML.
        file: The path of that text, for complaints.

    Raises:
        DataError: The text does not hold together.
    """
    content = toml_of(text, file)
    unknown = [key for key in content if key not in ("networks", "columns")]
    if unknown:
        raise DataError(f"{file}: {quoted(unknown[0])} is none of networks, columns.")
    networks = {
        name: _made(each, "network", NamedInText, name, file) for name, each in _table(content, "networks", file)
    }
    columns = {name: _made(each, "unit", ColumnInText, name, file) for name, each in _table(content, "columns", file)}
    for name, network in networks.items():
        if not (name.strip() and network.network.strip()):
            raise DataError(
                f"{file}: {quoted(name)} = {quoted(network.network)} names nothing: write a name and a network."
            )
    for name, column in columns.items():
        if column.unit and not _is_unit(column.unit):
            raise DataError(
                f"{file}: {quoted(name)}: {quoted(column.unit)} is no unit; write it like 'M params', 'GMACs' or 'MB'."
            )
    for column in columns.values():
        if column.convention and column.convention not in CONVENTIONS:
            known = f"The conventions are {', '.join(CONVENTIONS)}."
            raise UnknownNameError.of("convention", column.convention, CONVENTIONS, known)
    return Sidecar(networks, columns)


def _table(content: Mapping[str, object], key: str, file: str) -> Iterator[tuple[str, object]]:
    """The entries of a table of the file, none where it has none."""
    table = content.get(key, {})
    if not isinstance(table, Mapping):
        raise DataError(f"{file}: '{key}' is no table: write '[{key}]', and a line for each under it.")
    yield from table.items()


def _is_unit(unit: str) -> bool:
    try:
        return asked(f"1 {unit}").kind != ANY
    except DataError:
        return False


def _made(value: object, key: str, kind: type[_Entry], name: str, file: str) -> _Entry:
    """An entry that is one text, or a table."""
    try:
        made = msgspec.convert({key: value} if isinstance(value, str) else value, kind)
        if isinstance(made, NamedInText):
            _ = made.setting
    except (msgspec.ValidationError, ValueError) as error:
        raise DataError(f"{file}: {quoted(name)}: {str(error).rstrip('.')}.") from error
    return made
