"""One network of each model type of transformers: what is counted is what the table says, and torch's formulas say too.

A sample of small ones is counted here; ``ARCHSTAT_HUBS=1`` counts all of them.
"""

import os
import runpy
from pathlib import Path

import msgspec
import pytest

from archstat.networks.hub import HUBS
from archstat.networks.libraries import library_of

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "hub_results.py"))
TABLE = msgspec.json.decode(TOOL["FILE"].read_bytes())
TYPES = TABLE["types"]
IS_SAME_VERSION = library_of("hf", "transformers").__version__ == TABLE["transformers"]

SAMPLE = """
albert bart bert clip convnext deberta-v2 deit distilbert electra gpt2 llama mamba mixtral mobilenet_v2 opt
qwen2 qwen2_vl resnet segformer swin t5 videomae vit wav2vec2 whisper
""".split()
COUNTED = {name: row for name, row in TYPES.items() if "why" not in row}


def explained(row):
    """What torch counts, and what it has no formula for."""
    return row["torch_macs"] + sum(row.get("without_formula", {}).values())


def check(name, row):
    """What a network that was counted now must be like."""
    assert "why" not in row, row
    assert row["uncounted"] == []
    assert "library_parameters" not in row, "the library says another number of parameters"
    if name not in TOOL["DIFFERS"] and "torch_macs" in row:
        assert row["macs"] == explained(row)
    if IS_SAME_VERSION:
        assert row == TYPES[name]


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize("name", sorted(COUNTED) if os.environ.get("ARCHSTAT_HUBS") == "1" else SAMPLE)
def test_a_network_of_a_model_type_is_counted_as_the_table_says(name):
    check(name, msgspec.json.decode(msgspec.json.encode(TOOL["result"](name))))


def test_the_table_has_every_model_type_of_the_library():
    assert not IS_SAME_VERSION or sorted(TYPES) == sorted(HUBS.get("hf").names())


def test_at_least_250_model_types_are_counted_and_nothing_of_them_is_left_out():
    assert len(COUNTED) >= 250
    assert [name for name, row in COUNTED.items() if row["uncounted"] or "library_parameters" in row] == []


def test_what_torch_counts_otherwise_is_explained():
    differing = {name for name, row in COUNTED.items() if "torch_macs" in row and row["macs"] != explained(row)}
    assert differing == set(TOOL["DIFFERS"])


def test_a_model_type_that_is_not_counted_says_why():
    assert all(len(row["why"]) > 10 for row in TYPES.values() if "why" in row)


def test_a_wrong_row_is_seen():
    row = TYPES["bert"]
    with pytest.raises(AssertionError):
        check("bert", {**row, "macs": row["macs"] + 1})
    with pytest.raises(AssertionError):
        check("bert", {**row, "library_parameters": 1})
    with pytest.raises(AssertionError):
        check("bert", {**row, "uncounted": ["sin"]})
