"""A worksheet as a page: to print, or to type into; what was typed is saved as the file that is marked."""

from __future__ import annotations

import msgspec

from archstat.language import say
from archstat.quiz.worksheets import Worksheet, file_name, sheet_table, sheet_text
from archstat.report.blocks import Form, Page


def worksheet_page(sheet: Worksheet) -> Page:
    """The page of a worksheet; the solution is not on it."""
    table = sheet_table(sheet)
    network, _, rest = table.title.partition(" · ")
    form = Form(msgspec.structs.replace(table, title=""), sheet_text(sheet), file_name(sheet))
    told = say("The page keeps no answers and knows no solution: 'archstat check' marks the file that it saves.")
    seed = say("seed {number}", number=sheet.exercise.seed)
    drawn = f"{rest} · {seed}" if sheet.exercise.cells is not None else rest
    return Page(say("{network}: what does each layer cost?", network=network), (form,), drawn, (told,))
