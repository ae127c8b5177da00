"""What blocks of one kind cost part by part, as lectures set them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from archstat import units
from archstat.errors import DataError
from archstat.language import retold, say
from archstat.records import LayerCost
from archstat.report.chart import Chart, View, chart
from archstat.report.charts._names import shown_names
from archstat.report.drawing import theme
from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.drawing.layer_names import shown_path
from archstat.report.material import Mark, Material, Subject
from archstat.tables.quantities import MACS, PARAMETERS

_NETWORKS = (2, 4)
_PARTS_MAX = 12
_COLOURS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.PURPLE)


class _Part(msgspec.Struct, frozen=True):
    """What stands directly in a network: a layer or a block.

    Attributes:
        name: The first part of its path.
        rows: The rows of the part that have MACs.
    """

    name: str
    rows: tuple[LayerCost, ...]

    @property
    def macs(self) -> int:
        """The multiply-accumulates of the part."""
        return sum(row.macs for row in self.rows)

    @property
    def kind(self) -> str:
        """The class of the part if it is one layer."""
        return self.rows[0].kind if len(self.rows) == 1 else say("Layers with MACs")

    @property
    def detail(self) -> str:
        """The hyper-parameters of the part if it is one layer, else how many layers it has."""
        return retold(self.rows[0].detail) if len(self.rows) == 1 else say("{count} layers", count=len(self.rows))


@chart("networks", takes=("marks",))
def branches(material: Material) -> Chart:
    """MACs of each part of small networks with the same kind of inside, beside the figures that a text prints."""
    parts = {each.name: _parts(each) for each in material.subjects}
    _check(parts)
    marks = {name: [mark for mark in material.marks if _is_of(mark, name)] for name in parts}
    shown = shown_names(parts)
    groups = [_group((name, shown[name]), own, marks[name], place) for place, (name, own) in enumerate(parts.items())]
    rows = Rows(tuple(groups))
    totals = ", ".join(f"{theme.cut(shown[name])} {units.compact(_total(own))}" for name, own in parts.items())
    printed = [
        say("Of {network}, {printed}.", network=theme.cut(shown[mark.architecture]), printed=mark.label)
        for each in marks.values()
        for mark in each
    ]
    shapes = "; ".join(dict.fromkeys(units.shapes(each.network.cost.input_shapes) for each in material.subjects))
    alt = " ".join((say("MACs by part. In all: {totals}.", totals=totals), *printed))
    caption = [say("Counted for an input of {shapes}.", shapes=shapes)]
    caption += [say("A diamond is a figure that a text prints.")] if printed else []
    view = View(MACS.label, rows.figure, alt)
    return Chart("branches", say("MACs, part by part"), (view,), " ".join(caption))


def _parts(subject: Subject) -> list[_Part]:
    """What stands directly in the network and has MACs, in the order of execution."""
    rows: dict[str, list[LayerCost]] = {}
    for row in subject.network.cost.layers:
        rows.setdefault(row.layer.partition(".")[0], []).append(row)
    parts = [_Part(shown_path(name), tuple(row for row in own if row.macs)) for name, own in rows.items()]
    return [part for part in parts if part.macs]


def _check(parts: Mapping[str, Sequence[_Part]]) -> None:
    """Refuse what is no such set of networks."""
    if not _NETWORKS[0] <= len(parts) <= _NETWORKS[1]:
        raise DataError(
            f"Parts are set side by side of {_NETWORKS[0]} to {_NETWORKS[1]} networks, not of {len(parts)}."
        )
    for name, own in parts.items():
        if not 0 < len(own) <= _PARTS_MAX:
            raise DataError(
                f"{theme.cut(name)!r} has {len(own)} parts with MACs; 1 to {_PARTS_MAX} can be set side by side."
            )
    if not set.intersection(*({part.name for part in own} for own in parts.values())):
        raise DataError(f"{', '.join(map(theme.cut, parts))} have no part of one name, so nothing to set side by side.")


def _is_of(mark: Mark, name: str) -> bool:
    return (mark.architecture, mark.quantity) == (name, "macs")


def _group(names: tuple[str, str], parts: Sequence[_Part], marks: Sequence[Mark], place: int) -> Group:
    """The total, what a text prints of it, and the parts; of a name as one types it, and as it is shown."""
    name, shown = names
    total = _total(parts)
    text = say("{count} MACs", count=units.compact(total))
    whole = End(total, text, text, theme.GREY, theme.hover(name, [(MACS.label, units.exact(total))]))
    return Group(
        shown,
        (
            BarRow(say("in all"), (whole,)),
            *(BarRow("", (_mark(mark),)) for mark in marks),
            *(BarRow(part.name, (_end(part, total, _COLOURS[place]),)) for part in parts),
        ),
    )


def _total(parts: Sequence[_Part]) -> int:
    return sum(part.macs for part in parts)


def _mark(mark: Mark) -> End:
    lines = [(MACS.label, units.compact(round(mark.value)))]
    return End(mark.value, mark.label, mark.label, theme.RED, theme.hover(mark.label, lines), is_mark=True)


def _end(part: _Part, total: int, colour: str) -> End:
    number = units.compact(part.macs)
    parameters = sum(row.parameters for row in part.rows)
    lines = [
        (part.kind, part.detail),
        (MACS.label, f"{units.exact(part.macs)}, {units.share(part.macs, total)}"),
        (PARAMETERS.label, units.exact(parameters)),
    ]
    return End(part.macs, f"{number} · {part.detail}", number, colour, theme.hover(part.name, lines))
