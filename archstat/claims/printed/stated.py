"""The numbers of a text: what each of them counts, and which network it is said of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from archstat.claims.printed.layout import TextLayout, TextRow, TextTable
from archstat.claims.printed.said_of import Naming, doubt_of_input, is_of_a_card, is_said_of, more_than_a_name, sides_in
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
_OTHERWISE = re.compile(
    r"/\s*s\b|per sec|error|\bacc|[TP]FLOPS|reduc|sav(?:ed|ing)|speed|\bratio|\brel(?:ative|\.)|%|Δ|delta|\bdrop\b"
    r"|overhead|\badded|\bextra|budget|limit|throughput|memory|\bmem\b|\bv?ram\b|data ?set|bandwidth|cache"
    r"|\bper\b(?! (?:image|input))|trainable|tun(?:ed|able)|learnable|activated|\bactive"
)
"""What makes a column one of something else: of rates, of differences, of a part, or of what a device holds."""

_RESOLUTION = re.compile(r"resolution|(?:image|img|input|test)[ _-]?(?:size|res)|^input$|^size\b.*pixel", re.IGNORECASE)
_SIDE = re.compile(r"(?P<side>\d{1,4})(?:\s*[x×]\s*(?P=side)|\s*\^\s*2|²)?(?:\s*px)?", re.ASCII)
_OTHER_INPUT = re.compile(
    r"^#?\s*(?:batch|seq\b|seq\.|sequence|context|tokens|frames|views|clips|crops)", re.IGNORECASE
)
_NAMES = re.compile(r"model|network|arch|name|\bnet\b|variant", re.IGNORECASE)
_WHOLE = re.compile(
    r"method|detector|framework|\bhead|decoder|neck|approach|system|algorithm|student|modif|attention|prun|compress"
    r"|quanti[sz]|adapter|module|block|technique|strategy|teacher",
    re.IGNORECASE,
)
"""The headers of what a network may be a part of, or may have been made into."""

_ITSELF = re.compile(r"(?:baseline|original|vanilla|none|supervised|scratch|no|[-–—.]*)", re.IGNORECASE)
_FIGURE = re.compile(r"[~≈<>≤≥]?\s*\d", re.ASCII)
_BOUND = re.compile(r"[<>≤≥]")
_DIGITS = r"(?:\d{1,3}(?:[ \u00a0\u2009\u202f'\u2019]\d{3})+|\d{1,3}(?:\.\d{3}){2,}|\d[\d,_]*)(?:[.,]\d+)?"
_POWER = r"(?:\s?[×x·*]\s?10\s?\^?\{?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}\}?|\s?[eE]\+?\d{1,2})?"
_PLAIN = re.compile(rf"[~≈]?\s*(?P<number>{_DIGITS}{_POWER})", re.ASCII)
_NOTES = re.compile(r"\s*[*†‡§¹²³]+$")
_SENTENCE = re.compile(r"\S[\s\S]*?(?:[.!?;](?=\s)|\Z)")
_PROSE = re.compile(
    rf"(?<![\w.,^-])(?<!\d{{4}}\s)[~≈]?(?:{_DIGITS}{_POWER})\s?(?:[kKMGBT]|[mb]illion|thousand)?\s?"
    r"(?:params?|parameters|MACs?|FLOP[sS]?|[mM]ult-?[aA]dds?|MAdds)(?![\w/])"
)


def numbers_of(layout: TextLayout, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The numbers of a text that state what a network costs, in the order of its lines.

    Args:
        layout: The text.
        sidecar: What is known besides.
    """
    listed: set[int] = set()
    for table in layout.tables:
        units = [_unit_of(header, sidecar.column(header)) for header in table.headers]
        for row in table.rows:
            found = list(_of_row(table, row, units, sidecar))
            listed.update(number.line for number in found if table.is_list)
            yield from found
    for line, words in layout.prose:
        if line not in listed:  # the items of a list are prose too
            yield from _of_paragraph(line, words, sidecar)


def columns_left_out(layout: TextLayout, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The columns of numbers of which it is not known what they count, once a column."""
    for table in (each for each in layout.tables if not each.is_list):
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
    if _OTHERWISE.search(header) or _OTHERWISE.search(header.lower()):
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
    named, why = _named(table, row, sidecar)
    network = _on(named, _side(table, row, sidecar)) if named is not None else None
    doubt = why or ("" if named is None else _doubt_of_inputs(table, row, sidecar))
    cells = [_NOTES.sub("", cell) for cell in row.cells]
    for place, (header, unit, cell) in enumerate(zip(table.headers, units, cells, strict=False)):
        if not unit or not _FIGURE.match(cell):
            continue
        told = sidecar.column(header)
        stated, unread = _with_unit(cell, unit)
        label = row.cells[0].rstrip(":") if place and row.cells[0] else (named.network if named else "")
        yield StatedNumber(
            row.line_of(place),
            f"{label}: {header}" if label else header,
            stated,
            "",
            network,
            told.convention if told else "",
            unread or why or ("" if unit.endswith("params") else doubt),
        )


def _named(table: TextTable, row: TextRow, sidecar: Sidecar) -> tuple[NamedInText | None, str]:
    """The network that a row is of, and why its numbers may be of another one."""
    found = [(place, *each) for place, cell in enumerate(row.cells) for each in sidecar.networks_in(cell)]
    own = [each for each in found if sidecar.is_own(each[1])] or found
    if not own:
        return None, recorded("it names no network that is known")
    place, network, naming = own[0]
    # What stands closest to a list is what it is of, whatever the headings above that name.
    if any(other != network for at, other, _ in own if at == place or (sidecar.is_own(other) and not table.is_list)):
        return None, recorded("it names several networks")
    more = more_than_a_name(row.cells[place], naming)
    if more:
        return network, recorded(
            "“{more}” beside the name may make it another network: the file beside the text can say what “{cell}” is",
            more=more,
            cell=row.cells[place],
        )
    return network, _doubt_of_column(table, row, place)


def _doubt_of_column(table: TextTable, row: TextRow, place: int) -> str:
    """Why a network that a row names may be a part of what the row is of, or ``""``."""
    if table.is_list:
        closer = next((cell for cell in row.cells[:place] if not is_of_a_card(cell)), "")
        return closer and recorded("the network may be a part of what the row is of, {name}", name=closer)
    headers = [*table.headers, *[""] * len(row.cells)]
    is_the_name = place == 0 or _NAMES.search(headers[place]) is not None
    before = [cell for cell in row.cells[:place] if _is_of_words(cell)]
    wholes = [
        cell for at, cell in enumerate(row.cells) if at != place and _WHOLE.search(headers[at]) and _is_of_words(cell)
    ]
    others = wholes + ([] if is_the_name else before)
    if not others:
        return ""
    return recorded("the network may be a part of what the row is of, {name}", name=others[0])


def _is_of_words(cell: str) -> bool:
    return re.search(r"[^\W\d_]", cell) is not None and not _ITSELF.fullmatch(cell.strip())


def _doubt_of_inputs(table: TextTable, row: TextRow, sidecar: Sidecar) -> str:
    """The reason why the input of a row is not known, or ``""``."""
    for header, cell in zip(table.headers, row.cells, strict=False):
        if _is_resolution(header, sidecar.column(header)) and _FIGURE.match(cell):
            return "" if _SIDE.fullmatch(cell.strip()) else doubt_of_input(cell)
        if _OTHER_INPUT.search(header) and re.search(r"\d", cell) and cell.strip() != "1":
            return recorded("it names a batch or a sequence, which the file beside the text can say")
    return next(filter(None, (doubt_of_input(cell) for cell in row.cells if sidecar.networks_in(cell))), "")


def _unnamed(count: int) -> str:
    if count == 1:
        return ""
    return recorded("it names several networks") if count else recorded("it names no network that is known")


def _side(table: TextTable, row: TextRow, sidecar: Sidecar) -> int | None:
    """The side of the image that a column of the row says."""
    for header, cell in zip(table.headers, row.cells, strict=False):
        if _is_resolution(header, sidecar.column(header)):
            side = _SIDE.fullmatch(cell.strip())
            return (int(side["side"]) if side else _square(cell)) or None
    return next(filter(None, (_square(cell) for cell in row.cells if sidecar.networks_in(cell))), None)


def _square(words: str) -> int:
    """The side of the one image that words say; 0 where they say none, or several."""
    sides = sides_in(words)
    return sides[0] if len(sides) == 1 else 0


def _on(network: NamedInText, side: int | None) -> NamedInText:
    if side is None or network.input or network.resolution:
        return network
    return msgspec.structs.replace(network, resolution=side)


def _with_unit(cell: str, unit: str) -> tuple[str, str]:
    """A number with its unit, and why it cannot be checked."""
    if _BOUND.match(cell):
        return cell, recorded("it is a bound, and not the number itself")
    plain = _PLAIN.fullmatch(cell.strip())
    if plain is None:
        return cell, ""
    prefix = unit.partition(" ")[0] if " " in unit else unit
    is_bare = unit.startswith(" ")
    if is_bare and re.fullmatch(r"\d{1,3}|\d+[.,]\d{1,2}|\d+\.\d+", plain["number"], re.ASCII):
        return cell, recorded("whether it is in thousands, millions or billions is not said")
    return f"{cell.strip()} {prefix}{unit[len(prefix) :]}".strip() if not is_bare else f"{cell.strip()}{unit}", ""


def _of_paragraph(line: int, words: str, sidecar: Sidecar) -> Iterator[StatedNumber]:
    """The numbers of each sentence, of the network that it names; a sentence ends where one may end.

    Cut too often, a number is of no network, and not checked; cut too rarely, it would be held against another one.
    """
    for sentence in _SENTENCE.finditer(words):
        stated = list(_PROSE.finditer(sentence[0]))
        named = sidecar.networks_in(sentence[0]) if stated else []
        network = named[0][0] if len(named) == 1 else None
        on = _on(network, _square(sentence[0]) or None) if network else None
        for found in stated:
            at = line + words.count("\n", 0, sentence.start() + found.start())
            name = network.network if network else recorded("line {number}", number=at)
            number = " ".join(found[0].split())
            doubt = _unnamed(len(named)) or _doubt_of_sentence(sentence[0], named[0], found)
            yield StatedNumber(at, name, number, _around(sentence[0], found), on, "", doubt)


def _doubt_of_sentence(words: str, named: tuple[NamedInText, Naming], found: re.Match[str]) -> str:
    """Why a number of a sentence may not be one of the network that it names, or ``""``."""
    if not is_said_of(words, named[1], *found.span()):
        return recorded("whether it is said of all of the network is not plain")
    return "" if re.search(r"param", found[0]) else doubt_of_input(words)


_AROUND = 60


def _around(words: str, found: re.Match[str]) -> str:
    """A sentence, as far as one needs it to find the number."""
    start, end = max(found.start() - _AROUND, 0), min(found.end() + _AROUND, len(words))
    return f"{'…' if start else ''}{' '.join(words[start:end].split())}{'…' if end < len(words) else ''}"
