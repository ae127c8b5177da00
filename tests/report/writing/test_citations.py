"""Claims as texts cite them."""

import re

import pytest

from archstat.errors import DataError, UnknownNameError
from archstat.report.writing.citations import PARTS, Claims
from archstat.report.writing.prose import Citation
from tests.report.folders import CLAIMS, counted, report


@pytest.fixture
def cite(tmp_path):
    """Citations in a report beside another one."""
    folder = report(tmp_path / "own")
    report(tmp_path / "lecture", claims=CLAIMS.replace("60,000", "60 thousand"))
    claims = Claims(counted)
    return lambda reference: claims.cited(folder, reference)


def test_a_claim_is_cited_as_it_is_printed_with_what_it_comes_to(cite):
    assert cite("parameters") == Citation("60,000", "lenet5, parameters: 60,000 counted; exact", "exact")
    assert cite("conv") == Citation("156", "(5*5*1 + 1)*6 = 156; exact", "exact")


def test_a_slip_is_cited_as_it_is_printed_with_how_it_came_about(cite):
    citation = cite("slide")
    assert (citation.text, citation.verdict) == ("358M", "slip")
    assert citation.hint.endswith(
        "271,351,808 counted; slip; 358,055,936 appears when the 3×3 reads 128 channels instead of 64"
    )


def test_what_is_right_is_no_slip(cite):
    assert (cite("slide.counted").text, cite("slide.counted").verdict) == ("271,351,808", "exact")


def test_the_parts_of_a_claim_can_be_cited(cite):
    said = {part: cite(f"slide.{part}").text for part in ("text", "source", "verdict", "because")}
    assert said == {
        "text": "Total: 358M ops",
        "source": "slide 55",
        "verdict": "slip",
        "because": "358,055,936 appears when the 3×3 reads 128 channels instead of 64",
    }
    assert cite("conv.sum") == Citation("(5*5*1 + 1)*6", "(5*5*1 + 1)*6 = 156; exact", "exact", is_long=True)
    assert {*said, "sum", "counted"} == {*PARTS}


def test_a_claim_of_the_report_beside_it_can_be_cited(cite):
    assert cite("lecture/parameters").text == "60 thousand"
    assert cite("lecture/parameters.source").text == "slide 3"


def test_the_words_of_an_undecided_claim_say_that_it_is_one(cite):
    assert cite("error.text") == Citation("11.7", "slide 2; undecided: a published error", "undecided", is_long=True)
    for reference in ("error", "error.counted"):
        with pytest.raises(DataError, match="claim 'error' is undecided and states no number"):
            cite(reference)


@pytest.mark.parametrize(
    ("reference", "what"), [("slide.sum", "sum"), ("conv.because", "reason"), ("error.sum", "sum")]
)
def test_what_a_claim_lacks_cannot_be_cited(cite, reference, what):
    with pytest.raises(DataError, match=f"has no {what}"):
        cite(reference)


@pytest.mark.parametrize("typed", ["60,000", "(60k)", " 60 000 ".replace(" ", "")])
def test_a_number_that_is_only_compared_with_itself_is_no_claim_to_cite(tmp_path, typed):
    own = CLAIMS.replace('expression = "(5*5*1 + 1)*6"\nstated = "156"', f'expression = "{typed}"\nstated = "60,000"')
    folder = report(tmp_path / "own", claims=own)
    for reference in ("conv", "conv.counted"):
        with pytest.raises(
            DataError, match=r"claim 'conv' compares '60,000' with a number that was typed as well: name"
        ):
            Claims(counted).cited(folder, reference)
    assert Claims(counted).cited(folder, "conv.text").text == "156 parameters"


def test_an_unknown_claim_is_refused_with_the_closest_names(cite):
    with pytest.raises(UnknownNameError, match=r"No claim is named 'paramters'\. Did you mean 'parameters'\?"):
        cite("paramters")
    with pytest.raises(UnknownNameError, match=r"'slid'.*Did you mean 'slide'\? Its file is lecture/claims\.toml"):
        cite("lecture/slid")


def test_an_unknown_part_is_refused_with_the_closest_name(cite):
    with pytest.raises(UnknownNameError, match=r"No part of a claim is named 'cause'\. Did you mean 'because'\?"):
        cite("slide.cause")


def test_a_report_that_is_not_there_has_no_claims(cite):
    with pytest.raises(DataError, match=r"lecure/claims\.toml cannot be read"):
        cite("lecure/slide")


def test_a_claim_that_fails_lets_none_of_its_file_be_cited(tmp_path):
    folder = report(tmp_path / "own", claims=CLAIMS.replace("60,000", "61,000").replace('"156"', '"157"'))
    expected = (
        "no page is made of claims that fail: "
        "'parameters' (line 4) is to be 'holds' and is 'does not hold': 61,000 stated, 60,000 found; 'conv' (line 12)"
    )
    with pytest.raises(DataError, match=re.escape(expected)):
        Claims(counted).cited(folder, "slide")


def test_a_slip_that_is_none_fails_too(tmp_path):
    folder = report(tmp_path / "own", claims=CLAIMS.replace("358M", "271M"))
    with pytest.raises(DataError, match=r"'slide' .* is to be 'slip' and is 'rounds'"):
        Claims(counted).cited(folder, "conv")


def test_a_file_is_checked_once(tmp_path):
    asked = []

    def analyse(name, setting):
        asked.append(name)
        return counted(name, setting)

    claims = Claims(analyse)
    folder = report(tmp_path / "own")
    for reference in ("slide", "conv", "own/slide"):
        assert claims.cited(folder, reference)
    assert asked == ["lenet5", "inception_module_bottleneck"]
