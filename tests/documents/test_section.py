"""A section between two lines of a file of somebody else's."""

import pytest

from archstat.documents.section import BEGIN, END, with_section
from archstat.errors import DataError

SECTION = f"{BEGIN}\nnew\n{END}\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"a\n{BEGIN}\n{END}\nb", f"a\n{BEGIN}\nnew\n{END}\nb"),
        (f"{BEGIN}\nold\n\nold\n{END}", f"{BEGIN}\nnew\n{END}"),
        (f"  \n{BEGIN}  \nold\n{END}\t\n\n \n", f"  \n{BEGIN}\nnew\n{END}\t\n\n \n"),
        (f"层\n{BEGIN}\n{END}\n x {BEGIN} y\n", f"层\n{BEGIN}\nnew\n{END}\n x {BEGIN} y\n"),
    ],
)
def test_what_stands_between_is_replaced_and_nothing_else(before, after, ending):
    before, after = before.replace("\n", ending), after.replace("\n", ending)
    assert with_section(before, SECTION, "R") == after
    assert with_section(after, SECTION, "R") == after


@pytest.mark.parametrize("text", ["", "text", f"a {BEGIN}\n{END} b", "<!-- begin -->\n<!-- end -->\n"])
def test_a_file_without_the_lines_is_told_which_to_put(text):
    with pytest.raises(DataError, match=r"R does not say where .* put the lines <!-- archstat: begin --> and"):
        with_section(text, SECTION, "R")


@pytest.mark.parametrize("text", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{END}\n" * 2, f"{BEGIN}\n{BEGIN}\n{END}"])
def test_lines_that_are_not_there_once_in_order_are_refused(text):
    with pytest.raises(DataError, match=r"R has the line .* it takes one of each, in this order"):
        with_section(text, SECTION, "R")
