"""The mistakes of a text, each with the arithmetic that shows it."""

from __future__ import annotations

import msgspec

from archstat import units
from archstat.analysis.network import Analyse
from archstat.claims import Claim, Finding, summary
from archstat.errors import DataError
from archstat.expressions import evaluate
from archstat.language import message, retold, say
from archstat.quantities import part_of
from archstat.records import Step
from archstat.report.blocks import Correction, Errata
from archstat.report.compose import retold_step
from archstat.report.writing.citations import Checked

_MOST = 8
"""Sums of more rows than these are no longer read."""

_STEPS = {
    "parameters": ("parameters",),
    "macs": ("MACs",),
    "activations": ("activations",),
    "output_shape": ("output size", "output height", "output width"),
    "output_size": ("output size", "output height", "output width"),
    "output_height": ("output size", "output height"),
    "receptive_field": ("receptive field",),
}
"""The sums behind a quantity, as explanations call them."""

_ORIGINS = {
    "sum": message("worked out"),
    "counted": message("counted"),
    "measured": message("measured"),
    "published": message("published"),
    "tallied": message("tallied"),
}
"""Where a right number comes from, for people."""

_ADDED = ("parameters", "macs", "activations")
"""What a part has from all of its rows; the rest it has from the last."""


def errata_of(checked: Checked, analyse: Analyse) -> Errata:
    """What is wrong in a text: slips, what does not hold, and at the end what is merely cut off.

    Args:
        checked: The claims of the text.
        analyse: Where networks come from.
    """
    findings = list(checked.findings.values())
    wrong = [_correction(each, analyse) for each in findings if each.verdict in ("slip", "does not hold")]
    cut = [_correction(each, None) for each in findings if each.verdict == "truncated"]
    return Errata(checked.title, summary(findings), tuple(wrong), tuple(cut))


def _correction(finding: Finding, analyse: Analyse | None) -> Correction:
    """A mistake; without its sums if there is nowhere to take networks from."""
    claim = finding.claim
    is_sum = claim is None or claim.origin == "sum"
    return Correction(
        finding.text,
        finding.source,
        finding.verdict,
        retold(finding.stated),
        is_printed=not finding.text or _digits(finding.stated) in _digits(finding.text),
        origin=say(_ORIGINS["sum" if claim is None else claim.origin]),
        found=retold(finding.computed),
        basis="" if claim is None or is_sum else retold(claim.basis),
        why=retold(finding.message),
        sums=() if claim is None or analyse is None else tuple(_sums(claim, analyse)),
    )


def _digits(text: str) -> str:
    """The digits of a text: words without a number are claims of a bound or a share, which nobody printed."""
    return "".join(character for character in text if character.isdigit())


def _sums(claim: Claim, analyse: Analyse) -> list[Step]:
    """Ours, that of the text, and the one that gives what is printed."""
    is_plain = claim.origin == "counted" and not (claim.minus or claim.per or claim.convention)
    own = _own(claim, analyse) if is_plain and claim.quantity in _STEPS else []
    said = [_said(say("the text's own sum"), claim.expression)] if claim.expression else []
    slip = claim.slip.expression if claim.slip is not None else ""
    return [*own, *said, *([_said(say("as printed"), slip)] if slip else [])]


def _said(what: str, expression: str) -> Step:
    value = evaluate(expression)
    return Step(what, expression, int(value) if value.denominator == 1 else None)


def _own(claim: Claim, analyse: Analyse) -> list[Step]:
    """The sums of the rows that a claim is about, by the name of the layer; none where they are too many to be read."""
    network = analyse(claim.architecture, claim.setting)
    part = part_of(network, claim.layer)
    rows = part.rows if claim.quantity in _ADDED else (part.last,)
    try:
        explained = [each for each in network.explanations() if each.row in rows]
    except DataError:  # a saved cost holds no sums
        return []
    steps = [
        (each.row.layer, step) for each in explained for step in each.steps if step.quantity in _STEPS[claim.quantity]
    ]
    own = [_named(layer, retold_step(step)) for layer, step in steps]
    together = _together(own) if claim.quantity in _ADDED else []
    return [*own, *together] if len(own) <= _MOST else []


def _named(layer: str, step: Step) -> Step:
    """A sum by the name of its layer."""
    return msgspec.structs.replace(step, quantity=layer) if layer else step


def _together(steps: list[Step]) -> list[Step]:
    """What several rows come to."""
    terms = [step.result for step in steps if step.result]
    return [Step(say("together"), " + ".join(map(units.exact, terms)), sum(terms))] if len(terms) > 1 else []
