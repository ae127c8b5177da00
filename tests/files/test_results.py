"""Saved costs: there and back, and what does not hold together."""

import functools
import json
import os
import re
import stat
from pathlib import Path

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archstat
from archstat.errors import DataError, OutputError
from archstat.files.results import (
    COST_SCHEMA,
    MEASUREMENTS_SCHEMA,
    PEAKS_SCHEMA,
    cost_from_json,
    cost_to_json,
    measurements_from_json,
    measurements_to_json,
    peaks_from_json,
    peaks_to_json,
    read_cost,
    read_measurements,
    read_peaks,
    schema_of,
)
from archstat.files.saving import check_place, make_folder, write_new, write_whole
from archstat.records import (
    PRECISIONS,
    REASONS,
    Conditions,
    CountedTotals,
    LayerCost,
    LayerMemory,
    ModelCost,
    OpCost,
    Peaks,
    Reason,
)
from tests.measured import ENERGY, MEMORY, latency, measured, time, times

PEAKS = Peaks("a processor", "fp32", 2, 1.5e11, 1.25e10, 1.75e-6, "given", (Reason("HOST_NOISY", "It was busy."),))


@functools.cache
def lenet5():
    return archstat.count("lenet5")


def spoilt(**changes):
    """The JSON of LeNet-5 with some keys changed."""
    return json.dumps({**json.loads(cost_to_json(lenet5())), **changes})


nets = st.recursive(
    st.builds(nn.Linear, st.just(4), st.just(4), bias=st.booleans()) | st.sampled_from([nn.ReLU(), nn.Identity()]),
    lambda inner: st.builds(nn.Sequential, inner, inner),
    max_leaves=6,
)


@given(nets, st.integers(1, 3))
def test_a_cost_survives_the_way_there_and_back(net, batch_size):
    cost = archstat.count(net, torch.zeros(batch_size, 4))
    assert cost_from_json(cost_to_json(cost)) == cost
    assert cost_to_json(cost_from_json(cost_to_json(cost))) == cost_to_json(cost)


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet_aux", "resnet20"])
def test_an_architecture_survives_the_way_there_and_back(name):
    cost = archstat.count(name)
    assert cost_from_json(cost_to_json(cost)) == cost
    assert cost_from_json(cost_to_json(cost).encode()) == cost


def test_the_keys_are_those_that_are_documented():
    saved = json.loads(cost_to_json(lenet5()))
    assert set(saved) == {
        "schema",
        "remarks",
        "input_origin",
        "nonzero_weights",
        "effective_macs",
        "architecture",
        "input_shapes",
        "dtype",
        "forward",
        "parameters",
        "trainable_parameters",
        "buffers",
        "macs",
        "flops",
        "other_flops",
        "activations",
        "activation_bytes",
        "peak_activation_bytes",
        "peak_layer",
        "uncounted",
        "layers",
        "ops",
        "note",
        "paper",
    }
    assert set(saved["layers"][0]) == {
        "layer",
        "kind",
        "detail",
        "call",
        "output_shape",
        "parameters",
        "trainable_parameters",
        "weights",
        "buffers",
        "macs",
        "flops",
        "other_flops",
        "activations",
        "activation_bytes",
        "is_layer",
    }
    assert set(saved["ops"][0]) == {
        "op",
        "calls",
        "macs",
        "flops",
        "other_flops",
        "activations",
        "activation_bytes",
    }


def test_the_file_names_its_version_and_sorts_its_keys():
    saved = json.loads(cost_to_json(lenet5()))
    assert saved["schema"] == COST_SCHEMA == "archstat.cost/1"
    assert list(saved) == sorted(saved)
    assert list(saved["layers"][0]) == sorted(saved["layers"][0])


def test_numbers_are_whole_and_in_base_units():
    saved = json.loads(cost_to_json(lenet5()))
    assert (saved["parameters"], saved["macs"], saved["flops"]) == (60_000, 325_680, 2 * 325_680 + saved["other_flops"])
    assert saved["activation_bytes"] == 4 * saved["activations"]
    assert saved["input_shapes"] == [[1, 1, 32, 32]]


@pytest.mark.parametrize("record", [ModelCost, LayerCost, OpCost])
def test_every_field_of_a_record_is_saved(record):
    saved = json.loads(cost_to_json(lenet5()))
    keys = {ModelCost: saved, LayerCost: saved["layers"][0], OpCost: saved["ops"][0]}[record]
    assert set(record.__struct_fields__) <= set(keys)


SUMMED = [
    "parameters",
    "trainable_parameters",
    "buffers",
    "macs",
    "other_flops",
    "activations",
    "activation_bytes",
]


@pytest.mark.parametrize("name", SUMMED)
def test_a_total_that_was_tampered_with_is_refused(name):
    total = getattr(lenet5(), name)
    says = f"The saved layers have {total:,} {name} together, the saved total is {total + 1:,}."
    with pytest.raises(DataError, match=says):
        cost_from_json(spoilt(**{name: total + 1}))


def test_a_layer_that_is_missing_is_noticed():
    layers = json.loads(cost_to_json(lenet5()))["layers"]
    with pytest.raises(DataError, match="The saved layers have 59,844 parameters together"):
        cost_from_json(spoilt(layers=layers[1:]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "This is no saved cost: Input data was truncated."),
        ("{", "This is no saved cost: Input data was truncated."),
        ("nonsense", "This is no saved cost: JSON is malformed"),
        ("[]", "This is no saved cost: Expected `object`, got `array`."),
        ("null", "This is no saved cost: Expected `object`, got `null`."),
        ("{}", "This is no saved cost of version 'archstat.cost/1': its schema is ''."),
        ('{"schema": 3}', "Expected `str`, got `int` - at `$.schema`"),
        ('{"schema": "archstat.cost/2"}', "its schema is 'archstat.cost/2'"),
        ('{"schema": "archstat.cost/1"}', "This is no saved cost: Object missing required field"),
        (b"\xff\xfe\x00", "This is no saved cost"),
        ('{"schema": "archstat.cost/1", "layers": ' + "[" * 100_000, "This is no saved cost: maximum recursion depth"),
    ],
)
def test_what_is_no_saved_cost_is_refused(text, says):
    with pytest.raises(DataError) as raised:
        cost_from_json(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"macs": "many"}, "Expected `int`, got `str` - at `$.macs`"),
        ({"macs": 1.5}, "Expected `int`, got `float` - at `$.macs`"),
        ({"forward": "guessed"}, "Invalid enum value 'guessed' - at `$.forward`"),
        ({"layers": None}, "Expected `array`, got `null` - at `$.layers`"),
        ({"input_shapes": [["x"]]}, "at `$.input_shapes[0][0]`"),
    ],
)
def test_a_key_of_another_type_is_refused_and_the_message_says_where(changes, says):
    with pytest.raises(DataError) as raised:
        cost_from_json(spoilt(**changes))
    assert says in str(raised.value)


@given(st.integers(0, 5000))
def test_a_file_cut_off_anywhere_is_refused(length):
    text = cost_to_json(lenet5())
    with pytest.raises(DataError):
        cost_from_json(text[: min(length, len(text) - 1)])


def test_a_newer_file_with_further_keys_is_read():
    assert cost_from_json(spoilt(latency_s=0.1)) == lenet5()


def test_reading_says_which_file(tmp_path):
    path = tmp_path / "cost.json"
    with pytest.raises(DataError, match=f"{path} cannot be read: No such file or directory."):
        read_cost(path)
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_cost(tmp_path)
    path.write_text("nonsense")
    with pytest.raises(DataError, match=f"{path}: This is no saved cost"):
        read_cost(path)
    path.write_text(cost_to_json(lenet5()))
    assert read_cost(path) == lenet5()


# -- measurements and peaks --------------------------------------------------------------------------------------------


finite = st.floats(0, 1e6)
counts = st.integers(0, 2**50)
latencies = st.builds(
    lambda ordered, rounds, half: latency(
        **dict(zip(("min_s", "p25_s", "median_s", "p75_s", "max_s"), sorted(ordered), strict=True)),
        half_width_s=half,
        rounds=len(rounds),
        round_medians_s=tuple(rounds),
    ),
    st.lists(st.floats(1e-9, 1e4), min_size=5, max_size=5),
    st.lists(finite, min_size=1, max_size=3),
    finite,
)
layer_times = st.builds(
    lambda rows, whole: times(
        *[time(f"{number}.{name}", seconds) for number, (name, seconds) in enumerate(rows)], whole_s=whole
    ),
    st.lists(st.tuples(st.text(max_size=5), finite), max_size=3),
    st.floats(1e-9, 1e4),
)
conditions = st.builds(
    Conditions,
    st.sampled_from(["cpu", "cuda"]),
    st.text(max_size=8),
    st.sampled_from(PRECISIONS),
    st.integers(1, 512),
    threads=st.none() | st.integers(1, 64),
    power_limit_w=st.none() | finite,
)
measurements = st.builds(
    measured,
    layers=st.none() | layer_times,
    latency=st.none() | latencies,
    conditions=conditions,
    counted=st.builds(CountedTotals, *[counts] * 6),
    memory=st.none() | st.just(MEMORY),
    energy=st.none() | st.just(ENERGY),
    peaks=st.none() | st.just(PEAKS),
    reasons=st.lists(st.builds(Reason, st.sampled_from(sorted(REASONS)), st.text(max_size=8)), max_size=2).map(tuple),
)


@given(st.lists(measurements, min_size=1, max_size=3))
def test_measurements_survive_the_way_there_and_back(made):
    saved = measurements_to_json(made)
    assert measurements_from_json(saved) == tuple(made)
    assert measurements_to_json(measurements_from_json(saved.encode())) == saved


HUGE = int("9" * 310)


@pytest.mark.parametrize("number", [HUGE, -HUGE, 10**30, 10**4000])
@pytest.mark.parametrize(
    "place", [("conditions", "batch_size"), ("counted", "macs"), ("latency", "n"), ("memory", "peak_bytes")]
)
def test_a_number_beyond_all_floats_is_no_measurement(place, number):
    saved = json.loads(measurements_to_json([measured(memory=MEMORY)]))
    saved["measurements"][0][place[0]][place[1]] = number
    with pytest.raises(DataError, match=rf"does not hold together: {'.'.join(place)} is -?[19]"):
        measurements_from_json(json.dumps(saved))


@pytest.mark.parametrize("number", [HUGE, 10**30, 10**4000, -1])
@pytest.mark.parametrize("key", ["macs", "parameters", "activation_bytes", "peak_activation_bytes"])
def test_a_number_that_no_network_has_is_no_cost(key, number):
    saved = json.loads(cost_to_json(lenet5()))
    saved[key] = number
    if key in saved["layers"][0]:
        saved["layers"][0][key] = number - sum(row[key] for row in saved["layers"][1:])
    with pytest.raises(DataError, match=f"does not hold together: .*{key} is -?[0-9].*, which no network has"):
        cost_from_json(json.dumps(saved))


def test_an_integer_of_a_million_digits_is_no_cost():
    text = cost_to_json(lenet5()).replace('"macs": ', '"macs": ' + "9" * 10**6, 1)
    with pytest.raises(DataError, match="This is no saved cost"):
        cost_from_json(text)


@pytest.mark.parametrize("number", [1e31, 1e-31, HUGE])
def test_peaks_that_no_device_has_are_refused(number):
    saved = {**json.loads(peaks_to_json(PEAKS)), "flops_per_s": number}
    with pytest.raises(DataError, match=r"no device does that|These are no saved peaks"):
        peaks_from_json(json.dumps(saved))


def test_the_file_of_measurements_names_its_version_and_sorts_its_keys():
    saved = json.loads(measurements_to_json([measured()]))
    assert saved["schema"] == MEASUREMENTS_SCHEMA == "archstat.measurements/1"
    assert list(saved["measurements"][0]) == sorted(saved["measurements"][0])
    assert list(saved["measurements"][0]["latency"]) == sorted(saved["measurements"][0]["latency"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "These are no saved measurements: JSON is malformed"),
        ("{}", "These are no saved measurements of version 'archstat.measurements/1': their schema is ''."),
        ('{"schema": "archstat.cost/1"}', "their schema is 'archstat.cost/1'"),
        ('{"schema": "archstat.measurements/1"}', "Object missing required field `measurements`"),
        ('{"schema": "archstat.measurements/1", "measurements": []}', "It holds no measurement."),
        ('{"schema": "archstat.measurements/1", "measurements": [{}]}', "missing required field `architecture`"),
    ],
)
def test_what_are_no_saved_measurements_is_refused(text, says):
    with pytest.raises(DataError) as raised:
        measurements_from_json(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"latency": latency(n=0)}, "latency.n is 0, and must be more than 0"),
        ({"latency": latency(0.0)}, "latency.min_s is 0, and must be more than 0"),
        ({"latency": latency(min_s=0.02)}, "latency.min_s is 0.02, more than p25_s, 0.0075"),
        ({"latency": latency(max_s=0.011)}, "latency.p75_s is 0.015, more than max_s, 0.011"),
        ({"latency": latency(elapsed_s=-1.0)}, "latency.elapsed_s is -1, and cannot be negative"),
        ({"latency": latency(half_width_s=-0.001)}, "latency.interval ends at 0.009, before it begins at 0.011"),
        ({"latency": latency(samples_s=(0.1,))}, "latency.n is 100, and there are 1 samples"),
        ({"latency": latency(rounds=3)}, "latency.rounds is 3, and there are 2 round medians"),
        ({"layers": times(passes=0)}, "layers.passes is 0, and must be more than 0"),
        ({"layers": times(whole_s=0.0)}, "layers.whole_s is 0, and must be more than 0"),
        ({"layers": times(time("a", -1.0), time("b", 2.0))}, "layers.rows[0].time_s is -1, and cannot be negative"),
        ({"layers": times(time("a", 1.0), time("a", 1.0))}, "run 1 of layer 'a' is there twice"),
        ({"conditions": Conditions("cpu", "", "fp32", 0)}, "conditions.batch_size is 0, and must be more than 0"),
        ({"memory": msgspec.structs.replace(MEMORY, peak_bytes=-1)}, "memory.peak_bytes is -1, and cannot be neg"),
        ({"counted": CountedTotals(1, -5, 0, 0, 0, 0)}, "counted.macs is -5, and cannot be negative"),
        ({"input_shapes": ((1, -3),)}, "input_shapes[0][1] is -3, and cannot be negative"),
    ],
)
def test_a_measurement_that_cannot_be_is_refused(changes, says):
    saved = measurements_to_json([measured(), measured(**changes)])
    with pytest.raises(DataError) as raised:
        measurements_from_json(saved)
    assert str(raised.value).startswith("The measurement of net does not hold together: ")
    assert says in str(raised.value)


def test_a_number_beyond_all_numbers_is_refused():
    saved = measurements_to_json([measured()]).replace('"drift": -0.01', '"drift": 1e999')
    with pytest.raises(DataError):
        measurements_from_json(saved)


def test_noise_may_make_a_difference_of_times_negative():
    made = measured(layers=times(time("a", 1.0), overhead_s=-1e-9))
    assert measurements_from_json(measurements_to_json([made])) == (made,)


def test_reading_measurements_says_which_file(tmp_path):
    path = tmp_path / "r.json"
    with pytest.raises(DataError, match=f"{path} cannot be read: No such file or directory."):
        read_measurements(path)
    path.write_text(cost_to_json(lenet5()))
    with pytest.raises(DataError, match=f"{path}: These are no saved measurements of version"):
        read_measurements(path)
    path.write_text(measurements_to_json([measured()]))
    assert read_measurements(path) == (measured(),)


def test_a_file_says_what_it_holds(tmp_path):
    path = tmp_path / "r.json"
    for text, schema in [
        (cost_to_json(lenet5()), COST_SCHEMA),
        (measurements_to_json([measured()]), MEASUREMENTS_SCHEMA),
        (peaks_to_json(PEAKS), PEAKS_SCHEMA),
        ("nonsense", ""),
        ("{}", ""),
        ('{"a": ' + "[" * 100_000, ""),
    ]:
        path.write_text(text)
        assert schema_of(path) == schema
    with pytest.raises(DataError, match="cannot be read: No such file"):
        schema_of(tmp_path / "nowhere")


# -- writing -----------------------------------------------------------------------------------------------------------


def test_a_file_is_written_and_nothing_else(tmp_path):
    write_whole(tmp_path / "it.txt", "3×3\n")
    assert [path.name for path in tmp_path.iterdir()] == ["it.txt"]
    assert (tmp_path / "it.txt").read_bytes() == "3×3\n".encode()


def test_half_a_character_in_a_name_is_no_json_and_said_so():
    with pytest.raises(OutputError, match=r"'net\\udcff' holds half a character"):
        cost_to_json(msgspec.structs.replace(lenet5(), architecture="net\udcff"))


def test_half_a_character_in_a_name_is_no_reason_to_write_nothing(tmp_path):
    write_whole(tmp_path / ("é" * 120), "a\udcffb")
    assert (tmp_path / ("é" * 120)).read_text() == "a?b"


def test_a_file_has_the_permissions_of_any_other(tmp_path):
    write_whole(tmp_path / "ours", "")
    (tmp_path / "other").write_text("")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "other")]
    assert modes[0] == modes[1]


def test_a_name_without_a_folder_is_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_whole(Path("it.txt"), "new")
    assert (tmp_path / "it.txt").read_text() == "new"


def test_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "it.txt"
    path.write_text("old and longer")
    write_whole(path, "new")
    assert path.read_text() == "new"


def test_a_link_stays_one(tmp_path):
    (tmp_path / "it.txt").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "it.txt")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "it.txt").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced():
    write_whole(Path(os.devnull), "gone")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_that_is_written_over_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "it.txt"
    path.write_text("old")
    path.chmod(mode)
    write_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_of_two_names_keeps_them(tmp_path):
    path = tmp_path / "it.txt"
    path.write_text("old and longer")
    (tmp_path / "other").hardlink_to(path)
    write_whole(path, "new")
    assert (tmp_path / "other").read_text() == "new"


def test_a_file_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "it.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        write_whole(path, "new")
    assert path.read_text() == "old"


def test_a_link_that_leads_to_itself_is_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OutputError, match="cannot be written: Too many levels of symbolic links"):
        write_whole(tmp_path / "a", "new")
    assert (tmp_path / "a").is_symlink()


def test_a_name_with_a_nul_is_refused(tmp_path):
    for write in (lambda path: write_whole(path, ""), check_place):
        with pytest.raises(OutputError, match=r"cannot be written: .*null"):
            write(tmp_path / "a\0b")


def test_a_place_is_tried_without_a_trace(tmp_path):
    path = tmp_path / "it.txt"
    check_place(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    check_place(path)
    assert path.read_text() == "old"
    check_place(Path(os.devnull))
    with pytest.raises(OutputError, match=r"nowhere/it\.txt cannot be written: No such file or directory"):
        check_place(tmp_path / "nowhere" / "it.txt")


def test_a_folder_in_which_nothing_can_be_made_is_refused(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(OutputError, match="results cannot be written: No space left"):
        make_folder(tmp_path / "results")


@pytest.mark.parametrize("is_linking", [True, False])
def test_a_new_file_takes_no_name_that_is_taken_meanwhile(tmp_path, monkeypatch, is_linking):
    """Another writer takes the first name between the look for a free one and the writing."""
    link = os.link

    def late(source, path):
        if path == tmp_path / "1.json":
            path.write_text("theirs")
        if not is_linking:
            raise OSError(95, "Operation not supported")
        link(source, path)

    monkeypatch.setattr(os, "link", late)
    assert write_new([tmp_path / "1.json", tmp_path / "2.json"], "ours") == tmp_path / "2.json"
    assert [(tmp_path / name).read_text() for name in ("1.json", "2.json")] == ["theirs", "ours"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("failing", ["replace", "chmod"])
def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch, failing):
    path = tmp_path / "it.txt"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, fail)
        with pytest.raises(OutputError, match=r"it\.txt cannot be written: No space left on device\."):
            write_whole(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["it.txt"]


def test_an_interruption_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_whole(tmp_path / "it.txt", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/it.txt", "No such file or directory"),
        ("file/it.txt", "Not a directory"),
        ("folder", "Is a directory"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path, place, why):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=f"cannot be written: {why}"):
        write_whole(tmp_path / place, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_record_without_rows_is_saved_too():
    empty = msgspec.structs.replace(lenet5(), layers=(), ops=(), **dict.fromkeys(SUMMED, 0))
    assert cost_from_json(cost_to_json(empty)) == empty


def test_peaks_survive_the_way_there_and_back(tmp_path):
    assert peaks_from_json(peaks_to_json(PEAKS)) == PEAKS
    (tmp_path / "peaks.json").write_text(peaks_to_json(PEAKS))
    assert read_peaks(tmp_path / "peaks.json") == PEAKS


def test_a_file_of_peaks_names_its_version_and_every_field_in_base_units():
    saved = json.loads(peaks_to_json(PEAKS))
    assert saved["schema"] == PEAKS_SCHEMA == "archstat.peaks/1"
    assert set(saved) == {"schema", *Peaks.__struct_fields__}
    assert (saved["flops_per_s"], saved["bytes_per_s"], saved["call_s"]) == (1.5e11, 1.25e10, 1.75e-6)
    assert list(saved) == sorted(saved)


def spoilt_peaks(**changes):
    return json.dumps({**json.loads(peaks_to_json(PEAKS)), **changes})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "These are no saved peaks: Input data was truncated"),
        ("[]", "These are no saved peaks: Expected `object`"),
        ("{}", "no saved peaks of version 'archstat.peaks/1': their schema is ''"),
        (cost_to_json(lenet5()), "their schema is 'archstat.cost/1'"),
        (spoilt_peaks(schema="archstat.peaks/2"), "their schema is 'archstat.peaks/2'"),
        (spoilt_peaks(flops_per_s="fast"), r"Expected `float`, got `str` - at `\$.flops_per_s`"),
        (spoilt_peaks(flops_per_s=0), "The saved peaks have 0 for flops_per_s: no device does that."),
        (spoilt_peaks(bytes_per_s=-1.5), "The saved peaks have -1.5 for bytes_per_s"),
        (spoilt_peaks(call_s=None), "Expected `float`, got `null`"),
        (spoilt_peaks().replace("1.75e-06", "1e999"), "no saved peaks: Number out of range"),
        (spoilt_peaks().replace("1.75e-06", "NaN"), "These are no saved peaks: JSON is malformed"),
    ],
)
def test_nonsense_is_no_file_of_peaks(text, says):
    with pytest.raises(DataError, match=says):
        peaks_from_json(text)


def test_a_file_of_peaks_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json cannot be read: No such file or directory\.$"):
        read_peaks(tmp_path / "nowhere.json")
    (tmp_path / "cost.json").write_text("{}")
    with pytest.raises(DataError, match=r"cost\.json: These are no saved peaks of version"):
        read_peaks(tmp_path / "cost.json")


def test_a_layer_that_lets_go_of_what_it_was_given_keeps_less_than_nothing():
    rows = (LayerMemory("decoder", 1, kept_bytes=-300, peak_bytes=100),)
    made = measured(memory=msgspec.structs.replace(MEMORY, layers=rows))
    assert measurements_from_json(measurements_to_json([made])) == (made,)


@pytest.mark.parametrize("place", ["architecture", "lenet5"])
def test_a_file_with_half_a_character_is_a_sentence(tmp_path, place):
    path = tmp_path / "it.json"
    path.write_bytes(cost_to_json(lenet5()).encode().replace(place.encode(), place.encode() + b"\xb5", 1))
    with pytest.raises(DataError, match=r"it\.json: This is no saved cost: "):
        read_cost(path)
    path.write_bytes(b'{"schema": "\xb5"}')
    assert schema_of(path) == ""


def test_rows_of_a_file_from_before_say_what_is_a_layer():
    cost = archstat.count("resnet18")
    assert {row.is_layer for row in cost.layers} == {True, False}
    former = re.sub(r',\s*"is_layer": ?(true|false)|"is_layer": ?(true|false),\s*', "", cost_to_json(cost))
    assert "is_layer" not in former
    assert cost_from_json(former) == cost_from_json(former.encode()) == cost
