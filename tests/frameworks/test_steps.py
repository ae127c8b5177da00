import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from archstat.errors import ForwardError, InputError
from archstat.frameworks.batches import shapes_of, stand_in_of, taken_apart
from archstat.frameworks.steps import StepCounter
from tests.frameworks.networks import CONV_MACS, LINEAR_MACS, PARAMETERS, are_equal, batch, loss, small, weights_of


def test_a_step_is_its_forward_and_its_backward_pass_and_not_three_times_the_forward_pass():
    step = StepCounter(small(), loss).step(batch(4))
    assert step.parameters == step.trainable_parameters == PARAMETERS
    assert step.training.forward_macs == 4 * (CONV_MACS + LINEAR_MACS)
    # The images need no gradient: of the first layer only that of its weight is worked out.
    assert step.training.backward_macs == 4 * (CONV_MACS + 2 * LINEAR_MACS)
    assert step.model_flops == 2 * step.macs < 2 * 3 * step.training.forward_macs


def test_torch_counts_the_same_products_of_a_step_that_is_made():
    network, given = small(), batch(4)
    with FlopCounterMode(display=False) as counter:
        loss(network, given).backward()
    assert StepCounter(network, loss).step(given).model_flops == counter.get_total_flops()


def test_the_update_is_not_in_it():
    step = StepCounter(small(), loss).step(batch())
    assert step.training.optimizer_flops > 0
    assert step.flops == step.training.flops - step.training.optimizer_flops


def test_what_is_recomputed_is_run_but_not_what_the_model_needs():
    block = nn.Sequential(nn.Linear(6, 6), nn.ReLU())

    def kept(network, x):
        return network(x).sum()

    def recomputed(network, x):
        return checkpoint(network, x, use_reentrant=False).sum()

    x = torch.ones(2, 6)
    first, second = StepCounter(block, kept).step(x), StepCounter(block, recomputed).step(x)
    assert first.model_flops == second.model_flops == 2 * 2 * 2 * 6 * 6
    assert second.training.recomputed_macs == 2 * 6 * 6
    assert second.flops > first.flops


def test_a_frozen_part_has_no_gradient_of_its_weights():
    network = small()
    network[0].requires_grad_(requires_grad=False)
    step = StepCounter(network, loss).step(batch(4))
    assert step.training.backward_macs == 4 * 2 * LINEAR_MACS
    assert step.trainable_parameters == PARAMETERS - network[0].weight.numel() - network[0].bias.numel()


def test_counting_leaves_everything_as_it_was():
    network, given = small(), batch()
    seen = []
    network[0].register_forward_hook(lambda *_: None)
    network[1].eval()
    loss(network, given).backward()
    grads = {name: each.grad for name, each in network.named_parameters()}
    copies = {name: each.clone() for name, each in grads.items()}
    before, hooks, drawn = weights_of(network), dict(network[0]._forward_hooks), torch.get_rng_state()
    python, numpy = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002

    def drawing(network, given):
        seen.append(random.random() + np.random.rand() + float(torch.rand(())))  # noqa: NPY002, S311
        return loss(network, given)

    counter = StepCounter(network, drawing)
    counter.step(given)
    counter.forward(given)
    assert len(seen) > 0
    assert are_equal(before, weights_of(network))
    assert all(network.get_parameter(name).grad is each for name, each in grads.items())
    assert are_equal(copies, grads)
    assert [module.training for module in network] == [True, False, True, True, True, True]
    assert network[0]._forward_hooks == hooks
    assert torch.equal(torch.get_rng_state(), drawn)
    assert random.getstate() == python
    assert np.array_equal(np.random.get_state()[1], numpy)  # noqa: NPY002


def test_the_paths_are_those_of_the_network():
    network = nn.ModuleDict({"body": small()})
    found = StepCounter(network, lambda network, given: loss(network["body"], given)).forward(batch()).cost
    assert found.layer("body.0").macs == 4 * CONV_MACS
    assert found.architecture == "ModuleDict"
    assert found.input_shapes == ((4, 3, 8, 8), (4,))


def test_a_compiled_network_is_counted_as_it_was_written():
    network, given = small(), batch()
    plain = StepCounter(network, loss).step(given)
    compiled = torch.compile(network, backend="eager")
    inside = nn.Sequential(torch.compile(network, backend="eager"))
    loss(inside, given)  # what is compiled already stays so
    assert StepCounter(compiled, loss).step(given).macs == plain.macs
    assert StepCounter(inside, loss).step(given).macs == plain.macs
    assert StepCounter(inside, loss).forward(given).cost.layer("0.0").macs == 4 * CONV_MACS


def test_a_network_for_several_devices_is_counted_inside():
    assert StepCounter(nn.DataParallel(small()), loss).step(batch()).parameters == PARAMETERS


def test_a_step_that_needs_values_is_not_run_for_real():
    ran = []

    def choosing(network, given):
        found = loss(network, given)
        if found > 0:
            ran.append(found)
        return found

    with pytest.raises(ForwardError, match=r"without values|values"):
        StepCounter(small(), choosing).step(batch())
    assert ran == []


def test_labels_have_their_values():
    def choosing(network, given):
        images, labels = given
        return loss(network, given) if labels.min() >= 0 else network(images).sum()

    assert StepCounter(small(), choosing).step(batch()).macs == StepCounter(small(), loss).step(batch()).macs


def test_parameters_in_parts_are_refused():
    network = small()
    network[0].weight.ds_id = 1
    with pytest.raises(InputError, match=r"ZeRO-3 holds the parameters in parts"):
        StepCounter(network, loss).step(batch())


def test_a_step_without_a_loss_says_what_it_returned():
    with pytest.raises((InputError, ForwardError), match="returns no loss, but a NoneType"):
        StepCounter(small(), lambda network, given: None).step(batch())  # noqa: ARG005


# -- batches -----------------------------------------------------------------------------------------------------------


class Held:
    """A batch of a class of its own."""

    def __init__(self, x):
        self.x, self.name = x, "a"


def test_tensors_are_found_and_exchanged_in_whatever_holds_them():
    x = torch.ones(2, 3)
    given = {"x": [x, (x,)], "held": Held(torch.zeros(4)), "text": "<script>", "none": None}
    assert shapes_of(given) == (((2, 3), torch.float32), ((4,), torch.float32))
    tensors, put_together = taken_apart(given)
    made = put_together([each.to("meta") for each in tensors])
    assert made["x"][0] is made["x"][1][0]
    assert made["x"][0].is_meta
    assert made["held"].x.is_meta
    assert (made["held"].name, made["text"], made["none"]) == ("a", "<script>", None)
    assert given["x"][0] is x
    assert not given["held"].x.is_meta


@pytest.mark.parametrize("nothing", [None, [], {}, "CJK 日本", 3])
def test_a_batch_without_tensors_is_refused(nothing):
    with pytest.raises(InputError, match="holds no tensors"):
        taken_apart(nothing)


def test_a_sparse_batch_is_refused():
    with pytest.raises(InputError, match=r"layout torch\.sparse_coo"):
        stand_in_of(torch.eye(2).to_sparse())
