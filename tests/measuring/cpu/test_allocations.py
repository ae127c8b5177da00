"""The allocations that torch's profiler sees, replayed."""

import os
import subprocess
import sys

import pytest
import torch

from archstat.measuring.cpu import allocations
from archstat.measuring.cpu.allocations import Change, levels_of, peak_of


def test_the_peak_is_the_most_at_once_and_not_the_sum():
    def run():
        kept = torch.empty(1000, dtype=torch.uint8)
        for nbytes in (300, 500, 400):
            torch.empty(nbytes, dtype=torch.uint8)
        return kept

    assert peak_of(run) == 1500


def test_memory_that_was_there_before_does_not_count_also_if_it_is_freed():
    held = [torch.empty(10_000, dtype=torch.uint8)]

    def run():
        held.clear()
        torch.empty(70, dtype=torch.uint8)

    assert peak_of(run) == 70


def test_a_run_that_allocates_nothing_has_a_peak_of_zero():
    assert peak_of(lambda: None) == 0


def test_levels_add_up_what_changes():
    assert levels_of([Change(1, 5), Change(2, 7), Change(3, -5)]) == [5, 12, 7]


@pytest.mark.parametrize("seen", [[], [Change(0, 64), Change(1, -64)]], ids=["nothing", "something else"])
def test_a_profiler_that_misses_what_surely_was_allocated_gives_no_peak(monkeypatch, seen):
    monkeypatch.setattr(allocations, "allocations_of", lambda _events: seen)
    assert peak_of(lambda: None) is None


def test_an_error_of_the_run_is_that_of_the_run():
    def run():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        peak_of(run)


PROFILED = """
import os, torch
from archstat.measuring.cpu.allocations import peak_of
assert peak_of(lambda: torch.ones(4)) == 16
print(os.environ.get("KINETO_LOG_LEVEL"))
"""


def test_the_profiler_writes_nothing_to_the_terminal_and_the_environment_is_as_it_was():
    done = subprocess.run([sys.executable, "-c", PROFILED], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_a_level_that_the_user_chose_stays(monkeypatch):
    monkeypatch.setenv("KINETO_LOG_LEVEL", "98")
    assert peak_of(lambda: None) == 0
    assert os.environ["KINETO_LOG_LEVEL"] == "98"


def test_a_profiler_that_is_in_use_is_left_alone():
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        assert peak_of(lambda: torch.ones(4)) is None
        torch.ones(4)
    assert profiler.events()
