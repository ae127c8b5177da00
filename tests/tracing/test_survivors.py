"""Tensors without values that outlive a pass are told of, with who holds them; whatever dies with the pass is not."""

import functools
import gc
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

import archstat
from archstat.analysis.training import count_training
from tests.support import Calls

X = torch.ones(2, 8)
COUNTS = pytest.mark.parametrize("count", [archstat.count, count_training], ids=["count", "training"])


@functools.lru_cache
def doubled(x):
    return 2 * x


@functools.cache
def tripled(x):
    return 3 * x


def endless():
    held = None
    while True:
        held = yield held


class Keeper:
    __slots__ = ("held",)


def network_of(keep):
    fc = nn.Linear(8, 8)

    def forward(x):
        y = fc(x)
        keep(y)
        return y

    return Calls(forward, fc=fc)


def about(cost):
    return [remark for remark in cost.remarks if "without values" in remark]


@pytest.fixture(autouse=True)
def _empty():
    yield
    doubled.cache_clear()
    tripled.cache_clear()


@COUNTS
@pytest.mark.parametrize("cached", [doubled, tripled], ids=["bounded", "unbounded"])
@pytest.mark.sampled(4)
def test_what_stays_in_a_cache_is_told_of_and_how_to_clear_it(count, cached):
    (said,) = about(count(network_of(cached), X))
    name = cached.__name__
    assert said.startswith(f"A tensor without values (2×8) stays in the cache of '{name}': call {name}.cache_clear()")


@COUNTS
def test_what_stays_in_a_generator_is_told_of(count):
    generator = endless()
    next(generator)
    (said,) = about(count(network_of(generator.send), X))
    assert "(2×8) stays in a variable of the generator 'endless'" in said


@COUNTS
def test_what_stays_in_a_global_of_another_module_is_told_of(count):
    module = sys.modules["tests_of_survivors"] = types.ModuleType("tests_of_survivors")

    def keep(y):
        sys.modules["tests_of_survivors"].kept = [y]

    try:
        (said,) = about(count(network_of(keep), X))
        assert "(2×8) stays in the global 'kept' of 'tests_of_survivors'" in said
        assert module.kept
    finally:
        del sys.modules["tests_of_survivors"]


@pytest.mark.rare
def test_each_place_is_told_of_once_and_three_at_most():
    generators = [endless() for _ in range(2)]
    for generator in generators:
        next(generator)
        generator.__qualname__ = f"generator {generators.index(generator)}"

    def keep(y):
        doubled(y)
        tripled(y + 1)
        for generator in generators:
            generator.send(y + 2)
        doubled(y + 3)

    said = about(archstat.count(network_of(keep), X))
    assert len(said) == 4
    assert said[-1] == "1 more tensors without values stay elsewhere."


@COUNTS
def test_what_is_put_back_or_dies_is_not_told_of(count):
    kept, cell = [], Keeper()

    def keep(y):
        kept.append(y)
        cell.held = y
        circle = [y]
        circle.append(circle)

    network = network_of(keep)
    network.fc.register_forward_hook(lambda module, _, out: setattr(module, "seen", out))
    assert about(count(network, X)) == []
    assert kept == []


def test_a_constant_with_values_may_stay():
    @functools.cache
    def positions(count):
        return torch.arange(count).float()

    cost = archstat.count(network_of(lambda _: positions(8)), X)
    assert cost.remarks == ()


def test_what_stays_after_a_pass_that_failed_first_is_told_of():
    def keep(y):
        if not doubled.cache_info().currsize:
            doubled(y)
        return bool(y.sum() > 1e9)

    (said,) = about(archstat.count(network_of(keep), X))
    assert "the cache of 'doubled'" in said


def test_a_search_that_finds_nothing_is_not_begun(monkeypatch):
    monkeypatch.setattr(gc, "get_objects", lambda: pytest.fail("searched"))
    archstat.count(nn.Sequential(nn.Linear(8, 8), nn.ReLU()), X)


# -- other threads -----------------------------------------------------------------------------------------------------


def test_work_of_a_thread_outside_of_layers_is_told_of():
    def elsewhere(x):
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(lambda: 2 * x).result() + 1

    cost = archstat.count(network_of(elsewhere), X)
    assert cost.remarks == (
        "1 tensor was met that no recorded op made: what other threads do outside of layers is not counted.",
    )


def test_a_thread_that_only_waits_is_not_told_of():
    def waits(_):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()

    assert archstat.count(network_of(waits), X).remarks == ()


def test_constants_that_torch_makes_by_itself_are_no_strangers():
    constants = Calls(lambda x: x[[0, 1]] + torch.tensor([1.0], device=x.device), fc=nn.Linear(8, 8))
    assert archstat.count(constants, X).remarks == ()


def test_what_stands_for_a_batch_is_no_stranger():
    fc = nn.Linear(8, 8)
    assert archstat.count(Calls(torch.func.vmap(lambda row: fc(row) + 1), fc=fc), X).remarks == ()


def test_tensors_that_were_there_before_are_no_strangers():
    table, on_meta = torch.ones(2, 8), torch.ones(2, 8, device="meta")

    def writes(y):
        table.copy_(y)
        return table + 1

    assert archstat.count(network_of(writes), X).remarks == ()
    assert archstat.count(nn.Linear(8, 8), on_meta).remarks == ()
    assert archstat.count(Calls(lambda x: x + on_meta, fc=nn.Linear(8, 8).to("meta")), on_meta).remarks == ()
