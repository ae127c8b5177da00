"""A worksheet as a page: typed into, saved, marked, and printed."""

import pytest

from archstat.analysis.inference import analyse
from archstat.quiz.exercises import Exercise, chosen_columns
from archstat.quiz.marking import marked_sheet
from archstat.quiz.worksheets import sheet_text, worksheet_of
from archstat.report.page import render
from archstat.report.worksheets import worksheet_page

HIDE = ("output", "receptive_field", "parameters", "macs", "flops", "activation_memory")


def sheet_of(network="lenet5", hide=HIDE, **more):
    exercise = Exercise(network, chosen_columns(hide), **more)
    return worksheet_of(exercise, analyse(network, exercise.setting))


def saved(page, folder):
    """The file that the page saves."""
    with page.expect_download() as download:
        page.click("#save-answers")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_what_is_typed_is_saved_as_the_sheet_that_is_marked(opened, tmp_path):
    sheet = sheet_of()
    with opened(render(worksheet_page(sheet))) as found:
        page = found.page
        assert page.locator("input[data-blank]").count() == len(sheet.blanks)
        page.fill("#who", "Ada | <b>名前</b>")
        page.fill("[data-blank='1']", "6×28×28")
        page.fill("[data-blank='2']", "5")
        page.fill("[data-blank='3']", "| 1 | <script>alert(1)</script>")
        page.fill("[data-blank='4']", "$& $1 \\| `x`")
        assert page.locator("#answered").inner_text() == f"4 of {len(sheet.blanks)} answered"
        path = saved(page, tmp_path)
    assert path.name == "lenet5-quiz.md"
    assert "Name: Ada b 名前 /b" in path.read_text()
    cells = marked_sheet(path, analyse).cells
    assert [cell.verdict for cell in cells[:5]] == ["right", "right", "wrong", "wrong", "empty"]


def test_a_sheet_that_nobody_filled_in_is_saved_as_it_was_given_out(opened, tmp_path):
    sheet = sheet_of(cells=6, seed=3)
    with opened(render(worksheet_page(sheet))) as found:
        assert saved(found.page, tmp_path).read_text() == sheet_text(sheet)


def test_the_page_has_no_solution():
    sheet = sheet_of("vgg16", ("parameters", "macs"))
    text = render(worksheet_page(sheet))
    assert not [
        blank for blank in sheet.blanks if blank.result and (f"{blank.result:,}" in text or f"{blank.result}," in text)
    ]
    assert len(text) < 100_000


def test_every_field_says_what_it_is_to_who_does_not_see_it(opened):
    with opened(render(worksheet_page(sheet_of()))) as found:
        assert found.page.get_by_label("(2) c1, Receptive field").count() == 1
        found.page.locator("#who").focus()
        found.page.keyboard.press("Tab")
        found.page.keyboard.press("Tab")
        assert found.page.evaluate("document.activeElement.dataset.blank") in ("1", None)


@pytest.mark.parametrize("width", [320, 390, 1100, 1920])
@pytest.mark.parametrize("network", ["lenet5", "resnet18"])
def test_no_sheet_is_wider_than_its_window(opened, width, network):
    with opened(render(worksheet_page(sheet_of(network, rows=30))), width=width) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


A4_PX = 794 - 2 * 53  # 210 mm less two margins of 14 mm, at 96 dots an inch


@pytest.mark.parametrize(("hide", "least_mm"), [(("parameters", "macs"), 30), (("output", "parameters", "macs"), 28)])
def test_on_paper_there_is_room_to_write(opened, hide, least_mm):
    with opened(render(worksheet_page(sheet_of("vgg16", hide))), width=A4_PX) as found:
        found.page.emulate_media(media="print")
        boxes = found.page.eval_on_selector_all(
            "td.blank", "all => all.map(e => e.getBoundingClientRect()).map(b => [b.width, b.height])"
        )
        millimetres = [(width * 25.4 / 96, height * 25.4 / 96) for width, height in boxes]
        assert min(width for width, _ in millimetres) > least_mm
        assert min(height for _, height in millimetres) > 7.5
        assert found.page.evaluate("document.documentElement.scrollWidth") <= A4_PX
        assert not found.page.locator("#save-answers").is_visible()
