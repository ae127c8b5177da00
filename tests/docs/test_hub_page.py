"""The page of what is counted of each library is made from the tables."""

import runpy
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_page.py"))
TABLES = TOOL["tables"]()
Row = TOOL["Row"]

COUNTED = {"network": "Net", "parameters": 5, "macs": 12, "inputs": [[1, 2]], "uncounted": [], "torch_macs": 12}


def test_the_page_is_the_one_of_the_tables():
    assert TOOL["PAGE"].read_text(encoding="utf-8") == TOOL["page"](TABLES)


def fits(hub, row):
    """Whether a network is counted as torch and its library do, or is one that the page tells apart."""
    if not row.is_counted:
        return len(row.reason) > 10
    has_parameters = "library_parameters" not in row.found
    is_folded = hub == "torchvision" and row.name.startswith("quantized_")
    return (row.has_torchs or "no_torch_macs" in row.found) and (has_parameters or is_folded)


@pytest.mark.parametrize("hub", TABLES)
def test_every_network_is_counted_as_torch_and_its_library_do_or_is_told_apart(hub):
    rows = [Row(*each) for each in TABLES[hub]["types"].items()]
    assert [row.name for row in rows if not fits(hub, row)] == []


@pytest.mark.parametrize(
    ("found", "is_counted", "has_torchs"),
    [
        (COUNTED, True, True),
        ({**COUNTED, "torch_macs": 10}, True, False),
        ({**COUNTED, "torch_macs": 10, "without_formula": {"lstm": 2}}, True, True),
        ({**COUNTED, "uncounted": ["sin"]}, False, False),
        ({"why": "it cannot be built"}, False, False),
    ],
    ids=["the same", "another", "with an op", "left out", "not built"],
)
def test_a_row_that_differs_is_seen(found, is_counted, has_torchs):
    row = Row("net", found)
    assert (row.is_counted, row.has_torchs) == (is_counted, has_torchs)
    assert fits("timm", row) == (has_torchs or not is_counted)


def test_signs_of_markdown_in_a_reason_stay_what_they_are():
    text = TOOL["page"]({"timm": {"timm": "1", "types": {"net": {"why": "a | b\n<c> `d` _e_ *f*"}}}})
    assert r"| `net` | a \| b \<c\> \`d\` \_e\_ \*f\* |" in text
