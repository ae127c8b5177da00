"""The growth of a process, from trees of files like Linux's own, and once from Linux."""

import pytest
import torch

from archstat.measuring.cpu import resident
from archstat.measuring.cpu.resident import growth_of
from archstat.records import Reason

STATUS = "Name:\tpython\nVmPeak:\t  999999 kB\nVmHWM:\t{most:8} kB\nVmRSS:\t{now:8} kB\nThreads:\t2\n"


def write(folder, most, now):
    (folder / "status").write_text(STATUS.format(most=most, now=now))


@pytest.fixture
def proc(tmp_path):
    """A process of 100,000 kB whose mark starts anew, as Linux does it, when 5 is written."""

    class Folder(type(tmp_path)):
        def write_text(self, text, *args, **kwargs):
            if self.name == "clear_refs":
                assert text == "5"
                write(self.parent, 100_000, 100_000)
            return super().write_text(text, *args, **kwargs)

    folder = Folder(tmp_path)
    write(folder, 500_000, 90_000)
    return folder


def text_of(reason):
    assert isinstance(reason, Reason)
    assert reason.code == "HIGH_WATER_UNAVAILABLE"
    return reason.text.removeprefix("The growth of the process was not measured: ")


def test_a_process_grows_from_its_size_before_to_its_most(proc):
    assert growth_of(lambda: write(proc, 130_000, 120_000), proc) == 30_000 * 1024


def test_a_process_that_does_not_grow_has_grown_by_nothing(proc):
    assert growth_of(lambda: None, proc) == 0


def test_linux_sees_this_process_grow():
    nbytes = 64 * 2**20
    assert growth_of(lambda: torch.ones(nbytes, dtype=torch.uint8)) >= nbytes // 2


def test_a_mark_that_is_not_reset_is_no_measurement(tmp_path):
    write(tmp_path, 500_000, 90_000)
    never = pytest.fail
    assert text_of(growth_of(never, tmp_path)) == "the operating system does not reset its high-water mark."


def test_a_system_that_does_not_let_us_reset_is_no_measurement(tmp_path):
    (tmp_path / "clear_refs").mkdir()
    why = text_of(growth_of(pytest.fail, tmp_path))
    assert why == f"{tmp_path / 'clear_refs'} cannot be written (Is a directory)."


@pytest.mark.rare
def test_a_system_without_such_files_is_no_measurement(tmp_path):
    why = text_of(growth_of(pytest.fail, tmp_path / "none"))
    assert why.endswith("clear_refs cannot be written (No such file or directory).")


def test_a_status_that_cannot_be_read_is_no_measurement(tmp_path):
    assert text_of(growth_of(pytest.fail, tmp_path)).endswith("status cannot be read (No such file or directory).")


def test_a_status_that_vanishes_meanwhile_is_no_measurement(proc):
    why = text_of(growth_of((proc / "status").unlink, proc))
    assert why.endswith("status cannot be read (No such file or directory).")


def test_a_status_without_the_mark_is_no_measurement(tmp_path):
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t 90000 kB\n")
    assert text_of(growth_of(pytest.fail, tmp_path)).endswith("does not name both VmHWM and VmRSS.")


def test_the_count_of_pages_is_off_by_a_batch_for_each_core(monkeypatch):
    monkeypatch.setattr(resident.os, "sysconf", lambda _name: 4096)
    for cores, pages in ((2, 32 * 2), (64, 128 * 64), (None, 32)):
        monkeypatch.setattr(resident.os, "cpu_count", lambda cores=cores: cores)
        assert resident._count_error() == pages * 4096
