"""VGG, against a lecture and arithmetic."""

from tests.architectures.support import by_stage, cost_of


def test_vgg16_has_the_memory_column_of_the_lecture():
    cost = cost_of("vgg16")
    assert cost.activations + 3 * 224 * 224 == 15_237_608
    assert cost.activations + 150_528 == 150_528 + 13_547_520 + 1_530_368 + 9_192
    assert cost.activation_bytes == 4 * 15_087_080


def test_most_parameters_of_vgg16_are_in_one_layer():
    parameters = by_stage("vgg16", "parameters")
    assert parameters["fc6"] == 7 * 7 * 512 * 4096 + 4096 == 102_764_544 == max(parameters.values())
