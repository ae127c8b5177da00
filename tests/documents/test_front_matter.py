"""One key of the front matter of a card: put in, put in again, and every other byte stays."""

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st

from archstat.documents.front_matter import with_front_matter, yaml_entry
from archstat.errors import DataError

ENTRY = 'archstat:\n  a: 1\n  list:\n    - name: "x"\n'


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("text\n", "---\n@---\n\ntext\n"),
        ("", "---\n@---\n\n"),
        ("---\n---\ntext", "---\n@---\ntext"),
        ("---\nlicense: mit # why\n---\ntext", "---\nlicense: mit # why\n@---\ntext"),
        ("---\narchstat: 1\ntags:\n- a\n---\n", "---\n@tags:\n- a\n---\n"),
        ("---\na: 1\narchstat:\n  b:\n    - c: 2\n      d: 3\nz: 2\n---\n---\n", "---\na: 1\n@z: 2\n---\n---\n"),
        ("---\n'archstat' : {}\n---\n", "---\n@---\n"),
        ("---\narchstat_of_mine: 1\nx: 'archstat: 2'\n---\n", "---\narchstat_of_mine: 1\nx: 'archstat: 2'\n@---\n"),
        ("text\n---\nno: matter\n---\n", "---\n@---\n\ntext\n---\nno: matter\n---\n"),
        ("\ufefftext\n", "\ufeff---\n@---\n\ntext\n"),
    ],
)
def test_the_key_is_put_where_it_was_or_at_the_end_and_all_else_stays(before, after, ending):
    before, after = (text.replace("\n", ending) for text in (before, after.replace("@", ENTRY)))
    if not before:
        after = after.replace(ending, "\n")
    assert with_front_matter(before, "archstat", ENTRY) == after
    assert with_front_matter(after, "archstat", ENTRY) == after


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(DataError, match=r"has the key 'archstat' 2 ×: keep one"):
        with_front_matter("---\narchstat: 1\narchstat: 2\n---\n", "archstat", ENTRY)


def test_what_the_library_of_the_hub_wrote_anew_is_found_again(tmp_path):
    path = tmp_path / "README.md"
    ModelCard(with_front_matter("---\nlicense: mit\n---\ntext\n", "archstat", ENTRY)).save(path)
    renewed = with_front_matter(path.read_text(), "archstat", ENTRY.replace("a: 1", "a: 2"))
    card = ModelCard(renewed)
    assert card.data.to_dict() == {"license": "mit", "archstat": {"a": 2, "list": [{"name": "x"}]}}
    assert renewed.count("archstat:") == 1


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["C", "Z"]))
)
KEYS = st.from_regex(r"\A[a-z]{2,8}_[a-z]{1,3}\Z")


@settings(max_examples=30)
@given(st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, min_size=1, max_size=3), min_size=1, max_size=5))
def test_yaml_reads_back_what_was_written(fields):
    nested = {"one_a": fields, "many_a": [fields, fields], **fields}
    assert yaml.load(yaml_entry("archstat", nested), yaml.CSafeLoader) == {"archstat": nested}


def test_a_number_with_an_exponent_stays_one():
    numbers = {"s": 1e-05, "l": [2e22, 1.5e-7, 1.5e22]}
    assert yaml.safe_load(yaml_entry("a", numbers)) == {"a": numbers}
