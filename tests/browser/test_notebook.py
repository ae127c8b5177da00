"""The table of a cost in notebooks that cannot be started here: what they say of tables is imitated.

JupyterLab and Notebook 7 are started for real, in ``test_jupyter.py``.
"""

import pytest

import archstat
from archstat.notebook import table_html
from tests.browser import looks

VSCODE = """<!DOCTYPE html><html data-ready="yes"><head><meta charset="utf-8"><style>
body { margin: 0; color: var(--vscode-editor-foreground); font: var(--vscode-font-size) var(--vscode-font-family); }
a { color: var(--vscode-textLink-foreground); }
body > #container > .output { padding: 8px; box-sizing: border-box; overflow-x: auto; }
table, thead, tbody, tr, th, td { border: none; border-collapse: collapse; border-spacing: 0; }
table, tr, th { text-align: right; vertical-align: middle; }
th, td { padding: 4px 8px; }
thead { font-weight: bold; background-color: rgba(130, 130, 130, .16); }
tr:nth-child(even) { background-color: rgba(130, 130, 130, .08); }
</style></head>
<body class="vscode-%s" style="%s"><div id="container"><div class="output">%s</div></div></body></html>"""
"""What VS Code says of tables (src/vs/workbench/contrib/notebook/browser/view/renderers/backLayerWebView.ts, 2024).

Outputs stand in a page of their own without a shadow root, whose scripts run. The class of ``body`` tells the kind of
theme, and variables its colours; the page itself has none, and the editor lies under it.
"""

VSCODE_THEMES = {
    "light": "background: #fff; --vscode-editor-foreground: #3b3b3b; --vscode-textLink-foreground: #005fb8",
    "dark": "background: #1f1f1f; --vscode-editor-foreground: #cccccc; --vscode-textLink-foreground: #4daafc",
    "high-contrast": "background: #000; --vscode-editor-foreground: #fff; --vscode-textLink-foreground: #21a6ff",
}
"""The colours of Light Modern, Dark Modern and Dark High Contrast, as VS Code has had them since 2023."""

COLAB = """<!DOCTYPE html><html theme="%s" data-ready="yes"><head><meta charset="utf-8"><style>
body { margin: 0; font: 14px Roboto, sans-serif; background: #fff; color: #212121; }
html[theme=dark] body { background: #383838; color: #d5d5d5; }
table { border: 0; border-collapse: collapse; border-spacing: 0; }
th, td { text-align: right; padding: 4px 8px; vertical-align: middle; white-space: nowrap; }
tbody tr:nth-child(odd) { background: rgba(130, 130, 130, .1); }
table.dataframe th, table.dataframe td { border: 1px solid; }
</style></head><body><div class="output_subarea">%s</div></body></html>"""
"""What Colab is assumed to say of tables, which is not documented.

That an element around an output has ``theme=dark`` is known from the style sheets that Colab saves with each frame of
pandas (``[theme=dark] .colab-df-convert``), and that class is why frames look unlike other tables. The rest is a guess:
the colours, and rules for tables that are as hard on ours as Jupyter's, names to the right and no line broken.
"""


def vscode(kind):
    return lambda html: VSCODE % (kind, f"{VSCODE_THEMES[kind]}; --vscode-font-size: 13px", html)


def colab(theme):
    return lambda html: COLAB % (theme, html)


PLACES = {
    "vscode-light": vscode("light"),
    "vscode-dark": vscode("dark"),
    "vscode-high-contrast": vscode("high-contrast"),
    "colab-light": colab("light"),
    "colab-dark": colab("dark"),
}
"""From the HTML of an output to the page of a notebook."""


@pytest.fixture(params=PLACES)
def place(request):
    """A notebook in one of its themes."""
    return PLACES[request.param]


@pytest.fixture(scope="module")
def resnet50():
    return table_html(archstat.count("resnet50"))


def bare(html):
    """What is left of a table that is not trusted."""
    return html[: html.index("<style>")] + html[html.index("</style>") + 8 : html.index("<script>")]


@pytest.mark.parametrize("width", [500, 1200])
@pytest.mark.sampled(4)
def test_texts_lie_apart_and_stand_out(opened, resnet50, place, width):
    with opened(place(resnet50), width=width) as found:
        box = found.page.locator(".archstat")
        assert looks.overlapping(box) == []
        assert looks.faint(box) == []
        assert looks.overflow(found.page) == 0
        box.get_by_text("Show all 187 rows").click()
        assert box.locator("tbody tr:visible").count() == 187
        assert looks.overlapping(box) == []


def test_a_narrow_table_scrolls_and_no_name_lies_over_its_numbers(opened, resnet50, place):
    with opened(place(resnet50), width=500) as found:
        inner, outer = found.page.eval_on_selector(".few", "box => [box.scrollWidth, box.clientWidth]")
        assert inner > outer
        found.page.eval_on_selector(".few", "box => { box.scrollLeft = 200; }")
        assert found.page.locator(".few tbody td").first.bounding_box()["x"] < 0
        assert looks.overlapping(found.page.locator(".archstat")) == []


@pytest.mark.sampled(3)
def test_names_stand_to_the_left_and_numbers_to_the_right(opened, resnet50, place):
    for html in (resnet50, bare(resnet50)):
        with opened(place(html), width=1200) as found:
            cell = found.page.locator(".few tbody td")
            assert cell.first.evaluate("cell => getComputedStyle(cell).textAlign") == "left"
            assert cell.nth(3).evaluate("cell => getComputedStyle(cell).textAlign") == "right"
            assert cell.nth(3).evaluate("cell => getComputedStyle(cell).whiteSpace") == "nowrap"


def test_a_click_on_a_header_sorts_numbers_from_the_largest(opened, place):
    with opened(place(table_html(archstat.count("lenet5"))), width=1200) as found:
        header, first = (found.page.locator(f".few {each}") for each in ("th:nth-child(4)", "tbody tr:first-child"))
        header.click()
        assert first.inner_text().startswith("c5")
        header.click()
        assert not first.inner_text().startswith("c5")
        found.page.locator(".few th").first.click()
        assert first.inner_text().startswith("c1")
        assert found.page.locator("details").count() == 0


def test_a_text_that_lies_on_another_is_found(opened):
    """The guard of the tests above, with what JupyterLab once made of a long name."""
    style = "table { table-layout: fixed; width: 90px; } td { white-space: nowrap; }"
    html = f"<style>{style}</style><table><tr><td>{'name ' * 9}</td><td>1</td></tr></table>"
    with opened(PLACES["colab-light"](html), width=500) as found:
        assert looks.overlapping(found.page.locator("table")) == [[("name " * 9).strip(), "1"]]
    with opened(PLACES["colab-dark"]("<p>pale <b style='color: #777'>grey</b></p>"), width=500) as found:
        assert looks.faint(found.page.locator("body"))[0][1] == "grey"
