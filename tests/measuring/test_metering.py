"""Which energy meter is used."""

import pytest

from archstat.errors import InputError, UnknownNameError
from archstat.measuring.metering import METERS, MeterError, MeterKind, kinds_for, open_meter
from tests.measuring.support import FakeClock

CLOCK = FakeClock()


def works(board, clock):
    """A meter that says what it was opened with."""
    return "meter", board, clock


def fails(code):
    """One that does not work here, with a reason of that code."""

    def opens(*_):
        raise MeterError(code, f"{code}.")

    return opens


@pytest.fixture
def meters(monkeypatch):
    """The registry with these meters and no other."""

    def fill(*kinds):
        monkeypatch.setattr(METERS, "_entries", {kind.name: kind for kind in kinds})

    METERS.all()
    return fill


def test_every_file_of_meters_is_one_meter_that_says_what_it_reads():
    kinds = METERS.all()
    assert {"nvml", "rapl"} <= kinds.keys()
    assert all(kind.about and kind.devices for kind in kinds.values())


def test_a_processor_is_metered_by_its_own_counters_and_a_gpu_by_those_of_its_board():
    assert [kind.name for kind in kinds_for("cpu")] == ["rapl"]
    assert [kind.name for kind in kinds_for("cuda")] == ["nvml"]


def test_a_meter_is_opened_for_the_board_with_the_clock(meters):
    meters(MeterKind("one", ("cuda",), "", works))
    assert open_meter("cuda", "GPU-1", CLOCK) == ("meter", "GPU-1", CLOCK)


def test_a_meter_that_does_not_work_here_leaves_the_device_to_the_next(meters):
    meters(MeterKind("one", ("cuda",), "", fails("RAPL_ABSENT")), MeterKind("two", ("cuda",), "", works))
    assert open_meter("cuda", "", CLOCK)[0] == "meter"
    with pytest.raises(MeterError, match="RAPL_ABSENT"):
        open_meter("cuda", "", CLOCK, "one")


def test_without_any_that_works_the_reason_is_that_of_the_first(meters):
    meters(
        MeterKind("one", ("cpu",), "", fails("RAPL_ABSENT")), MeterKind("two", ("cpu",), "", fails("RAPL_PERMISSION"))
    )
    with pytest.raises(MeterError, match="RAPL_ABSENT") as caught:
        open_meter("cpu", "", CLOCK)
    assert caught.value.reason.code == "RAPL_ABSENT"


def test_a_meter_of_another_device_is_refused(meters):
    meters(MeterKind("one", ("cpu", "cuda"), "", works), MeterKind("board", ("cuda",), "", works))
    with pytest.raises(InputError, match="The energy meter 'board' measures cuda, and not cpu"):
        kinds_for("cpu", "board")


def test_a_name_that_no_meter_has_is_answered_with_those_that_there_are():
    with pytest.raises(
        UnknownNameError, match=r"No energy meter is named 'rapel'\. Did you mean 'rapl'\? .*nvml, rapl"
    ):
        kinds_for("cpu", "rapel")
