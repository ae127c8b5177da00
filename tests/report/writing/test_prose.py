"""Markdown in which claims are cited."""

import re

import pytest

from archstat.errors import DataError, UnknownNameError
from archstat.report.blocks import Heading, Prose, Tiles
from archstat.report.writing.prose import Citation, blocks_of, plain


def cite(reference):
    """Every id but one is a claim of 138M."""
    if reference == "nobody":
        raise UnknownNameError("No claim is named 'nobody'.")
    return Citation("138M", "138,357,544 counted", "rounds")


def insert(kind, name):
    return [Tiles(((kind, name, ""),))]


def written(text):
    return blocks_of(text, "text.md", cite, insert)


def html(text):
    """Text that is one block of prose."""
    (block,) = written(text)
    assert isinstance(block, Prose)
    return str(block.html)


CLAIM = '<span class="claim" data-verdict="rounds" tabindex="0" title="138,357,544 counted">138M</span>'


def test_a_claim_is_shown_with_what_is_behind_it():
    assert html("VGG-16 has {{ vgg }} parameters.") == f"<p>VGG-16 has {CLAIM} parameters.</p>\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("*{{a_b}} and {{c_d}}*", "<em>"),
        ("`{{a}} = 3×3`", "<code>"),
        ("```\n{{a}}\n```", "<pre>"),
        ("    {{a}}", "<pre>"),
        ("[{{a}}](http://a.b)", "<a "),
        ("| a |\n|---|\n| {{a}} |", "<td>"),
        ("1. {{a}}", "<li>"),
        ("> {{a}}", "<blockquote>"),
    ],
)
def test_a_claim_can_be_cited_in(text, place):
    assert CLAIM in html(text)
    assert place in html(text)
    assert "{{" not in html(text)


def test_a_citation_in_code_keeps_what_stands_around_it():
    assert html("`a < {{a}} > b`") == f"<p><code>a &lt; {CLAIM} &gt; b</code></p>\n"


def test_what_a_claim_says_is_escaped():
    (block,) = blocks_of("{{a}}", "text.md", lambda _: Citation("<b>", '"><script>', "rounds"), insert)
    assert "<b>" not in block.html
    assert "<script>" not in block.html
    assert 'title="&#34;&gt;&lt;script&gt;"' in block.html


def test_a_long_citation_can_be_broken_and_a_bare_one_has_no_hint():
    (long,) = blocks_of("{{a}}", "text.md", lambda _: Citation("a sum", "hint", "exact", is_long=True), insert)
    assert 'class="claim long"' in long.html
    (bare,) = blocks_of("{{a}}", "text.md", lambda _: Citation("a < b"), insert)
    assert bare.html == "<p>a &lt; b</p>\n"


def test_html_is_shown_and_not_interpreted():
    assert html("<script>a</script>\n\nb <i>c</i>") == (
        "<p>&lt;script&gt;a&lt;/script&gt;</p>\n<p>b &lt;i&gt;c&lt;/i&gt;</p>\n"
    )


def test_a_link_to_a_script_is_no_link():
    assert "<a" not in html("[a](javascript:b)")


def test_headings_stand_between_the_prose_with_what_they_cite():
    assert written("a\n\nb\n\n## With {{x}} of `{{y}}`\n\nc\n\n### D") == (
        Prose("<p>a</p>\n<p>b</p>\n"),
        Heading("With 138M of 138M", 2),
        Prose("<p>c</p>\n"),
        Heading("D", 3),
    )


def test_a_paragraph_of_its_own_becomes_the_blocks_that_it_names():
    assert written("a\n\n{{figure bubble}}\n\n{{claims}}\n\nb") == (
        Prose("<p>a</p>\n"),
        Tiles((("figure", "bubble", ""),)),
        Tiles((("claims", "", ""),)),
        Prose("<p>b</p>\n"),
    )


@pytest.mark.parametrize(
    "text", ["See {{figure a}}.", "- {{table a}}", "> {{claims}}", "## {{errata}}", "`{{figure a}}`"]
)
def test_a_figure_cannot_stand_in_a_sentence(text):
    with pytest.raises(DataError, match=r"text\.md:1: '\{\{\w+( a)?\}\}' is a paragraph of its own"):
        written(text)


@pytest.mark.parametrize(
    ("text", "line", "number"),
    [
        ("a\nb 4.09 c", 2, "4.09"),
        ("a\n\n- b\n- c 5", 4, "5"),
        ("a\n\n1. b\n2. c 5", 4, "5"),
        ("a\n\n## b 22-layer", 3, "22"),
        ("`c 64`", 1, "64"),
        ("a\n\n```\nb\n64\n```", 5, "64"),
        ("a\n\n    64", 3, "64"),
        ("| a |\n|---|\n| b |\n| 7 |", 4, "7"),
        ("> a\n> 8", 2, "8"),
        ("[9](http://a.b)", 1, "9"),
        ('[a](http://a.b "9")', 1, "9"),
        ("a **4**.09", 1, "4.09"),
        ("&#52; a", 1, "4"),
        ("{{a}}M and 5", 1, "5"),
        ("a  \nb 6", 2, "6"),
        ("10 a", 1, "10"),
    ],
)
def test_a_number_without_a_claim_is_refused_with_its_line(text, line, number):
    expected = f"text.md:{line}: the number '{number}' is no claim: write it as {{{{id}}}} with a claim in claims.toml."
    with pytest.raises(DataError, match=re.escape(expected)):
        written(text)


@pytest.mark.parametrize(
    "text",
    [
        "ResNet-50 of 2015, 3×3, Table 1",
        "1. a\n2. b",
        "<http://a.b/4.09>",
        "[a](http://a.b/4.09)",
        "**ResNet**-50",
        "{{a}}",
    ],
)
def test_names_markers_and_addresses_may_have_numbers(text):
    assert html(text)


def test_an_address_cites_no_claim():
    with pytest.raises(DataError, match=r"text\.md:2: an address cites no claim"):
        written("a\n[b]({{a}})")


@pytest.mark.parametrize(("text", "half"), [("a\n{{a", "{{"), ("a\na}}", "}}"), ("a\n{{a\nb}}", "{{")])
def test_half_a_reference_is_refused(text, half):
    with pytest.raises(DataError, match=re.escape(f"text.md:2: '{half}' is half of a reference")):
        written(text)


def test_a_reference_that_leads_nowhere_is_refused_with_its_line_and_keeps_its_kind():
    for text in ("a\n\nb\n{{nobody}}", "a\n\n```\n{{nobody}}\n```", "a\n\n\n## {{nobody}}", "a\n\n\n    {{nobody}}"):
        with pytest.raises(UnknownNameError, match=r"^text\.md:4: No claim is named 'nobody'"):
            written(text)


@pytest.mark.parametrize("heading", ["# a", "#### a", "a\n==="])
def test_other_headings_are_refused(heading):
    with pytest.raises(DataError, match="a heading begins with ## or ###"):
        written(heading)


def test_an_image_is_refused():
    with pytest.raises(DataError, match=r"text\.md:2: a page holds no images"):
        written("a\n![b](c.png)")


def test_a_title_may_cite_and_may_have_no_number():
    assert plain("VGG-16 has {{a}}", "report.toml:1", cite) == "VGG-16 has 138M"
    with pytest.raises(DataError, match=r"^report\.toml:1: the number '138M' is no claim"):
        plain("VGG-16 has 138M", "report.toml:1", cite)
    with pytest.raises(UnknownNameError, match=r"^report\.toml:1: No claim"):
        plain("{{nobody}}", "report.toml:1", cite)
