"""Where a number comes from: a sentence for each answer, or for what comes nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from archstat import units
from archstat.errors import UnknownNameError
from archstat.identifying import Identification, Origin
from archstat.language import message, retold, say
from archstat.tables.columns import Column, Row, Table, Tone
from archstat.tables.formats import FORMATS

_TONES: dict[str, Tone] = {"exact": "right", "rounds": "right", "truncated": "doubtful", "differs": "wrong"}
_VERDICTS = {"exact": message("exact"), "rounds": message("rounds"), "truncated": message("truncated")}
_SENTENCE = Column("answer", "Where it comes from", least=30, is_sentence=True)
_VERDICT = Column("verdict", "Verdict", lambda verdict: say(_VERDICTS[verdict]), tones=_TONES)
_OFF = Column("off", "Off by", units.relative, is_number=True)
_ASSUMED = Column("assumptions", "What has to be so", is_sentence=True)
_COMMAND = Column("command", "Shown by", least=30)
_IN_FULL = (
    Column("network", "Network"),
    Column("size", "Input"),
    Column("number", "Number", is_number=True),
    Column("ways", "Ways to count", is_sentence=True),
    Column("strain", "Strain", is_number=True),
)


CommandOf = Callable[[Origin], str]


def call_of(origin: Origin) -> str:
    """The call of Python that shows a count."""
    how = "".join(f", {name}={value}" for name, value in origin.how.items())
    return f"archstat.{_VERBS[origin.shown_by]}({origin.network.replace(' ', '')!r}{how})"


_VERBS = {"table": "count", "reconcile": "reconcile", "memory": "memory"}


def identification_table(
    found: Identification, *, limit: int, is_full: bool = False, shown: CommandOf = call_of
) -> Table:
    """A row for each way in which a number comes about, the likeliest first; none: the counts that come nearest.

    Args:
        found: The search.
        limit: The most rows.
        is_full: With every column, as for a program.
        shown: From an answer to what a user types to see its count.
    """
    origins = (found.origins or found.nearest)[:limit]
    told = (_SENTENCE, _VERDICT if found.is_found else _OFF, _ASSUMED, _COMMAND)
    columns = (*told, *_IN_FULL) if is_full else told
    rows = tuple(_row(origin, found, columns, shown) for origin in origins)
    title = say("{number} of {network}", number=found.asked.text, network=found.network)
    return Table(columns, rows, title, tuple(_notes(found, limit)))


def identification_as(found: Identification, format_: str, *, limit: int) -> str:
    """A search in one of the formats, without a terminal's width.

    Raises:
        UnknownNameError: There is no such format.
    """
    if format_ not in FORMATS:
        raise UnknownNameError.of("format", format_, FORMATS, f"The formats are {', '.join(FORMATS)}.")
    return FORMATS[format_](identification_table(found, limit=limit, is_full=format_ in ("csv", "json")))


def _row(origin: Origin, found: Identification, columns: tuple[Column, ...], shown: CommandOf) -> Row:
    cells = {
        "answer": sentence(origin, found.asked.text),
        "verdict": origin.verdict,
        "off": origin.off,
        "assumptions": "; ".join(map(retold, origin.assumptions)) or say("nothing else"),
        "command": shown(origin),
        "network": origin.network,
        "size": origin.size,
        "number": float(origin.value) if origin.value.denominator > 1 else int(origin.value),
        "ways": "; ".join(map(retold, origin.what)),
        "strain": origin.strain,
    }
    return tuple(cells[column.key] for column in columns)


def sentence(origin: Origin, stated: str) -> str:
    """An answer in a sentence that one can put beside the number.

    Args:
        origin: The answer, or what comes near.
        stated: The number as printed.
    """
    sign = "≠" if origin.verdict == "differs" else "→"
    told = {"network": origin.network, "what": retold(origin.what[0]), "number": _number(origin.value)}
    if not origin.size:
        return say("{network}, {what}: {number} {sign} {stated}", **told, sign=sign, stated=stated)
    return say(
        "{network} at {size}, {what}: {number} {sign} {stated}", **told, size=origin.size, sign=sign, stated=stated
    )


def _number(value: Fraction) -> str:
    return units.exact(int(value)) if value.denominator == 1 else f"{float(value):,.1f}"


def _notes(found: Identification, limit: int) -> Iterator[str]:
    """How much the answers are worth, and what was left out."""
    if not found.is_found:
        yield say("Nothing that was tried prints so; these come nearest.")
        if found.asked.kind == "bytes":
            yield say("A file of weights holds names and headers too: it is a little larger than what it stores.")
    elif len(found.origins) > limit:
        yield say("{count} more print so too.", count=units.exact(len(found.origins) - limit))
    yield say(
        "{hypotheses} hypotheses came to {numbers} numbers, {nearby} of them between half and twice this one: a random "
        "number there, printed so, is met by {chance} of them on average.",
        hypotheses=units.exact(found.hypotheses),
        numbers=units.exact(found.numbers),
        nearby=units.exact(found.nearby),
        chance=f"{found.chance:.2g}",
    )
    if found.chance >= 1:
        yield say("So few digits tell little: more than one of them is to be expected by chance.")
    if not found.is_whole:
        yield say("The search ended at the first stage with an answer; what lies further from the usual was not tried.")
