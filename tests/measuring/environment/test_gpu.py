"""What a reader must know of a GPU's state; its record is tested with the board's answers in test_nvml."""

import pytest

from archstat.measuring.environment.gpu import gpu_reasons
from archstat.records import Gpu


def codes(gpu):
    return [(reason.code, reason.text) for reason in gpu_reasons(gpu, 10.0)]


def test_a_quiet_gpu_is_not_worth_a_word():
    assert codes(Gpu("a board", processes=0, idle_utilization=0.0, throttled={"power_cap": 0.05})) == []
    assert codes(Gpu("a board")) == []


def test_reduced_clocks_are_told_with_their_share_of_the_time():
    gpu = Gpu("a board", throttled={"thermal": 4.0, "power_cap": 2.5, "board_limit": 1.0})
    assert codes(gpu) == [
        ("THROTTLED_HW", "Clocks reduced during 10 % of the time (board limit)."),
        ("POWER_CAPPED", "Clocks reduced during 25 % of the time (power cap)."),
        ("THROTTLED_THERMAL", "Clocks reduced during 40 % of the time (thermal)."),
    ]


@pytest.mark.parametrize(
    ("gpu", "says"),
    [
        (Gpu("a board", processes=1), "1 other process on this GPU: latency and energy include their load."),
        (Gpu("a board", processes=2, idle_utilization=9.0), "2 other processes on this GPU: latency and energy"),
        (Gpu("a board", processes=0, idle_utilization=9.0), "The GPU was 9 % busy before anything of ours ran"),
        (Gpu("a board", idle_utilization=9.0), "The GPU was 9 % busy before anything of ours ran"),
    ],
)
def test_others_on_the_gpu_are_told(gpu, says):
    ((code, text),) = codes(gpu)
    assert code == "OTHER_GPU_PROCESSES"
    assert text.startswith(says)
