"""Links between documents lead somewhere, anchors too; what leads out of the repository is not asked for."""

import pkgutil
import re

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchor, anchors, blocks, name_of, prose

LINK = re.compile(r"\]\(([^)\s]+)\)")
EVERY = pytest.mark.parametrize("page", PAGES, ids=name_of)


def inner_links(text):
    return [link for link in LINK.findall(text) if not re.match(r"\w+:", link)]


def broken(page, text):
    """The links in a text of a page that lead nowhere."""
    found = []
    for link in inner_links(text):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            found.append(link)
    return found


@EVERY
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page):
    assert broken(page, prose(page)) == []


def test_links_that_lead_nowhere_are_found():
    page = DOCS / "counting.md"
    text = "[a](claims.md) [b](claims.md#in-ci) [c](none.md) [d](claims.md#none) [e](#limits) [f](https://example.org)"
    assert broken(page, text) == ["none.md", "claims.md#none"]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("In CI", "in-ci"),
        ("The `json` of a cost, and more", "the-json-of-a-cost-and-more"),
        ("Add an op_name: 1×1", "add-an-op_name-11"),
    ],
)
def test_an_anchor_is_the_heading_in_lower_case_with_hyphens(heading, expected):
    assert anchor(heading) == expected


def test_every_page_stands_in_the_table_of_contents():
    listed = set()
    for block in blocks(DOCS / "index.md", "{toctree}"):
        entries = [line for line in block.splitlines() if line and not line.startswith(":")]
        listed |= {re.sub(r".*<(.*)>", r"\1", entry) for entry in entries}
    pages = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*") if path.suffix in (".md", ".rst")}
    assert listed == {page for page in pages if not page.startswith("examples/")} - {"index"}


def test_the_start_page_leads_to_every_written_report():
    page = (DOCS / "index.md").read_text()
    reports = [path.parent.relative_to(ROOT) for path in ROOT.glob("reports/*/report.toml")]
    assert [report for report in reports if f"(../{report}/index.html)" not in page] == []


# -- files and modules that are named in sentences ---------------------------------------------------------------------


def named_files(text):
    """The files and folders of the repository that a text names in code; with a blank or a star it is a form."""
    found = re.findall(r"`((?:archstat|tests|docs|reports|benchmarks|tools)/[^`\s]*)`", text)
    return [name for name in found if not re.search(r"[*<>…{]", name)]


def named_modules(text):
    """The modules, and what is in them; ``archstat.lock`` and ``archstat.toml`` are files of a user."""
    return re.findall(r"`(archstat(?!\.(?:lock|toml)\b)(?:\.\w+)+)", text)


def is_there(name):
    """Whether a dotted name leads to a module or to something in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@EVERY
def test_files_and_names_that_a_page_speaks_of_are_there(page):
    text = prose(page)
    assert [name for name in named_files(text) if not (ROOT / name).exists()] == []
    assert [name for name in named_modules(text) if not is_there(name)] == []


def test_files_and_names_that_are_not_there_are_found():
    text = "`archstat/none.py` `docs/claims.md` `reports/*/claims.toml` `archstat.none.count` `archstat.count(x)`"
    assert named_files(text) == ["archstat/none.py", "docs/claims.md"]
    assert [name for name in named_modules(text) if not is_there(name)] == ["archstat.none.count"]
