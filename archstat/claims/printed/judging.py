"""Numbers of a text → findings: which of them hold, by which way to count, and of which nothing is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec

from archstat import units
from archstat.analysis.network import Analyse
from archstat.claims.findings import Finding, failed
from archstat.claims.printed.latex import layout_of_latex
from archstat.claims.printed.markdown import layout_of_markdown
from archstat.claims.printed.sidecar import NamedInText, Sidecar, read_sidecar, sidecar_of
from archstat.claims.printed.stated import StatedNumber, columns_left_out, numbers_of
from archstat.claims.verdicts import ClaimVerdict
from archstat.errors import ArchstatError, DataError
from archstat.files.text import text_of
from archstat.identifying import Asked, Origin, asked, identify, identify_named
from archstat.identifying.origins import FLOPS_CALLED_MACS
from archstat.language import recorded
from archstat.networks.beside import from_folder, setting_from_folder
from archstat.networks.settings import Setting

_ENDINGS = {".md": layout_of_markdown, ".markdown": layout_of_markdown, ".tex": layout_of_latex}

_SEARCHES = 3
"""So many numbers that do not hold are searched for beyond their network: each search may take seconds."""

_STAGES = 2
"""How far: the networks of libraries take long to look through."""


def is_text(path: Path) -> bool:
    """Whether a file is a text for people, by its ending; all others are claims."""
    return path.suffix.lower() in _ENDINGS


def check_text(
    path: Path,
    analyse: Analyse,
    *,
    keeps_going: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Finding]:
    """The findings of a text, in the order of its lines.

    Args:
        path: The text; what it leaves open stands in the file beside it.
        analyse: Counts a network.
        keeps_going: A network that cannot be counted is a finding, and the rest is checked.
        clock: Tells seconds.

    Raises:
        DataError: The text cannot be read, or names no network that is known.
        ArchstatError: A network that the file beside it names cannot be counted.
    """
    layout = _ENDINGS[path.suffix.lower()](text_of(path))
    sidecar = read_sidecar(path)
    numbers = list(numbers_of(layout, sidecar))
    if not any(each.network for each in numbers):
        raise DataError(_nothing(path, len(numbers)))
    judge = _Judge(path, sidecar, analyse)
    findings = []
    for number in [*numbers, *columns_left_out(layout, sidecar)]:
        start = clock()
        try:
            finding = judge.finding(number)
        except ArchstatError as error:
            if not keeps_going:
                raise
            finding = msgspec.structs.replace(
                failed(str(path), number.line, number.name, error), text=number.text, stated=number.stated
            )
        findings.append(msgspec.structs.replace(finding, time_s=clock() - start))
    return sorted(findings, key=lambda finding: finding.line)


def _nothing(path: Path, count: int) -> str:
    """What to write where no number can be tied to a network."""
    beside = sidecar_of(path).name
    told = "none of the networks that it names is known" if count else "it states no number of a network that is known"
    return (
        f'{path}: {told}: write {beside} beside it, with lines as \'"ResNet-50" = "resnet50_v1_5"\' under '
        "'[networks]' (a worksheet of 'archstat quiz' keeps its first line)."
    )


class _Judge:
    """Judges the numbers of one text."""

    def __init__(self, path: Path, sidecar: Sidecar, analyse: Analyse) -> None:
        self._path, self._sidecar, self._analyse = path, sidecar, analyse
        self._searches = _SEARCHES

    def finding(self, number: StatedNumber) -> Finding:
        """What a number comes to.

        Raises:
            ArchstatError: A network that the file beside the text names cannot be counted.
        """
        if number.network is None or number.doubt:
            return self._unchecked(number, number.doubt)
        try:
            said = asked(number.stated)
        except DataError:
            return self._unchecked(number, recorded("it is no printed number that can be read"))
        try:
            return self._judged(number, said, number.network)
        except ArchstatError as error:
            if self._sidecar.is_own(number.network):
                raise
            return self._unchecked(
                number, recorded("{network} cannot be counted, {why}", network=number.network.network, why=str(error))
            )

    def _judged(self, number: StatedNumber, said: Asked, network: NamedInText) -> Finding:
        folder = self._path.parent
        name, setting = from_folder(network.network, folder), setting_from_folder(network.setting, folder)
        cost = self._analyse(name, setting).cost
        if cost.input_origin.startswith("assumed"):
            raise DataError(f"which input '{name}' takes is not known: give its 'input' in {sidecar_of(self._path)}.")
        if number.convention:
            return self._by_convention(number, said, network, name, setting)
        found = identify_named(name, said, self._analyse, setting)
        right = [each for each in found.origins if FLOPS_CALLED_MACS not in each.assumptions]
        first = next(iter([*right, *found.origins]), None)
        if first is not None:
            verdict = first.verdict if right else "does not hold"
            return self._found(number, verdict, first.value, "; ".join((first.what[0], *first.assumptions)))
        nearest = next(iter(found.nearest), None)
        value = nearest.value if nearest else Fraction(0)
        return self._found(number, "does not hold", value, self._why(said, network, nearest, value))

    def _by_convention(
        self, number: StatedNumber, said: Asked, network: NamedInText, name: str, setting: Setting
    ) -> Finding:
        """What a number comes to in a column of which it is known how it counts."""
        tally = self._analyse(name, setting).tally(number.convention)
        if tally.number is None:
            raise DataError(f"what {number.convention} says of '{name}' cannot be told: {tally.refusal}.")
        value, verdict = Fraction(tally.number), said.printed.verdict(tally.number)
        if verdict != "differs":
            return self._found(number, verdict, value, recorded("by {convention}", convention=number.convention))
        return self._found(number, "does not hold", value, self._why(said, network, None, value))

    def _why(self, said: Asked, network: NamedInText, nearest: Origin | None, value: Fraction) -> str:
        """By how much a number is off, and what would print so."""
        off = float((Fraction(said.printed.value) - value) / value) if value else 0.0
        near = nearest.what[0] if nearest else ""
        told = [recorded("off by {share} from the nearest, {way}", share=units.relative(off), way=near)]
        if not near:
            told = [recorded("off by {share}", share=units.relative(off))]
        if self._searches and not (network.input or network.dtype != "float32"):
            self._searches -= 1
            name = from_folder(network.network, self._path.parent)
            elsewhere = identify(name, said, self._analyse, most_stages=_STAGES).origins
            told += [_elsewhere(origin) for origin in elsewhere[:1]]
        return "; ".join(told)

    def _found(self, number: StatedNumber, verdict: str, value: Fraction, message: str) -> Finding:
        shown = units.exact(int(value)) if value.denominator == 1 else f"{float(value):,.1f}"
        told: ClaimVerdict = verdict  # type: ignore[assignment]  # those of printed numbers are some
        return Finding(
            str(self._path), number.line, number.name, number.text, "", number.stated, shown, told, "holds", message
        )

    def _unchecked(self, number: StatedNumber, why: str) -> Finding:
        message = recorded("not checked, {why}", why=why.rstrip("."))
        words = (number.name, number.text, "", number.stated, "")
        return Finding(str(self._path), number.line, *words, "undecided", "undecided", message)


def _elsewhere(origin: Origin) -> str:
    """What prints so beyond the network that is named."""
    if not origin.size:
        return recorded("{network} prints so, {way}", network=origin.network, way=origin.what[0])
    return recorded(
        "{network} at {size} prints so, {way}", network=origin.network, size=origin.size, way=origin.what[0]
    )
