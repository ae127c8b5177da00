"""The tree of errors, and the message for an unknown name."""

import inspect

import pytest

from archstat import errors
from archstat.errors import ArchstatError, UnknownNameError, first_line

KINDS = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_can_be_caught_as_one(kind):
    assert issubclass(kind, ArchstatError)
    assert kind.__doc__
    assert kind.__name__ in errors.__doc__


def test_every_error_of_the_tree_exists():
    assert {kind.__name__ for kind in KINDS} == {
        "ArchstatError",
        "UnknownNameError",
        "SourceError",
        "AbsentError",
        "InputError",
        "ForwardError",
        "UncountedError",
        "DataError",
        "OutputError",
        "MissingPackageError",
        "UnsupportedTorchError",
    }


def test_an_unknown_name_comes_with_the_closest_ones_and_a_hint():
    error = UnknownNameError.of("architecture", "resnet5", ["vgg16", "resnet50"], "Look here.")
    assert str(error) == "No architecture is named 'resnet5'. Did you mean 'resnet50'? Look here."


def test_a_name_that_resembles_none_gets_no_guess():
    assert str(UnknownNameError.of("column", "zzz", ["macs", "flops"])) == "No column is named 'zzz'."


def test_a_name_in_other_capitals_gets_only_the_right_one():
    error = UnknownNameError.of("architecture", "ResNet50", ["resnet50", "resnet56", "resnet20"])
    assert "Did you mean 'resnet50'?" in str(error)


def test_known_names_may_be_an_iterator():
    assert "'macs'" in str(UnknownNameError.of("column", "mac", iter(["macs"])))


def test_of_an_error_that_goes_on_for_pages_the_first_line_is_told():
    assert first_line(ValueError("wrong\nand more")) == "wrong"
    assert first_line(ValueError("\n\n  wrong  \nmore")) == "wrong  "
    assert first_line(ValueError()) == ""
