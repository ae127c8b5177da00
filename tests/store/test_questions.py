"""Limits as users write them."""

import pytest

from archstat.errors import InputError, UnknownNameError
from archstat.store.questions import Limit, bound_on, parse_bound
from archstat.store.records import ListedResult
from archstat.store.store import columns_of

COLUMNS = columns_of(ListedResult)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("macs<1G", Limit("macs", "<", 10**9)),
        (" macs  <=  4.1e9 ", Limit("macs", "<=", 4_100_000_000)),
        ("macs≤1 billion", Limit("macs", "<=", 10**9)),
        ("peak_activation_bytes>=40MB", Limit("peak_activation_bytes", ">=", 40_000_000)),
        ("activation_bytes<1MiB", Limit("activation_bytes", "<", 2**20)),
        ("elapsed_s>1.5 s", Limit("elapsed_s", ">", 1.5)),
        ("elapsed_s<20 ms", Limit("elapsed_s", "<", 0.02)),
        ("dtype=float16", Limit("dtype", "=", "float16")),
        ("source!=timm", Limit("source", "!=", "timm")),
        ("network=a=b", Limit("network", "=", "a=b")),
        ("library=", Limit("library", "=", "")),
        ("is_lower_bound=yes", Limit("is_lower_bound", "=", True)),
        ("batch_size==8", Limit("batch_size", "=", 8)),
    ],
)
def test_a_limit_is_read(text, limit):
    assert parse_bound(text, COLUMNS) == limit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("macs", "'macs' is no limit: write it as 'macs<1G'"),
        ("", "is no limit"),
        ("macs<", "A limit on macs cannot be read: '' is no printed number"),
        ("macs<1Q", "cannot be read: '1Q'"),
        ("macs<-1", "cannot be read: '-1'"),
        ("macs<nan", "cannot be read"),
        ("peak_activation_bytes<1G", "is no amount of memory"),
        ("dtype<float16", "'dtype' is a text: write 'dtype=…' or 'dtype!=…'"),
        ("is_lower_bound=maybe", "is yes or no"),
        ("is_lower_bound<yes", "is yes or no"),
        ("a b<1", "is no limit"),
    ],
)
def test_what_is_no_limit_is_refused(text, says):
    with pytest.raises(InputError, match=says):
        parse_bound(text, COLUMNS)


def test_a_quantity_that_is_not_there_is_refused():
    with pytest.raises(UnknownNameError, match=r"No quantity is named 'mac'\. Did you mean 'macs'"):
        parse_bound("mac<1G", COLUMNS)


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        ("<", (True, False, False)),
        ("<=", (True, True, False)),
        (">", (False, False, True)),
        (">=", (False, True, True)),
    ],
)
def test_a_limit_holds_of_what_lies_so(relation, holds):
    limit = bound_on("macs", f"{relation}5")
    assert tuple(limit.holds(value) for value in (4, 5, 6)) == holds
    assert not limit.holds(None)


def test_equality_and_its_opposite():
    assert [bound_on("macs", "=5").holds(value) for value in (5, 6, None)] == [True, False, False]
    assert [bound_on("macs", "!=5").holds(value) for value in (5, 6, None)] == [False, True, False]
