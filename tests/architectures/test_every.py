"""What holds for every architecture."""

import warnings

import pytest
import torch

from archstat.analysis.inference import Setting, count_source
from archstat.networks.sources import build_on_meta, find
from archstat.published.figures import counted, published
from archstat.registry import architectures
from tests.architectures.support import cost_of

EVERY = pytest.mark.parametrize("name", list(architectures))
pytestmark = pytest.mark.sampled(4)


@EVERY
def test_it_is_built_without_memory_and_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build_on_meta(find(name))
    assert all(parameter.is_meta for parameter in model.parameters())


@EVERY
def test_nothing_is_left_uncounted(name):
    cost = cost_of(name)
    assert cost.uncounted == ()
    assert cost.forward == "meta"


@EVERY
def test_it_can_be_counted_strictly(name):
    assert count_source(name, Setting(strict=True)) == cost_of(name)


@EVERY
def test_twice_the_batch_is_twice_the_work_and_the_same_parameters(name):
    one, two = cost_of(name), count_source(name, Setting(batch_size=2))
    assert two.macs == 2 * one.macs
    assert two.activations == 2 * one.activations
    assert two.parameters == one.parameters
    assert two.input_shapes == ((2, *one.input_shapes[0][1:]),)


@EVERY
def test_counts_do_not_depend_on_the_element_type_and_bytes_do(name):
    single, half = cost_of(name), count_source(name, Setting(dtype="float16"))
    assert (half.parameters, half.macs, half.flops) == (single.parameters, single.macs, single.flops)
    assert 2 * half.activation_bytes == single.activation_bytes == 4 * single.activations


@EVERY
def test_its_layers_add_up(name):
    cost = cost_of(name)
    assert sum(row.parameters for row in cost.layers) == cost.parameters
    assert sum(row.macs for row in cost.layers) == cost.macs == sum(op.macs for op in cost.ops)
    assert sum(row.flops for row in cost.layers) == cost.flops == sum(op.flops for op in cost.ops)


@EVERY
def test_its_input_is_the_registered_one_and_its_note_is_passed_on(name):
    cost = cost_of(name)
    assert cost.input_shapes == ((1, *architectures.get(name).input_shape),)
    assert cost.note == published()[name].note


@EVERY
def test_its_parameters_are_all_trainable(name):
    assert cost_of(name).trainable_parameters == cost_of(name).parameters


BIASED = ("bn_inception", "fractalnet", "se_bn_inception", "se_vgg16")
"""Have batch normalization, and biases before it all the same."""

PARTLY_BIASED = ("inception_resnet_v2", "se_inception_resnet_v2")
"""Have biases in those convolutions that no batch normalization follows."""


@EVERY
def test_a_convolution_has_a_bias_unless_batch_normalization_gives_one(name):
    layers = list(build_on_meta(find(name)).modules())
    is_normalized = any(isinstance(layer, torch.nn.BatchNorm2d) for layer in layers)
    biased = {layer.bias is not None for layer in layers if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear))}
    convolutions = {layer.bias is not None for layer in layers if isinstance(layer, torch.nn.Conv2d)}
    if is_normalized:
        assert convolutions == ({True, False} if name in PARTLY_BIASED else {name in BIASED})
    else:
        assert biased == {True}


SMALL = [name for name, totals in counted().items() if totals.macs < 2e9 and totals.parameters < 30e6]


@pytest.mark.parametrize("name", SMALL)
def test_it_can_be_run_for_real_and_gives_what_was_counted(name):
    """The larger ones have the blocks of these."""
    model = find(name).build().eval()
    with torch.inference_mode():
        out = model(torch.ones(1, *architectures.get(name).input_shape))
    first = out[0] if isinstance(out, tuple) else out
    assert tuple(first.shape) == cost_of(name).layers[-1].output_shape
    assert first.isfinite().all()
