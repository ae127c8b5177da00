"""Seeded files, near enough to right ones to be read far: bytes, keys and values of JSON and TOML are changed."""

from __future__ import annotations

import json
import random
from typing import Any

VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    int("9" * 310),
    1e308,
    -1e-320,
    "",
    "x" * 3000,
    "a\x1b[2J\u202e",
    [],
    {},
]
VALUES += [[[]] * 3, {"a": {}}, "::error::x", "=cmd|' '!A0", "<script>", "lenet5", "os:system('true')", "1,000", "1/0"]
TOML = [
    "nan",
    "-inf",
    "1e400",
    "2015-01-01",
    "[[]]",
    "{}",
    "'os:system(\"true\")'",
    '"9^9^9"',
    '""',
    "true",
    "0x1f",
    "1_0",
]
TOML += [
    '"' + "9" * 5000 + '"',
    "[1, 'a']",
    '"net.py:Net"',
    '"lenet5"',
    '"../../claims.toml"',
    '"/dev/zero"',
    '"\\u0000"',
]


def changed_json(text: str, seed: int) -> bytes:
    """A JSON file with some of its values, keys or bytes changed."""
    draw = random.Random(seed)  # noqa: S311 - what is needed is the same again
    if draw.random() < 0.3:
        return _bytes(text.encode(), draw)
    content = json.loads(text)
    for _ in range(draw.choice([1, 1, 2, 4])):
        place, key = draw.choice(list(_places(content)))
        if draw.random() < 0.2:
            del place[key]
        else:
            place[key] = draw.choice(VALUES)
        if not list(_places(content)):
            break
    return json.dumps(content).encode()


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)


def changed_toml(text: str, seed: int) -> bytes:
    """A TOML file with some of its lines, values or bytes changed."""
    draw = random.Random(seed)  # noqa: S311 - what is needed is the same again
    if draw.random() < 0.3:
        return _bytes(text.encode(), draw)
    lines = text.splitlines()
    for _ in range(draw.choice([1, 1, 2, 4])):
        at = draw.randrange(len(lines))
        key, equals, _ = lines[at].partition("=")
        lines[at] = draw.choice(
            [f"{key}= {draw.choice(TOML)}" if equals else "", "", lines[at] * 2, draw.choice(lines)]
        )
    return "\n".join(lines).encode()


def changed_sheet(text: str, seed: int) -> bytes:
    """A worksheet with some answers, and now and then with its line, its rows or its bytes changed."""
    draw = random.Random(seed)  # noqa: S311 - what is needed is the same again
    if draw.random() < 0.2:
        return _bytes(text.encode(), draw)
    first, *lines = text.splitlines()
    if draw.random() < 0.4:
        begins, ends = first.index("{"), first.rindex("}") + 1
        first = f"{first[:begins]}{changed_json(first[begins:ends], seed).decode(errors='replace')}{first[ends:]}"
    cells = [place for place, line in enumerate(lines) if line.startswith("| ")]
    for _ in range(draw.choice([0, 1, 4, 9])):
        at = draw.choice(cells)
        lines[at] = lines[at].replace(") |", f") {draw.choice(VALUES)} |", draw.choice([1, 2]))
    if draw.random() < 0.2:
        at = draw.randrange(len(lines))
        lines[at] = draw.choice(["", lines[at] * 2, draw.choice(lines)])
    return "\n".join([first, *lines]).encode(errors="replace")


def _bytes(content: bytes, draw: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(draw.choice([1, 2, 8])):
        at = draw.randrange(len(made) or 1)
        part = draw.choice(
            [b"", bytes([draw.randrange(256)]), b"\x00", b"\xff\xfe", b"[" * 3000, b'"', b"9" * 400, b"{"]
        )
        made[at : at + draw.choice([0, 1, 20])] = part
    return bytes(made[: draw.randrange(len(made) + 1)] if draw.random() < 0.2 else made)
