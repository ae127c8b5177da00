"""The front matter of a model card, which is YAML between two lines of dashes: one key of it is ours, the others stay.

Only mappings, lists and scalars are written, each text in the quotes of JSON, which YAML reads as it does. The key is
found by its line and the indented ones under it, so that no comment is needed: libraries that write front matter anew
drop those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from archstat.errors import DataError
from archstat.files.text import encoded, printable


def yaml_entry(key: str, value: Mapping[str, Any]) -> str:
    """A key of a mapping in YAML with what stands under it, each line ending in a line feed.

    >>> print(yaml_entry("net", {"macs": 5, "sizes": [{"side": 0.5}, {"side": None}], "name": "a: b"}), end="")
    net:
      macs: 5
      sizes:
        - side: 0.5
        - side: null
      name: "a: b"
    """
    return "\n".join([f"{key}:", *_block(value, "  ")]) + "\n"


def _block(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, each in value.items():
        if isinstance(each, Mapping) and each:
            yield f"{indent}{name}:"
            yield from _block(each, f"{indent}  ")
        elif isinstance(each, list) and each and isinstance(each[0], Mapping):
            yield f"{indent}{name}:"
            for one in each:
                first, *rest = _block(one, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        else:
            yield f"{indent}{name}: {_scalar(each)}"


_EXPONENT = re.compile(r"(?P<digits>-?\d+)(?P<part>\.\d+)?e(?P<sign>[-+]?)(?P<power>\d+)")


def _scalar(value: Any) -> str:
    """A scalar, or a list of them on one line; in YAML 1.1 a number with an exponent needs a point and a sign."""
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    text = encoded(printable(value) if isinstance(value, str) else value).decode()
    power = _EXPONENT.fullmatch(text) if isinstance(value, float) else None
    return text if power is None else f"{power['digits']}{power['part'] or '.0'}e{power['sign'] or '+'}{power['power']}"


_MATTER = re.compile(
    r"(?P<open>\ufeff?\s*---[ \t]*(?:\r\n|\n|\r))(?P<keys>(?:[\s\S]*?(?:\r\n|\n|\r))??)---[ \t]*(?:\r\n|\n|\r|\Z)"
)
"""The front matter at the beginning of a card, and the lines of its keys."""


def with_front_matter(text: str, key: str, entry: str) -> str:
    """A card whose front matter has an entry under a key, where that was or at its end.

    Args:
        text: The card; without front matter it gets one.
        key: The key.
        entry: The lines of the entry, each ending in a line feed.

    Raises:
        DataError: The front matter has the key several times, which is no YAML.
    """
    found = _MATTER.match(text)
    if found is None:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        ending = _ending(text)
        return f"{mark}---\n{entry}---\n\n".replace("\n", ending) + text.removeprefix(mark)
    keys, ending = found["keys"], _ending(found["open"])
    entry = entry.replace("\n", ending)
    places = list(re.finditer(_ENTRY.format(re.escape(key)), keys))
    if len(places) > 1:
        raise DataError(f"The front matter has the key {key!r} {len(places)} ×: keep one.")
    first, last = places[0].span() if places else (len(keys), len(keys))
    return f"{text[: found.start('keys')]}{keys[:first]}{entry}{keys[last:]}{text[found.end('keys') :]}"


_ENTRY = r"(?:\A|(?<=[\r\n]))(?:{0}|\"{0}\"|'{0}')[ \t]*:[^\r\n]*(?:\r\n|\n|\r)(?:[ \t]+[^\s][^\r\n]*(?:\r\n|\n|\r))*"
"""The line of a key, and the indented ones under it."""


def _ending(text: str) -> str:
    """What the lines of a text end in: that of its first one."""
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found is not None else "\n"
