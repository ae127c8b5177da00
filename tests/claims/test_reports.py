"""The claims of the lectures and of the written reports: every one has the verdict that its file expects."""

import functools
from pathlib import Path

import pytest

from archstat.analysis.inference import analyse
from archstat.claims import check, read_claims

FILES = sorted(Path(__file__).parents[2].glob("reports/*/claims.toml"))
LECTURES = [path for path in FILES if not path.with_name("report.toml").exists()]
analysed = functools.cache(analyse)


def test_there_is_a_file_for_each_of_the_five_lectures():
    assert [path.parent.name for path in LECTURES] == [
        "classic-networks",
        "cnn-design-modules",
        "cnn-overview",
        "cs231n-notes",
        "understanding-cnns",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_claim_has_the_verdict_that_its_file_expects(path):
    findings = check(read_claims(path), analysed)
    assert [finding.id for finding in findings if not finding.is_as_expected] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_claim_has_its_text_and_its_place(path):
    file = read_claims(path)
    assert file.title
    assert all(claim.text and claim.source for claim in file.claims)
    assert all(entry.text and entry.source and entry.why for entry in file.undecided)


PRINTED_OTHERWISE = {"direct-120-million-as-multiplied": "1억 2천만"}
"""Numbers of slips that the text prints in words: how."""


def digits(text):
    return "".join(filter(str.isdigit, text))


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.parent.name)
def test_a_slip_explains_a_number_that_the_text_prints(path):
    for claim in (each for each in read_claims(path).claims if each.slip is not None):
        printed = PRINTED_OTHERWISE.get(claim.id, claim.stated)
        assert digits(printed) in digits(claim.text), f"{claim.id}: nobody printed {claim.stated}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_no_claim_compares_a_number_with_itself(path):
    assert [claim.id for claim in read_claims(path).claims if claim.is_its_own_number] == []


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.parent.name)
def test_most_claims_are_decided_by_a_network_and_not_by_their_own_sum(path):
    claims = read_claims(path).claims
    assert sum(bool(claim.architecture) for claim in claims) > len(claims) / 2
