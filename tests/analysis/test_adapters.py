"""Adapters of PEFT beside the layers of a network."""

import pytest
import torch
from torch import nn

import archstat
from archstat.networks.libraries import library_of
from archstat.networks.wrappers import unwrapped

peft = library_of("peft", "peft")  # also where the compiled part of torchvision does not fit
X = torch.ones(1, 8)


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 4)

    def forward(self, x):
        return self.second(self.first(x))


def adapted(**options):
    return peft.get_peft_model(TwoLayers(), peft.LoraConfig(r=2, target_modules=["first"], **options))


def test_adapters_are_told_apart_from_the_network():
    cost, plain = archstat.count(adapted(), X), archstat.count(TwoLayers(), X)
    # A of 8 → 2 and B of 2 → 8, without biases
    assert cost.parameters - plain.parameters == cost.trainable_parameters == 8 * 2 + 2 * 8
    assert cost.macs - plain.macs == 8 * 2 + 2 * 8
    assert cost.remarks == (
        "Counted inside of PeftModel and LoraModel.",
        "Adapters: 32 parameters and 32 MACs, beside 108 parameters and 96 MACs of the network.",
    )


def test_rows_have_the_names_of_the_network_inside():
    assert [row.layer for row in archstat.count(adapted(), X).layers if row.kind == "Linear"] == [
        "first.base_layer",
        "first.lora_A.default",
        "first.lora_B.default",
        "second",
    ]


def test_adapters_that_are_merged_do_no_work_of_their_own():
    model = adapted()
    model.merge_adapter()
    cost = archstat.count(model, X)
    assert cost.macs == 96
    assert cost.remarks[1].startswith("Adapters: 32 parameters and 0 MACs, beside 108 parameters and 96 MACs")


def test_adapters_that_were_put_in_without_a_wrapper_are_found_too():
    model = peft.inject_adapter_in_model(peft.LoraConfig(r=2, target_modules=["first"]), TwoLayers())
    assert archstat.count(model, X).remarks[0].startswith("Adapters: 32 parameters and 32 MACs")


@pytest.mark.parametrize(
    "config",
    [peft.IA3Config(target_modules=["first"], feedforward_modules=[]), peft.LoHaConfig(r=2, target_modules=["first"])],
    ids=["IA3", "LoHa"],
)
def test_the_parameters_of_other_kinds_of_adapters_are_theirs(config):
    model = peft.get_peft_model(TwoLayers(), config)
    trained, _ = model.get_nb_trainable_parameters()
    remark = archstat.count(model, X).remarks[1]
    assert remark.startswith(f"Adapters: {trained:,} parameters and ")
    assert remark.endswith(" beside 108 parameters and 96 MACs of the network.")


def test_only_adapters_are_trained():
    cost = archstat.count_training(adapted(), X)
    assert cost.gradient_bytes == 4 * 32
    assert cost.remarks == ("Counted inside of PeftModel and LoraModel.",)


def test_a_wrapper_that_puts_prompts_before_the_input_is_a_network_of_its_own():
    class Prompted(nn.Module):
        """As PEFT's model with a prompt: no tuner inside."""

    Prompted.__module__, Prompted.__name__ = "peft.peft_model", "PeftModel"
    model = Prompted()
    model.base_model = TwoLayers()
    assert unwrapped(model).model is model
