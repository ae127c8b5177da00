"""Bring the catalogues of messages up to date with the code: new messages come in, those that nobody says go out.

Run: ``python tools/messages.py``, then translate what is listed in the ``.po`` files, and run again, which compiles
them to the ``.mo`` files that are read. With ``--check`` nothing is written, and the exit code is 1 if a catalogue is
not up to date or not complete.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from archstat.files.saving import write_whole
from archstat.language import LOCALE

ROOT = Path(__file__).parents[1]

SAID_BY = {
    "say": None,
    "message": None,
    "recorded": None,
    "counts_as": None,
    "Convention": None,
    "RowRule": None,
    "_after": (2,),
    "Explained": (2,),
    "Hub": (5,),
    "Column": (2,),
    "Quantity": (2,),
    "number": (2,),
    "part_of_whole": (2,),
    "path": (2,),
    "literal": None,
    "marked": None,
}
"""The functions that take a message, and which of their arguments it is, if not the first."""

RECORDED_BY = {name: SAID_BY[name] for name in ("recorded", "counts_as", "Convention", "RowRule", "_after")}
"""Those of them whose message goes into a record, from which it is retold."""

RECORDED = LOCALE / "recorded.json"


def of_python(
    file: IO[bytes],
    keywords: Collection[str],
    comment_tags: Collection[str],
    options: object,  # noqa: ARG001 - Babel hands it on by name
) -> Iterator[_Found]:
    """The messages of a module, wherever in an expression they are said: Babel's own reader passes over some of them.

    Args:
        file: The module.
        keywords: The functions that take a message.
        comment_tags: What comments for translators begin with; they stand in the line before.
        options: There are none.
    """
    text = file.read().decode("utf-8")
    lines = text.splitlines()
    for call in ast.walk(ast.parse(text)):
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        if isinstance(call, ast.Call) and name in keywords:
            before = lines[call.lineno - 2].strip().removeprefix("#").strip()
            comments = [before] if before.startswith(tuple(comment_tags)) else []
            yield call.lineno, name, (*map(_literal, call.args), None), comments


_Found = tuple[int, str, tuple[str | None, ...], list[str]]


def _literal(argument: ast.expr) -> str | None:
    """What an argument says, if it is a text as it stands."""
    said = argument.value if isinstance(argument, ast.Constant) else None
    return said or None if isinstance(said, str) else None


METHODS = [("**.py", of_python), ("**/templates/*", "jinja2.ext:babel_extract")]

_PLACE = re.compile(r"\{(\w+)[^}]*\}")


def messages() -> Catalog:
    """What the code says, in the order of the alphabet of files."""
    found = Catalog()
    for file, text, comments in _extracted(SAID_BY):
        found.add(text, locations=[(f"archstat/{file}", 0)], auto_comments=comments)
    return found


def _extracted(said_by: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """The file, the message and the comments for translators of each call of some functions."""
    options = {"**/templates/*": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for file, _, text, comments, _ in extract_from_dir(
        ROOT / "archstat", METHODS, options, said_by, comment_tags=("For translators:",), strip_comment_tags=True
    ):
        if isinstance(text, str) and text:
            yield file, text, comments


def recorded() -> str:
    """The messages that records hold, as the file of them is written."""
    texts = sorted({text for _, text, _ in _extracted(RECORDED_BY)})
    return json.dumps(texts, ensure_ascii=False, indent=1) + "\n"


def up_to_date(said: Catalog, before: str, language: str) -> Catalog:
    """The catalogue of a language with the messages of the code and the translations that it has of them."""
    old = read_po(io.StringIO(before), locale=language, charset="utf-8")
    made = Catalog(language, project="archstat", fuzzy=False, charset="utf-8", header_comment=old.header_comment)
    made.creation_date = made.revision_date = old.creation_date
    for each in said:
        if each.id:
            known = old.get(each.id)
            text = known.string if known else ""
            made.add(each.id, text, locations=each.locations, auto_comments=each.auto_comments)
    return made


def faults(catalogue: Catalog) -> list[str]:
    """What is not translated, or says other values than the English."""
    found = []
    for each in catalogue:
        if not each.id:
            continue
        if not each.string:
            found.append(f"not translated: {each.id!r}")
        elif sorted(_PLACE.findall(each.id)) != sorted(_PLACE.findall(each.string)):
            found.append(f"other places: {each.id!r} → {each.string!r}")
    return found


def as_po(catalogue: Catalog) -> str:
    """The text of a catalogue that translators edit."""
    file = io.BytesIO()
    write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return file.getvalue().decode()


def as_mo(catalogue: Catalog) -> bytes:
    """What :mod:`gettext` reads of a catalogue."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> int:
    """The exit code: 0, or 1 if a catalogue is not complete, or was not up to date with ``--check``."""
    parser = argparse.ArgumentParser(description="Bring the catalogues of messages up to date with the code.")
    parser.add_argument("--check", action="store_true", help="Write nothing; fail if that would change a file.")
    is_checked = parser.parse_args().check
    said, found = messages(), []
    if not RECORDED.exists() or RECORDED.read_text(encoding="utf-8") != recorded():
        if is_checked:
            found.append(f"{RECORDED.relative_to(ROOT)} is not up to date: run 'make messages'.")
        else:
            write_whole(RECORDED, recorded())
    for po in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        before = po.read_text(encoding="utf-8")
        made = up_to_date(said, before, po.parent.parent.name)
        mo = po.with_suffix(".mo")
        text, compiled = as_po(made), as_mo(made)
        is_old = text != before or not mo.exists() or mo.read_bytes() != compiled
        if is_old and is_checked:
            found.append(f"{po.relative_to(ROOT)} is not up to date: run 'make messages'.")
        elif is_old:
            write_whole(po, text)
            mo.write_bytes(compiled)
        found += [f"{po.relative_to(ROOT)}: {fault}" for fault in faults(made)]
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
