"""``archstat measure`` and ``archstat selftest``: on a clock that takes 10 ms for everything."""

import csv
import io
import json

import msgspec
import pytest

from archstat.analysis import inference
from archstat.cli._measuring import progress_bar
from archstat.errors import OutputError
from archstat.files.results import MEASUREMENTS_SCHEMA, read_measurements
from archstat.measuring import session
from archstat.records import Reason


def test_a_network_is_measured(archstat):
    code, out, err = archstat("measure", "lenet5")
    assert (code, err) == (0, "")
    assert "lenet5        10.00 ms" in out
    assert "precision" in out


def test_what_is_saved_is_what_compare_and_table_read(archstat, tmp_path):
    code, _, err = archstat(
        "measure", "lenet5", "--layers", "--batch-size", "1,2", "--save", tmp_path / "new" / "place"
    )
    names = [f"lenet5-cpu-fp32-b{batch}.json" for batch in (1, 2)]
    assert (code, err) == (0, "".join(f"Wrote {tmp_path / 'new' / 'place' / name}\n" for name in names))
    paths = [tmp_path / "new" / "place" / name for name in names]
    assert [read_measurements(path)[0].conditions.batch_size for path in paths] == [1, 2]
    assert archstat("compare", *paths).code == 0
    code, out, _ = archstat("roofline", "lenet5", paths[1], "--format", "csv")
    assert code == 0
    assert sum(int(row["macs"] or 0) for row in csv.DictReader(io.StringIO(out))) == 2 * 325_680


def test_a_result_that_is_there_stays(archstat, tmp_path):
    for _ in range(2):
        archstat("measure", "lenet5", "--save", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lenet5-cpu-fp32-b1-2.json", "lenet5-cpu-fp32-b1.json"]


def test_any_name_makes_a_file(archstat, net, tmp_path):
    code, _, err = archstat("measure", f"./{net}(width=2)", "--input", "3x8x8", "--save", tmp_path / "out")
    assert code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["net.py-Net-width=2-cpu-fp32-b1.json"]
    assert "built" in err  # what a network prints is no result


def test_json_has_everything(archstat):
    saved = json.loads(archstat("measure", "lenet5", "--format", "json").out)
    assert saved["schema"] == MEASUREMENTS_SCHEMA
    (only,) = saved["measurements"]
    assert {"latency", "memory", "environment", "counted", "conditions", "reasons"} <= set(only)
    assert len(only["latency"]["samples_s"]) == only["latency"]["n"]


@pytest.mark.rare
def test_layers_stand_below_in_text_and_not_in_csv(archstat):
    shown = archstat("measure", "lenet5", "--layers").out
    assert "Time is that of each module" in shown
    assert len(list(csv.reader(io.StringIO(archstat("measure", "lenet5", "--layers", "--format", "csv").out)))) == 2


def test_a_dry_run_measures_nothing_and_writes_nothing(archstat, monkeypatch, tmp_path):
    monkeypatch.setattr(session.Session, "measurements", None)
    code, out, err = archstat("measure", "lenet5", "--energy", "--dry-run", "--save", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "Nothing was measured." in out
    assert not (tmp_path / "out").exists()


def test_the_layers_of_a_network_are_shown_without_counting_it_again(archstat, monkeypatch):
    counted, init = [], inference.Analysis.__init__

    def count(self, source, *args, **kwargs):
        counted.append(source.name)
        init(self, source, *args, **kwargs)

    monkeypatch.setattr(inference.Analysis, "__init__", count)
    assert "Time is that of each module" in archstat("measure", "lenet5", "--layers", "--batch-size", "1,2").out
    assert counted == ["lenet5", "lenet5"]


def test_energy_that_cannot_be_measured_ends_with_3(archstat, monkeypatch):
    def refuse(*_):
        raise session.CannotMeasure(Reason("RAPL_ABSENT", "No RAPL zones here."))

    monkeypatch.setattr(session, "open_meter", refuse)
    code, out, _ = archstat("measure", "lenet5", "--energy")
    assert code == 3
    assert "No RAPL zones here." in out


def test_an_interruption_shows_and_keeps_what_is_finished_and_ends_with_130(archstat, monkeypatch, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "time_layers", interrupt)
    code, out, err = archstat("measure", "lenet5_modern", "--layers", "--save", tmp_path)
    assert code == 130
    assert "Interrupted from the keyboard" in out
    assert err == f"Wrote {tmp_path / 'lenet5_modern-cpu-fp32-b1.json'}\n"


def fail(*_):
    raise ValueError("out of tea\nsecond line")


def test_a_network_that_fails_is_one_sentence(fails, monkeypatch, tmp_path):
    monkeypatch.setattr(session.Prepared, "run", fail)
    said = fails("measure", "lenet5", "--max-time", "0.7", "--save", tmp_path)
    assert said == "Error: lenet5 failed while it ran: ValueError: out of tea\n"
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_fails_does_not_take_the_table_along(archstat, monkeypatch):
    run = session.Prepared.run
    monkeypatch.setattr(session.Prepared, "run", lambda self: fail() if self.name == "lenet5" else run(self))
    code, out, _ = archstat("measure", "lenet5", "lenet5_modern", "--max-time", "0.8")
    assert code == 0
    assert "lenet5 at batch 1: lenet5 failed while it ran: ValueError: out of tea" in out
    assert "lenet5_modern  10.00 ms" in out


def test_a_batch_that_does_not_fit_is_a_row_without_a_time(archstat):
    code, out, _ = archstat("measure", "lenet5", "--batch-size", "1,999999999", "--max-time", "0.9")
    assert code == 0
    assert "Out of memory at batch 999999999" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnet5"], "No architecture is named 'resnet5'."),
        (["cost.json"], "'cost.json' is a saved result, which cannot run: name the network itself."),
        (["lenet5", "--device", "tpu"], "'tpu' is no device: write 'cpu', 'cuda' or 'cuda:1'."),
        (["lenet5", "--dtype", "tf32"], "TF32 is a format of GPUs: on a CPU use fp32 ('--dtype fp32')."),
        (["lenet5", "--batch-size", "0"], "'0' has a size of 0: the smallest is 1."),
        (["lenet5", "--batch-size", "1;8"], "'1;8' are no sizes: write them as '64,96,128'."),
        (["lenet5", "--resolution", "5"], "An image of"),
        (["lenet5", "--input", "3y4"], "'3y4' is no input"),
        (
            ["lenet5", "--energy", "--meter", "watt"],
            "No energy meter is named 'watt'. The energy meters are nvml, rapl.",
        ),
        (["lenet5", "--energy", "--meter", "nvml"], "The energy meter 'nvml' measures cuda, and not cpu."),
        (["lenet5", "--meter", "rapl"], "'--meter' says what energy is measured with: add '--energy'."),
        (["torch.nn:ReLU()"], "Which input does 'torch.nn:ReLU()' take?"),
    ],
)
def test_nonsense_is_one_sentence(fails, arguments, says):
    assert says in fails("measure", *arguments)


@pytest.mark.parametrize("option", ["--max-time", "--threads"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "nan"])
def test_limits_are_numbers_above_nothing(archstat, option, value):
    code, out, err = archstat("measure", "lenet5", option, value)
    assert (code, out) == (2, "")
    assert f"Invalid value for '{option}'" in err


def test_a_folder_that_cannot_be_made_is_found_out_before_anything_is_measured(fails, monkeypatch, tmp_path):
    monkeypatch.setattr(session.Session, "measurements", None)
    (tmp_path / "file").write_text("")
    assert "file cannot be made: File exists." in fails("measure", "lenet5", "--save", tmp_path / "file")


def test_a_self_test_that_sees_a_difference_ends_with_1(archstat, monkeypatch):
    from tests.tables.test_measuring import selftest

    unfair = msgspec.structs.replace(selftest(1.01, 1.02), ratio=1.015)
    monkeypatch.setattr("archstat.measuring.selftest.run_selftest", lambda *_, **__: unfair)
    code, out, _ = archstat("selftest")
    assert code == 1
    assert "differ by more than chance" in out


def test_a_self_test_that_is_too_short_is_one_sentence(fails):
    assert "40 are needed" in fails("selftest", "--max-time", "0.5")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_drawn_on_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with progress_bar() as tell:
        tell("latency", 0.0)
        tell("latency", 0.00001)  # too soon to be drawn
        tell("latency", 1.0)
    assert terminal.getvalue().count("latency") >= 2


def test_progress_is_drawn_nowhere_else(monkeypatch):
    monkeypatch.setattr("sys.stderr", elsewhere := io.StringIO())
    with progress_bar() as tell:
        tell("latency", 0.5)
    assert elsewhere.getvalue() == ""


# -- a measurement is not lost where it cannot be saved ----------------------------------------------------------------


def full(*_, **__):
    raise OutputError("results cannot be written: No space left on device.")


@pytest.mark.rare
def test_what_cannot_be_saved_after_all_is_shown_before_it_is_told(archstat, monkeypatch, tmp_path):
    monkeypatch.setattr("archstat.files.saving.write_new", full)
    code, out, err = archstat("measure", "lenet5", "lenet5_modern", "--max-time", "0.2", "--save", tmp_path / "results")
    assert (code, err) == (2, "Error: results cannot be written: No space left on device.\n")
    assert "lenet5_modern" in out


def test_what_the_file_does_not_take_after_all_goes_to_stdout(archstat, monkeypatch, tmp_path):
    monkeypatch.setattr("archstat.files.saving.write_whole", full)
    code, out, err = archstat(
        "measure", "lenet5", "--max-time", "0.2", "--format", "json", "--output", tmp_path / "out"
    )
    assert (code, err) == (2, "Error: results cannot be written: No space left on device.\n")
    assert json.loads(out)["measurements"][0]["architecture"] == "lenet5"


@pytest.mark.parametrize("option", ["--save", "--output"])
def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_measured(fails, monkeypatch, tmp_path, option):
    (tmp_path / "file").touch()
    monkeypatch.setattr("archstat.measuring.session.Session.measurements", lambda _: pytest.fail("it was measured"))
    assert "cannot be" in fails("measure", "lenet5", option, tmp_path / "file" / "results")


def test_a_name_that_no_json_can_hold_is_known_before_anything_is_measured(fails, monkeypatch):
    monkeypatch.setattr("archstat.measuring.session.Session.measurements", lambda _: pytest.fail("it was measured"))
    assert r"'n\udce9t.py:Net' holds half a character" in fails("measure", "n\udce9t.py:Net", "--input", "4")
