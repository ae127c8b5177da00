"""Networks of transformers and diffusers: what is counted is what the tables say.

Of transformers it is one network of each model type, of diffusers one of each class. That the tables agree with torch's
formulas and the libraries' own numbers is tested beside the page that is made of them. A sample of small networks is
counted here; ``ARCHSTAT_HUBS=1`` counts all of them.
"""

import os
import runpy
from pathlib import Path

import msgspec
import pytest

from archstat.networks.hub import HUBS
from archstat.networks.libraries import library_of

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "hub_results.py"))
TABLES = {hub: msgspec.json.decode(TOOL["FILES"][hub].read_bytes()) for hub in ("hf", "diffusers")}
ROWS = {hub: table["types"] for hub, table in TABLES.items()}
COUNTED = {hub: {name: row for name, row in rows.items() if "why" not in row} for hub, rows in ROWS.items()}
SAMPLE = {
    "hf": """
albert bart bert clip convnext deberta-v2 deit distilbert electra gpt2 llama mamba mixtral mobilenet_v2 opt
qwen2 qwen2_vl resnet segformer swin t5 videomae vit wav2vec2 whisper
""",
    "diffusers": """
AuraFlowTransformer2DModel AutoencoderDC AutoencoderKL AutoencoderTiny ControlNetModel DiTTransformer2DModel
LatteTransformer3DModel PRXTransformer2DModel PixArtTransformer2DModel PriorTransformer SD3Transformer2DModel
SanaTransformer2DModel StableAudioDiTModel T2IAdapter UNet2DConditionModel UNet2DModel UVit2DModel VQModel
WanTransformer3DModel ZImageTransformer2DModel
""",
}
ASKED = [
    (hub, name)
    for hub, names in SAMPLE.items()
    for name in (sorted(COUNTED[hub]) if os.environ.get("ARCHSTAT_HUBS") == "1" else names.split())
]


def is_same_version(hub):
    """Whether the library is the one that the table is of; another one may count otherwise, and has other names."""
    package = HUBS.get(hub).package
    return library_of(hub, package).__version__ == TABLES[hub][package]


def check(hub, name, row):
    """What a network that was counted now must be like."""
    assert "why" not in row, row
    assert row["uncounted"] == []
    assert "library_parameters" not in row, "the library says another number of parameters"
    if "torch_macs" in row:
        assert row["macs"] == row["torch_macs"] + sum(row.get("without_formula", {}).values())
    if is_same_version(hub):
        assert row == ROWS[hub][name]


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize(("hub", "name"), ASKED)
@pytest.mark.sampled(9)
def test_a_network_is_counted_as_the_table_says(hub, name):
    check(hub, name, msgspec.json.decode(msgspec.json.encode(TOOL["result"](name, hub))))


@pytest.mark.parametrize("hub", ROWS)
def test_a_table_has_all_that_the_library_has(hub):
    assert not is_same_version(hub) or sorted(ROWS[hub]) == sorted(TOOL["known_to"](hub))


@pytest.mark.parametrize(("hub", "least"), [("hf", 250), ("diffusers", 100)])
def test_enough_is_counted_and_torch_is_beside_all_but_one_of_it(hub, least):
    assert len(COUNTED[hub]) >= least
    assert len([name for name, row in COUNTED[hub].items() if "torch_macs" not in row]) <= 1


def test_the_classes_of_diffusers_that_are_listed_are_those_that_are_counted_as_they_are():
    as_they_are = [name for name, row in COUNTED["diffusers"].items() if "arguments" not in row]
    assert not is_same_version("diffusers") or sorted(HUBS.get("diffusers").names()) == as_they_are
    assert {row.get("input_origin", "known") for row in COUNTED["diffusers"].values()} == {"known"}


@pytest.mark.parametrize(("hub", "name"), [("hf", "bert"), ("diffusers", "UNet2DConditionModel")])
@pytest.mark.parametrize("wrong", [{"macs": 1}, {"library_parameters": 1}, {"uncounted": ["sin"]}])
def test_a_wrong_row_is_seen(hub, name, wrong):
    with pytest.raises(AssertionError):
        check(hub, name, {**ROWS[hub][name], **wrong})
