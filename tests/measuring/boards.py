"""A simulated board on a simulated clock: all that measuring energy needs, without threads and without waiting."""

import contextlib
import math
from bisect import bisect_right

from archstat.measuring.metering import MeterError, Power, Reading, State, Traits


class FakeClock:
    """Passes only when told to; on the way it calls what is due."""

    def __init__(self):
        self.now, self._due, self.listeners = 0.0, {}, []

    def now_ns(self):
        return round(self.now * 1e9)

    def sleep(self, seconds):
        self.advance(seconds)

    def advance(self, seconds):
        end = self.now + seconds
        while self._due and min(self._due.values()) <= end:
            call = min(self._due, key=self._due.get)
            self._pass(self._due[call])
            self._due[call] += call.period
            call.step()
        self._pass(end)

    def _pass(self, until):
        for listen in self.listeners:
            listen(self.now, until)
        self.now = max(self.now, until)

    @contextlib.contextmanager
    def background(self, step, period_s):
        """What a thread does in earnest."""
        call = _Call(step, period_s)
        self._due[call] = self.now + period_s
        try:
            yield
        finally:
            del self._due[call]


class _Call:
    def __init__(self, step, period):
        self.step, self.period = step, period


class FakeBoard:
    """Draws ``watts``, counts joules every ``period`` seconds, and has a sensor that averages over ``average`` seconds.

    ``gain`` is the error of both, ``sensor_gain`` that of the sensor besides; ``phase`` when the counter steps first.
    """

    id, boundary = "fake", "board"

    def __init__(self, clock, idle_w=70.0, period=0.1, average=0.1, gain=1.0, sensor_gain=1.0, phase=0.0, **traits):
        self.clock, self.idle_w, self.watts = clock, idle_w, idle_w
        self.period, self.average, self.gain, self.sensor_gain, self.phase = period, average, gain, sensor_gain, phase
        self._times, self._energies, self._powers = [0.0], [0.0], [idle_w]
        self.traits = Traits(**({"poll_s": 0.01, "settle_s": 1.0, "window_s": 5.0} | traits))
        self.offset_j, self.fails, self.stopped, self.has_sensor = 1000.0, None, None, True
        self.warm, self.busy, self.throttled, self.reasons = 40.0, 0.0, None, ()
        clock.listeners.append(self._draw)

    def _draw(self, start, end):
        if end > start:
            self._powers.append(self.watts)
            self._energies.append(self._energies[-1] + self.watts * (end - start))
            self._times.append(end)

    def energy_j(self, time):
        """What was really drawn until then."""
        i = bisect_right(self._times, time) - 1
        power = self._powers[min(i + 1, len(self._powers) - 1)]
        return self._energies[i] + power * (time - self._times[i])

    def counter_j(self):
        now = self.clock.now if self.stopped is None else self.stopped
        stepped = math.floor((now - self.phase) / self.period) * self.period
        return self.offset_j + self.gain * self.energy_j(max(stepped + self.phase, 0.0))

    # -- a meter -------------------------------------------------------------------------------------------------------

    def probe(self):
        return self.traits

    def restart(self):
        pass

    def read(self):
        if self.fails is not None:
            error, self.fails = self.fails, None
            raise error
        return Reading(self.clock.now_ns(), self.clock.now_ns(), self.counter_j())

    def power(self):
        since = self.clock.now - self.average
        if not self.has_sensor or since < 0:
            return None
        mean = (self.energy_j(self.clock.now) - self.energy_j(since)) / self.average
        return Power(self.clock.now_ns(), self.gain * self.sensor_gain * mean)

    def state(self):
        return State(self.clock.now_ns(), 1410.0, self.warm, self.busy, self.throttled, self.reasons)


class FakeWork:
    """A queue: each run adds ``seconds`` at ``watts`` to it, and takes the host ``launch`` seconds."""

    def __init__(self, board, watts=300.0, seconds=0.002, launch=0.0):
        self.board, self.watts, self.seconds, self.launch, self.runs = board, watts, seconds, launch, 0
        self._queued = 0.0

    def run(self):
        self.runs += 1
        self._queued += self.seconds
        if self.launch:
            self._work(self.launch)

    def wait(self):
        self._work(self._queued)

    def _work(self, seconds):
        """The queue is worked off for so long, and the board idles for the rest."""
        clock, busy = self.board.clock, min(seconds, self._queued)
        self._queued -= busy
        self.board.watts = self.watts
        clock.advance(busy)
        self.board.watts = self.board.idle_w
        if seconds > busy:
            clock.advance(seconds - busy)


def backwards():
    return MeterError("ENERGY_BACKWARDS", "Energy counter went backwards (driver reload?). Trial discarded.")
