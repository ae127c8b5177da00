"""What is done goes into the store at once, and is not done again."""

import msgspec
import pytest

import archstat
from archstat.files.results import read_measurements
from archstat.networks.settings import MeasureSetting, Setting
from archstat.store.records import Failure, Versions
from archstat.store.store import Store
from archstat.sweeping.sweep import sweep_into
from archstat.sweeping.tasks import Outcome, Task
from tests.store.test_store import MEASURED

COST = archstat.count("lenet5")
DONE = Outcome(COST, elapsed_s=0.1)
FAILED = Outcome(failure=Failure("timeout", "It took longer than 1 s."), elapsed_s=1.0)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "results.db", is_made=True) as opened:
        yield opened


def task(name, measured=None, **given):
    return Task(name, Setting(**given), Versions("0.1.0", "2.13.0"), measured)


BUNDLES = [[task("a"), task("a", batch_size=2)], [task("b")], [task("c")]]


class Runner:
    """Does tasks as it was told to, and notes which."""

    def __init__(self, outcomes=None, stops_after=None):
        self.outcomes, self.stops_after, self.asked = outcomes or {}, stops_after, []

    def __call__(self, bundles):
        for bundle in bundles:
            for each in bundle:
                if self.stops_after is not None and len(self.asked) >= self.stops_after:
                    raise KeyboardInterrupt
                self.asked.append(each)
                yield each, self.outcomes.get(each.network, DONE)


def run(store, runner, bundles=BUNDLES, **how):
    return list(sweep_into(store, bundles, runner, **how))[-1]


def test_each_outcome_is_stored(store):
    progress = run(store, Runner({"b": FAILED}))
    assert (progress.there, progress.done, progress.failed, progress.left) == (0, 4, 1, 0)
    rows = store.results()
    assert [(row.network, row.failure_kind) for row in rows] == [("a", ""), ("a", ""), ("b", "timeout"), ("c", "")]
    assert [row.reason for row in rows if row.reason] == ["It took longer than 1 s."]
    assert store.cost(rows[0].key) == COST


def test_what_was_stopped_goes_on(store):
    stopped = Runner(stops_after=2)
    with pytest.raises(KeyboardInterrupt):
        run(store, stopped)
    assert len(store.results()) == 2
    rest = Runner()
    progress = run(store, rest)
    assert [each.network for each in rest.asked] == ["b", "c"]
    assert (progress.there, progress.done) == (2, 2)
    again = Runner()
    assert run(store, again).there == 4
    assert again.asked == []


def test_a_failure_is_done_again_only_where_that_is_wanted(store):
    run(store, Runner({"b": FAILED}))
    assert run(store, Runner()).done == 0
    retried = Runner()
    progress = run(store, retried, retries=True)
    assert [each.network for each in retried.asked] == ["b"]
    assert (progress.done, progress.failed) == (1, 0)
    assert all(not row.failure_kind for row in store.results())


def test_a_task_that_is_named_twice_is_done_once(store):
    runner = Runner()
    run(store, runner, [*BUNDLES, [task("a")], [task("b"), task("d")]])
    assert [each.network for each in runner.asked] == ["a", "a", "b", "c", "d"]


def test_other_versions_are_other_tasks(store):
    run(store, Runner())
    other = [[msgspec.structs.replace(task("a"), versions=Versions("0.1.0", "2.14.0"))]]
    assert run(store, Runner(), other).done == 1


def test_a_measurement_is_stored_and_not_made_again(store):
    measurements = tuple(read_measurements(MEASURED))
    bundles = [[task("alexnet", MeasureSetting(threads=1)), task("alexnet", MeasureSetting(threads=2))]]
    outcomes = iter([Outcome(measurements=measurements), FAILED])
    run(store, lambda todo: ((each, next(outcomes)) for bundle in todo for each in bundle), bundles)
    assert [row.network for row in store.measurements()] == ["alexnet"]
    assert [row.failure_kind for row in store.results()] == ["timeout"]
    runner = Runner()
    assert run(store, runner, bundles).there == 2
    assert runner.asked == []


def test_a_network_that_cannot_be_run_is_a_failure(store):
    [measurement] = read_measurements(MEASURED)
    from archstat.records import Reason

    failed = msgspec.structs.replace(measurement, latency=None, reasons=(Reason("FAILED", "It cannot run."),))
    bundles = [[task("alexnet", MeasureSetting())]]
    run(store, Runner({"alexnet": Outcome(measurements=(failed,))}), bundles)
    assert [row.reason for row in store.results()] == ["It cannot run."]
    assert store.measurements() == []


def test_a_cost_that_cannot_be_stored_is_a_failure(store):
    huge = Outcome(msgspec.structs.replace(COST, macs=2**70))
    progress = run(store, Runner({"b": huge}))
    assert (progress.done, progress.failed) == (4, 1)
    [row] = [row for row in store.results() if row.failure_kind]
    assert "more than a store can hold" in row.reason


def test_nothing_to_do_starts_nothing(store):
    def refuse(_):
        raise AssertionError("it was started")

    run(store, Runner())
    assert run(store, refuse).there == 4
