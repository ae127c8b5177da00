"""The closed list of reasons."""

import msgspec
import pytest

from archstat.records import REASONS, Reason


def test_a_code_that_is_not_in_the_list_cannot_be_made():
    with pytest.raises(ValueError, match="'TEA_BREAK' is no reason that a measurement has"):
        Reason("TEA_BREAK", "Out of milk.")


def test_a_file_with_such_a_code_is_refused():
    with pytest.raises(msgspec.ValidationError, match="'TEA_BREAK' is no reason"):
        msgspec.json.decode(b'{"code": "TEA_BREAK", "text": ""}', type=Reason)
    assert msgspec.json.decode(b'{"code": "OOM", "text": "t"}', type=Reason) == Reason("OOM", "t")


def test_meaning_and_advice_are_sentences():
    for code, each in REASONS.items():
        assert each.meaning.endswith("."), code
        assert not each.advice or each.advice.endswith("."), code
