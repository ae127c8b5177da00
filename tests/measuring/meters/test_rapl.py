"""The energy of processors, from a tree of files like the kernel's."""

from pathlib import Path

import pytest

from archstat.measuring.energy.whole import EnergyPlan, Load, measure_energy
from archstat.measuring.metering import MeterError
from archstat.measuring.meters.rapl import RaplMeter
from tests.measuring.boards import FakeClock

RANGE_UJ = 262_143_328_850
START = RANGE_UJ - 400_000_000


class Tree:
    """Zones with their counters, in microjoules."""

    def __init__(self, root):
        self.root = root
        (root / "intel-rapl").mkdir()

    def zone(self, folder, name, counter=1_000_000, highest=RANGE_UJ):
        path = self.root / folder
        path.mkdir()
        (path / "name").write_text(f"{name}\n")
        (path / "max_energy_range_uj").write_text(f"{highest}\n")
        self.set(folder, counter)
        return folder

    def set(self, folder, counter):
        (self.root / folder / "energy_uj").write_text(f"{counter}\n")


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "powercap"
    root.mkdir()
    return Tree(root)


@pytest.fixture
def clock():
    return FakeClock()


def meter(tree, clock, flags=""):
    processors = tree.root.parent / "cpuinfo"
    processors.write_text(f"flags : fpu {flags}\n")
    return RaplMeter(clock, tree.root, processors)


def refusal(tree, flags=""):
    with pytest.raises(MeterError) as caught:
        meter(tree, FakeClock(), flags).probe()
    return caught.value.reason


def test_packages_and_memory_are_added_and_what_lies_within_or_around_them_is_not(tree, clock):
    for folder, name in (
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:0:0", "core"),
        ("intel-rapl:0:1", "uncore"),
        ("intel-rapl:0:2", "dram"),
        ("intel-rapl:1", "package-1"),
        ("intel-rapl:1:2", "dram"),
        ("intel-rapl:2", "psys"),
        ("intel-rapl-mmio:0", "package-0"),
    ):
        tree.zone(folder, name)
    rapl = meter(tree, clock)
    assert rapl.boundary == "CPU packages and DRAM"
    before = rapl.read().joules
    for i, folder in enumerate(sorted(path.name for path in tree.root.glob("*:*"))):
        tree.set(folder, 1_000_000 + 10**i * 1_000_000)
    # In this order: mmio, package 0, its core, uncore and dram, package 1, its dram, psys.
    assert rapl.read().joules - before == 10 + 10_000 + 100_000 + 1_000_000


def test_where_the_registers_cannot_be_read_the_same_packages_are_found_in_mapped_memory(tree, clock):
    tree.zone("intel-rapl-mmio:0", "package-0")
    rapl = meter(tree, clock)
    assert rapl.boundary == "CPU packages"
    before = rapl.read().joules
    tree.set("intel-rapl-mmio:0", 3_000_000)
    assert rapl.read().joules - before == 2


def test_a_counter_that_wraps_goes_on(tree, clock):
    tree.zone("intel-rapl:0", "package-0", counter=RANGE_UJ - 5_000_000)
    rapl = meter(tree, clock)
    before = rapl.read().joules
    for _ in range(2):
        tree.set("intel-rapl:0", 15_000_000)
        assert rapl.read().joules - before == pytest.approx(20)
    tree.set("intel-rapl:0", 16_000_000)
    assert rapl.read().joules - before == pytest.approx(21)


def test_each_zone_wraps_by_itself(tree, clock):
    tree.zone("intel-rapl:0", "package-0", counter=1_000_000)
    tree.zone("intel-rapl:1", "package-1", counter=9_000_000, highest=10_000_000_000)
    rapl = meter(tree, clock)
    before = rapl.read().joules
    tree.set("intel-rapl:0", 2_000_000)
    tree.set("intel-rapl:1", 4_000_000)
    assert rapl.read().joules - before == pytest.approx(1 + 10_000 - 5)


def test_a_counter_may_have_wrapped_more_than_once_in_a_long_time(tree, clock):
    tree.zone("intel-rapl:0", "package-0")
    rapl = meter(tree, clock)
    rapl.read()
    clock.advance(130)  # 262 kJ at 1 kW are half gone after 131 s
    rapl.read()
    clock.advance(132)
    with pytest.raises(MeterError, match="not read for 132 s") as caught:
        rapl.read()
    assert caught.value.reason.code == "RAPL_WRAP_AMBIGUOUS"
    clock.advance(132)
    rapl.restart()
    rapl.read()


def test_a_step_back_without_a_range_is_an_error(tree, clock):
    tree.zone("intel-rapl:0", "package-0", counter=5_000_000, highest=0)
    rapl = meter(tree, clock)
    rapl.read()
    tree.set("intel-rapl:0", 4_000_000)
    with pytest.raises(MeterError, match="package-0 went backwards") as caught:
        rapl.read()
    assert caught.value.reason.code == "ENERGY_BACKWARDS"


def test_without_zones_a_virtual_machine_is_the_reason(tree):
    assert refusal(tree, "hypervisor").code == "RAPL_ABSENT_VM"
    assert refusal(tree).code == "RAPL_ABSENT"
    tree.zone("intel-rapl:0", "psys")
    tree.zone("intel-rapl:0:0", "dram")
    assert refusal(tree).code == "RAPL_ABSENT"


def test_where_nothing_tells_of_processors_the_zones_are_absent_all_the_same(tree, clock):
    with pytest.raises(MeterError, match="No RAPL zones below"):
        RaplMeter(clock, tree.root, tree.root / "none")


def test_a_counter_that_only_root_may_read_says_how_that_is_changed(tree, monkeypatch):
    tree.zone("intel-rapl:0", "package-0")
    read = Path.read_text

    def deny(path, **kwargs):
        if path.name == "energy_uj":
            raise PermissionError
        return read(path, **kwargs)

    monkeypatch.setattr(Path, "read_text", deny)
    reason = refusal(tree)
    assert reason.code == "RAPL_PERMISSION"
    assert "chmod 0444" in reason.text


def test_a_counter_that_holds_no_number_is_no_zero(tree):
    tree.zone("intel-rapl:0", "package-0", counter="")
    assert refusal(tree).code == "RAPL_ABSENT"


def test_the_energy_of_work_on_a_processor_is_its_power_times_its_time(tree, clock):
    """A counter that steps every millisecond, looked at ten times a second."""
    tree.zone("intel-rapl:0", "package-0", counter=START)
    drawn, watts = [0.0], [20.0]

    def draw(start, end):
        drawn[0] += watts[0] * (end - start)
        tree.set("intel-rapl:0", int(START + drawn[0] * 1e6) % RANGE_UJ)

    class Work:
        def run(self):
            watts[0] = 65.0
            clock.advance(0.100)
            watts[0] = 20.0

        def wait(self):
            pass

    clock.listeners.append(draw)
    plan = EnergyPlan(trials=2, idle_wait_s=1.0, idle_s=3.0)
    load = Load(Work(), mode="latency")
    (energy,) = measure_energy([load], meter(tree, clock), plan, clock=clock, background=clock.background)
    assert energy.gain_error is None, "the error of a GPU's sensor says nothing of a processor's counters"
    assert START + drawn[0] * 1e6 > RANGE_UJ  # it has wrapped on the way
    assert energy.source == "rapl"
    assert energy.pass_j == pytest.approx(65 * 0.100, rel=5e-3)
    assert energy.net_j == pytest.approx(45 * 0.100, rel=5e-3)
    assert energy.disagreement is None
    assert [reason.code for reason in energy.reasons] == ["WHOLE_PACKAGE"]
