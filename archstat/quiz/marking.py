"""Answers → marks: which of them hold, what belongs into the other cells, and the score."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from archstat.analysis.network import AnalyseWithin
from archstat.claims import Finding, verdict_on
from archstat.claims.statements import statement
from archstat.errors import DataError
from archstat.expressions import evaluate, is_number
from archstat.files.text import text_of
from archstat.language import listed, message, recorded, retold, say
from archstat.networks.trust import NOTHING, Trust
from archstat.quiz.exercises import Exercise, exercise_in, is_of_quiz
from archstat.quiz.filled import Filled, answers_in
from archstat.quiz.hiding import HIDEABLE, shown_result
from archstat.quiz.worksheets import Blank, numbered, row_shown, worksheet_of
from archstat.tables.columns import Column, Table

AnswerVerdict = Literal["right", "rounded", "wrong", "empty"]


class Marked(msgspec.Struct, frozen=True):
    """A cell that was marked.

    Attributes:
        file: The sheet.
        line: The line of the cell.
        blank: The cell, and what belongs into it.
        answer: What was written; ``""``: nothing.
        verdict: ``"right"`` to the last digit, ``"rounded"`` and right, ``"wrong"``, or ``"empty"``.
        why: What is wrong, where that is not the number alone.
    """

    file: str
    line: int
    blank: Blank
    answer: str
    verdict: AnswerVerdict
    why: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the answer holds."""
        return self.verdict in ("right", "rounded")

    @property
    def result(self) -> str:
        """What belongs into the cell, as people read it."""
        return shown_result(self.blank.result, HIDEABLE[self.blank.name].unit)


class MarkedSheet(msgspec.Struct, frozen=True):
    """A worksheet that was marked.

    Attributes:
        file: The sheet.
        exercise: What the sheet asks.
        cells: The numbered cells of the sheet, in their order.
    """

    file: str
    exercise: Exercise
    cells: tuple[Marked, ...]

    @property
    def is_all_right(self) -> bool:
        """Whether every answer holds."""
        return all(cell.is_right for cell in self.cells)


def is_sheet(path: Path) -> bool:
    """Whether a file is to be read as a worksheet: a page, or a text in Markdown with the line of one."""
    ending = path.suffix.lower()
    if ending not in _MARKDOWN:
        return ending in _PAGES
    try:
        return is_of_quiz(text_of(path))
    except DataError:  # whoever reads it next says why it cannot be read
        return False


_MARKDOWN = (".md", ".markdown")
_PAGES = (".html", ".htm")


def marked_sheet(path: Path, analyse: AnalyseWithin, trust: Trust = NOTHING) -> MarkedSheet:
    """A worksheet that was filled in, marked.

    Args:
        path: The sheet.
        analyse: Counts a network.
        trust: Which files may name code; none of them, if it is not said.

    Raises:
        DataError: The file is no worksheet, or no longer the one that was given out.
        ArchstatError: The network cannot be counted.
    """
    if path.suffix.lower() in _PAGES:
        raise DataError(
            f"{path} is a page, and keeps no answers: press 'Save the answers' on it, and check the file that it saves."
        )
    text = text_of(path)
    exercise = exercise_in(text, str(path))
    network = trust.within(str(path), analyse)(exercise.network, exercise.setting)
    sheet = worksheet_of(exercise, network)
    cells = tuple(_marked(answer, str(path)) for answer in answers_in(text, str(path), sheet))
    return MarkedSheet(str(path), exercise, cells)


def _marked(answer: Filled, file: str) -> Marked:
    verdict, why = judged(answer.blank, answer.text)
    return Marked(file, answer.line, answer.blank, answer.text, verdict, why)


# -- one answer --------------------------------------------------------------------------------------------------------

_NOTHING = re.compile(r"[\s._–—…-]*")
_ABOUT = re.compile(r"^(?:≈|~|ca\.?|about|approx\.?)\s*", re.IGNORECASE)
_NAME = re.compile(r"\s*\b(?:MACs?|FLOPs?|parameters?|params?|pixels?|px)$", re.IGNORECASE)
_SPACED = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f](?=\d{3}(?!\d))")
_LONGEST = 200
"""More characters than these are no answer."""


def judged(blank: Blank, text: str) -> tuple[AnswerVerdict, str]:
    """How an answer relates to what belongs into its cell, and what is wrong with it besides.

    >>> cell = Blank(1, 0, "fc", "macs", 38_720, "")
    >>> [judged(cell, text)[0] for text in ("38,720", "38720", "38.7 k", "≈ 38.72k MACs", "40·968", "39 k", "")]
    ['right', 'right', 'rounded', 'right', 'right', 'rounded', 'empty']
    >>> judged(cell, "40 k"), judged(cell, "0 M"), judged(cell, "38.6k")
    (('wrong', ''), ('wrong', 'one digit is too few: give two at least'), ('wrong', ''))

    Args:
        blank: The cell.
        text: What was written into it.
    """
    if _NOTHING.fullmatch(text):
        return "empty", ""
    if len(text) > _LONGEST:
        return "wrong", recorded("it has more than {count} characters", count=_LONGEST)
    try:
        return _of_shape(blank, text) if isinstance(blank.result, tuple) else _of_number(blank, text)
    except DataError as error:
        return "wrong", str(error).rstrip(".")


def _of_shape(blank: Blank, text: str) -> tuple[AnswerVerdict, str]:
    """A shape is right or not; the batch may stand before it."""
    said = _NAME.sub("", text.strip("()[] ").replace(",", "×").replace("*", "×").replace("·", "×"))
    own = (blank.result, (1, *blank.result)) if isinstance(blank.result, tuple) else ()
    return ("right" if any(verdict_on(said, result) == "exact" for result in own) else "wrong"), ""


def _of_number(blank: Blank, text: str) -> tuple[AnswerVerdict, str]:
    """A number may be rounded, or what a sum comes to."""
    unit = HIDEABLE[blank.name].unit
    said = _SPACED.sub(",", _NAME.sub("", _ABOUT.sub("", text.rpartition("=")[2].strip())))
    if said[:1] in ("<", ">", "≤", "≥") or said[-1:] in ("%", "x", "×"):
        return "wrong", recorded("write one number")
    result = Fraction(blank.result)  # type: ignore[arg-type]  # a shape is judged elsewhere
    if _is_sum(said):
        return ("right" if evaluate(said) == result else "wrong"), ""
    verdict = verdict_on(said, result, unit)
    if verdict == "exact":
        return "right", ""
    printed = statement(said, unit).printed
    if verdict == "rounds" and printed.value < 10 * printed.step:
        return "wrong", recorded("one digit is too few: give two at least")
    return (
        ("rounded", "")
        if verdict == "rounds"
        else ("wrong", recorded("cut off and not rounded") * (verdict == "truncated"))
    )


def _is_sum(text: str) -> bool:
    """Whether something is to be worked out."""
    return any(sign in text for sign in "+−*·×/(") and not is_number(text)


# -- what is shown -----------------------------------------------------------------------------------------------------

_COLUMNS = (
    Column("file", "File", is_heading=True),
    Column("number", "Cell"),
    Column("layer", "Layer", row_shown, is_path=True, least=19),
    Column("column", "Column", say, least=17),
    Column("answer", "Answer", least=10),
    Column("verdict", "Verdict", say, least=7),
    Column("result", "Result", is_number=True),
    Column("because", "Because", retold, is_sentence=True, least=24, gives_way=1),
)


def marks_table(sheets: Sequence[MarkedSheet], is_shown: Callable[[Marked], bool]) -> Table:
    """One row for each numbered cell, with the sum where the answer is not right; under it the scores.

    Args:
        sheets: The sheets that were marked.
        is_shown: Whether a cell has a row.
    """
    cells = [cell for sheet in sheets for cell in sheet.cells if is_shown(cell)]
    rows = tuple(
        (
            cell.file,
            numbered(cell.blank),
            cell.blank.layer,
            HIDEABLE[cell.blank.name].english,
            cell.answer,
            cell.verdict,
            cell.result,
            _because(cell),
        )
        for cell in cells
    )
    return Table(_COLUMNS, rows, "", tuple(map(score, sheets)))


def _because(cell: Marked) -> str:
    """What is wrong, and the sum that is right."""
    return "" if cell.is_right else "; ".join(filter(None, (cell.why, cell.blank.sums)))


def score(sheet: MarkedSheet) -> str:
    """How many answers of a sheet are right, and what it asks: whoever fills it in could have changed that."""
    told = [cell.verdict for cell in sheet.cells]
    right, count = sum(cell.is_right for cell in sheet.cells), len(sheet.cells)
    share = f"{100 * right / count:.0f} %" if count else say("nothing was asked")
    headers = [HIDEABLE[name].header for name in sheet.exercise.hide]
    asked = say(
        "{file}: {network}, {columns} hidden, seed {seed}",
        file=sheet.file,
        network=sheet.exercise.network,
        columns=listed(filter(None, (", ".join(headers[:-1]), headers[-1]))),
        seed=sheet.exercise.seed,
    )
    of_them = say("{right} of {count} right ({share})", right=right, count=count, share=share)
    if "rounded" in told:
        rounded = say("{count} of them rounded", count=told.count("rounded"))
        of_them = f"{of_them}, {rounded}"
    rest = ", ".join(f"{told.count(verdict)} {say(verdict)}" for verdict in ("wrong", "empty") if verdict in told)
    return f"{asked}: {'; '.join(filter(None, (of_them, rest)))}."


ANSWER_VERDICTS = (message("right"), message("rounded"), message("wrong"), message("empty"))
"""How an answer can be, the best first."""


def findings_of(cells: Iterable[Marked]) -> Iterator[Finding]:
    """The cells as findings, for where those are shown: a continuous integration marks sheets as it checks claims."""
    for cell in cells:
        name = f"{numbered(cell.blank)} {cell.blank.layer}, {HIDEABLE[cell.blank.name].english}"
        stated = cell.answer or "nothing"
        verdict: Literal["holds", "does not hold"] = "holds" if cell.is_right else "does not hold"
        yield Finding(cell.file, cell.line, name, "", "", stated, cell.result, verdict, "holds", _because(cell), None)
