"""Layers of Keras on torch: rows with their names, their weights and what is not trained, and all left as it was."""

import sys

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.inference import analyse_model
from archstat.analysis.training import count_training
from archstat.errors import ForwardError
from archstat.networks.hubs import keras as hub
from archstat.networks.placement import in_precision, without_values
from archstat.networks.wrappers import unwrapped
from archstat.tracing import trace
from archstat.tracing.keras_layers import is_keras

keras = hub._library()
L = keras.layers


def small(**options):
    """Every row of it can be worked out by hand."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, padding="same", name="conv", **options),
            L.BatchNormalization(name="norm"),
            L.Dropout(0.5, name="drop"),
            L.Flatten(name="flat"),
            L.Dense(10, name="out"),
        ]
    )


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [L.Dense(4, name="block"), L.Dense(5, name="block")]
        self.wrapped = nn.Linear(5, 2)
        self.seen = []

    def call(self, x, training=None):
        self.seen.append(training)
        for block in self.blocks:
            x = block(x)
        return self.wrapped(x)


class Mixed(nn.Module):
    """A network of torch's with layers of Keras' in it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = L.Dense(5, name="any")
        self.norm = L.BatchNormalization()
        self.second.build((None, 4))
        self.norm.build((None, 5))

    def forward(self, x):
        return self.norm(self.second(self.first(x)))


def rows(cost):
    return [(row.layer, row.kind, row.parameters, row.macs) for row in cost.layers]


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_a_layer_of_keras_is_a_row_under_its_name():
    cost = archstat.count(small(), torch.empty(2, 8, 8, 3))
    assert rows(cost) == [
        ("conv", "Conv2D", 3 * 3 * 3 * 4 + 4, 2 * 8 * 8 * 4 * 3 * 3 * 3),
        ("norm", "BatchNormalization", 2 * 4, 0),
        ("drop", "Dropout", 0, 0),
        ("flat", "Flatten", 0, 0),
        ("out", "Dense", 256 * 10 + 10, 2 * 256 * 10),
    ]
    assert cost.layers[0].output_shape == (2, 8, 8, 4)  # channels last, as Keras has them
    assert (cost.forward, cost.uncounted) == ("meta", ())


def test_what_is_not_trained_is_a_buffer_and_a_frozen_weight_a_parameter():
    model = small()
    model.layers[0].trainable = False
    cost = archstat.count(model, torch.empty(1, 8, 8, 3))
    assert cost.buffers == 2 * 4
    assert cost.parameters + cost.buffers == model.count_params()
    assert cost.trainable_parameters == sum(each.value.numel() for each in model.trainable_variables)
    assert cost.parameters - cost.trainable_parameters == 3 * 3 * 3 * 4 + 4


def test_memory_tells_weights_from_buffers():
    memory = analyse_model(small(), torch.empty(1, 8, 8, 3)).memory()
    assert (memory.parameter_bytes, memory.buffer_bytes) == (4 * (112 + 8 + 2570), 4 * 8)


def test_nested_networks_and_layers_that_run_twice_have_their_rows():
    inner, given = small(), keras.Input((8, 8, 3))
    shared = L.Dense(10, name="shared")
    outer = keras.Model(given, shared(shared(inner(given))))
    found = [(row.layer, row.call) for row in archstat.count(outer, torch.empty(1, 8, 8, 3)).layers]
    assert (f"{inner.name}.conv", 1) in found
    assert found[-2:] == [("shared", 1), ("shared", 2)]


def test_layers_in_lists_that_are_called_alike_and_modules_of_torch_are_found():
    model = Subclassed()
    model(torch.empty(1, 3))
    cost = archstat.count(model, torch.empty(1, 3))
    assert rows(cost) == [
        ("block", "Dense", 3 * 4 + 4, 3 * 4),
        ("block_1", "Dense", 4 * 5 + 5, 4 * 5),
        (f"{model.wrapped.name}.module", "Linear", 5 * 2 + 2, 5 * 2),
    ]
    assert cost.parameters == model.count_params()


def test_layers_within_a_network_of_torch_are_found():
    cost = archstat.count(Mixed(), torch.empty(2, 3))
    assert [row[:2] for row in rows(cost)] == [
        ("first", "Linear"),
        ("second", "Dense"),
        ("norm", "BatchNormalization"),
    ]
    assert cost.macs == 2 * (3 * 4 + 4 * 5)
    assert count_training(Mixed(), torch.empty(2, 3)).backward_macs == cost.macs + 2 * 4 * 5 + 0


def test_no_op_is_counted_that_a_real_pass_does_not_have():
    model = small()
    model.eval()
    traced = trace(model, (torch.rand(1, 8, 8, 3),))
    assert not [op.op for op in traced.ops if op.op in ("empty_like", "to_copy", "to", "rand")]


def test_a_layer_that_branches_on_its_input_is_run_for_real():
    class Branching(L.Layer):
        def call(self, x):
            return self.double(x) if x.sum() > 0 else x

        def double(self, x):
            return x + x

    given = keras.Input((3,))
    cost = archstat.count(keras.Model(given, Branching(name="branch")(given)), torch.ones(1, 3))
    assert cost.forward == "real"
    assert cost.layers[0].layer == "branch"


def test_an_error_is_told_with_its_layer():
    class Failing(L.Layer):
        def call(self, x):
            return x.reshape(x.shape[0], 7)

        def compute_output_shape(self, shape):
            return shape

    model = keras.Sequential([L.Dense(4, name="dense"), Failing(name="fails")])
    model.layers[0].build((None, 3))
    with pytest.raises(ForwardError, match=r"failed in layer 'fails'.*shape '\[1, 7\]' is invalid"):
        archstat.count(model, torch.empty(1, 3))


# -- training ----------------------------------------------------------------------------------------------------------


def test_a_step_trains_what_keras_trains_and_calls_it_so():
    cost = count_training(small(), torch.empty(2, 8, 8, 3))
    products = 2 * 8 * 8 * 4 * 27 + 2 * 256 * 10
    assert (cost.forward_macs, cost.backward_macs) == (products, products + 2 * 256 * 10)  # the image gets no gradient
    assert (cost.parameter_bytes, cost.buffer_bytes) == (4 * (112 + 8 + 2570), 4 * 8)
    assert cost.gradient_bytes == cost.parameter_bytes
    assert any(row.layer == "drop" and row.forward_other_flops for row in cost.layers)  # which does nothing otherwise
    model = Subclassed()
    model(torch.empty(1, 3))
    model.seen.clear()
    seen = model.seen
    count_training(model, torch.empty(1, 3))
    archstat.count(model, torch.empty(1, 3))
    assert list(seen) == []


def test_a_frozen_layer_gets_no_gradient():
    model = small()
    model.layers[0].trainable = False
    cost = count_training(model, torch.empty(2, 8, 8, 3))
    assert cost.gradient_bytes == 4 * (8 + 2570)


# -- left as it was ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [archstat.count, count_training], ids=["inference", "training"])
def test_the_network_and_keras_are_left_as_they_were(count):
    model = small()
    state = sys.modules["keras.src.backend.common.global_state"]
    names = ("torch_device", "current_call_ctx", "traceback_filtering")
    before = [state.get_global_attribute(name) for name in names]
    kept = [(each, each._value, each._value.clone()) for each in model.variables]
    seeds = [each.state._value.clone() for layer in model.layers for each in layer._seed_generators]
    out = model(torch.ones(2, 8, 8, 3))
    count(model, torch.ones(2, 8, 8, 3))
    assert [state.get_global_attribute(name) for name in names] == before
    assert all(each._value is value and torch.equal(value, copy) for each, value, copy in kept)
    assert all("forward" not in vars(layer) for layer in model.layers)
    assert all(map(torch.equal, seeds, [g.state._value for layer in model.layers for g in layer._seed_generators]))
    assert torch.equal(model(torch.ones(2, 8, 8, 3)), out)


def test_a_failing_pass_leaves_it_as_it_was_too():
    model = small()
    values = [each._value for each in model.variables]
    with pytest.raises(ForwardError):
        count_training(model, torch.empty(2, 9, 8, 3))
    assert all(each._value is value for each, value in zip(model.variables, values, strict=True))
    assert sys.modules["keras.src.backend.common.global_state"].get_global_attribute("torch_device") is None


# -- without weights yet -----------------------------------------------------------------------------------------------


def test_a_sequential_network_without_an_input_is_counted_as_its_first_call_makes_it():
    model = keras.Sequential([L.Conv2D(4, 3, name="conv"), L.Flatten(), L.Dense(2)])
    cost = archstat.count(model, torch.empty(1, 8, 8, 3))
    assert cost.parameters == 3 * 3 * 3 * 4 + 4 + 6 * 6 * 4 * 2 + 2
    assert cost.remarks == ("Counted as it is after its first call, which makes layers or parameters.",)
    assert not model.built


def test_a_subclassed_one_that_cannot_be_copied_is_to_be_run_once():
    with pytest.raises(ForwardError, match=r"makes layers when it first runs, and cannot be copied.*run it once"):
        archstat.count(Subclassed(), torch.empty(1, 3))


# -- placement ---------------------------------------------------------------------------------------------------------


def test_another_precision_is_that_of_weights_and_work():
    model = in_precision(small(), torch.bfloat16)
    cost = archstat.count(model, torch.empty(1, 8, 8, 3, dtype=torch.bfloat16))
    assert {each._value.dtype for each in model.weights} == {torch.bfloat16}
    assert cost.macs == 8 * 8 * 4 * 27 + 256 * 10
    plain = archstat.count(small(), torch.empty(1, 8, 8, 3))
    assert 2 * cost.activation_bytes == plain.activation_bytes  # nothing is cast on the way


def test_without_values_its_variables_have_none():
    model = without_values(small())
    assert all(each._value.is_meta for each in model.weights)
    assert archstat.count(model, torch.empty(1, 8, 8, 3, device="meta")).parameters == 112 + 8 + 2570


def test_a_class_of_torch_is_none_of_keras():
    assert is_keras(L.Dense)
    assert not is_keras(nn.Linear)
    assert unwrapped(small()).model is not None
