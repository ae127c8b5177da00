"""The records that users get are documented field by field, for ``help()`` and for the manual."""

import inspect
import re

import msgspec
import pytest

from archstat import records

RECORDS = [
    value
    for name in records.__all__
    if inspect.isclass(value := getattr(records, name)) and issubclass(value, msgspec.Struct)
]


def undocumented(record):
    """The fields of a record that its docstring does not describe."""
    section = inspect.getdoc(record).partition("\nAttributes:\n")[2]
    return set(record.__struct_fields__) - set(re.findall(r"^    (\w+): \S", section, re.MULTILINE))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_of_a_record_is_texted(record):
    assert undocumented(record) == set()


def test_a_field_without_a_word_is_found():
    class Careless(msgspec.Struct):
        """A record.

        Attributes:
            told: What it is.
        """

        told: int
        untold: int

    assert undocumented(Careless) == {"untold"}


def test_there_are_records():
    assert len(RECORDS) > 30
