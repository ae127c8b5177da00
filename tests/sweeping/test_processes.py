"""Networks that hang, grow, die or fail: each costs itself alone. Real processes, here and on a cluster."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from distributed import LocalCluster

import archstat
from archstat.errors import DataError
from archstat.networks.input_specs import parse_input
from archstat.networks.settings import MeasureSetting, Setting
from archstat.store.records import Versions
from archstat.store.store import Store
from archstat.sweeping.cluster import run_on_cluster
from archstat.sweeping.guard import TaskProcess
from archstat.sweeping.here import run_here
from archstat.sweeping.tasks import Limits, Task

NETWORKS = """
import ctypes, os, sys, time
from torch import nn

class Fine(nn.Module):
    def __init__(self, width=1):
        super().__init__()
        print("built", sys.stdin.read())
        self.fc = nn.Linear(3, width)
    def forward(self, x):
        return self.fc(x)

class Hang(nn.Module):
    def __init__(self):
        time.sleep(1000)

class Grow(nn.Module):
    def __init__(self):
        kept = []
        while True:
            kept.append(b"x" * 50_000_000)
            time.sleep(0.01)

class Die(nn.Module):
    def __init__(self):
        ctypes.string_at(0)

class Leave(nn.Module):
    def __init__(self):
        os._exit(3)

class Stop(nn.Module):
    def __init__(self):
        sys.exit("enough")

class Patch(Fine):
    def __init__(self, width):
        init = nn.Linear.__init__
        nn.Linear.__init__ = lambda self, n, m, *more: init(self, n, m * width, *more)
        super().__init__()

class Env(Fine):
    def __init__(self, width):
        width *= int(os.environ.get("TIMES", "1"))
        os.environ["TIMES"] = "100"
        os.chdir("/")
        super().__init__(width)

class Fail(nn.Module):
    def __init__(self):
        raise ValueError("no\\nway")
"""
LIMITS = Limits(60.0, 2**40)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("networks") / "net.py"
    path.write_text(NETWORKS)
    return path


def task(name, *, measured=None, **given):
    setting = Setting(**given) if given else Setting()
    return Task(str(name), setting, Versions(), measured)


def spaced(file, name):
    return Task(f"{file}:{name}", Setting(inputs=(parse_input("3"),)), Versions())


def children():
    return [
        each for each in psutil.process_iter(["cmdline"]) if "archstat.sweeping.child" in (each.info["cmdline"] or [])
    ]


def test_what_is_counted_in_a_process_is_what_is_counted_here(file):
    with TaskProcess(LIMITS) as guard:
        for name in ("lenet5", "se_resnet50(reduction=8)"):
            outcome = guard.do(task(name))
            assert outcome.cost == archstat.count(name)
            assert outcome.failure is None
            assert outcome.elapsed_s > 0
        process = guard._process.pid
        assert guard.do(task("lenet5", batch_size=2)).cost.input_shapes == ((2, 1, 32, 32),)
        assert guard.do(spaced(file, "Fine")).cost.parameters == 4, "what a network prints and reads is out of the way"
        for name, says in (("lenet55", "No architecture is named"), (f"{file}:Fail", "ValueError: no")):
            assert guard.do(task(name)).failure.kind == "failed"
            assert says in guard.do(task(name)).failure.reason
        assert "\n" not in guard.do(spaced(file, "Fail")).failure.reason
        assert "enough" in guard.do(spaced(file, "Stop")).failure.reason
        assert guard._process.pid == process, "a failure ends no process"
    assert not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("name", "limits", "kind", "says"),
    [
        ("Hang", Limits(6.0, 2**40), "timeout", r"It took longer than 6 s\."),
        ("Grow", Limits(60.0, 1200 * 2**20), "memory", r"It took more than 1\.172 GiB of memory\."),
        ("Die", LIMITS, "died", r"Its process was ended by SIGSEGV\."),
        ("Leave", LIMITS, "died", r"Its process ended with exit code 3\."),
    ],
)
@pytest.mark.sampled(2)
def test_what_ends_a_process_is_a_failure_of_one_network(file, name, limits, kind, says):
    with TaskProcess(limits) as guard:
        failure = guard.do(spaced(file, name)).failure
        assert failure.kind == kind
        assert re.fullmatch(says, failure.reason)
        assert guard._process is None


def test_the_rest_goes_on(file):
    bundles = [
        [spaced(file, "Leave")],
        [spaced(file, "Fine(width=2)"), spaced(file, "Fine(width=3)")],
        [task("lenet5")],
    ]
    found = {each.network.rpartition(":")[2]: outcome for each, outcome in run_here(bundles, 2, LIMITS)}
    assert found.keys() == {"Leave", "Fine(width=2)", "Fine(width=3)", "lenet5"}
    assert [name for name, outcome in found.items() if outcome.failure] == ["Leave"]


def test_what_a_network_changes_is_gone_with_it(file):
    names = [f"{file}:Patch(2)", f"{file}:Patch(3)", "lenet5", f"{file}:Env(2)", f"{file}:Env(3)", f"{file}:Env(4)"]
    tasks = [[spaced(file, name.rpartition(":")[2]) if ":" in name else task(name)] for name in names]
    found = {each.network.rpartition(":")[2]: outcome.cost.parameters for each, outcome in run_here(tasks, 1, LIMITS)}
    assert found.pop("lenet5") == archstat.count("lenet5").parameters
    assert found == {"Patch(2)": 8, "Patch(3)": 12, "Env(2)": 8, "Env(3)": 12, "Env(4)": 16}


def test_a_name_that_json_cannot_hold_is_a_failure(tmp_path):
    (tmp_path / "odd.py").write_text(
        "from torch import nn\nnet = nn.ModuleDict\ndef Net():\n    return Odd()\n"
        "class Odd(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.parts = nn.ModuleDict({'\\ud800': nn.Linear(3, 3)})\n"
        "    def forward(self, x):\n        return self.parts['\\ud800'](x)\n"
    )
    with TaskProcess(LIMITS) as process:
        asked = Task(f"{tmp_path / 'odd.py'}:Odd", Setting(inputs=(parse_input("3"),)), Versions())
        assert "cannot be told as JSON" in process.do(asked).failure.reason


def test_who_stops_listening_leaves_no_process(file):
    before = {each.pid for each in children()}
    running = run_here([[task("lenet5")], [spaced(file, "Hang")], [spaced(file, "Hang")]], 2, LIMITS)
    next(running)
    running.close()
    assert {each.pid for each in children()} <= before


@pytest.mark.rare
def test_a_measurement_is_made_in_a_process():
    with TaskProcess(LIMITS) as guard:
        outcome = guard.do(task("lenet5", measured=MeasureSetting(threads=1, max_s=0.5)))
    [measurement] = outcome.measurements
    assert measurement.architecture == "lenet5"
    assert measurement.latency.median_s > 0
    assert measurement.conditions.threads == 1


def command(place, *names, **options):
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "archstat", "sweep", *names, "--store", str(place), *words]


def test_a_sweep_that_is_killed_again_and_again_loses_and_repeats_nothing(tmp_path):
    place, total = tmp_path / "results.db", 240
    sweeping = command(place, f"lenet5(classes={{{','.join(map(str, range(1, total + 1)))}}})", jobs=1)
    chance = random.Random(7)  # noqa: S311 - the same moments each time
    stored = 0
    for kill in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(sweeping, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        until = stored + chance.randint(1, 60)
        while process.poll() is None and time.monotonic() < deadline and count(place) < until:
            os.sched_yield()
        process.send_signal(kill)
        _, said = process.communicate()
        assert b"Traceback" not in said
        assert count(place) >= until, "what was done is there"
        stored = count(place)
    ended = subprocess.run([*sweeping, "--format", "json"], capture_output=True, text=True, check=True)
    [told] = json.loads(ended.stdout)
    assert (told["new"] + told["there_before"], told["failed"]) == (total, 0)
    assert told["there_before"] >= stored
    with Store(place) as store:
        rows = store.results()
        assert len({row.network for row in rows}) == len(rows) == total
        assert all(store.cost(row.key).parameters == row.parameters for row in rows)


def count(place):
    if not place.exists() or not place.stat().st_size:
        return 0
    try:
        with Store(place) as store:
            return len(store.results())
    except DataError:  # it is just being made
        return 0


def test_a_cluster_counts_and_outlives_a_worker(tmp_path, file):
    bundles = [[task(f"lenet5(classes={classes})")] for classes in range(1, 41)]
    bundles.insert(3, [spaced(file, "Leave")])
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        found, is_killed = {}, False
        for each, outcome in run_on_cluster(bundles, cluster.scheduler_address, LIMITS):
            found[each.network] = outcome
            if not is_killed:
                is_killed = True
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    assert len(found) == len(bundles)
    assert [name.rpartition(":")[2] for name, outcome in found.items() if outcome.failure] == ["Leave"]
    assert found["lenet5(classes=40)"].cost == archstat.count("lenet5(classes=40)")
