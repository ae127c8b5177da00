"""The block of a model card: what it says, what programs read of it, and a library of the Hub reads it as we do."""

import json
import re

import msgspec
import pytest
from huggingface_hub import ModelCard

from archstat.documents.card import card_entry, card_json, card_section, new_card, timm_lines
from archstat.language import speaking
from archstat.records import Reason, Tally
from archstat.store.records import Versions
from tests.documents.known import ENERGY, MEMORY, counted, known, ran
from tests.language.outside import in_full_width, outside
from tests.measured import CONDITIONS

MEASURED = ran("lenet5", memory=MEMORY, energy=ENERGY, reasons=(Reason("HOST_NOISY", "It was."),))


def test_a_card_has_every_quantity_with_all_digits_and_what_it_is():
    section = card_section([known("lenet5")])
    assert "| Parameters | 60,000 | 60,000 | elements of all parameters, each once |" in section
    assert "| MACs | 325.7 k | 325,680 |" in section
    assert "| Parameter memory | 234.4 KiB | 240,000 B |" in section
    assert "recorded by archstat 0.1.0 (torch 2.13.0)" in section
    assert "They are for input 1×1×32×32 in float32." in section


def test_the_lines_of_timm_are_those_of_its_cards():
    network = counted("resnet50_v1_5")
    assert list(timm_lines(network.cost, network.tally("timm-activations").number)) == [
        "Params (M): 25.6",
        "GMACs: 4.1",
        "Activations (M): 11.1",
        "Image size: 224 x 224",
    ]


def test_of_a_batch_there_are_no_lines_of_timm_since_those_are_of_one_image():
    cost = counted("lenet5").cost
    assert list(timm_lines(msgspec.structs.replace(cost, input_shapes=((2, 1, 32, 32),)))) == []
    assert list(timm_lines(msgspec.structs.replace(cost, input_shapes=()))) == []
    assert list(timm_lines(msgspec.structs.replace(cost, input_shapes=((1, 128),)))) == [
        "Params (M): 0.06",
        "GMACs: 0.00033",
    ]


def test_what_was_measured_stands_with_its_device_and_its_input():
    section = card_section([known("lenet5", MEASURED)])
    row = "| Some Processor · 1 thread · fp32 · batch 1 · eager · contiguous | 1×1×32×32 | 10.00 ms | 1.000 ms |"
    assert row in section
    assert "| 2.000 J | 100.0 W |" in section
    assert "Rounds, or quartiles, differ by more than they should." in section


def test_several_networks_have_a_heading_each_and_one_has_none():
    assert "### " not in card_section([known("lenet5")])
    assert re.findall("^### (.*)$", card_section([known("lenet5"), known("resnet20")]), re.MULTILINE) == [
        "LeNet-5",
        "ResNet-20",
    ]


def test_the_library_of_the_hub_reads_what_was_written():
    card = ModelCard(new_card([known("lenet5", MEASURED)]))
    (network,) = card.data.archstat["networks"]
    assert (network["name"], network["macs"], network["parameter_bytes"]) == ("lenet5", 325_680, 240_000)
    assert network["inputs"] == ["1x1x32x32"]
    assert network["counted_by"] == {"archstat": "0.1.0", "torch": "2.13.0"}
    (measurement,) = network["measurements"]
    assert measurement["device_name"] == CONDITIONS.device_name
    assert measurement["latency_interval_s"] == pytest.approx([0.009, 0.011])
    assert (measurement["input_j"], measurement["reasons"]) == (2.0, ["HOST_NOISY"])
    assert card.data.eval_results is None
    assert card.text.startswith("\n<!-- archstat: begin -->")


HOSTILE = [
    *"<!-- archstat: end -->|# a|<script>alert(1)</script>|层|a: b\n- c|\x85\u2028|---|*_`[]|\udce9|' \" \\|😀".split(
        "|"
    ),
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_network_of_any_name_is_data_and_no_mark_up(name):
    cost = msgspec.structs.replace(counted("lenet5").cost, architecture=name)
    one = msgspec.structs.replace(known("lenet5"), cost=cost, counted_by=Versions("0.1.0", "2", name))
    card = ModelCard(new_card([one, one]))
    assert [each["macs"] for each in card.data.archstat["networks"]] == [325_680] * 2
    assert card.data.archstat["networks"][0]["name"].isprintable()
    assert card.content.count("<!-- archstat: end -->\n") == 1
    assert "<script>" not in card.text


def test_json_has_what_the_front_matter_has_and_how_it_came_about():
    found = [known("lenet5", MEASURED)]
    told = json.loads(card_json(found))
    methods = told.pop("methods")
    assert ModelCard(f"---\n{card_entry(found)}---\n").data.archstat == told
    assert len(methods) == 2


def test_what_is_not_known_has_no_key_and_of_a_saved_cost_no_version_is_told():
    saved = known("lenet5", counted_by=Versions(), memory=None)
    (network,) = ModelCard(new_card([saved])).data.archstat["networks"]
    assert {"parameter_bytes", "peak_bytes", "measurements", "convention"}.isdisjoint(network)
    section = card_section([saved])
    assert "recorded by archstat, in a version that is not recorded" in section
    assert "Parameter memory" not in section


def test_another_convention_has_a_row_and_its_source():
    section = card_section([known("lenet5", tally=Tally("thop", 175_680))])
    assert "| thop | 175.7 k | 175,680 | as thop counts |" in section
    assert re.search(r"thop: (MACs|FLOPs) \(", section)
    refused = known("lenet5", tally=Tally("thop", None, refusal="it cannot be told"))
    assert "what thop says cannot be told: it cannot be told." in card_section([refused])


def test_no_word_of_a_card_is_outside_of_the_messages():
    names = {"Model", "Stats", "Params", "GMACs", "Image", "size", "Some", "Processor", "eager", "contiguous", "thop"}
    names |= {"torch", "Python", "Linux", "inference", "mode", "nvml", "total", "energy", "begin", "end", "LeNet"}
    names |= {"float", "fp", "GPU", "board", "MACs", "FLOPs"}
    with in_full_width():
        section = card_section([known("lenet5", MEASURED, tally=Tally("thop", 175_680))])
    assert {line: found for line in section.splitlines() if (found := outside(line, names))} == {}


def test_a_card_in_korean_keeps_what_programs_read():
    with speaking("ko"):
        found = [known("lenet5", MEASURED)]
        assert "| 파라미터 | 60,000 |" in card_section(found)
        korean = card_entry(found)
    assert korean == card_entry(found)
