"""How many claims the report of errata says there are: each number is counted anew in the files that it lists."""

import functools
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from archstat.analysis import analyse
from archstat.claims import check, read

ERRATA = Path(__file__).parents[2] / "reports" / "errata"
EXPRESSIONS = {claim.id: claim.expression for claim in read(ERRATA / "claims.toml").claims}

HOLDING = ("exact", "rounds", "holds")
FAILING = ("slip", "does not hold")
COUNTED = {
    "checked": (*HOLDING, "truncated", *FAILING),
    "holding": HOLDING,
    "failing": FAILING,
    "explained": ("slip",),
    "cut": ("truncated",),
    "undecided": ("undecided",),
}
"""Which verdicts the terms of a sum count, in this order."""


@functools.cache
def findings():
    listed = msgspec.toml.decode((ERRATA / "report.toml").read_text(encoding="utf-8"))["errata"]
    once = functools.cache(analyse)
    return [finding for place in listed for finding in check(read(ERRATA / place), once)]


@pytest.mark.parametrize("name", COUNTED)
def test_each_term_is_the_number_of_claims_with_that_verdict(name):
    verdicts = Counter(finding.verdict for finding in findings())
    terms = [int(term) for term in re.findall(r"\d+", EXPRESSIONS[name])]
    assert terms == [verdicts[verdict] for verdict in COUNTED[name]]


def test_the_share_is_that_of_the_two_sums():
    assert EXPRESSIONS["holding-share"] == f"({EXPRESSIONS['holding']})/({EXPRESSIONS['checked']})"


def test_what_does_not_hold_stands_in_so_many_sentences():
    sentences = {(finding.file, finding.text) for finding in findings() if finding.verdict in FAILING}
    assert len(sentences) == int(EXPRESSIONS["failing-sentences"])


def test_the_senet_paper_has_so_many_numbers_that_do_not_hold():
    table = [finding for finding in findings() if finding.id.endswith("-gflops")]
    wrong = [finding for finding in table if finding.verdict in FAILING]
    assert len(wrong) == int(EXPRESSIONS["senet-table"])
    assert EXPRESSIONS["senet-others"] == f"{len(table)} - {len(wrong)}"


def test_every_text_of_a_lecture_is_listed():
    lectures = {"classic-networks", "cnn-design-modules", "cnn-overview", "cs231n-notes", "understanding-cnns"}
    assert {Path(finding.file).parent.name for finding in findings()} == lectures
