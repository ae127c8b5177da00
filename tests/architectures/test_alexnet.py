"""AlexNet, against the arithmetic of its paper."""

from tests.architectures.support import by_stage


def test_alexnet_has_the_layers_of_its_paper():
    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    parameters, macs = by_stage("alexnet", "parameters"), by_stage("alexnet", "macs")
    assert [parameters[layer] for layer in layers] == [
        34_944,
        307_456,
        885_120,
        663_936,
        442_624,
        37_752_832,
        16_781_312,
        4_097_000,
    ]
    assert [macs[layer] for layer in layers] == [
        105_415_200,
        223_948_800,
        149_520_384,
        112_140_288,
        74_760_192,
        37_748_736,
        16_777_216,
        4_096_000,
    ]
    assert sum(macs.values()) - sum(macs[layer] for layer in ("fc6", "fc7", "fc8")) == 665_784_864


def test_alexnet_has_the_650_000_neurons_of_its_abstract():
    activations = by_stage("alexnet", "activations")
    neurons = sum(activations[layer] for layer in activations if layer.startswith(("conv", "fc")))
    assert neurons == 290_400 + 186_624 + 64_896 + 64_896 + 43_264 + 4_096 + 4_096 + 1_000 == 659_272
