"""``archstat table --measured`` and ``archstat compare`` of saved measurements."""

import csv
import functools
import io
import json

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.files.results import measurements_to_json, peaks_to_json
from archstat.networks.settings import Setting
from tests.measured import CONDITIONS, PEAKS, latency, measured, times
from tests.tables.test_joining import as_measured


@functools.cache
def lenet5(batch_size=1, precision="fp32", name="lenet5", **changes):
    """LeNet-5, or another network, measured."""
    analysis = analyse(name, Setting(batch_size=batch_size))
    conditions = msgspec.structs.replace(CONDITIONS, batch_size=batch_size, precision=precision)
    peaks = msgspec.structs.replace(PEAKS, precision=precision)
    made = {"layers": times(*as_measured(analysis)), "conditions": conditions, "peaks": peaks}
    return measured(analysis.cost, **{**made, **changes})


@pytest.fixture
def saved(tmp_path):
    """A file of these measurements."""

    def save(*made, name="r.json"):
        path = tmp_path / name
        path.write_text(measurements_to_json(made))
        return path

    return save


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


# -- table -------------------------------------------------------------------------------------------------------------


def test_layers_stand_beside_their_times(archstat, saved):
    code, out, err = archstat("table", "lenet5", "--measured", saved(lenet5()))
    assert (code, err) == (0, "")
    assert out.startswith("lenet5 · input 1×1×32×32 · float32\nSome Processor · 1 thread · fp32 · batch 1 · eager")
    assert "Roof: 1.000 TFLOP/s, 100.0 GB/s, 1.000 µs a call. Measured by hand." in out


def test_what_was_measured_decides_batch_and_element_type(archstat, saved):
    out = archstat("table", "lenet5", "--measured", saved(lenet5(8, "tf32")), "--format", "csv").out
    assert sum(int(row["macs"] or 0) for row in rows(out)) == 8 * 325_680
    assert {"time_s", "flops_per_s", "bytes_per_s", "bound", "roof_share"} <= set(rows(out)[0])
    half = analyse("lenet5", Setting(dtype="float16"))
    conditions = msgspec.structs.replace(CONDITIONS, precision="fp16")
    made = measured(half.cost, times(*as_measured(half)), conditions=conditions)
    assert archstat("table", "lenet5", "--measured", saved(made)).out.startswith("lenet5 · input 1×1×32×32 · float16")


def test_of_several_measurements_the_batch_chooses(archstat, fails, saved):
    path = saved(lenet5(1), lenet5(8))
    assert "'lenet5' fit: Some Processor" in fails("table", "lenet5", "--measured", path)
    assert archstat("table", "lenet5", "--measured", path, "--batch-size", "8").out.startswith("lenet5 · input 8×")
    assert archstat("table", "lenet5", "--measured", path, "--batch-size", "1").out.startswith("lenet5 · input 1×")
    assert "No measurement of 'lenet5' is at batch 4" in fails("table", "lenet5", "--measured", path, "--batch-size", 4)


def test_rows_are_sorted_and_put_out_as_those_of_any_table(archstat, saved, tmp_path):
    arguments = ["table", "lenet5", "--measured", saved(lenet5()), "--sort", "time_s", "--format", "json"]
    found = [row["time_s"] for row in json.loads(archstat(*arguments).out)]
    assert found == sorted(found, reverse=True)
    archstat(*arguments, "--output", tmp_path / "rows.json")
    assert [row["time_s"] for row in json.loads((tmp_path / "rows.json").read_text())] == found


def test_peaks_can_be_given_or_read(archstat, saved, tmp_path):
    arguments = ["table", "lenet5", "--measured", saved(lenet5()), "--peaks"]
    assert "Roof: 2.000 TFLOP/s, 100.0 GB/s, as given;" in archstat(*arguments, "2e12,1e11").out
    path = tmp_path / "peaks.json"
    path.write_text(peaks_to_json(msgspec.structs.replace(PEAKS, how="In a file.")))
    assert "1.000 µs a call. In a file." in archstat(*arguments, path).out


@pytest.mark.parametrize("peaks", ["fast", "1e12", "0,1e11", "1e12,0", "1e12,-1", "1e12,1e11,1", "nan,1", "inf,1"])
def test_what_are_no_peaks_is_refused(fails, saved, peaks):
    says = f"'{peaks}' are no peaks: write FLOP/s and bytes/s as '1.2e12,2e11', or name a file."
    assert says in fails("table", "lenet5", "--measured", saved(lenet5()), "--peaks", peaks)


def test_files_of_something_else_are_refused(archstat, fails, saved, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", tmp_path / "cost.json")
    (tmp_path / "nonsense.json").write_text("{")
    measurements = saved(lenet5())
    measured_as, peaks_as = ["table", "lenet5", "--measured"], ["--peaks"]
    assert "cost.json: These are no saved measurements of version" in fails(*measured_as, tmp_path / "cost.json")
    assert "nonsense.json: These are no saved measurements: Input data" in fails(
        *measured_as, tmp_path / "nonsense.json"
    )
    assert "nowhere.json cannot be read" in fails(*measured_as, tmp_path / "nowhere.json")
    assert "r.json: These are no saved peaks of version" in fails(*measured_as, measurements, *peaks_as, measurements)
    assert "is a saved cost, of one input" in fails("table", tmp_path / "cost.json", "--measured", measurements)


@pytest.mark.parametrize(
    ("name", "made", "options", "says"),
    [
        ("alexnet", lenet5, [], "No measurement is of 'alexnet'; there is lenet5."),
        ("lenet5", lambda: lenet5(layers=None), [], "has no layers: measure it with '--layers'."),
        (
            "resnet20",
            lambda: lenet5(name="resnet20"),
            ["--resolution", "64"],
            "'resnet20' was measured on an input of 1×3×32×32 and is counted on 1×3×64×64: say which input",
        ),
        ("lenet5", lenet5, ["--dtype", "float16"], "No measurement of 'lenet5' is in float16"),
    ],
)
def test_a_measurement_of_something_else_is_refused(fails, saved, name, made, options, says):
    message = fails("table", name, "--measured", saved(made()), *options)
    assert says in message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--by", "op"], "'--measured' shows what belongs to single layers: leave out '--by' and '--depth'."),
        (["--by", "stage"], "leave out '--by' and '--depth'."),
        (["--depth", "2"], "leave out '--by' and '--depth'."),
        (["--explain"], "'--explain' has columns of its own: leave out '--measured'."),
        (["--training"], "'--training' has columns of its own: leave out '--measured'."),
        (["--memory"], "'--memory' has columns of its own: leave out '--measured'."),
        (["--convention", "fvcore"], "'--measured' has columns of its own: leave out '--convention'."),
    ],
)
def test_what_does_not_go_with_times_is_refused(archstat, saved, options, says):
    code, out, err = archstat("table", "lenet5", "--measured", saved(lenet5()), *options)
    assert (code, out) == (2, "")
    assert says in err


def test_peaks_without_times_are_refused(archstat):
    code, _, err = archstat("table", "lenet5", "--peaks", "1e12,1e11")
    assert code == 2
    assert "'--peaks' is what measured layers are held against: give '--measured' too." in err


# -- compare -----------------------------------------------------------------------------------------------------------


def test_measurements_are_compared_under_their_conditions(archstat, saved):
    fast, slow = lenet5(), msgspec.structs.replace(lenet5(), latency=latency(0.5))
    paths = saved(fast, lenet5(8), name="a.json"), saved(slow, name="b.json")
    code, out, err = archstat("compare", *paths)
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if line.startswith(("Some", "lenet5"))]
    assert [line.split()[0] for line in lines] == ["Some", "lenet5", "lenet5", "Some", "lenet5"]
    found = rows(archstat("compare", *paths, "--sort", "latency_s", "--format", "csv").out)
    assert [float(row["latency_s"]) for row in found] == [0.5, 0.01, 0.01]
    assert [row["input_shape"] for row in found] == ["1x1x32x32", "1x1x32x32", "8x1x32x32"]


def test_measurements_are_not_compared_with_counts(archstat, fails, saved, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", tmp_path / "cost.json")
    path = saved(lenet5())
    for name in ("lenet5", tmp_path / "cost.json"):
        says = f"'{name}' is no saved measurement: compare measurements with each other alone."
        assert says in fails("compare", path, name)
        assert says in fails("compare", name, path)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--batch-size", "1"], "--batch-size"),
        (["--input", "3x3"], "--input"),
        (["--dtype", "float32"], "--dtype"),
        (["--strict"], "--strict"),
        (["--convention", "fvcore"], "--convention"),
    ],
)
def test_measurements_are_not_counted_anew(archstat, saved, options, shown):
    code, out, err = archstat("compare", saved(lenet5()), *options)
    assert (code, out) == (2, "")
    assert f"Measurements are shown as they were made: leave out '{shown}'." in err


def test_a_broken_file_of_measurements_is_refused(fails, saved):
    path = saved(msgspec.structs.replace(lenet5(), latency=latency(n=0)))
    assert f"{path}: The measurement of lenet5 does not hold together: latency.n is 0" in fails("compare", path)
