"""What goes into a store once comes out of it whole, from both databases, whoever else writes."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

import archstat
from archstat.errors import DataError, UnknownNameError
from archstat.files.results import cost_to_json, read_measurements
from archstat.networks.settings import Setting
from archstat.store.questions import Wanted, parse_bound
from archstat.store.records import (
    Failure,
    ListedMeasurement,
    ListedResult,
    StoredResult,
    Versions,
    result_key,
    setting_text,
)
from archstat.store.store import Store, columns_of

MEASURED = Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results" / "alexnet-cpu-fp32-b1.json"
COST = archstat.count("lenet5")
VERSIONS = Versions("0.1.0", "2.13.0")


def result(network="lenet5", setting="", cost=COST, failure=None, versions=VERSIONS):
    return StoredResult(network, setting, versions, cost, failure, 0.5)


def failed(network="lenet5", reason="It does not run.", kind="failed"):
    return result(network, cost=None, failure=Failure(kind, reason))


def bounds(*texts):
    return tuple(parse_bound(text, columns_of(ListedResult)) for text in texts)


def names(store, **asked):
    return [row.network for row in store.results(Wanted(**asked))]


def test_what_was_stored_comes_out_whole(store):
    assert store.add([result()]) == 1
    [row] = store.results()
    assert store.cost(row.key) == COST
    assert (row.parameters, row.macs, row.flops) == (COST.parameters, COST.macs, COST.flops)
    assert (row.input_shapes, row.batch_size, row.is_lower_bound) == ("1x1x32x32", 1, False)


def test_nothing_is_stored_twice(store):
    assert store.add([result(), result()]) == 1
    assert store.add([result(), result("lenet5", setting_text(Setting(batch_size=2)))]) == 1
    assert len(store.results()) == 2


@pytest.mark.parametrize("field", Versions.__struct_fields__)
def test_another_version_is_another_result(store, field):
    other = msgspec.structs.replace(VERSIONS, **{field: "another"})
    assert store.add([result(), result(versions=other)]) == 2


def test_a_cost_takes_the_place_of_a_failure_and_not_the_other_way_round(store):
    assert store.add([failed()]) == 1
    assert store.known([result().key]) == {result().key}
    assert store.known([result().key], with_failures=False) == set()
    assert store.add([failed(reason="It failed again.")]) == 0
    assert [row.reason for row in store.results()] == ["It does not run."]
    assert store.add([result()]) == 1
    assert store.add([failed()]) == 0
    [row] = store.results()
    assert (row.failure_kind, row.macs) == ("", COST.macs)


def test_thousands_of_keys_are_asked_for_at_once(store):
    store.add(result(f"net{number}") for number in range(5))
    keys = [result_key(f"net{number}", "", VERSIONS) for number in range(3000)]
    assert store.known(keys) == set(keys[:5])


def test_limits_sort_and_pattern_choose(store):
    for number, name in enumerate(["timm:a_1", "timm:a%1", "hf:b", "c"]):
        store.add([result(name, cost=msgspec.structs.replace(COST, macs=100 * number))])
    store.add([failed("timm:broken")])
    assert names(store) == ["timm:a_1", "timm:a%1", "hf:b", "c", "timm:broken"]
    assert names(store, pattern="timm:*", has_failed=False) == ["timm:a_1", "timm:a%1"]
    assert names(store, pattern="a_1") == ["timm:a_1"]
    assert names(store, pattern="A_1") == []
    assert names(store, pattern="*%*") == ["timm:a%1"]
    assert names(store, limits=bounds("macs>0", "macs<=200")) == ["timm:a%1", "hf:b"]
    assert names(store, limits=bounds("source=timm", "macs!=0")) == ["timm:a%1"]
    assert names(store, sort="macs")[:2] == ["c", "hf:b"]
    assert names(store, sort="macs")[-1] == "timm:broken"
    assert names(store, sort="network", most=1) == ["c"]
    assert names(store, has_failed=True) == ["timm:broken"]
    assert names(store, limits=bounds("is_lower_bound=no", "source=timm")) == ["timm:a_1", "timm:a%1"]
    assert names(store, limits=bounds("is_lower_bound=yes")) == []
    assert names(store, pattern="\udcff") == names(store, limits=bounds("network=\udcff")) == []
    assert names(store, limits=bounds("macs<99999999999999999999999")) == ["timm:a_1", "timm:a%1", "hf:b", "c"]
    assert names(store, limits=bounds("macs>99999999999999999999999")) == []


def test_a_column_that_is_not_there_is_refused(store):
    with pytest.raises(UnknownNameError, match=r"No column is named 'mac'\. Did you mean 'macs'"):
        store.results(Wanted(sort="mac"))


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE results; --", 'a"b', "ü×→", "x" * 5000, "a\0b", "\ud800", "%", "_", "a\\b", "", "\n"]
)
def test_any_name_can_be_stored(store, name):
    assert store.add([result(name)]) == 1
    assert store.add([result(name)]) == 0
    assert len(store.results()) == 1
    assert len(store.results(Wanted(pattern="nothing like it"))) == 0


def test_a_count_too_large_for_a_column_is_refused_and_nothing_of_its_batch_is_stored(store):
    huge = msgspec.structs.replace(COST, macs=2**63)
    with pytest.raises(DataError, match=r"'lenet5' has 9.22e\+18 macs, more than a store can hold"):
        store.add([result("fine"), result(cost=huge)])
    assert store.results() == []
    assert store.add([result(cost=msgspec.structs.replace(COST, macs=(2**63 - 1) // 2, other_flops=0))]) == 1


def test_a_whole_measurement_comes_out(store):
    measurements = read_measurements(MEASURED)
    assert store.add_measurements(measurements) == len(measurements)
    assert store.add_measurements(measurements) == 0
    [row] = store.measurements()
    assert isinstance(row, ListedMeasurement)
    assert store.measurement(row.key) == measurements[0]
    assert row.latency_s == measurements[0].latency.median_s
    limit = parse_bound("latency_s<1ms", columns_of(ListedMeasurement))
    assert store.measurements(Wanted(limits=(limit,))) == []


def test_measurements_share_their_environment(store):
    [measurement] = read_measurements(MEASURED)
    other = msgspec.structs.replace(measurement, architecture="another")
    assert store.add_measurements([measurement, other]) == 2
    with store._reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM environments")).scalar() == 1
    assert [store.measurement(row.key).architecture for row in store.measurements()] == ["alexnet", "another"]


def test_an_impossible_measurement_is_refused(store):
    [measurement] = read_measurements(MEASURED)
    latency = msgspec.structs.replace(measurement.latency, median_s=float("nan"))
    with pytest.raises(DataError, match="does not hold together"):
        store.add_measurements([msgspec.structs.replace(measurement, latency=latency)])
    assert store.measurements() == []


def test_what_is_not_there_is_said(store):
    with pytest.raises(DataError, match="holds no cost 'abc'"):
        store.cost("abc")
    with pytest.raises(DataError, match="holds no measurement 'abc'"):
        store.measurement("abc")


# -- several writers ---------------------------------------------------------------------------------------------------

WRITER = """
import sys
import archstat.store.store as it
from archstat.files.results import cost_from_json
from archstat.store.records import StoredResult, Versions
from archstat.store.store import Store
place, start, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cost = cost_from_json(sys.stdin.read())
with Store(place, is_made=True) as store:
    print("ready", flush=True)
    new = 0
    for number in range(start, start + count):
        new += store.add([StoredResult(f"net{number}", "", Versions(), cost)])
print(new)
"""


def writer(place, start, count):
    command = [sys.executable, "-c", WRITER, place, str(start), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(cost_to_json(COST))
    process.stdin.close()
    process.stdin = None  # nothing more is said to it
    return process


def test_writers_at_once_make_one_store_and_store_each_result_once(place):
    writers = [writer(place, start, 40) for start in (0, 20, 20, 40)]
    new = [int(process.communicate()[0].split()[-1]) for process in writers]
    assert [process.returncode for process in writers] == [0] * 4
    with Store(place) as store:
        assert sorted(names(store)) == sorted(f"net{number}" for number in range(80))
        assert sum(new) == 80
        assert all(store.cost(row.key) == COST for row in store.results())


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.sampled(3)
def test_a_writer_that_is_killed_leaves_a_whole_store(place, seed):
    chance = random.Random(seed)  # noqa: S311 - the same moments each time
    process = writer(place, 0, 100_000)
    assert process.stdout.readline() == "ready\n"
    end = time.monotonic() + chance.uniform(0.05, 0.4)
    while time.monotonic() < end:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Store(place) as store:
        rows = store.results()
        assert all(store.cost(row.key) == COST for row in rows), "a row without its cost"
        assert store.add([result("after")]) == 1
