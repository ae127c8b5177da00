"""NiN, against arithmetic: the paper prints no figures."""

import pytest

from tests.architectures.support import by_stage, cost_of

# Height of the maps, then for each convolution its kernel size, the maps below and its own.
NETWORKS = {
    "nin_cifar10": {
        "mlpconv1": (32, [(5, 3, 192), (1, 192, 160), (1, 160, 96)]),
        "mlpconv2": (16, [(5, 96, 192), (1, 192, 192), (1, 192, 192)]),
        "mlpconv3": (8, [(3, 192, 192), (1, 192, 192), (1, 192, 10)]),
    },
    "nin_imagenet": {
        "mlpconv1": (54, [(11, 3, 96), (1, 96, 96), (1, 96, 96)]),
        "mlpconv2": (27, [(5, 96, 256), (1, 256, 256), (1, 256, 256)]),
        "mlpconv3": (13, [(3, 256, 384), (1, 384, 384), (1, 384, 384)]),
        "mlpconv4": (6, [(3, 384, 1024), (1, 1024, 1024), (1, 1024, 1000)]),
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_an_mlpconv_layer_is_a_convolution_and_two_1x1(name):
    parameters, macs = by_stage(name, "parameters"), by_stage(name, "macs")
    for stage, (height, convolutions) in NETWORKS[name].items():
        assert parameters[stage] == sum(kernel**2 * below * maps + maps for kernel, below, maps in convolutions)
        assert macs[stage] == height**2 * sum(kernel**2 * below * maps for kernel, below, maps in convolutions)
    assert sum(parameters[stage] for stage in NETWORKS[name]) == cost_of(name).parameters


@pytest.mark.parametrize(("name", "classes", "height"), [("nin_cifar10", 10, 8), ("nin_imagenet", 1000, 6)])
def test_a_score_of_nin_is_the_mean_of_a_map(name, classes, height):
    *_, maps, pool, scores = cost_of(name).layers
    assert maps.output_shape == (1, classes, height, height)
    assert (pool.kind, pool.output_shape) == ("AdaptiveAvgPool2d", (1, classes, 1, 1))
    assert scores.output_shape == (1, classes)
