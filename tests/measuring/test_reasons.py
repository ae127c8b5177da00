"""Why a part of a measurement is missing."""

import pytest
import torch

from archstat.measuring.reasons import CannotMeasure, attempt, reason_of
from archstat.records import Reason


def raising(error):
    def measure():
        raise error

    return measure


def test_a_part_that_works_gives_what_it_gives():
    assert attempt("A time", lambda: 7) == 7


def test_a_part_that_says_why_it_cannot_is_taken_at_its_word():
    reason = Reason("MODEL_SYNCS", "It waits.")
    assert attempt("A time", raising(CannotMeasure(reason))) is reason


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (RuntimeError("no such thing.\nand more"), "GRAPH_FAILED", "RuntimeError: no such thing."),
        (RuntimeError(), "GRAPH_FAILED", "RuntimeError."),
        (torch.OutOfMemoryError("CUDA"), "OOM", "out of memory."),
        (RuntimeError("CUDA error: out of memory"), "OOM", "out of memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "OOM", "out of memory."),
        (MemoryError(), "OOM", "out of memory."),
    ],
)
def test_a_part_that_raises_is_missing_for_a_reason(error, code, says):
    reason = Reason(code, f"A time cannot be measured: {says}")
    assert attempt("A time", raising(error), "GRAPH_FAILED") == reason
    assert reason_of("A time", error, "GRAPH_FAILED") == reason


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a slip in our own code")])
def test_what_no_device_raises_is_not_swallowed(error):
    with pytest.raises(type(error)):
        attempt("A time", raising(error))
