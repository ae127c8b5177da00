"""From a name to the memory it takes, and the largest batch that fits."""

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archstat
from archstat.analysis.inference import analyse
from archstat.analysis.training import count_training, fit_source, largest_batch, train_source
from archstat.errors import DataError, ForwardError, InputError, UncountedError, UnknownNameError
from archstat.networks import sources
from archstat.networks.settings import OPTIMIZER_NAMES as NAMES
from archstat.networks.settings import Setting, TrainingSetting, parse_limit
from archstat.records import TrainingCost
from archstat.tracing.training import OPTIMIZERS

GIB = 1024**3


def test_the_optimizers_of_the_settings_are_those_that_can_be_made():
    assert tuple(OPTIMIZERS) == NAMES


def test_a_network_and_its_name_cost_the_same():
    source = sources.find("resnet20")
    model = sources.build_on_meta(source)
    x = torch.empty(4, *source.input_shape, device="meta")
    named = train_source("resnet20", Setting(batch_size=4), TrainingSetting("adam"))
    given_ = count_training(model, x, training=TrainingSetting("adam"))
    assert msgspec.structs.replace(given_, architecture="resnet20", input_origin="known") == named


def test_a_cost_goes_through_json():
    cost = train_source("lenet5_modern", Setting(), TrainingSetting("adam", amp=True))
    assert msgspec.json.decode(msgspec.json.encode(cost), type=TrainingCost) == cost


def test_adam_keeps_two_numbers_for_each_parameter_and_one_for_each_tensor():
    cost = train_source("vgg11", Setting(), TrainingSetting("adam"))
    assert cost.optimizer_bytes == 2 * cost.parameter_bytes + 4 * 22
    assert cost.gradient_bytes == cost.parameter_bytes == 4 * archstat.count("vgg11").parameters


def test_the_tensors_alive_at_the_peak_add_up_to_it():
    for name in ("lenet5", "resnet18", "densenet121"):
        memory = analyse(name, Setting()).memory()
        assert sum(each.nbytes for each in memory.alive) == memory.peak_activation_bytes > 0
        assert memory.peak_activation_bytes == archstat.count(name).peak_activation_bytes


# -- the largest batch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [None, TrainingSetting(), TrainingSetting("adam", amp=True)])
@pytest.mark.parametrize("name", ["lenet5_modern", "resnet18"])
@pytest.mark.sampled(9)
def test_the_largest_batch_fits_and_one_more_does_not(name, training):
    limit = GIB // 2

    def peak(batch):
        setting = Setting(batch_size=batch)
        if training is None:
            return analyse(name, setting).memory().peak_bytes
        return train_source(name, setting, training).peak_bytes

    fit = fit_source(name, Setting(), limit, training)
    assert peak(fit.batch_size) == fit.peak_bytes <= limit < fit.next_peak_bytes == peak(fit.batch_size + 1)


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 50), st.integers(1, 10**7))
def test_any_growing_memory_is_fitted_exactly_in_few_tries(fixed, each, step, limit):
    tried = []

    def peak(batch):
        tried.append(batch)
        return fixed + each * batch + step * (batch // 7) ** 2

    if peak(1 << 20) <= limit:
        return
    tried.clear()
    fit = largest_batch(peak, limit)
    if fit.batch_size:
        assert peak(fit.batch_size) <= limit < peak(fit.batch_size + 1)
    else:
        assert peak(1) > limit
    assert len(tried) < 60


def test_a_straight_line_is_fitted_in_few_tries():
    tried = []

    def peak(batch):
        tried.append(batch)
        return 1000 + 37 * batch

    assert largest_batch(peak, 10**6).batch_size == (10**6 - 1000) // 37
    assert len(tried) <= 8


def test_a_network_that_does_not_fit_has_no_batch():
    fit = fit_source("vgg16", Setting(), 1000, TrainingSetting())
    assert (fit.batch_size, fit.next_peak_bytes) == (0, None)
    assert fit.peak_bytes == train_source("vgg16", Setting(), TrainingSetting()).peak_bytes


def test_a_memory_that_does_not_grow_is_refused():
    with pytest.raises(InputError, match=r"Even a batch of 1,048,576 fits"):
        largest_batch(lambda _: 5, 10)


def test_a_network_that_needs_two_inputs_is_tried_with_two():
    def peak(batch):
        if batch == 1:
            raise ForwardError("Expected more than 1 value per channel")
        return batch

    assert largest_batch(peak, 10).batch_size == 10
    assert largest_batch(peak, 1) == largest_batch(peak, 1)
    assert largest_batch(peak, 1).peak_bytes == 2


# -- nonsense ----------------------------------------------------------------------------------------------------------


def test_a_limit_is_read_with_its_unit():
    assert parse_limit("16GiB") == 16 * 2**30
    assert parse_limit("24 GB") == 24 * 10**9
    assert parse_limit("16B") == 16
    with pytest.raises(InputError, match="is no amount of memory"):
        parse_limit("")
    with pytest.raises(InputError, match="'16' has no unit: write it as '16GiB', or '16B' if that is meant"):
        parse_limit("16")


@pytest.mark.parametrize("text", ["GiB", "-1GiB", "0", "0.1", "1e", "16 giga", "nan"])
def test_a_limit_that_is_none_is_refused(text):
    with pytest.raises(InputError, match="write it as '16GiB'"):
        parse_limit(text)


def test_a_network_that_cannot_be_trained_is_refused():
    with pytest.raises(UnknownNameError):
        train_source("resnet5", Setting(), TrainingSetting())
    with pytest.raises(ForwardError, match="Expected more than 1 value per channel when training"):
        count_training(nn.BatchNorm1d(4), torch.ones(1, 4))
    with pytest.raises(InputError, match="there is nothing to train"):
        count_training(nn.Identity(), torch.ones(1, 4))


def test_strict_refuses_an_op_without_a_rule(monkeypatch):
    from archstat.counting.rules import RULES

    monkeypatch.delitem(RULES, "convolution_backward")
    with pytest.raises(UncountedError, match="convolution_backward"):
        train_source("lenet5_modern", Setting(strict=True), TrainingSetting())


def test_an_amount_and_a_printed_number_fail_alike():
    with pytest.raises(DataError):
        archstat.units.parse_size("GiB")
