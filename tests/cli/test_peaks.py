"""``archstat peaks``."""

import csv
import io
import re

import msgspec
import pytest

from archstat.files import results
from archstat.measuring import peaks
from archstat.records import Peaks, Reason
from archstat.tables import formats, peaks_table

FOUND = Peaks("A processor", "fp32", 2, 320e9, 12.5e9, 1.75e-6, "What was run.")


@pytest.fixture
def asked(monkeypatch):
    """What was asked of the device, which is not run."""
    calls = []
    monkeypatch.setattr(peaks, "measure_peaks", lambda *args: calls.append(args) or FOUND)
    return calls


def test_a_table_shows_both_roofs_where_they_meet_and_the_shortest_call(archstat, asked):
    code, out, err = archstat("peaks", "--dtype", "bf16", "--threads", "2")
    assert (code, err) == (0, "")
    assert [str(each) for each in asked[0]] == ["cpu", "bf16", "2"]
    lines = out.splitlines()
    assert lines[0] == "A processor · fp32 · 2 threads"
    assert lines[2].split() == ["Products", "Copies", "Ridge", "Shortest", "call"]
    # 320 / 12.5 = 25.6
    assert re.split(" {2,}", lines[4]) == ["320.0 GFLOP/s", "12.50 GB/s", "25.60 FLOP/B", "1.750 µs"]
    assert lines[-1] == "What was run."


@pytest.mark.usefixtures("asked")
def test_csv_is_in_base_units(archstat):
    (row,) = csv.DictReader(io.StringIO(archstat("peaks", "--format", "csv").out))
    assert {key: float(value) for key, value in row.items()} == {
        "flops_per_s": 320e9,
        "bytes_per_s": 12.5e9,
        "ridge_flops_per_byte": 25.6,
        "call_s": 1.75e-6,
    }


@pytest.mark.usefixtures("asked")
def test_json_is_a_file_that_can_be_read_back(archstat, tmp_path):
    place = tmp_path / "peaks.json"
    code, out, err = archstat("peaks", "--format", "json", "--output", place)
    assert (code, out, err) == (0, "", f"Wrote {place}\n")
    assert results.read_peaks(place) == FOUND


def test_what_a_reader_must_know_stands_below():
    busy = msgspec.structs.replace(FOUND, reasons=(Reason("HOST_NOISY", "Host not quiet."),), threads=None)
    shown = formats.text(peaks_table(busy))
    assert shown.startswith("A processor · fp32\n")
    assert shown.endswith("HOST_NOISY: Host not quiet.\n")
    assert "· 1 thread\n" in formats.text(peaks_table(msgspec.structs.replace(FOUND, threads=1)))


def test_latex_knows_the_sign_of_a_millionth():
    assert "1.750{\\,$\\mu$s}" in formats.latex(peaks_table(FOUND))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--device", "gpu"], "'gpu' is no device: write 'cpu', 'cuda' or 'cuda:1'."),
        (["--dtype", "tf32"], "TF32 is a format of GPUs: on a CPU use fp32 ('--dtype fp32')."),
    ],
)
def test_nonsense_is_refused_in_one_line(fails, arguments, says):
    assert says in fails("peaks", *arguments)


def test_threads_are_of_a_cpu(fails, monkeypatch):
    import torch

    monkeypatch.setattr("archstat.measuring.environment.devices.find_device", lambda _: torch.device("cuda", 0))
    assert "A number of threads is for the CPU: leave it out on a GPU ('--threads')." in fails(
        "peaks", "--device", "cuda", "--threads", "2"
    )


@pytest.mark.parametrize("arguments", [["--threads", "0"], ["--dtype", "int8"]])
def test_what_click_refuses(archstat, arguments):
    code, out, err = archstat("peaks", *arguments)
    assert (code, out) == (2, "")
    assert arguments[0] in err
