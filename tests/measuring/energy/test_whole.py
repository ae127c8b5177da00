"""Energy from a counter that steps: a simulated board whose every joule is known."""

import random
import threading

import msgspec
import pytest

from archstat.measuring.energy import whole as energy
from archstat.measuring.energy.loads import Repeater, in_thread
from archstat.measuring.energy.whole import EnergyPlan, Load, measure_energy, planned_seconds
from archstat.measuring.energy.windows import MeterRecording
from archstat.measuring.metering import MeterError
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Energy, Reason
from tests.measuring.boards import FakeBoard, FakeClock, FakeWork, backwards

QUICK = EnergyPlan(trials=3, idle_wait_s=1.0, idle_s=3.0)


def measure(board, *loads, plan=QUICK, **kwargs):
    return measure_energy(loads, board, plan, clock=board.clock, background=board.clock.background, **kwargs)


def codes(result):
    return [reason.code for reason in result.reasons]


@pytest.fixture
def board():
    return FakeBoard(FakeClock(), phase=0.037)


# -- what comes out ----------------------------------------------------------------------------------------------------


def test_the_energy_of_a_pass_is_its_power_times_its_time(board):
    (result,) = measure(board, Load(FakeWork(board, watts=300.0, seconds=0.002)))
    assert result.pass_j == pytest.approx(300 * 0.002, rel=2e-3)
    assert result.net_j == pytest.approx((300 - 70) * 0.002, rel=3e-3)
    assert result.power_w == pytest.approx(300, rel=2e-3)
    assert result.idle.power_w == pytest.approx(70, rel=2e-3)
    assert result.step_s == pytest.approx(0.1, rel=0.05)
    assert abs(result.disagreement) < 0.01
    assert len(result.trials) == 3
    assert codes(result) == []


def test_a_record_of_it_goes_through_json(board):
    (result,) = measure(board, Load(FakeWork(board), batch_size=8))
    assert msgspec.json.decode(msgspec.json.encode(result), type=Energy) == result
    assert result.input_j == result.pass_j / 8


def test_what_is_left_open_is_told_and_holds_the_truth(board):
    (result,) = measure(board, Load(FakeWork(board)))
    # Two steps, each seen up to 10 ms late, 5 s apart: twice 10 ms / sqrt(6) / 5 s.
    assert result.uncertainty_j >= 0.999 * result.pass_j * 2 * 0.010 / 6**0.5 / result.trials[0].window_s
    assert abs(result.pass_j - 0.6) < result.uncertainty_j
    assert result.net_uncertainty_j > result.uncertainty_j


def test_the_interval_of_trials_holds_the_truth_about_as_often_as_it_says():
    draw, held = random.Random(7), 0  # noqa: S311  # nothing secret
    for _ in range(60):
        board = FakeBoard(FakeClock(), period=0.1, phase=draw.uniform(0, 0.1), poll_s=0.023)
        plan = EnergyPlan(trials=3, window_s=2.0, idle_wait_s=0.0, idle_s=1.0, seed=draw.randrange(10**6))
        (result,) = measure(board, Load(FakeWork(board, seconds=0.0173)), plan=plan)
        held += abs(result.pass_j - 300 * 0.0173) <= result.uncertainty_j
    assert held >= 56  # 57 of 60 are 95 %, and the steps of the meter are a floor


def test_a_gain_error_is_not_told_by_any_number_of_trials():
    board = FakeBoard(FakeClock(), gain=1.05, gain_error=0.05)
    (result,) = measure(board, Load(FakeWork(board)))
    assert result.pass_j == pytest.approx(1.05 * 0.6, rel=2e-3)
    assert result.uncertainty_j < 0.01 * result.pass_j < result.gain_error * result.pass_j
    assert abs(result.disagreement) < 0.01


def test_a_difference_of_readings_is_biased_by_the_formula_and_the_slope_is_not():
    naive, slopes = [], []
    for i in range(40):
        clock = FakeClock()
        board = FakeBoard(clock, phase=i * 0.1 / 40)
        work = FakeWork(board, seconds=0.01)
        clock.advance(1.0)
        before = board.counter_j()
        recording, begin = MeterRecording(board), clock.now_ns()
        with clock.background(recording.look, 0.001):
            repeater = Repeater(work, "pipelined", clock)
            while clock.now < 1.5 - 1e-9:
                work.run()
                work.wait()
        naive.append((board.counter_j() - before) / 0.5 / 300 - 1)
        slope = recording.slope(begin + 100_000_000, clock.now_ns())
        slopes.append(slope.power_w / 300 - 1)
        assert repeater.now_ns == begin
    bias = -(1 - 70 / 300) * 0.1 / (2 * 0.5)
    assert bias == pytest.approx(-0.0767, abs=1e-4)
    assert sum(naive) / 40 == pytest.approx(bias, abs=0.004)
    assert sum(slopes) / 40 == pytest.approx(0, abs=0.0005)


def test_the_load_alone_decides_and_not_when_the_counter_steps():
    results = []
    for phase in (0.0, 0.013, 0.05, 0.099):
        board = FakeBoard(FakeClock(), phase=phase)
        results += measure(board, Load(FakeWork(board)))
    assert [result.pass_j for result in results] == pytest.approx([0.6] * 4, rel=2e-3)


def test_waiting_for_each_pass_leaves_the_device_idle_in_between(board):
    work = FakeWork(board, seconds=0.001, launch=0.003)
    waited, queued = measure(board, Load(work, mode="latency"), Load(FakeWork(board, seconds=0.001)))
    # The launch takes 3 ms, the kernel runs during the first of them: idle for 2 ms of each 3.
    assert waited.pass_j == pytest.approx(0.001 * 300 + 0.002 * 70, rel=5e-3)
    assert waited.net_j == pytest.approx(queued.net_j, rel=1e-2)
    assert (waited.mode, queued.mode) == ("latency", "pipelined")


def test_gross_energy_grows_with_the_batch_and_is_never_below_the_net():
    board = FakeBoard(FakeClock())
    loads = [Load(FakeWork(board, 250 + 10 * size, 0.001 * size), size) for size in (1, 2, 4)]
    results = measure(board, *loads)
    assert [result.pass_j for result in results] == sorted(result.pass_j for result in results)
    assert all(0 < result.net_j < result.pass_j for result in results)
    assert [result.batch_size for result in results] == [1, 2, 4]


# -- how it is got -----------------------------------------------------------------------------------------------------


def test_trials_of_configurations_are_interleaved_in_random_order(board):
    told = []
    loads = [Load(FakeWork(board), name=name) for name in "abc"]
    measure(board, *loads, progress=lambda text, share: told.append((text, share)))
    names = [text.removeprefix("energy of ") for text, _ in told[2:]]
    assert [sorted(names[i : i + 3]) for i in (0, 3, 6)] == [["a", "b", "c"]] * 3
    assert names != ["a", "b", "c"] * 3
    assert [share for _, share in told[2:]] == [i / 9 for i in range(9)]


def test_the_same_seed_gives_the_same_numbers():
    def once(seed):
        board = FakeBoard(FakeClock(), phase=0.02)
        plan = msgspec.structs.replace(QUICK, seed=seed)
        return measure(board, Load(FakeWork(board, seconds=0.0031)), plan=plan)[0].pass_j

    assert once(1) == once(1) != once(2)


def test_a_window_waits_for_the_power_to_settle(board):
    class Warming(FakeWork):
        def wait(self):
            self.watts = 300 + 100 * max(0.0, 1 - self.board.clock.now / 10)
            super().wait()

    (result,) = measure(board, Load(Warming(board)), plan=msgspec.structs.replace(QUICK, trials=1))
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)
    assert codes(result) == []
    assert board.clock.now > 10 + 5


def test_a_meter_that_follows_slowly_is_given_the_time():
    def elapsed(settle_s):
        board = FakeBoard(FakeClock(), settle_s=settle_s)
        measure(board, Load(FakeWork(board)), plan=msgspec.structs.replace(QUICK, trials=1))
        return board.clock.now

    assert elapsed(6.0) - elapsed(1.0) == pytest.approx(4.5, abs=0.3)  # a second and a half is needed anyhow


def test_power_that_never_settles_is_measured_and_told(board):
    class Growing(FakeWork):
        def wait(self):
            self.watts = 50 * 1.1**self.board.clock.now
            super().wait()

    (result,) = measure(board, Load(Growing(board)), plan=msgspec.structs.replace(QUICK, trials=1))
    assert codes(result) == ["POWER_UNSTEADY"]
    assert "1 of 1 windows" in result.reasons[0].text


def test_one_trial_has_no_interval(board):
    (result,) = measure(board, Load(FakeWork(board)), plan=msgspec.structs.replace(QUICK, trials=1))
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)
    assert result.uncertainty_j is None
    assert result.net_uncertainty_j is None


def test_a_slow_counter_makes_windows_longer():
    board = FakeBoard(FakeClock(), period=0.5)
    (result,) = measure(board, Load(FakeWork(board)))
    assert all(trial.window_s >= 20 * 0.49 for trial in result.trials)
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)


@pytest.mark.parametrize(("is_sampled", "shortest"), [(False, 5.0), (True, 10.0)])
def test_a_sensor_that_looks_a_part_of_the_time_needs_longer_windows_for_long_passes(is_sampled, shortest):
    board = FakeBoard(FakeClock(), is_sampled=is_sampled)
    (result,) = measure(board, Load(FakeWork(board, seconds=0.05)), plan=msgspec.structs.replace(QUICK, trials=1))
    assert shortest <= result.trials[0].window_s < shortest + 0.5


def test_a_window_holds_enough_passes(board):
    plan = msgspec.structs.replace(QUICK, trials=1)
    (result,) = measure(board, Load(FakeWork(board, seconds=0.5)), plan=plan)
    assert result.trials[0].window_s >= 32 * 0.5
    assert result.pass_j == pytest.approx(150, rel=3e-3)


def test_the_next_trial_waits_for_the_device_to_cool_down_but_not_for_long(board):
    starts = []

    class Noted(Load):
        def ready(self):
            starts.append(board.clock.now)
            return super().ready()

    board.warm = 40.0
    load = Noted(FakeWork(board))
    measure(board, load)
    quick = starts[-1] - starts[-2]

    original, temperatures = board.state, iter([40.0] + [60.0] * 10**6)

    def state():
        warm = next(temperatures) if board.watts == board.idle_w else 60.0
        return original()._replace(temperature_c=warm)

    board.state = state
    session = energy._Session(board, QUICK, board.clock, board.clock.background, lambda *_: None)
    session._cool_down()
    before = board.clock.now
    session._cool_down()
    assert board.clock.now - before == pytest.approx(5.0, abs=0.6)
    assert quick < 5.0 + 2.5 + 0.5


def test_what_is_planned_is_about_what_it_takes(board):
    loads = [Load(FakeWork(board)), Load(FakeWork(board))]
    board.warm = None
    measure(board, *loads)
    waits = (3 * 2 - 1) * QUICK.cool_down_s  # nothing to wait for here
    assert board.clock.now == pytest.approx(planned_seconds(QUICK, 2) - waits, rel=0.1)


def test_without_an_idle_window_there_is_no_net_energy(board):
    (result,) = measure(board, Load(FakeWork(board)), plan=msgspec.structs.replace(QUICK, idle_s=0.0))
    assert (result.idle, result.net_j, result.net_uncertainty_j) == (None, None, None)
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_counter_that_stands_still_is_no_zero(board):
    board.stopped = 0.0
    with pytest.raises(MeterError, match="does not advance") as caught:
        measure(board, Load(FakeWork(board)))
    assert caught.value.reason.code == "ENERGY_STUCK"


def test_a_counter_that_stops_later_leaves_the_finished_trials(board):
    class Stopping(FakeWork):
        def run(self):
            super().run()
            if board.clock.now > 13.5 and board.stopped is None:
                board.stopped = board.clock.now

    (result,) = measure(board, Load(Stopping(board)))
    assert 0 < len(result.trials) < 3
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)
    assert "ENERGY_STUCK" in codes(result)


def test_a_trial_in_which_the_counter_goes_backwards_is_left_out(board):
    class Failing(FakeWork):
        def run(self):
            super().run()
            if self.runs == 8000:
                board.fails = backwards()

    (result,) = measure(board, Load(Failing(board)))
    assert len(result.trials) == 2
    assert codes(result) == ["ENERGY_BACKWARDS"]
    assert result.pass_j == pytest.approx(0.6, rel=3e-3)


def test_a_lost_trial_of_one_configuration_says_nothing_of_another(board):
    class Failing(FakeWork):
        def run(self):
            super().run()
            if self.runs > 1500:
                board.fails = backwards()

    fine, broken = measure(board, Load(FakeWork(board)), Load(Failing(board)))
    assert (codes(fine), len(fine.trials)) == ([], 3)
    assert (codes(broken), broken.pass_j) == (["ENERGY_BACKWARDS"], None)


def test_without_any_trial_there_is_no_energy(board):
    class Failing(FakeWork):
        def run(self):
            super().run()
            if board.clock.now > 7:
                board.fails = backwards()

    (result,) = measure(board, Load(Failing(board)))
    assert result.trials == ()
    assert (result.pass_j, result.uncertainty_j, result.net_j, result.power_w, result.disagreement) == (None,) * 5
    assert codes(result) == ["ENERGY_BACKWARDS"]


class Unready(Load):
    """Work that raises where it is made ready, so many times at most, once it was ready ``after`` times."""

    def __init__(self, work, error, after=0, times=10**6, name="broken"):
        super().__init__(work, batch_size=2, name=name)
        self.error, self.calls, self.raising = error, 0, range(after, after + times)

    def ready(self):
        self.calls += 1
        if self.calls - 1 in self.raising:
            raise self.error
        return super().ready()


NOT_ALONE = CannotMeasure(Reason("LAYER_NOT_REPLAYABLE", "It gives other results."))


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (NOT_ALONE, "LAYER_NOT_REPLAYABLE", "It gives other results."),
        (RuntimeError("no kernel"), "PART_FAILED", "A trial of broken cannot be measured: RuntimeError: no kernel."),
        (RuntimeError("CUDA out of memory."), "OOM", "A trial of broken cannot be measured: out of memory."),
    ],
)
def test_a_load_that_cannot_be_made_ready_loses_that_trial_alone(board, error, code, says):
    fine, broken = measure(board, Load(FakeWork(board)), Unready(FakeWork(board), error, after=1, times=1))
    assert (codes(fine), len(fine.trials)) == ([], 3)
    assert len(broken.trials) == 2
    assert [(reason.code, reason.text) for reason in broken.reasons] == [(code, says)]


def test_work_that_raises_in_a_trial_loses_that_trial_alone(board):
    class Failing(FakeWork):
        def run(self):
            super().run()
            if self.runs == 8000:
                raise RuntimeError("CUDA error")

    fine, broken = measure(board, Load(FakeWork(board)), Load(Failing(board)))
    assert (codes(fine), len(fine.trials)) == ([], 3)
    assert (codes(broken), len(broken.trials)) == (["PART_FAILED"], 2)
    assert broken.pass_j == pytest.approx(0.6, rel=3e-3)


def test_the_meter_is_looked_at_with_the_first_load_that_runs(board):
    broken, fine = measure(board, Unready(FakeWork(board), RuntimeError("no")), Load(FakeWork(board)))
    assert (codes(broken), broken.trials, broken.pass_j) == (["PART_FAILED"], (), None)
    assert (codes(fine), len(fine.trials)) == ([], 3)
    assert fine.step_s == pytest.approx(0.1, rel=0.05)


def test_where_no_load_runs_all_reasons_are_given(board):
    loads = [Unready(FakeWork(board), NOT_ALONE), Unready(FakeWork(board), RuntimeError("no"), name="b")]
    says = r"^It gives other results\. The energy of b cannot be measured: RuntimeError: no\.$"
    with pytest.raises(CannotMeasure, match=says) as caught:
        measure(board, *loads)
    assert caught.value.reason.code == "LAYER_NOT_REPLAYABLE"


@pytest.mark.parametrize("when", ["probe", "look", "idle"])
def test_an_interruption_before_the_trials_leaves_records_without_a_number(board, when):
    def interrupted(*_):
        raise KeyboardInterrupt

    loads = [Load(FakeWork(board), batch_size=8), Load(FakeWork(board), mode="latency")]
    if when == "probe":
        board.probe = interrupted
    elif when == "look":
        loads[0].ready = interrupted
    else:
        board.clock.sleep = interrupted
    first, second = measure(board, *loads)
    assert (codes(first), codes(second)) == (["INTERRUPTED"], ["INTERRUPTED"])
    assert first == Energy("fake", "board", "pipelined", 8, reasons=first.reasons)
    assert second.mode == "latency"


def test_an_interruption_keeps_what_is_complete(board):
    class Interrupted(FakeWork):
        def run(self):
            super().run()
            if board.clock.now > 25:
                raise KeyboardInterrupt

    (result,) = measure(board, Load(Interrupted(board)))
    assert 0 < len(result.trials) < 3
    assert codes(result) == ["INTERRUPTED"]


def test_counter_and_sensor_may_disagree():
    for gain, told in ((1.01, None), (0.97, "up to 2 % is usual"), (0.5, "doubtful")):
        board = FakeBoard(FakeClock(), sensor_gain=gain)
        (result,) = measure(board, Load(FakeWork(board)), plan=msgspec.structs.replace(QUICK, trials=2))
        assert result.disagreement == pytest.approx(1 / gain - 1, abs=0.005)
        texts = [reason.text for reason in result.reasons if reason.code == "COUNTER_SENSOR_DISAGREE"]
        assert bool(texts) == (told is not None)
        assert told is None or told in texts[0]


def test_without_a_sensor_nothing_is_compared(board):
    board.has_sensor = False
    (result,) = measure(board, Load(FakeWork(board)))
    assert result.disagreement is None
    assert all(trial.instant_w is None for trial in result.trials)


def test_a_short_window_is_told(board):
    plan = msgspec.structs.replace(QUICK, window_s=2.0)
    (result,) = measure(board, Load(FakeWork(board)), plan=plan)
    assert codes(result) == ["WINDOW_SHORT"]
    assert "steps every 100 ms" in result.reasons[0].text


def test_others_on_the_gpu_are_refused():
    board = FakeBoard(FakeClock(), processes=2)
    with pytest.raises(MeterError, match="2 other processes use this GPU") as caught:
        measure(board, Load(FakeWork(board)))
    assert caught.value.reason.code == "OTHER_GPU_PROCESSES"
    one = FakeBoard(FakeClock(), processes=1)
    with pytest.raises(MeterError, match="1 other process uses this GPU"):
        measure(one, Load(FakeWork(one)))


def test_a_gpu_that_is_busy_while_nothing_of_ours_runs_is_told(board):
    board.busy = 35.0
    (result,) = measure(board, Load(FakeWork(board)))
    assert codes(result) == ["OTHER_GPU_PROCESSES"]
    assert "35 % busy" in result.reasons[0].text


def test_reduced_clocks_are_told_with_their_share_of_the_time(board):
    class Throttled(FakeBoard):
        def state(self):
            spent = {"power_cap": 0.4 * self.clock.now, "thermal": 1.0, "board_limit": 0.001 * self.clock.now}
            return super().state()._replace(throttled_s=spent)

    board = Throttled(FakeClock())
    (result,) = measure(board, Load(FakeWork(board)))
    assert codes(result) == ["POWER_CAPPED"]
    assert "40 % of the time" in result.reasons[0].text
    assert result.trials[0].throttled == pytest.approx({"power_cap": 0.4, "board_limit": 0.001})


def test_where_reduced_clocks_are_not_counted_they_are_looked_for(board):
    board.reasons = ("idle", "hw_thermal", "power_brake")
    (result,) = measure(board, Load(FakeWork(board)))
    assert codes(result) == ["THROTTLED_THERMAL", "THROTTLED_HW"]
    assert result.trials[0].throttled == {"hw_thermal": 1.0, "power_brake": 1.0}


def test_a_clock_that_varies_between_trials_is_told(board):
    clocks = iter([1410.0, 1200.0, 1410.0])

    class Slower(Load):
        def ready(self):
            mhz = next(clocks, 1410.0)
            board.state = lambda: FakeBoard.state(board)._replace(sm_clock_mhz=mhz)
            return super().ready()

    (result,) = measure(board, Slower(FakeWork(board)))
    assert codes(result) == ["CLOCK_CHANGED"]
    assert "1200–1410 MHz" in result.reasons[0].text


# -- in earnest --------------------------------------------------------------------------------------------------------


def test_the_thread_looks_until_it_is_left():
    looked, before = threading.Semaphore(0), threading.active_count()
    with in_thread(looked.release, 0.0001):
        for _ in range(3):
            assert looked.acquire(timeout=60)
    assert threading.active_count() == before


def test_what_goes_wrong_in_the_thread_is_raised():
    failed = threading.Event()

    def fail():
        failed.set()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), in_thread(fail, 0.0001):
        assert failed.wait(60)
