"""The numbers of a text: what each of them counts, and which network it is said of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from archstat.claims.printed.layout import TextLayout, TextRow, TextTable
from archstat.claims.printed.sidecar import ColumnInText, NamedInText, Sidecar
from archstat.language import recorded


class StatedNumber(msgspec.Struct, frozen=True):
    """A number that a text states.

    Attributes:
        line: The line of the text.
        name: The words that tell where it stands: ``"ResNet-50: GFLOPs"``.
        stated: The number with its unit.
        text: The row or the line that it stands in.
        network: The network that it is said of; ``None``: that is not known.
        convention: The way to count; ``""``: the text does not say.
        doubt: The reason why the number cannot be checked, or ``""``.
    """

    line: int
    name: str
    stated: str
    text: str
    network: NamedInText | None = None
    convention: str = ""
    doubt: str = ""


_WORDS = {
    "params": r"params?|parameters?|param_count",
    "MACs": r"macc?s?|madds?|mult-?adds?|multi-?adds?|multiply-?adds?|gmacs",
    "FLOPs": r"flops?",
    "acts": r"acts|activations",
}
_HEADERS = {
    unit: re.compile(rf"(?<![A-Za-z])(?P<prefix>[kKMGBT]?)(?:{words})(?![A-Za-z/])", re.IGNORECASE)
    for unit, words in _WORDS.items()
}
_BRACKETS = re.compile(r"[(\[]\s*(?:in )?(?P<prefix>[kKMGBT]|thousands?|millions?|billions?)\s*[)\]]", re.IGNORECASE)
_POWERS = re.compile(r"10\s*\^?\s*\{?(?:(?P<k>3|³)|(?P<M>6|⁶)|(?P<G>9|⁹)|(?P<T>12|¹²))\}?(?!\d)")
_BYTES = re.compile(r"(?<![A-Za-z])(?P<unit>[KMG]i?B)(?![A-Za-z/])")
_RATE = re.compile(r"/\s*s\b|per sec|error|acc", re.IGNORECASE)
_RESOLUTION = re.compile(r"resolution|(?:image|img|input|test)[ _-]?(?:size|res)|^input$|^size\b.*pixel", re.IGNORECASE)
_SIDE = re.compile(r"(?P<side>\d{1,4})(?:\s*[x×]\s*(?P=side)|\s*\^\s*2|²)?(?:\s*px)?", re.ASCII)
_FIGURE = re.compile(r"[~≈]?\s*\d", re.ASCII)
_PLAIN = re.compile(r"[~≈]?\s*(?P<number>\d[\d,_]*(?:\.\d+)?(?:\s*×\s*10\^?\d{1,2}|[eE]\+?\d{1,2})?)", re.ASCII)
_NOTES = re.compile(r"\s*[*†‡§¹²³]+$")
_SMALL = 1000
_SENTENCE = re.compile(r"\S[\s\S]*?(?:[.!?;](?=\s)|\Z)")
_PROSE = re.compile(
    r"(?<![\w.,])[~≈]?\d[\d,]{0,20}(?:\.\d{1,10})?\s?(?:[kKMGBT]|[mb]illion|thousand)?\s?"
    r"(?:params?|parameters|MACs?|FLOP[sS]?|[mM]ult-?[aA]dds?|MAdds)(?![\w/])"
)


def numbers_of(layout: TextLayout, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The numbers of a text that state what a network costs, in the order of its lines.

    Args:
        layout: The text.
        sidecar: What is known besides.
    """
    for table in layout.tables:
        units = [_unit_of(header, sidecar.column(header)) for header in table.headers]
        for row in table.rows:
            yield from _of_row(table, row, units, sidecar)
    for line, words in layout.prose:
        yield from _of_paragraph(line, words, sidecar)


def columns_left_out(layout: TextLayout, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The columns of numbers of which it is not known what they count, once a column."""
    for table in layout.tables:
        for place, header in enumerate(table.headers):
            cells = [row.cells[place] for row in table.rows if place < len(row.cells)]
            figures = [cell for cell in cells if _FIGURE.match(cell)]
            told = sidecar.column(header)
            is_known = _unit_of(header, told) or _is_resolution(header, told)
            if figures and not is_known:
                why = recorded("what the {count} numbers of this column count is not known", count=len(figures))
                yield StatedNumber(table.rows[0].line, header or f"column {place + 1}", figures[0], "", doubt=why)


def _is_resolution(header: str, told: ColumnInText | None) -> bool:
    return told.is_resolution if told is not None else _RESOLUTION.search(header) is not None


def _unit_of(header: str, told: ColumnInText | None) -> str:
    """The unit of a column with its prefix, ``""`` if it is no count of a network: ``"M params"``."""
    if told is not None and (told.unit or told.is_resolution):
        return told.unit
    if _RATE.search(header):
        return ""
    size = _BYTES.search(header)
    if size is not None:
        return size["unit"]
    for unit, form in _HEADERS.items():
        found = form.search(header)
        if found is not None:
            return f"{_prefix(header, found['prefix'])} {unit}"
    return ""


def _prefix(header: str, glued: str) -> str:
    if glued:
        return "k" if glued in "kK" else glued.upper()
    found, power = _BRACKETS.search(header), _POWERS.search(header)
    if found is not None:
        first = found["prefix"][0].upper()
        return "k" if first == "K" or found["prefix"].lower().startswith("thousand") else first
    return "" if power is None else next(name for name, digits in power.groupdict().items() if digits)


def _of_row(table: TextTable, row: TextRow, units: Sequence[str], sidecar: Sidecar) -> Iterator[StatedNumber]:
    named = _named(row, sidecar)
    network = _on(named[0], _side(table, row, sidecar)) if len(named) == 1 else None
    cells = [_NOTES.sub("", cell) for cell in row.cells]
    for place, (header, unit, cell) in enumerate(zip(table.headers, units, cells, strict=False)):
        if not unit or not _FIGURE.match(cell):
            continue
        told = sidecar.column(header)
        stated, doubt = _with_unit(cell, unit)
        label = row.cells[0] if place and row.cells[0] else (named[0].network if named else "")
        yield StatedNumber(
            row.line,
            f"{label}: {header}" if label else header,
            stated,
            "",
            network,
            told.convention if told else "",
            doubt or _unnamed(len(named)),
        )


def _named(row: TextRow, sidecar: Sidecar) -> list[NamedInText]:
    """The networks of the first cell that names any."""
    for cell in row.cells:
        found = sidecar.networks_in(cell)
        if found:
            return found
    return []


def _unnamed(count: int) -> str:
    if count == 1:
        return ""
    return recorded("it names several networks") if count else recorded("it names no network that is known")


def _side(table: TextTable, row: TextRow, sidecar: Sidecar) -> int | None:
    """The side of the image that a column of the row says."""
    for header, cell in zip(table.headers, row.cells, strict=False):
        if _is_resolution(header, sidecar.column(header)):
            side = _SIDE.fullmatch(cell.strip())
            return int(side["side"]) or None if side else None
    return None


def _on(network: NamedInText, side: int | None) -> NamedInText:
    if side is None or network.input or network.resolution:
        return network
    return msgspec.structs.replace(network, resolution=side)


def _with_unit(cell: str, unit: str) -> tuple[str, str]:
    """A number with its unit, and why it cannot be checked."""
    plain = _PLAIN.fullmatch(cell.strip())
    if plain is None:
        return cell, ""
    prefix = unit.partition(" ")[0] if " " in unit else unit
    is_bare = unit.startswith(" ")
    small = "." in plain["number"] or float(re.sub(r"[,_\s].*|×.*", "", plain["number"]) or 0) < _SMALL
    if is_bare and small and not re.search(r"[×eE,]", plain["number"]):
        return cell, recorded("whether it is in thousands, millions or billions is not said")
    return f"{cell.strip()} {prefix}{unit[len(prefix) :]}".strip() if not is_bare else f"{cell.strip()}{unit}", ""


def _of_paragraph(line: int, words: str, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The numbers of each sentence, of the network that it names; a sentence ends where one may end.

    Cut too often, a number is of no network, and not checked; cut too rarely, it would be held against another one.
    """
    for sentence in _SENTENCE.finditer(words):
        stated = list(_PROSE.finditer(sentence[0]))
        named = sidecar.networks_in(" ".join(sentence[0].split())) if stated else []
        network = named[0] if len(named) == 1 else None
        for found in stated:
            at = line + words.count("\n", 0, sentence.start() + found.start())
            name = network.network if network else recorded("line {number}", number=at)
            number = " ".join(found[0].split())
            yield StatedNumber(at, name, number, _around(sentence[0], found), network, "", _unnamed(len(named)))


_AROUND = 60


def _around(words: str, found: re.Match[str]) -> str:
    """A sentence, as far as one needs it to find the number."""
    start, end = max(found.start() - _AROUND, 0), min(found.end() + _AROUND, len(words))
    return f"{'…' if start else ''}{' '.join(words[start:end].split())}{'…' if end < len(words) else ''}"
