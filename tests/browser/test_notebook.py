"""The table of a cost as a notebook shows it, beside what notebooks say of tables."""

import pytest

import archstat
from archstat.notebook import table_html

JUPYTER = """<!DOCTYPE html><html data-ready="yes" style="color-scheme: %s"><style>
body { background: %s; color: %s; font: 13px sans-serif; margin: 20px; }
.out table { table-layout: fixed; margin-left: auto; margin-right: auto; border-collapse: collapse; border: none; }
.out td, .out th { text-align: right; vertical-align: middle; padding: .5em; line-height: normal; white-space: normal;
  max-width: none; border: none; }
</style><body><div class="out">%s</div></body></html>"""
"""What a notebook's own style sheet says of tables: columns of equal width, all to the right."""


def notebook(html, scheme="light"):
    return JUPYTER % (scheme, *(("#fff", "#111") if scheme == "light" else ("#111", "#eee")), html)


def overlaps(page):
    """Cells whose text runs over the next one."""
    return page.eval_on_selector_all(
        ".few td",
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)",
    )


@pytest.fixture(scope="module")
def resnet50():
    return table_html(archstat.count("resnet50"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [500, 1200])
def test_no_name_lies_over_another_cell(opened, resnet50, width, scheme):
    with opened(notebook(resnet50, scheme), width=width, scheme=scheme) as found:
        assert overlaps(found.page) == []
        left, right = found.page.eval_on_selector(
            ".few tbody tr:nth-child(5)",
            "row => [row.cells[0].getBoundingClientRect().right, row.cells[1].getBoundingClientRect().left]",
        )
        assert left <= right + 1
        found.page.eval_on_selector(".few", "each => each.scrollLeft = 200")
        first = found.page.locator(".few tbody td").first
        assert first.evaluate("e => getComputedStyle(e).position") == "static"


def test_what_is_not_trusted_is_still_a_table(opened, resnet50):
    bare = resnet50[: resnet50.index("<style>")] + resnet50[resnet50.index("</style>") + 8 : resnet50.index("<script>")]
    with opened(notebook(bare), width=1200) as found:
        cell = found.page.locator(".few tbody td")
        assert cell.first.evaluate("e => getComputedStyle(e).textAlign") == "left"
        assert cell.nth(3).evaluate("e => getComputedStyle(e).textAlign") == "right"
        assert cell.nth(3).evaluate("e => getComputedStyle(e).whiteSpace") == "nowrap"


def test_thirty_rows_are_shown_and_all_on_request(opened, resnet50):
    with opened(notebook(resnet50), width=1200) as found:
        assert found.page.locator("tbody tr:visible").count() == 30
        found.page.get_by_text("Show all 187 rows").click()
        assert found.page.locator("tbody tr:visible").count() == 187


def test_a_click_on_a_header_sorts_numbers_from_the_largest(opened):
    with opened(notebook(table_html(archstat.count("lenet5"))), width=1200) as found:
        found.page.locator(".few th", has_text="Parameters").click()
        assert found.page.locator(".few tbody tr").first.inner_text().startswith("c5")
        found.page.locator(".few th", has_text="Parameters").click()
        assert not found.page.locator(".few tbody tr").first.inner_text().startswith("c5")
        assert found.page.locator("details").count() == 0
