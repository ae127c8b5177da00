"""The computer, from files that tests lay out."""

import os
import platform
from types import SimpleNamespace

import psutil
import pytest

from archstat.measuring.environment import host
from archstat.measuring.environment.host import cache_bytes, default_threads, processor, read_host
from archstat.measuring.environment.procfiles import NotToldError
from tests.measuring.computer import CPU, CPUINFO, cores, lay_out, version_1, version_2

FOUR_ON_TWO = cores("0,2", "1,3", "0,2", "1,3")


@pytest.fixture
def mask(monkeypatch):
    """Choose the logical cores that this process may use."""

    def choose(*allowed):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(allowed), raising=False)

    return choose


@pytest.fixture
def elsewhere(monkeypatch):
    """A system as macOS: it has no affinity, and none of the files."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(psutil.Process, "cpu_affinity", raising=False)


@pytest.mark.parametrize(
    ("allowed", "threads"),
    [((0, 1, 2, 3), 2), ((0, 2), 1), ((0, 1), 2), ((3,), 1)],
)
def test_there_is_a_thread_for_each_physical_core_in_the_mask(tmp_path, mask, allowed, threads):
    mask(*allowed)
    assert default_threads(lay_out(tmp_path, FOUR_ON_TWO)) == threads


@pytest.mark.parametrize(("quota", "threads"), [("50000", 1), ("100000", 1), ("199999", 1), ("200000", 2), ("-1", 4)])
def test_threads_keep_within_the_quota_and_are_one_at_least(tmp_path, mask, quota, threads):
    mask(0, 1, 2, 3)
    assert default_threads(lay_out(tmp_path, cores("0", "1", "2", "3") | version_1(quota))) == threads


def test_a_nonsensical_quota_limits_nothing(tmp_path, mask):
    mask(0, 1)
    assert default_threads(lay_out(tmp_path, cores("0", "1") | version_1("much"))) == 2


@pytest.mark.parametrize("files", [{}, cores("nonsense", "", "1,", "x")])
def test_where_cores_do_not_tell_what_they_share_the_system_counts_them(tmp_path, mask, monkeypatch, files):
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 8 if logical else 4)
    mask(*range(6))
    assert default_threads(lay_out(tmp_path, files)) == 4
    mask(0, 1, 2)
    assert default_threads(lay_out(tmp_path, files)) == 3


@pytest.mark.parametrize(("physical", "logical", "threads"), [(6, 12, 6), (None, 4, 4), (None, None, 1)])
@pytest.mark.usefixtures("elsewhere")
def test_a_system_without_affinity_has_a_thread_for_each_physical_core(
    tmp_path, monkeypatch, physical, logical, threads
):
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True, both=(physical, logical): both[logical])
    assert default_threads(tmp_path) == threads


def test_a_computer_is_read_from_its_files(tmp_path, mask, monkeypatch):
    mask(0, 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("OMP_NUM_THREADS_SECRET", "nobody asked")
    files = {
        "/proc/cpuinfo": CPUINFO,
        "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n",
        f"{CPU}/cpu2/cpufreq/scaling_governor": "powersave\n",
        "/.dockerenv": "",
    }
    read, unknown = read_host(2, 1, lay_out(tmp_path, files | version_2({"/app/job": ("150000 100000", 0)})))
    assert read.processor == "Some(R) Processor @ 2.60GHz"
    assert (read.threads, read.interop_threads, read.affinity, read.quota_cores) == (2, 1, (0, 2), 1.5)
    assert (read.governor, read.huge_pages) == ("performance, powersave", "madvise")
    assert (read.is_virtual, read.in_container) == (True, True)
    assert read.variables["OMP_NUM_THREADS"] == "3"
    assert "OMP_NUM_THREADS_SECRET" not in read.variables
    assert read.memory_bytes == psutil.virtual_memory().total
    assert all(getattr(read, field) is None for field in unknown)


def test_what_no_file_tells_is_none_with_a_reason(tmp_path, mask):
    mask(0)
    read, unknown = read_host(1, 1, tmp_path)
    for field in ("quota_cores", "governor", "is_virtual", "in_container", "huge_pages"):
        assert getattr(read, field) is None
        assert unknown[field].startswith("There is no /")
    fields = (*read.__struct_fields__,)
    assert {field for field in fields if getattr(read, field) is None} == set(unknown)


@pytest.mark.parametrize(
    ("files", "field", "says"),
    [
        ({"/proc/cpuinfo": "Features : fp asimd\n"}, "is_virtual", "has no flags to tell it by"),
        ({"/sys/kernel/mm/transparent_hugepage/enabled": "perhaps"}, "huge_pages", "says 'perhaps', which is not"),
        (version_1("\0\0"), "quota_cores", "which is not understood"),
    ],
)
def test_nonsense_is_none_with_a_reason(tmp_path, files, field, says):
    read, unknown = read_host(1, 1, lay_out(tmp_path, files))
    assert getattr(read, field) is None
    assert says in unknown[field]


@pytest.mark.usefixtures("elsewhere")
def test_a_system_that_tells_nothing_is_read_all_the_same(tmp_path, monkeypatch):
    for name in ("cpu_count", "cpu_freq", "virtual_memory"):
        monkeypatch.setattr(psutil, name, refuse)
    read, unknown = read_host(1, 1, tmp_path)
    assert read.processor
    assert read.affinity is read.physical_cores is read.frequency_mhz is read.memory_bytes is None
    assert unknown["affinity"] == "This system does not tell which cores a process may use."
    assert unknown["frequency_mhz"] == "This system does not tell the clock of its processor."


def refuse(*_args, **_options):
    raise NotImplementedError


def test_a_clock_of_nothing_is_not_a_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "cpu_freq", lambda: SimpleNamespace(current=2600.0, max=0.0))
    read, unknown = read_host(1, 1, tmp_path)
    assert (read.frequency_mhz, read.max_frequency_mhz) == (2600.0, None)
    assert "the highest clock" in unknown["max_frequency_mhz"]


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    (tmp_path / "proc/cpuinfo").mkdir(parents=True)  # reading it fails, also as root
    _, unknown = read_host(1, 1, tmp_path)
    assert unknown["is_virtual"].startswith("/proc/cpuinfo cannot be read: ")


def test_bare_metal_and_no_container_are_told_from_not_knowing(tmp_path):
    files = {"/proc/cpuinfo": "flags : fpu sse2\n", "/proc/self/cgroup": "0::/user.slice/session-2.scope\n"}
    read, _ = read_host(1, 1, lay_out(tmp_path, files))
    assert (read.is_virtual, read.in_container) == (False, False)


@pytest.mark.parametrize(
    "path", ["/docker/3f", "/kubepods/besteffort/pod1", "/system.slice/docker-0123456789ab.scope", "/lxc/one"]
)
def test_a_container_shows_in_its_groups(tmp_path, path):
    read, _ = read_host(1, 1, lay_out(tmp_path, {"/proc/self/cgroup": f"0::{path}\n"}))
    assert read.in_container is True


def test_a_processor_that_tells_numbers_only_is_named_by_them(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    root = lay_out(tmp_path, {"/proc/cpuinfo": "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n"})
    assert processor(root) == "aarch64, implementer 0x41, part 0xd0c"


def test_a_processor_is_never_nameless(tmp_path, monkeypatch):
    for name in ("machine", "processor"):
        monkeypatch.setattr(platform, name, str)
    assert processor(tmp_path) == "unknown"


def cache(core, *sizes, shared="0-3"):
    files = {}
    for index, size in enumerate(sizes):
        files[f"{CPU}/cpu{core}/cache/index{index}/size"] = f"{size}\n"
        files[f"{CPU}/cpu{core}/cache/index{index}/shared_cpu_list"] = f"{shared}\n"
    return files


def test_the_last_level_cache_of_several_dies_is_all_of_theirs(tmp_path, mask):
    mask(0, 1, 4)
    dies = cache(0, "32K", "32K", "1024K", "16M") | cache(1, "32K", "32K", "1024K", "16M")
    dies |= cache(4, "32K", "32K", "1024K", "8192K", shared="4-7")
    assert cache_bytes(lay_out(tmp_path, dies)) == (16 + 8) * 2**20


@pytest.mark.parametrize("files", [{}, cache(0, "large")])
def test_a_cache_of_unknown_size_is_not_guessed(tmp_path, mask, files):
    mask(0)
    with pytest.raises(NotToldError):
        cache_bytes(lay_out(tmp_path, files))


def test_this_computer_can_be_read():
    read, unknown = read_host(1, 1)
    assert read.processor
    assert 1 <= default_threads() <= (read.logical_cores or 1)
    assert {field for field in read.__struct_fields__ if getattr(read, field) is None} == set(unknown)


def test_no_variable_that_is_kept_holds_a_path():
    assert not [name for name in host._VARIABLES if "PATH" in name or "VISIBLE" in name or "DIR" in name]
