r"""The numbers of a paper as one command of LaTeX, ``\archstat{resnet50.macs}``, so that none is typed by hand.

A key that is not there is an error of LaTeX that names it. What is not known prints a dash, and a warning says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from archstat import units
from archstat.documents.evidence import Evidence
from archstat.documents.paper import with_convention
from archstat.documents.paper_columns import PAPER_COLUMNS, PaperColumn, measurement_of
from archstat.language import say
from archstat.published.names import display_name
from archstat.tables.latex.characters import tex
from archstat.version import __version__

FORMS = ("rounded", "exact")
"""What can stand in the brackets of the command: the first one is meant where nothing does."""

_COMMAND = r"""\makeatletter
\ProvideDocumentCommand\archstat{O{rounded} m}{%
  \ifcsname archstat@\detokenize{#1}@\detokenize{#2}\endcsname
    \csname archstat@\detokenize{#1}@\detokenize{#2}\endcsname
  \else
    \PackageError{archstat}{There is no '\detokenize{#2}' in the form '\detokenize{#1}'}{%
      Each line of macros.tex that begins with \string\archstat@number\space has a key.\MessageBreak
      The forms are rounded and exact. 'archstat paper' writes the file anew.}%
    \textbf{??}%
  \fi}
\providecommand\archstat@number[3]{%
  \expandafter\def\csname archstat@rounded@\detokenize{#1}\endcsname{#2}%
  \expandafter\def\csname archstat@exact@\detokenize{#1}\endcsname{#3}}
\providecommand\archstat@missing[2]{%
  \archstat@number{#1}{--\PackageWarning{archstat}{#1 is not known: #2}}%
    {--\PackageWarning{archstat}{#1 is not known: #2}}}
"""


def macros_file(found: Sequence[Evidence]) -> str:
    """The command and a line for each number, also of those that the table does not print.

    Args:
        found: What is known of the networks.
    """
    columns = with_convention(found, tuple(PAPER_COLUMNS.values()))
    needed = say("Needs in the preamble: {packages}", packages=r"\usepackage{siunitx} (siunitx 3)")
    lines = [f"\\archstat@number{{archstat.version}}{{{__version__}}}{{{__version__}}}"]
    for key, each in zip(keys_of([each.name for each in found]), found, strict=True):
        lines += _texts(key, each)
        lines += [_number(key, each, column) for column in columns]
    return "\n".join([f"% {needed}", _COMMAND.rstrip("\n"), *lines, "\\makeatother"]) + "\n"


_PLAIN = re.compile(r"[^A-Za-z0-9._:/+]+")


def keys_of(names: Sequence[str]) -> list[str]:
    """What the keys of each network begin with: its name, with hyphens for what TeX would not take as text.

    >>> keys_of(["resnet50", "timm:resnet50.a1_in1k", 'resnet34(shortcuts="A", classes=10)', "a b", "a-b"])
    ['resnet50', 'timm:resnet50.a1_in1k', 'resnet34-shortcuts-A-classes-10', 'a-b', 'a-b-2']
    """
    found: dict[str, None] = {}
    for name in names:
        plain = _PLAIN.sub("-", name).strip("-") or "network"
        tried = (plain, *(f"{plain}-{number}" for number in range(2, len(names) + 2)))
        found[next(each for each in tried if each not in found)] = None
    return list(found)


def _texts(key: str, each: Evidence) -> Iterator[str]:
    """What is no number: the name, the input, the device."""
    texts = {"name": display_name(each.name), "input": units.shapes(each.cost.input_shapes)}
    measurement = measurement_of(each)
    if measurement is not None:
        texts["device"] = measurement.conditions.device_name
    for name, text in texts.items():
        yield f"\\archstat@number{{{key}.{name}}}{{{tex(text)}}}{{{tex(text)}}}"


def _number(key: str, each: Evidence, column: PaperColumn) -> str:
    """The line of one number, or of why there is none."""
    value, place = column.value(each), f"{key}.{_PLAIN.sub('-', column.key)}"
    if value is None:
        return f"\\archstat@missing{{{place}}}{{{tex(column.why(each).rstrip('.'))}}}"
    return f"\\archstat@number{{{place}}}{{{_rounded(value, column)}}}{{{_exact(value, column)}}}"


_SIUNITX = {
    **{
        f"{prefix}{unit}": f"{named}{base}"
        for unit, base in {"s": r"\second", "J": r"\joule", "W": r"\watt"}.items()
        for prefix, named in {
            "": "", "n": r"\nano", "µ": r"\micro", "m": r"\milli", "k": r"\kilo", "M": r"\mega", "G": r"\giga",
        }.items()
    },
    "B": r"\byte",
    **{f"{name[0].upper()}iB": f"\\{name}\\byte" for name in ("kibi", "mebi", "gibi", "tebi", "pebi")},
    "%": r"\percent",
}  # fmt: skip
"""Units as siunitx names them."""


def _rounded(value: Any, column: PaperColumn) -> str:
    """An amount as the table has it: a count with its prefix behind a thin space."""
    digits, _, unit = column.column.show(value).partition(" ")
    return _quantity(digits.replace(",", ""), "%" if column.unit == "%" else unit)


def _exact(value: Any, column: PaperColumn) -> str:
    """An amount with all of its digits, in base units."""
    return _quantity(units.percent(value) if column.unit == "%" else repr(value), column.unit)


def _quantity(digits: str, unit: str) -> str:
    if unit in _SIUNITX:
        return f"\\qty{{{digits}}}{{{_SIUNITX[unit]}}}"
    return f"\\num{{{digits}}}" + (f"\\,{tex(unit)}" if unit else "")
