"""Finds the words of a text that no message says: all messages are in letters of full width, so any other is outside.

Run for a list of them: ``python -m tests.language.outside``.
"""

import base64
import contextlib
import gettext
import gzip
import html.parser
import json
import re
from collections.abc import Iterable, Iterator

from archstat import language
from archstat.records import ModelCost

_PLACE = re.compile(r"(\{[^{}]*\})")
_FULL_WIDTH = {code: code + 0xFEE0 for code in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))}


class FullWidth(gettext.NullTranslations):
    """A language like English in letters of full width, but for the places."""

    def gettext(self, message):
        parts = _PLACE.split(message)
        return "".join(part if part.startswith("{") else part.translate(_FULL_WIDTH) for part in parts)


@contextlib.contextmanager
def in_full_width() -> Iterator[None]:
    """Speak the language of other letters."""
    with language.speaking("en"):
        language._Speech.messages = FullWidth()
        yield


UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "ms", "s", "us", "W", "J", "mJ", "Hz", "MHz", "GHz", "GB", "TB", "px", "T"}
UNITS |= {"MAC", "GMAC", "FLOP", "GFLOP", "MFLOP", "kB", "MB", "byte"}
SAID_EVERYWHERE = {"archstat", "doi", "org", "https", "http", "arXiv", "arxiv", "abs", "DOI"}


def words_of(cost: ModelCost) -> set[str]:
    """The words that a network brings: its names, kinds, element types and sources."""
    note = " ".join(_strings(json.loads(cost.to_json())))
    return set(re.findall(r"[A-Za-z]+", note))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (text for text in (key, *_strings(each)) if "_" not in text)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def outside(text: str, known: Iterable[str]) -> list[str]:
    """The words of two letters and more in a text that are of no message and not known, each once."""
    allowed = {each.lower() for each in (*known, *UNITS, *SAID_EVERYWHERE)}
    found = dict.fromkeys(re.findall(r"[A-Za-z]{2,}", text))
    return [each for each in found if each.lower() not in allowed]


class _Visible(html.parser.HTMLParser):
    """What a reader of a page sees, hears or finds on pointing."""

    ATTRIBUTES = ("alt", "aria-label", "placeholder", "title")

    def __init__(self):
        super().__init__()
        self.found, self.charts, self.inside = [], "", ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.found += [given[name] for name in self.ATTRIBUTES if given.get(name)]
        if tag in ("script", "style"):
            self.inside = given.get("id") or tag

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside = ""

    def handle_data(self, data):
        if self.inside == "charts":
            self.charts += data
        elif not self.inside and data.strip():
            self.found.append(data.strip())


_TEXT = {"alt", "text", "hovertext", "hovertemplate", "name", "ticktext", "ticksuffix", "labels", "customdata"}


def _texts_of_charts(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if key in _TEXT:
            yield re.sub(r"<[^>]*>|%\{[^}]*\}", " ", value)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts_of_charts(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_of_charts(each, key)


def texts_of_page(page: str) -> list[str]:
    """Every text of a page: what stands on it, what is read aloud, and what its charts say."""
    parser = _Visible()
    parser.feed(page)
    charts = json.loads(gzip.decompress(base64.b64decode(parser.charts))) if parser.charts.strip() else {}
    return [*parser.found, *_texts_of_charts(charts)]
