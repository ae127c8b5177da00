"""How much of the five lectures holds: the report of errata counts it in their claims, and goes stale with an error."""

import functools
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.claims import check, read_claims
from archstat.errors import DataError
from archstat.report.writing.reports import pages_of

REPORTS = Path(__file__).parents[2] / "reports"
ERRATA = REPORTS / "errata"
LISTED = msgspec.toml.decode((ERRATA / "report.toml").read_text(encoding="utf-8"))["errata"]
TALLIES = {claim.id: claim for claim in read_claims(ERRATA / "claims.toml").claims if claim.claims}
counted = functools.cache(analyse)


@functools.cache
def findings():
    return [finding for place in LISTED for finding in check(read_claims(ERRATA / place), counted)]


@pytest.fixture
def copy(tmp_path):
    """The report and the lectures, to be altered."""
    for place in (ERRATA, *((ERRATA / listed).parent for listed in LISTED)):
        folder = tmp_path / place.resolve().name
        folder.mkdir()
        for file in place.glob("*.*"):
            shutil.copy(file, folder)
    return tmp_path


def altered(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


HEADLINES = "quotations holding holding-share failing checked failing-claims explained cut undecided".split()


@pytest.mark.parametrize("name", HEADLINES)
def test_a_headline_counts_in_every_lecture_that_is_listed(name):
    for operand in filter(None, (TALLIES[name], TALLIES[name].per)):
        assert list(operand.files) == LISTED


def test_a_claim_that_counts_in_one_lecture_names_that_lecture():
    own = {
        name: claim for name, claim in TALLIES.items() if name.rpartition("-")[2] in ("quotations", "holding", "share")
    }
    by_text = {name: claim for name, claim in own.items() if name not in HEADLINES}
    assert len(by_text) == 3 * len(LISTED)
    for name, claim in by_text.items():
        assert claim.files == (f"../{name.rpartition('-')[0]}/claims.toml",)


def test_a_copy_that_is_not_altered_is_built(copy):
    assert len(pages_of([copy / "errata"], counted)) == 2


@pytest.mark.parametrize("name", HEADLINES)
@pytest.mark.sampled(6)
def test_a_headline_that_is_altered_makes_no_page(copy, name):
    path = copy / "errata" / "claims.toml"
    block = re.search(rf'id = "{name}"\n(?:.+\n)*?stated = "(.+)"\n', path.read_text(encoding="utf-8"))
    altered(path, block[0], block[0].replace(f'stated = "{block[1]}"', f'stated = "9{block[1]}"'))
    with pytest.raises(DataError, match=f"no page is made of claims that fail: '{name}'"):
        pages_of([copy / "errata"], counted)


@pytest.mark.parametrize("number", ["quotations", "holding"])
def test_a_number_that_is_typed_into_the_text_makes_no_page(copy, number):
    altered(copy / "errata" / "text.md", f"{{{{{number}}}}}", "9674")
    with pytest.raises(DataError, match=r"text\.md:\d+: the number '9674' is no claim"):
        pages_of([copy / "errata"], counted)


def test_a_lecture_that_is_altered_makes_no_page(copy):
    altered(copy / "cnn-overview" / "claims.toml", 'stated = "244"\nexpect = "does not hold"', 'stated = "227"')
    with pytest.raises(DataError, match=r"no page is made of claims that fail: 'holding' .*'failing'"):
        pages_of([copy / "errata"], counted)


def test_every_number_that_the_table_of_the_senet_paper_has_is_counted():
    table = [finding for finding in findings() if finding.id.endswith("-gflops")]
    assert {Path(finding.file).parent.name for finding in table} == {"cnn-design-modules"}
    assert len(table) == sum(int(TALLIES[name].stated) for name in ("senet-table", "senet-others")) == 16


def test_every_text_of_a_lecture_is_listed():
    lectures = {"classic-networks", "cnn-design-modules", "cnn-overview", "cs231n-notes", "understanding-cnns"}
    assert {Path(finding.file).parent.name for finding in findings()} == lectures
