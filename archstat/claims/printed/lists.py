"""Lists of Markdown that state amounts, as cards of models do: ``- Params (M): 25.6`` in the section of a network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from markdown_it.token import Token

from archstat.claims.printed.layout import TextRow, TextTable

_ITEM = re.compile(r"(?P<key>[^:\n]{1,60}):\s*(?P<value>[^\n]{1,80})")


def lists_of(tokens: Sequence[Token], words: Callable[[Token], str]) -> Iterator[TextTable]:
    """Each list with items such as ``key: value``, as a table of one row under these keys.

    What the list belongs to comes first in the row, the closest first: the items around it, then the headings above.

    Args:
        tokens: The text, taken apart.
        words: The words of a piece of it.
    """
    headings: list[tuple[int, str]] = []
    around: list[str] = []
    lists: list[list[tuple[int, str, str]]] = []
    for before, token in zip((None, *tokens), tokens, strict=False):
        if token.type == "inline" and before is not None and before.type == "heading_open":
            level = int(before.tag[1])
            headings = [each for each in headings if each[0] < level] + [(level, words(token))]
        elif token.type.endswith("_list_open"):
            lists.append([])
        elif token.type == "list_item_open":
            around.append("")
        elif token.type == "list_item_close":
            around.pop()
        elif token.type == "inline" and around and not around[-1]:
            around[-1] = words(token)
            item = _ITEM.fullmatch(around[-1])
            if item is not None and token.map is not None:
                lists[-1].append((token.map[0] + 1, item["key"].strip(), item["value"].strip()))
        elif token.type.endswith("_list_close"):
            found = lists.pop()
            if found:
                yield _table(found, [*reversed(around), *(told for _, told in reversed(headings))])


def _table(found: Sequence[tuple[int, str, str]], of: Sequence[str]) -> TextTable:
    lines, keys, values = zip(*found, strict=True)
    row = TextRow(lines[0], (*of, *values), (*[lines[0]] * len(of), *lines))
    return TextTable(("model",) * len(of) + keys, (row,), is_list=True)
