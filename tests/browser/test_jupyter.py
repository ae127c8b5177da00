"""What a notebook shows, in a real JupyterLab and a real Notebook 7, and as pages of nbconvert.

The cells run once, in JupyterLab; a test brings the notebook into the state that it looks at.
"""

import nbformat
import pytest
from nbconvert import HTMLExporter

import archstat
from archstat.notebook import table_html
from tests.browser import looks
from tests.browser.drawings import faults
from tests.browser.jupyter import Notebook, code, served, shown_as_html

HOSTILE = """
from torch import nn
import torch
net = nn.Sequential()
net.add_module("<img src=x onerror=alert(1)>", nn.Linear(3, 4))
net.add_module("</style><script>alert(2)</script>", nn.ReLU())
net.add_module("層" * 60, nn.Linear(4, 4))
archstat.count(net, torch.empty(1, 3))
"""
CELLS = {
    "table": "import archstat\ncost = archstat.count('resnet50')\ncost",
    "again": "cost",
    "chart": "cost.plot()",
    "printed": "print(cost)",
    "hostile": HOSTILE,
    "training": "archstat.count_training('lenet5')",
    "memory": "archstat.memory('lenet5')",
    "sums": "archstat.explain('lenet5')",
    "sum": "archstat.explain('lenet5')[0]",
    "diagram": "archstat.draw('vgg16', direction='right')",
    "saved": "archstat.count('resnet50')",
}
TABLES = [name for name in CELLS if name not in ("chart", "diagram", "printed", "saved")]
THEMES = ["JupyterLab Light", "JupyterLab Dark"]
WIDE, NARROW = 1400, 700


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="module")
def window(browser, server):
    """Opens a notebook of the server, in JupyterLab or in Notebook 7."""
    context = browser.new_context(viewport={"width": WIDE, "height": 900})
    opened = []

    def open_(app: str, name: str) -> Notebook:
        found = Notebook(context.new_page(), server, list(CELLS))
        found.open(server.url(app, name))
        opened.append(found)
        return found

    yield open_
    context.close()
    assert [(each.requests, each.dialogs) for each in opened] == [([], [])] * len(opened)


@pytest.fixture(scope="module")
def cost():
    """What the first cells show."""
    return archstat.count("resnet50")


@pytest.fixture(scope="module")
def untouched(window, server, cost):
    """A notebook in JupyterLab of which somebody else has run the last cell."""
    html = {"saved": (shown_as_html(table_html(cost)),)}
    server.write("run.ipynb", [code(source, name, html.get(name, ())) for name, source in CELLS.items()])
    return window("lab/tree", "run.ipynb")


@pytest.fixture(scope="module")
def unstyled(untouched):
    """What is seen of the last cell while none was run: the style of a table that is trusted reaches all others."""
    return seen_of(untouched.output("saved"))


@pytest.fixture(scope="module")
def lab(untouched, unstyled):  # noqa: ARG001 - it comes before
    """The notebook with its cells run, but for the last, and saved."""
    untouched.run_all_but_the_last()
    for name in TABLES:  # what has run is drawn a moment later
        untouched.output(name).locator("table").first.wait_for()
    untouched.command("docmanager:save")
    return untouched


@pytest.fixture(scope="module")
def ran(lab, server):  # noqa: ARG001 - it runs it
    """The file of the notebook that was run."""
    return server.work / "run.ipynb"


def largest(cost):
    """The layer with the most parameters, which is not among the first rows."""
    found = max(cost.layers, key=lambda row: row.parameters).layer
    assert found not in [row.layer for row in cost.layers[:30]]
    return found


def seen_of(box):
    """What is seen of a table that came without its style sheet and its script, as what is not trusted does."""
    cells = rows(box).nth(4).locator("td")
    seen = {
        "scripts": box.locator("style, script").count(),
        "rows": rows(box).count(),
        "name": cells.nth(0).evaluate("cell => getComputedStyle(cell).textAlign"),
        "number": cells.nth(3).evaluate("cell => getComputedStyle(cell).textAlign"),
        "overlapping": looks.overlapping(box),
        "faint": looks.faint(box),
    }
    box.get_by_text("Show all 187 rows").click()
    return {**seen, "all": rows(box).count()}


READABLE = {
    "scripts": 0,
    "rows": 30,
    "name": "left",
    "number": "right",
    "overlapping": [],
    "faint": [],
    "all": 30 + 187,  # the first rows stay where no style sheet takes them away
}


def sized(notebook, width):
    """The notebook in a window of that width, the height being no matter."""
    notebook.page.set_viewport_size({"width": width, "height": 900})
    tables = notebook.page.locator(".few").first
    for _ in range(100):  # JupyterLab lays itself out anew when it gets to it
        if tables.evaluate("box => box.getBoundingClientRect().right") <= width:
            break
        notebook.page.wait_for_timeout(50)
    return notebook


def rows(box):
    """The visible rows of a table."""
    return box.locator("tbody tr:visible")


def column(box, header):
    """The texts of a column of what is shown."""
    headers = box.locator("thead:visible th").all_inner_texts()
    return box.locator(f"tbody:visible td:nth-child({headers.index(header) + 1})").all_inner_texts()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("cell", TABLES)
@pytest.mark.sampled(2)
def test_no_text_lies_on_another(lab, cell, width):
    box = sized(lab, width).output(cell)
    assert box.locator("table:visible").count() == 1
    assert looks.overlapping(box) == []


def test_a_narrow_table_scrolls_within_its_cell_and_nothing_stands_over_its_numbers(lab):
    box = sized(lab, NARROW).output("table")
    scroll = box.locator(".few")
    inner, outer = scroll.evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert inner > outer > 200
    assert scroll.evaluate("box => box.getBoundingClientRect().right") <= NARROW
    scroll.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    name, share = (scroll.locator(f"tbody tr:first-child td:{place}-child") for place in ("first", "last"))
    assert name.bounding_box()["x"] < scroll.bounding_box()["x"]
    left, width = share.evaluate("cell => [cell.getBoundingClientRect().x, cell.getBoundingClientRect().width]")
    assert scroll.bounding_box()["x"] < left
    assert left + width <= scroll.bounding_box()["x"] + outer + 1
    assert looks.overlapping(box) == []


def test_a_row_takes_one_line(lab):
    """Paths could be broken at their points, and with little room JupyterLab broke them at each."""
    heights = rows(sized(lab, WIDE).output("table")).evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert len(heights) == 30
    assert max(heights) < 30


@pytest.mark.parametrize("theme", THEMES)
def test_texts_stand_out_from_what_is_under_them(lab, theme):
    lab.dress(theme)
    for cell in TABLES:
        assert looks.faint(lab.output(cell)) == []


def test_thirty_rows_are_shown_and_all_on_request(lab):
    box = lab.output("again")
    assert rows(box).count() == 30
    box.get_by_text("Show all 187 rows").click()
    assert rows(box).count() == 187
    box.get_by_text("Show all 187 rows").click()
    assert rows(box).count() == 30


def test_a_click_on_a_header_sorts_all_rows_and_only_this_table(lab, cost):
    box = lab.output("again")
    header = box.locator("thead:visible th", has_text="Parameters")
    header.click()
    assert column(box, "Layer")[0] == largest(cost)
    assert header.get_attribute("aria-sort") == "descending"
    header.press("Enter")
    assert column(box, "Parameters")[0] == "0"
    assert rows(box).count() == 30
    assert column(lab.output("table"), "Layer")[0] == "conv1"


def test_a_chart_is_drawn(lab):
    chart = lab.output("chart")
    chart.locator(".bars path").nth(20).wait_for(state="attached")
    assert chart.locator(".gtitle").text_content() == "What each block of ResNet-50 costs · Parameters"


def test_a_diagram_is_drawn_as_large_as_it_is_and_scrolls(lab):
    drawing = lab.output("diagram").locator("svg")
    assert drawing.locator(".box").count() > 15
    assert drawing.locator("text", has_text="Conv2d 3→64 3×3").count() == 1
    around = drawing.locator("..")
    assert around.evaluate("(box) => box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === 'auto'")
    assert drawing.evaluate("(svg) => svg.getBoundingClientRect().width === Number(svg.getAttribute('width'))")
    assert faults(lab.output("diagram"), "svg") == []


def test_a_printed_cost_is_three_lines(lab):
    assert lab.output("printed").inner_text().strip().splitlines()[1].startswith("25,557,032 parameters · 3.858 G MACs")
    assert len(lab.output("printed").inner_text().strip().splitlines()) == 3


def test_the_name_of_a_layer_is_text_whatever_it_is(lab):
    box = lab.output("hostile")
    assert column(box, "Layer") == ["<img src=x onerror=alert(1)>", "</style><script>alert(2)</script>", "層" * 60]
    assert box.locator("img").count() == 0
    assert lab.dialogs == []


def test_the_sums_of_a_layer_stand_under_its_name(lab):
    assert column(lab.output("sums"), "Layer")[:6] == ["c1", "", "", "", "", "c1_tanh"]
    assert column(lab.output("sum"), "Formula")[1] == "(5·5·1 + 1)·6"


# -- what was saved, opened elsewhere ----------------------------------------------------------------------------------


def test_what_jupyterlab_does_not_trust_is_still_a_table(unstyled):
    assert unstyled == READABLE


@pytest.mark.rare
def test_what_notebook_7_does_not_trust_is_still_a_table(window, ran):
    """A notebook with one cell that is not trusted is none that is."""
    assert seen_of(window("notebooks", ran.name).output("table")) == READABLE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_of_nbconvert_has_the_same_tables(browser, ran, cost, theme, tmp_path):
    """The page asks for libraries of others, for formulas and widgets, and is readable without them."""
    text, _ = HTMLExporter(theme=theme).from_notebook_node(nbformat.read(ran, nbformat.NO_CONVERT))
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page = browser.new_page(offline=True, viewport={"width": 1000, "height": 900})
    page.goto((tmp_path / "page.html").as_uri())
    boxes = page.locator(".jp-OutputArea-output .archstat")
    assert boxes.count() == len(TABLES) + 1
    for box in boxes.all():
        assert looks.overlapping(box) == []
        assert looks.faint(box) == []
    boxes.first.locator("thead:visible th", has_text="Parameters").click()
    assert column(boxes.first, "Layer")[0] == largest(cost)
    page.close()
