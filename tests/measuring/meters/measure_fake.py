"""Measures on the library of ``libnvidia-ml.c``, in a process of its own; prints the record, or the reason."""

import contextlib
import ctypes
import sys

import msgspec

from archstat.measuring.energy.whole import EnergyPlan, Load, measure_energy
from archstat.measuring.metering import MeterError, open_meter
from tests.measuring.boards import FakeClock

IDLE_W, LOAD_W, PASS_S = 60.0, 300.0, 0.004


class Work:
    """Passes of 4 ms at 300 W."""

    def __init__(self, clock, meanwhile):
        self.clock, self.meanwhile = clock, meanwhile

    def run(self):
        self.meanwhile["watts"] = LOAD_W
        self.clock.advance(PASS_S)
        self.meanwhile["watts"] = IDLE_W

    def wait(self):
        pass


def main():
    clock, meanwhile = FakeClock(), {"watts": IDLE_W}
    with contextlib.suppress(OSError):
        library = ctypes.CDLL("libnvidia-ml.so.1")
        library.fake_pass.argtypes = [ctypes.c_double, ctypes.c_double]
        clock.listeners.append(lambda start, end: library.fake_pass(end - start, meanwhile["watts"]))
    plan = EnergyPlan(trials=3, idle_wait_s=1.0, idle_s=4.0)
    try:
        meter = open_meter("cuda", "GPU-fake", clock)
        load = Load(Work(clock, meanwhile), batch_size=2)
        (result,) = measure_energy([load], meter, plan, clock=clock, background=clock.background)
    except MeterError as error:
        result = error.reason
    sys.stdout.buffer.write(msgspec.json.encode(result))
    assert "torch" not in sys.modules


if __name__ == "__main__":
    main()
