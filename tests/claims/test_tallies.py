"""Claims about claims: how many of other files hold, counted whenever the file is checked."""

import functools
import re

import pytest

from archstat.analysis.inference import analyse
from archstat.claims import TALLIES, check, check_files, checks, claims_of, read_claims
from archstat.errors import ArchstatError, DataError

analysed = functools.cache(analyse)

# Five quotations: one holds, one is cut off, two fail, of one of which a claim holds, and one cannot be decided.
LECTURE = """
[[claim]]
id = "sum"
text = "156 of them"
expression = "(5*5*1 + 1)*6"
stated = "156"

[[claim]]
id = "about"
text = "156 of them"
expression = "(5*5*1 + 1)*6"
stated = "1.6e2"

[[claim]]
id = "some-cut"
text = "3.6 billion"
expression = "3*1.22G"
stated = "3.6G"
expect = "truncated"

[[claim]]
id = "some-more"
text = "more than six"
expression = "2 + 3"
stated = ">6"
expect = "does not hold"

[[claim]]
id = "half"
text = "five of ten"
expression = "10/2"
stated = "5"

[[claim]]
id = "slip"
text = "five of ten"
expression = "2 + 7"
stated = "10"
expect = "slip"
slip = { expression = "3 + 7", why = "3 stands for 2" }

[[undecided]]
id = "first"
text = "the first"
why = "history"

[[undecided]]
id = "first-half"
text = "five of ten"
why = "history"
"""
WHAT = {
    "claims": 6,
    "claims_that_hold": 3,
    "claims_that_fail": 2,
    "claims_explained": 1,
    "claims_cut_off": 1,
    "claims_undecided": 2,
    "quotations": 4,
    "quotations_that_hold": 1,
    "quotations_that_fail": 2,
    "quotations_cut_off": 1,
}


@pytest.fixture
def found(tmp_path):
    """The finding of one claim beside the lecture, or of several."""
    (tmp_path / "lecture.toml").write_text(LECTURE, encoding="utf-8")
    (tmp_path / "again.toml").write_text(LECTURE, encoding="utf-8")

    def made(text):
        path = tmp_path / "own.toml"
        path.write_text(f'[[claim]]\nid = "a"\n{text}', encoding="utf-8")
        return check_files([path], analysed)[0]

    return made


def test_every_tally_is_counted_here():
    assert list(WHAT) == list(TALLIES)


@pytest.mark.parametrize("quantity", WHAT)
def test_the_claims_of_another_file_are_counted_anew(found, quantity):
    finding = found(f'claims = "lecture.toml"\nquantity = "{quantity}"\nstated = "{WHAT[quantity]}"')
    assert (finding.verdict, finding.computed) == ("exact", str(WHAT[quantity]))
    assert finding.basis == f"tallied: {quantity} of lecture.toml"
    assert found(f'claims = "lecture.toml"\nquantity = "{quantity}"\nstated = "9626"').verdict == "does not hold"


@pytest.mark.parametrize("quantity", WHAT)
def test_those_of_several_files_add_up_also_where_they_quote_alike(found, quantity):
    finding = found(f'claims = ["lecture.toml", "again.toml"]\nquantity = "{quantity}"\nstated = "0"')
    assert finding.computed == str(2 * WHAT[quantity])


def test_what_holds_fails_and_is_cut_off_is_all_there_is():
    for kind in ("claims", "quotations"):
        assert WHAT[kind] == sum(WHAT[f"{kind}_{which}"] for which in ("that_hold", "that_fail", "cut_off"))


def test_a_share_of_quotations_is_worked_out(found):
    text = 'claims = "lecture.toml"\nquantity = "quotations_that_hold"\n'
    finding = found(f'{text}per = {{ claims = "lecture.toml", quantity = "quotations" }}\nstated = "25 %"')
    assert (finding.verdict, finding.computed) == ("exact", "25%")


def test_ids_choose_which_claims_count(found):
    text = 'claims = "lecture.toml"\nquantity = "claims"\nids = "some-*"\n'
    finding = found(f'{text}stated = "2"')
    assert (finding.verdict, finding.basis) == ("exact", "tallied: claims of lecture.toml, ids some-*")


def test_a_change_in_the_other_file_changes_the_verdict(found, tmp_path):
    text = 'claims = "again.toml"\nquantity = "claims_that_hold"\nstated = "3"'
    assert found(text).verdict == "exact"
    (tmp_path / "again.toml").write_text(LECTURE.replace('"156"', '"157"'), encoding="utf-8")
    assert found(text).verdict == "does not hold"


TEXT = 'claims = "lecture.toml"\nquantity = "claims"\nstated = "6"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT.replace("lecture", "lecure"), r"lecure\.toml cannot be read: No such file or directory\."),
        (TEXT.replace('"lecture.toml"', "3"), r"Expected `str \| array`, got `int` - at `\$\.claims`\."),
        (TEXT.replace('"lecture.toml"', "[3]"), r"Expected `str`, got `int` - at `\$\.claims\[0\]`\."),
        (TEXT.replace('"lecture.toml"', "[]"), "'claims' is no count of a network: name the files with 'claims'"),
        (TEXT.replace('"lecture.toml"', '""'), "'claims' is no count of a network: name the files with 'claims'"),
        (TEXT.replace('"lecture.toml"', '["lecture.toml", ""]'), "'claims' is the path of a claims file, or a list"),
        (TEXT.replace('"lecture.toml"', r'"lec\u0000ture"'), "'claims' is the path of a claims file, or a list"),
        (TEXT.replace('"lecture.toml"', '["lecture.toml", "lecture.toml"]'), "'claims' names a file twice"),
        (TEXT.replace('"lecture.toml"', '["lecture.toml", "./lecture.toml"]'), "'claims' names a file twice"),
        (TEXT.replace('"claims"', '"macs"'), "'macs' is none of the quantities of claims claims, claims_that_hold"),
        (TEXT.replace('quantity = "claims"\n', ""), "'' is none of the quantities of claims"),
        (f'{TEXT}architecture = "vgg16"', "'architecture' does not go with 'claims'"),
        (f'{TEXT}measured = "a.json"', "'measured' does not go with 'claims'"),
        (f"{TEXT}batch_size = 1", "'batch_size' does not go with 'claims'"),
        (f'{TEXT}expression = "6"', "'expression' does not go with 'claims'"),
        (f'{TEXT}ids = "none-*"', r"No claim of these files has an id like 'none-\*'\."),
        (f'{TEXT}ids = "sun"', r"No claim is named 'sun'\. Did you mean 'sum'\?"),
        ('architecture = "vgg16"\nquantity = "claims"\nstated = "6"', "name the files with 'claims'"),
        ('expression = "6"\nids = "sum"\nstated = "6"', "'ids' needs 'claims'"),
        (TEXT.replace('"6"', '"6 MiB"'), "is no printed number"),
        (TEXT.replace("lecture", "own"), r"own\.toml counts the claims of other files itself"),
    ],
)
def test_what_names_no_claims_is_refused_in_one_sentence(found, text, says):
    with pytest.raises(DataError, match=rf"own\.toml:1: claim 'a': .*{says}") as refused:
        found(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("place", ["per", "minus", "slip"])
def test_two_files_do_not_count_each_other_not_even_beside_a_count(found, tmp_path, place):
    why = ', why = "x"' if place == "slip" else ""
    own = f'{place} = {{ claims = "own.toml", quantity = "claims"{why} }}'
    other = f'[[claim]]\nid = "b"\nexpression = "2*3"\nstated = "6"\n{own}'
    (tmp_path / "again.toml").write_text(other, encoding="utf-8")
    with pytest.raises(DataError, match=r"again\.toml counts the claims of other files itself: name those files"):
        found(TEXT.replace("lecture", "again"))


def test_a_mistake_in_the_other_file_is_told_with_both_places(found, tmp_path):
    (tmp_path / "again.toml").write_text("[[claim]]\nid = 'b'\nexpression = '1/0'\nstated = '3'", encoding="utf-8")
    with pytest.raises(ArchstatError, match=re.escape("again.toml:1: claim 'b': '1/0' cannot be worked out")) as error:
        found(TEXT.replace("lecture", "again"))
    assert "own.toml:1: claim 'a'" in str(error.value)


def test_a_file_is_read_once_however_many_claims_count_it(tmp_path, monkeypatch):
    (tmp_path / "lecture.toml").write_text(LECTURE, encoding="utf-8")
    seen = []
    monkeypatch.setattr(checks, "read_claims", lambda path: (seen.append(path.name), read_claims(path))[1])
    file = claims_of("".join(f"[[claim]]\nid = '{name}'\n{TEXT}" for name in "abc"), str(tmp_path / "own.toml"))
    assert [finding.verdict for finding in check(file, analysed)] == ["exact"] * 3
    assert seen == ["lecture.toml"]
