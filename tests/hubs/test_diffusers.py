"""One network of each class of diffusers: what is counted is what the table says, and torch's formulas say too.

A sample of small ones is counted here; ``ARCHSTAT_HUBS=1`` counts all of them.
"""

import os
import runpy
from pathlib import Path

import msgspec
import pytest

from archstat.networks.diffusion.parts import class_names
from archstat.networks.hub import HUBS
from archstat.networks.libraries import library_of

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
TABLE = msgspec.json.decode(TOOL["FILES"]["diffusers"].read_bytes())
CLASSES = TABLE["types"]
IS_SAME_VERSION = library_of("diffusers", "diffusers").__version__ == TABLE["diffusers"]
NAMES = list(HUBS.get("diffusers").names())

SAMPLE = """
AuraFlowTransformer2DModel AutoencoderDC AutoencoderKL AutoencoderTiny ControlNetModel DiTTransformer2DModel
LatteTransformer3DModel PRXTransformer2DModel PixArtTransformer2DModel PriorTransformer SD3Transformer2DModel
SanaTransformer2DModel StableAudioDiTModel T2IAdapter UNet2DConditionModel UNet2DModel UVit2DModel VQModel
WanTransformer3DModel ZImageTransformer2DModel
""".split()
COUNTED = {name: row for name, row in CLASSES.items() if "why" not in row}


def check(name, row):
    """What a network that was counted now must be like."""
    assert "why" not in row, row
    assert row["uncounted"] == []
    assert "library_parameters" not in row, "the library says another number of parameters"
    if name != "ConsistencyDecoderVAE":  # whose scheduler asks for values that torch's counter alone has not
        assert row["macs"] == row["torch_macs"] + sum(row.get("without_formula", {}).values())
    if IS_SAME_VERSION:
        assert row == CLASSES[name]


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize("name", sorted(COUNTED) if os.environ.get("ARCHSTAT_HUBS") == "1" else SAMPLE)
def test_a_network_of_a_class_is_counted_as_the_table_says(name):
    check(name, msgspec.json.decode(msgspec.json.encode(TOOL["result"](name, "diffusers"))))


def test_the_table_has_every_class_of_the_library():
    assert not IS_SAME_VERSION or sorted(CLASSES) == class_names()


def test_at_least_100_classes_are_counted_and_nothing_of_them_is_left_out():
    assert len(COUNTED) >= 100
    assert [name for name, row in COUNTED.items() if row["uncounted"] or "library_parameters" in row] == []
    assert {row.get("input_origin", "known") for row in COUNTED.values()} == {"known"}


def test_the_names_that_are_listed_are_those_that_are_counted_as_they_are():
    assert not IS_SAME_VERSION or sorted(NAMES) == [name for name, row in COUNTED.items() if "arguments" not in row]


def test_the_whole_table_has_the_macs_of_torchs_formulas():
    differing = {
        name
        for name, row in COUNTED.items()
        if row["macs"] != row.get("torch_macs", 0) + sum(row.get("without_formula", {}).values())
    }
    assert differing == {"ConsistencyDecoderVAE"}


def test_a_class_that_is_not_counted_says_why():
    assert all(len(row["why"]) > 10 for row in CLASSES.values() if "why" in row)


def test_a_wrong_row_is_seen():
    row = CLASSES["UNet2DConditionModel"]
    with pytest.raises(AssertionError):
        check("UNet2DConditionModel", {**row, "macs": row["macs"] + 1})
    with pytest.raises(AssertionError):
        check("UNet2DConditionModel", {**row, "library_parameters": 1})
    with pytest.raises(AssertionError):
        check("UNet2DConditionModel", {**row, "uncounted": ["sin"]})
