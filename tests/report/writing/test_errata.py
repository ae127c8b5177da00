"""The mistakes of a text."""

from archstat.analysis.network import Saved
from archstat.claims import check, claims_of
from archstat.report.blocks import Page
from archstat.report.page import render
from archstat.report.writing.citations import Checked
from archstat.report.writing.errata import errata_of
from tests.report.folders import CLAIMS, counted


def errata(claims, analyse=counted):
    file = claims_of(claims, "claims.toml")
    return errata_of(Checked(file.title, {each.id: each for each in check(file, analyse)}), analyse)


def claim(quantity, stated, **more):
    """A file with one claim about LeNet-5 that does not hold."""
    keys = {"architecture": "lenet5", "quantity": quantity, "stated": stated, **more}
    return "[[claim]]\nid = 'a'\n" + "".join(f"{key} = {value!r}\n" for key, value in keys.items())


def sums(claims, analyse=counted):
    (correction,) = errata(claims, analyse).corrections
    return [(step.quantity, step.formula, step.result) for step in correction.sums]


def test_only_what_is_wrong_is_listed_under_the_title_of_the_text():
    found = errata(CLAIMS)
    assert (found.title, found.summary) == (
        "A lecture",
        "4 claims: exact 2, slip 1, undecided 1. All as expected.",
    )
    (slide,) = found.corrections
    assert (slide.text, slide.source, slide.verdict) == ("Total: 358M ops", "slide 55", "slip")
    assert (slide.stated, slide.origin, slide.found) == ("358M", "counted", "271,351,808")
    assert slide.why == "358,055,936 appears when the 3×3 reads 128 channels instead of 64"


def test_the_sums_of_every_row_stand_beside_the_one_that_gives_the_printed_number():
    found = {name: (formula, result) for name, formula, result in sums(CLAIMS)}
    assert found["conv_3x3"] == ("28·28·192 · 3·3·64", 28 * 28 * 192 * 9 * 64)
    assert found["together"][1] == 271_351_808
    assert found["as printed"][0].startswith("28*28*(128*256")
    assert found["as printed"][1] == 358_055_936
    assert found["together"][0] == " + ".join(f"{found[name][1]:,}" for name in list(found)[:-2])


def test_the_sum_of_a_layer_is_shown_by_its_name():
    assert sums(claim("parameters", "150", layer="c1")) == [("c1", "(5·5·1 + 1)·6", 156)]


def test_the_size_of_a_block_is_that_of_its_last_row():
    assert [result for *_, result in sums(claim("output_size", "24x24", layer="c1"))] == [28]
    assert [result for *_, result in sums(claim("receptive_field", "4x4", layer="c1"))] == [5]


def test_more_rows_than_are_read_have_no_sums():
    big = claim("parameters", "1", architecture="resnet18", resolution=32)
    assert sums(big) == []


def test_a_ratio_and_other_conventions_have_no_sums_of_ours():
    assert sums(claim("parameters", "3x") + "per = { architecture = 'lenet5', quantity = 'macs' }\n") == []
    assert sums(claim("parameters", "1", convention="weights")) == []


def test_a_quantity_without_sums_has_none():
    assert sums(claim("depth", "7")) == []


def test_the_sum_of_the_text_is_shown_where_it_is_all_there_is():
    (correction,) = errata("[[claim]]\nid = 'a'\nexpression = '5*5 / 2'\nstated = '11'\n").corrections
    assert [(step.formula, step.result) for step in correction.sums] == [("5*5 / 2", None)]
    assert (correction.origin, correction.found, correction.basis) == ("worked out", "12.5", "")


def test_a_saved_cost_has_no_sums():
    assert sums(claim("parameters", "1"), lambda name, setting: Saved(counted(name, setting).cost)) == []


def test_what_is_cut_off_stands_in_a_list_of_its_own():
    found = errata(claim("parameters", "59k") + "[[claim]]\nid = 'b'\nexpression = '1.99'\nstated = '1.9'\n")
    assert [each.stated for each in found.corrections] == ["59k"]
    assert [each.stated for each in found.cut] == ["1.9"]


def test_a_page_shows_every_mistake_escaped():
    text = CLAIMS.replace("Total: 358M ops", "<b>358M</b> & more")
    html = render(Page("Errata", (errata(text),)))
    assert "&lt;b&gt;358M&lt;/b&gt; &amp; more" in html
    assert "<b>358M</b></span>" in html, "the printed number"
    assert "28·28·192 · 3·3·64" in html
    assert 'data-verdict="slip">a slip<' in html


def test_a_page_lists_what_is_cut_off():
    html = render(
        Page("Errata", (errata("[[claim]]\nid = 'b'\nexpression = '1.99'\nstated = '1.9'\nsource='p. 2'\n"),))
    )
    assert "p. 2: printed <b>1.9</b>, worked out 1.99" in html


def test_a_bound_for_words_is_claimed_and_not_printed():
    words = claim("parameters", "<1000").replace("[[claim]]", "[[claim]]\ntext = 'few parameters'")
    printed = claim("parameters", "59k").replace("[[claim]]", "[[claim]]\ntext = 'all of 59k'")
    assert [errata(text).corrections[0].is_printed for text in (words, printed)] == [False, True]
