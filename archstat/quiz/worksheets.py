"""An exercise → its worksheet: the layers that stand on it, and which of their cells are to be filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from archstat import units
from archstat.analysis.network import Network
from archstat.claims.statements import Result
from archstat.errors import DataError, InputError
from archstat.files.text import printable
from archstat.language import message, recorded, retold, say
from archstat.quiz.exercises import Exercise, line_of
from archstat.quiz.hiding import HIDEABLE, shown_result
from archstat.records import Explanation, LayerCost
from archstat.tables.columns import Column, Table, layer_shown
from archstat.tables.formats import markdown
from archstat.tables.network import WHOLE_NETWORK, kind_of, layer_table, title_of, uncounted_in


class Blank(msgspec.Struct, frozen=True):
    """A cell that is to be filled in.

    Attributes:
        number: The number that stands in the cell.
        row: The row of the cell, counted from 0.
        layer: The name of its row.
        name: The column of the cell, a key of :data:`archstat.quiz.hiding.HIDEABLE`.
        result: What belongs into the cell.
        sums: How the result comes about; ``""``: there is no sum.
    """

    number: int
    row: int
    layer: str
    name: str
    result: Result
    sums: str


class SheetRow(msgspec.Struct, frozen=True):
    """A row of a worksheet: a layer, or the total.

    Attributes:
        layer: The name of the layer.
        kind: What a student needs of the layer: its kind with kernel, stride and padding, and whether it has a bias.
        results: What belongs into each column; ``None``: nothing does.
        sums: How each result comes about.
        has_zeros: Whether a result of 0 is asked too: of a pool it is worth knowing, of an addition it is not.
    """

    layer: str
    kind: str
    results: tuple[Result | None, ...]
    sums: tuple[str, ...]
    has_zeros: bool = True

    def asks(self, place: int) -> bool:
        """Whether a cell of the row can be hidden."""
        result = self.results[place]
        return result is not None and (result != 0 or self.has_zeros)


class Worksheet(msgspec.Struct, frozen=True):
    """A worksheet, with its solution.

    Attributes:
        exercise: What the sheet asks.
        title: The network and its input.
        names: The columns after layer and kind, keys of :data:`archstat.quiz.hiding.HIDEABLE`.
        rows: The layers in the order of execution, and the total.
        blanks: The cells that are to be filled in, in the order of reading.
        notes: What a student must know.
    """

    exercise: Exercise
    title: str
    names: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    blanks: tuple[Blank, ...]
    notes: tuple[str, ...]


def worksheet_of(exercise: Exercise, network: Network) -> Worksheet:
    """The worksheet of an exercise; of equal ones, the same.

    Args:
        exercise: What is asked.
        network: What is known of the network.

    Raises:
        InputError: More cells are to be hidden than there are.
        DataError: Nothing of the network can be asked, or its sums are not known.
    """
    names = (*(["output"] if "output" not in exercise.hide else []), *exercise.hide)
    layers = list(_layers(exercise, network, names))
    shown = layers[: exercise.rows]
    if not shown:
        raise DataError(f"No layer of {exercise.network} has anything to ask: hide other columns.")
    is_whole, whole = len(shown) == len(layers), recorded("of the network")
    rows = (*shown, *_total(names, shown, whole if is_whole else recorded("of these {count} rows", count=len(shown))))
    blanks = _blanks(exercise, names, rows)
    return Worksheet(exercise, title_of(network.cost), names, rows, blanks, tuple(_notes(exercise, network)))


# -- rows --------------------------------------------------------------------------------------------------------------


def _layers(exercise: Exercise, network: Network, names: Sequence[str]) -> Iterator[SheetRow]:
    """The layers that count in a hidden column, and those whose windows change the size of maps."""
    explanations = network.explanations()
    fields = network.fields() if "receptive_field" in names else None
    table = layer_table(network.cost, fields=fields)
    keys = [column.key for column in table.columns]
    places = [keys.index(HIDEABLE[name].column) for name in names]
    added = [keys.index(HIDEABLE[name].column) for name in exercise.hide if HIDEABLE[name].is_added]
    for explained, values in zip(explanations, table.rows, strict=True):
        is_step = _is_step(explained)
        if any(values[place] for place in added) or is_step:
            asked = exercise.hide if is_step else tuple(name for name in exercise.hide if HIDEABLE[name].is_added)
            told = [
                values[place] if name in asked or name not in exercise.hide else None
                for name, place in zip(names, places, strict=True)
            ]
            results = tuple(map(_result, names, told))
            sums = tuple(HIDEABLE[name].sums(explained) for name in names)
            yield SheetRow(explained.row.layer or WHOLE_NETWORK, _kind(explained), results, sums, is_step)


def _is_step(explained: Explanation) -> bool:
    """Whether a row multiplies, or changes the size of maps."""
    return bool(explained.row.macs) or any(step.quantity.startswith("output") for step in explained.steps)


def _result(name: str, value: Result | None) -> Result | None:
    """What belongs into a cell; outputs are those of one input."""
    if name == "output" and isinstance(value, tuple):
        return value[1:] if len(value) > 1 else None
    return value


def _kind(explained: Explanation) -> str:
    """What a student must know of a layer, and a table does not tell: the padding, and that there is no bias."""
    row = explained.row
    return ", ".join(filter(None, (kind_of(row), explained.edges, recorded("no bias") if _has_no_bias(row) else "")))


def _has_no_bias(row: LayerCost) -> bool:
    return row.macs > 0 and row.parameters > 0 and row.weights == row.parameters


def _total(names: Sequence[str], rows: Sequence[SheetRow], kind: str) -> Iterator[SheetRow]:
    """The sums of the columns that can be added, if there is one; a sum that is long is not written out."""
    if not any(HIDEABLE[name].is_added for name in names):
        return
    results: list[Result | None] = []
    sums = []
    for place, name in enumerate(names):
        numbers = [each for row in rows if isinstance(each := row.results[place], int) and each]
        is_added = HIDEABLE[name].is_added
        results.append(sum(numbers) if is_added else None)
        is_written = is_added and 1 < len(numbers) <= _TERMS_MAX
        sums.append(f"{' + '.join(map(units.exact, numbers))} = {units.exact(sum(numbers))}" if is_written else "")
    yield SheetRow(TOTAL, kind, tuple(results), tuple(sums))


TOTAL = message("Total")
_TERMS_MAX = 24


# -- cells -------------------------------------------------------------------------------------------------------------


def _blanks(exercise: Exercise, names: Sequence[str], rows: Sequence[SheetRow]) -> tuple[Blank, ...]:
    """The cells that are hidden, numbered as they are read."""
    found = [
        (number, place)
        for number, row in enumerate(rows)
        for place, name in enumerate(names)
        if name in exercise.hide and row.asks(place)
    ]
    if exercise.cells is not None and exercise.cells > len(found):
        raise InputError(
            f"{exercise.cells:,} cells are to be hidden, and the sheet has {len(found):,}: hide fewer, or more columns."
        )
    drawn = sorted(found, key=lambda cell: _draw(exercise.seed, cell[0], names[cell[1]]))[: exercise.cells]
    return tuple(
        _blank(number, rows[row], row, place, names[place]) for number, (row, place) in enumerate(sorted(drawn), 1)
    )


def _draw(seed: int, row: int, name: str) -> bytes:
    """A lot for each cell; no generator of random numbers promises the same ones to every version of Python."""
    return hashlib.blake2b(f"{seed}:{row}:{name}".encode()).digest()


def _blank(number: int, row: SheetRow, place: int, column: int, name: str) -> Blank:
    result = row.results[column]
    if result is None:
        raise ValueError(f"nothing belongs into {row.layer}, {name}")
    return Blank(number, place, row.layer, name, result, row.sums[column])


# -- what stands on paper ----------------------------------------------------------------------------------------------


def _notes(exercise: Exercise, network: Network) -> Iterator[str]:
    yield say("Kind: 3→64 7×7/2 are 64 filters of 7×7 on 3 maps, at a stride of 2; without a slash the stride is 1.")
    yield from (HIDEABLE[name].rule for name in exercise.hide)
    if network.cost.uncounted:
        yield say("Not counted: {ops}.", ops=uncounted_in(network.cost))
    yield say("Write 38,720 or 38.7 k (as many digits as you are sure of, two at least), and 64×224×224 or 64x224x224.")


def numbered(blank: Blank) -> str:
    """The number of a cell as it stands in it."""
    return f"({blank.number})"


def sheet_table(sheet: Worksheet) -> Table:
    """The worksheet: a row for each layer, with numbered cells to fill in."""
    held = {(blank.row, blank.name): numbered(blank) for blank in sheet.blanks}
    return msgspec.structs.replace(_table(sheet, held), notes=sheet.notes)


def filled_table(sheet: Worksheet) -> Table:
    """The worksheet with everything filled in."""
    columns = _table(sheet, {}).columns
    plain = tuple(msgspec.structs.replace(column, is_written=False) for column in columns)
    return msgspec.structs.replace(
        _table(sheet, {}), columns=plain, title=say("Solution · {network}", network=sheet.title)
    )


def row_shown(layer: str) -> str:
    """The name of a row: the path of a layer as it is, what stands for one in the language that is spoken."""
    return say(layer) if layer == TOTAL else layer_shown(layer)


def _table(sheet: Worksheet, held: dict[tuple[int, str], str]) -> Table:
    """The rows with these texts in place of what belongs into some cells."""
    rows = tuple(
        (
            row.layer,
            row.kind,
            *(held.get((number, name), result) for name, result in zip(sheet.names, row.results, strict=True)),
        )
        for number, row in enumerate(sheet.rows)
    )
    written = {name for _, name in held}
    columns = (
        Column("layer", "Layer", row_shown, is_path=True, least=19),
        Column("kind", "Kind", retold, least=20),
        *(_column(name, is_written=name in written) for name in sheet.names),
    )
    return Table(columns, rows, sheet.title, is_chosen=True)


def _column(name: str, *, is_written: bool) -> Column:
    """A column of results, or of the numbers of cells in their place."""
    about = HIDEABLE[name]

    def show(value: Result | str) -> str:
        return value if isinstance(value, str) else shown_result(value, about.unit)

    return Column(
        about.column, about.english, show, is_number=about.is_added, is_written=is_written, wraps=" " in about.english
    )


def key_table(sheet: Worksheet) -> Table:
    """The cells in their order: what belongs into each, and the sum that it comes from."""
    columns = (
        Column("number", "Cell"),
        Column("layer", "Layer", row_shown, is_path=True, least=19),
        Column("column", "Column", say),
        Column("result", "Result", lambda result: shown_result(result, ""), is_number=True),
        Column("sums", "Because", is_sentence=True, least=24),
    )
    rows = tuple(
        (
            numbered(blank),
            blank.layer,
            HIDEABLE[blank.name].english,
            blank.result,
            blank.sums,
        )
        for blank in sheet.blanks
    )
    return Table(columns, rows, say("Cell by cell · {network}", network=sheet.title))


def sheet_text(sheet: Worksheet) -> str:
    """The worksheet in Markdown, with the line by which it can be marked."""
    return f"{line_of(sheet.exercise)}\n\n{say('Name:')}\n\n{markdown(sheet_table(sheet))}"


def file_name(sheet: Worksheet) -> str:
    """A name for the file of the sheet, of letters that every system takes."""
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in printable(sheet.exercise.network))
    return f"{'-'.join(filter(None, plain.split('-')))[:60] or 'network'}-quiz"
