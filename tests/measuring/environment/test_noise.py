"""What else a computer does, from files that tests lay out and change."""

import os
import sys
import time

import msgspec
import pytest

from archstat.measuring.environment import noise
from archstat.measuring.environment.host import read_host
from archstat.measuring.environment.noise import NoiseMeter, noise_reasons
from archstat.records import Noise
from tests.measuring.computer import Clock, lay_out, version_1, version_2

QUIET = Noise(load=0.5, pressure=0.0, steal=0.0, throttled=0, involuntary_switches=3, cpu_per_wall=1.0)


def pressure(total):
    return {"/proc/pressure/cpu": f"some avg10=0.00 avg60=0.31 avg300=0.32 total={total}\nfull avg10=0 total=9\n"}


def ticks(user=0, idle=0, steal=0):
    return {"/proc/stat": f"cpu  {user} 0 0 {idle} 0 0 0 {steal} 7 7\ncpu0 1 2 3 4\nintr 5\n"}


@pytest.fixture
def process(monkeypatch):
    """What this process has used so far: ``cpu_s`` and ``switches``."""
    used = {"cpu_s": 5.0, "switches": 100}
    monkeypatch.setattr(time, "process_time", lambda: used["cpu_s"])
    monkeypatch.setattr(noise, "_switches", lambda: (used["switches"],))
    monkeypatch.setattr(os, "getloadavg", lambda: (0.75, 9.0, 9.0), raising=False)
    return used


def read_after(root, before, after, seconds=2.0):
    """What a meter reads whose computer changed its files meanwhile."""
    clock = Clock()
    meter = NoiseMeter(lay_out(root, before), clock)
    clock.sleep(seconds)
    lay_out(root, after)
    return meter.read()


def test_a_meter_reads_what_happened_since_it_began(tmp_path, process):
    clock = Clock()
    before = pressure(7_000_000) | ticks(user=1000, idle=500, steal=10) | version_1("100000")
    meter = NoiseMeter(lay_out(tmp_path, before), clock)
    clock.sleep(2.0)
    lay_out(
        tmp_path,
        pressure(7_300_000) | ticks(user=1190, idle=900, steal=20) | version_1("100000", stat="nr_throttled 11"),
    )
    process |= {"cpu_s": 8.0, "switches": 142}
    read, unknown = meter.read()
    assert unknown == {}
    assert read == Noise(
        load=0.75,
        pressure=pytest.approx(0.3 / 2),  # 300,000 µs of 2 s
        steal=10 / (10 + 190),  # of the time that was wanted, idle time left out
        throttled=11 - 4,
        involuntary_switches=42,
        cpu_per_wall=(8.0 - 5.0) / 2,
    )


@pytest.mark.usefixtures("process")
def test_a_computer_without_these_files_tells_nothing_and_says_so(tmp_path):
    read, unknown = read_after(tmp_path, {}, {})
    assert (read.pressure, read.steal, read.throttled) == (None, None, None)
    assert unknown["pressure"] == "There is no /proc/pressure/cpu here."
    assert unknown["steal"] == "There is no /proc/stat here."
    assert set(unknown) == {"pressure", "steal", "throttled"}
    assert noise_reasons(read, read_host(1, 1, tmp_path)[0]) == ()


@pytest.mark.parametrize(
    ("field", "before", "after", "says"),
    [
        ("pressure", pressure("many"), {}, "/proc/pressure/cpu says 'some avg10=0.00"),
        ("pressure", {"/proc/pressure/cpu": "full avg10=0 total=5\n"}, {}, "which is not understood"),
        ("pressure", pressure(5), {"/proc/pressure/cpu": ""}, "/proc/pressure/cpu says '', which"),
        ("pressure", pressure(5), pressure(4), "went backwards"),
        ("steal", {"/proc/stat": "cpu 1 2 3\n"}, {}, "/proc/stat says 'cpu 1 2 3', which"),
        ("steal", {"/proc/stat": "cpu a b c d e f g h\n"}, {}, "which is not understood"),
        ("steal", {"/proc/stat": "intr 1 2 3 4 5 6 7 8\n"}, {}, "which is not understood"),
        ("steal", {"/proc/stat": ""}, {}, "/proc/stat says '', which"),
        ("steal", ticks(user=5, steal=9), ticks(user=50, steal=8), "went backwards"),
        ("steal", ticks(user=5, idle=1), ticks(user=5, idle=99), "Too little time passed"),
        ("throttled", version_2({"/app/job": ("max", "x")}), {}, "which is not understood"),
    ],
)
@pytest.mark.usefixtures("process")
def test_nonsense_is_none_with_a_reason(tmp_path, field, before, after, says):
    read, unknown = read_after(tmp_path, before, after)
    assert getattr(read, field) is None
    assert says in unknown[field]


@pytest.mark.usefixtures("process")
def test_no_share_is_more_than_all_of_it(tmp_path):
    assert read_after(tmp_path, pressure(0), pressure(2_000_900), seconds=2)[0].pressure == 1.0


@pytest.mark.usefixtures("process")
def test_shares_of_no_time_are_not_told(tmp_path):
    read, unknown = read_after(tmp_path, pressure(5), {}, seconds=0)
    assert (read.pressure, read.cpu_per_wall) == (None, None)
    assert unknown["pressure"] == unknown["cpu_per_wall"] == "No time passed."


def test_windows_has_no_load_and_no_switches_to_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "getloadavg", raising=False)
    read, unknown = read_after(tmp_path, {}, {})
    assert (read.load, read.involuntary_switches) == (None, None)
    assert unknown["load"] == "This system does not tell how many processes want to run."
    assert "Windows" in unknown["involuntary_switches"]


def test_this_computer_can_be_read():
    read, unknown = NoiseMeter().read()
    assert {field for field in read.__struct_fields__ if getattr(read, field) is None} == set(unknown)
    assert read.involuntary_switches >= 0


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A computer of 4 logical cores with a limit of 1.5."""
    monkeypatch.setattr("psutil.cpu_count", lambda logical=True: 4 if logical else 2)
    return read_host(3, 1, lay_out(tmp_path, version_1("150000")))[0]


def test_a_quiet_computer_gives_no_reasons(host):
    assert noise_reasons(QUIET, host) == ()


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"pressure": 0.123}, "HOST_PRESSURE", "during 12.3 % of the time, more than 5 %"),
        (
            {"steal": 0.0201},
            "HOST_STEAL",
            "gave 2.0 % of the time that was wanted here to other machines, more than 1 %",
        ),
        ({"load": 4.1}, "HOST_LOAD", "4.1 processes on average wanted to run on 4 cores"),
        ({"throttled": 7}, "CPU_QUOTA", "has 1.5 cores' worth of time and was stopped 7 times"),
        ({"throttled": 7}, "CPU_QUOTA", "with 3 threads"),
    ],
)
def test_each_disturbance_has_a_reason_with_its_value(host, changes, code, says):
    (reason,) = noise_reasons(msgspec.structs.replace(QUIET, **changes), host)
    assert reason.code == code
    assert says in reason.text


@pytest.mark.parametrize("changes", [{"pressure": 0.05}, {"steal": 0.01}, {"load": 4.0}, {"throttled": None}])
def test_a_limit_itself_is_not_above_it(host, changes):
    assert noise_reasons(msgspec.structs.replace(QUIET, **changes), host) == ()


def test_a_disturbance_has_a_reason_where_the_limit_is_not_told(host):
    host = msgspec.structs.replace(host, quota_cores=None, logical_cores=None)
    (reason,) = noise_reasons(msgspec.structs.replace(QUIET, throttled=1, load=99.0), host)
    assert "The container has a limit and was stopped 1 times" in reason.text
