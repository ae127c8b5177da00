"""``archstat roofline`` and ``archstat compare`` of saved measurements."""

import csv
import functools
import io
import json

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.files.results import measurements_to_json, peaks_to_json
from archstat.networks.settings import Setting
from tests.measured import CONDITIONS, PEAKS, measured, times
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
    code, out, err = archstat("roofline", "lenet5", saved(lenet5()))
    assert (code, err) == (0, "")
    assert out.startswith("lenet5 · input 1×1×32×32 · float32\nSome Processor · 1 thread · fp32 · batch 1 · eager")
    assert "Roof: 1.000 TFLOP/s, 100.0 GB/s, 1.000 µs a call. Measured by hand." in out


def test_what_was_measured_decides_batch_and_element_type(archstat, saved):
    out = archstat("roofline", "lenet5", saved(lenet5(8, "tf32")), "--format", "csv").out
    assert sum(int(row["macs"] or 0) for row in rows(out)) == 8 * 325_680
    assert {"time_s", "flops_per_s", "bytes_per_s", "bound", "roof_share"} <= set(rows(out)[0])
    half = analyse("lenet5", Setting(dtype="float16"))
    conditions = msgspec.structs.replace(CONDITIONS, precision="fp16")
    made = measured(half.cost, times(*as_measured(half)), conditions=conditions)
    assert archstat("roofline", "lenet5", saved(made)).out.startswith("lenet5 · input 1×1×32×32 · float16")


def test_of_several_measurements_the_batch_chooses(archstat, fails, saved):
    path = saved(lenet5(1), lenet5(8))
    assert "'lenet5' fit: Some Processor" in fails("roofline", "lenet5", path)
    assert archstat("roofline", "lenet5", path, "--batch-size", "8").out.startswith("lenet5 · input 8×")
    assert archstat("roofline", "lenet5", path, "--batch-size", "1").out.startswith("lenet5 · input 1×")
    assert "No measurement of 'lenet5' is at batch 4" in fails("roofline", "lenet5", path, "--batch-size", 4)


def test_rows_are_sorted_and_put_out_as_those_of_any_table(archstat, saved, tmp_path):
    arguments = ["roofline", "lenet5", saved(lenet5()), "--sort", "time_s", "--format", "json"]
    found = [row["time_s"] for row in json.loads(archstat(*arguments).out)]
    assert found == sorted(found, reverse=True)
    archstat(*arguments, "--output", tmp_path / "rows.json")
    assert [row["time_s"] for row in json.loads((tmp_path / "rows.json").read_text())] == found


def test_peaks_can_be_given_or_read(archstat, saved, tmp_path):
    arguments = ["roofline", "lenet5", saved(lenet5()), "--peaks"]
    assert "Roof: 2.000 TFLOP/s, 100.0 GB/s, as given;" in archstat(*arguments, "2e12,1e11").out
    path = tmp_path / "peaks.json"
    path.write_text(peaks_to_json(msgspec.structs.replace(PEAKS, how="In a file.")))
    assert "1.000 µs a call. In a file." in archstat(*arguments, path).out


@pytest.mark.parametrize("peaks", ["fast", "1e12", "0,1e11", "1e12,0", "1e12,-1", "1e12,1e11,1", "nan,1", "inf,1"])
def test_what_are_no_peaks_is_refused(fails, saved, peaks):
    says = f"'{peaks}' are no peaks: write FLOP/s and bytes/s as '1.2e12,2e11', or name a file."
    assert says in fails("roofline", "lenet5", saved(lenet5()), "--peaks", peaks)


def test_files_of_something_else_are_refused(archstat, fails, saved, tmp_path):
    archstat("table", "lenet5", "--format", "json", "--output", tmp_path / "cost.json")
    (tmp_path / "nonsense.json").write_text("{")
    measurements = saved(lenet5())
    measured_as, peaks_as = ["roofline", "lenet5"], ["--peaks"]
    assert "cost.json: These are no saved measurements of version" in fails(*measured_as, tmp_path / "cost.json")
    assert "nonsense.json: These are no saved measurements: Input data" in fails(
        *measured_as, tmp_path / "nonsense.json"
    )
    assert "nowhere.json cannot be read" in fails(*measured_as, tmp_path / "nowhere.json")
    assert "r.json: These are no saved peaks of version" in fails(*measured_as, measurements, *peaks_as, measurements)
    assert "is a saved cost, of one input" in fails("roofline", tmp_path / "cost.json", measurements)


@pytest.mark.parametrize(
    ("name", "made", "options", "says"),
    [
        ("alexnet", lenet5, [], "No measurement is of 'alexnet'; there is lenet5."),
        ("lenet5", lambda: lenet5(layers=None), [], "has no layers ('archstat measure --layers')."),
        (
            "resnet20",
            lambda: lenet5(name="resnet20"),
            ["--resolution", "64"],
            "'resnet20' was measured on an input of 1×3×32×32 and is counted on 1×3×64×64: give the input",
        ),
        ("lenet5", lenet5, ["--dtype", "float16"], "No measurement of 'lenet5' is in float16"),
    ],
)
def test_a_measurement_of_something_else_is_refused(fails, saved, name, made, options, says):
    message = fails("roofline", name, saved(made()), *options)
    assert says in message


@pytest.mark.parametrize("option", ["--by", "--depth", "--explain", "--training", "--memory", "--convention"])
def test_what_does_not_go_with_times_is_no_option(archstat, saved, option):
    code, out, err = archstat("roofline", "lenet5", saved(lenet5()), option)
    assert (code, out) == (2, "")
    assert "No such option" in err


@pytest.mark.parametrize("words", [["--measured", "{}"], ["--measured={}"]])
def test_the_former_spelling_shows_the_same_with_a_note(archstat, saved, words):
    file = saved(lenet5())
    code, out, err = archstat("table", *[word.format(file) for word in words], "lenet5", "--peaks", "1e12,1e11")
    assert (code, out) == archstat("roofline", "lenet5", file, "--peaks", "1e12,1e11")[:2]
    assert err == (
        "Note: 'archstat table NAME --measured' is 'archstat roofline NAME FILE' now, "
        "and will not be understood much longer.\n"
    )


def test_the_former_spelling_without_its_file_is_refused(archstat):
    code, out, err = archstat("table", "lenet5", "--measured")
    assert (code, out) == (2, "")
    assert "Missing argument 'FILE'." in err
