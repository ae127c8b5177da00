"""The roof of a device, on a clock that tests hold: what was run over the time that it took."""

import contextlib
import itertools
from types import SimpleNamespace

import psutil
import pytest
import torch

from archstat.errors import InputError
from archstat.measuring import peaks
from archstat.measuring.environment.procfiles import NotToldError
from archstat.measuring.peaks import CHAINED_CALLS, ROUNDS, Product, Repeated, measure_peaks, stretches, sustained
from tests.measuring.computer import Clock

CPU = torch.device("cpu")


class Timed:
    """Work of known length: the clock goes on by the next of these times whenever it is run."""

    def __init__(self, clock, *times):
        self.clock, self.times, self.runs, self.waits = clock, itertools.cycle(times), 0, 0

    def run(self):
        self.runs += 1
        self.clock.sleep(next(self.times))

    def wait(self):
        self.waits += 1


@pytest.fixture
def computer(monkeypatch):
    """A quiet processor that computes 100 GFLOP/s, copies 8 GB/s and needs 2 µs for a call; and its clock."""
    clock = Clock()
    made = {"products": [], "copied": []}

    def multiply(product, _device, dtype):
        made["products"].append((product, dtype))
        return Timed(clock, product.flops / 100e9)

    def copy(_device, nbytes):
        made["copied"].append(nbytes)
        return Timed(clock, 2 * nbytes / 8e9)

    monkeypatch.setattr(peaks, "_multiply", multiply)
    monkeypatch.setattr(peaks, "_copy", copy)
    monkeypatch.setattr(peaks, "_chain", lambda *_: lambda: clock.sleep(CHAINED_CALLS * 2e-6))
    monkeypatch.setattr(peaks, "_cache_bytes", lambda *_: 32 * 2**20)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * 2**30, total=2**36))
    monkeypatch.setattr(peaks, "noise_reasons", lambda *_: ())
    return SimpleNamespace(clock=clock, **made)


def test_a_rate_is_what_was_done_over_the_time_that_it_took(computer):
    found = measure_peaks(CPU, "fp32", 2, computer.clock)
    # 2·n³ operations in 2·n³ / 100·10⁹ seconds
    assert found.flops_per_s == pytest.approx(100e9, rel=1e-4)
    # 256 MiB read and 256 MiB written
    assert computer.copied == [256 * 2**20]
    assert found.bytes_per_s == pytest.approx(2 * 256 * 2**20 / (2 * 256 * 2**20 / 8e9))
    assert found.call_s == pytest.approx(2e-6)
    assert found.ridge == pytest.approx(100e9 / 8e9, rel=1e-4)
    assert (found.precision, found.threads, found.reasons) == ("fp32", 2, ())


def test_a_product_counts_a_multiply_accumulate_as_two():
    product = Product(4, 5, 6)
    assert product.flops == 2 * 4 * 5 * 6
    assert product.nbytes(2) == 2 * (4 * 5 + 5 * 6 + 4 * 6)


def test_the_fastest_product_counts_and_how_says_which(computer, monkeypatch):
    times = {product: product.flops / 100e9 for product in peaks._PRODUCTS["cpu"]}
    times[Product(512, 512, 512)] = 2 * 512**3 / 250e9
    monkeypatch.setattr(peaks, "_multiply", lambda product, *_: Timed(computer.clock, times[product]))
    found = measure_peaks(CPU, "fp32", 1, computer.clock)
    assert found.flops_per_s == pytest.approx(250e9, rel=1e-4)
    # at 100 GFLOP/s 2·2048³ operations would take 0.17 s
    assert "256×256×256, 512×512×512, 1024×1024×1024, 4096×512×512, the fastest" in found.how
    assert "the fastest being 512×512×512; of copying 256.0 MiB, the last-level cache being of 32.00 MiB" in found.how


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_products_are_of_the_precision_that_was_asked_for(computer, precision, dtype):
    measure_peaks(CPU, precision, 1, computer.clock)
    assert {each for _, each in computer.products} == {dtype}


def test_a_number_that_the_device_does_not_have_is_refused(computer):
    with pytest.raises(InputError, match="TF32"):
        measure_peaks(CPU, "tf32", 1, computer.clock)
    assert not computer.products


def test_threads_are_set_while_it_runs_and_no_longer(computer, monkeypatch):
    before, seen = torch.get_num_threads(), []
    monkeypatch.setattr(
        peaks, "_multiply", lambda *_: seen.append(torch.get_num_threads()) or Timed(computer.clock, 0.01)
    )
    measure_peaks(CPU, "fp32", before + 1, computer.clock)
    assert (set(seen), torch.get_num_threads()) == ({before + 1}, before)


def test_without_a_number_of_threads_there_is_one_for_each_core(computer, monkeypatch):
    monkeypatch.setattr(peaks, "default_threads", lambda: 3)
    assert measure_peaks(CPU, "fp32", clock=computer.clock).threads == 3


# -- what counts of several stretches ----------------------------------------------------------------------------------


def test_the_second_fastest_stretch_counts_so_that_luck_and_disturbance_do_not():
    assert sustained([1.0, 2.0, 2.0, 3.0, 9.0, 99.0]) == 2.0
    clock = Clock()
    # four runs to warm up, and one stretch of one run in each round
    work = Timed(clock, 5.0, 1.0, 7.0, 7.0, 4.0, 0.5, 3.0, 1.0, 1.0, 9.0, 2.0, 2.0, 2.0, 2.0)
    (times,) = stretches([work], clock)
    assert times == [0.5, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 4.0, 9.0]
    assert len(times) == ROUNDS


def test_short_work_is_run_until_the_stretch_is_long_enough():
    clock = Clock()
    work = Timed(clock, 0.003)
    (times,) = stretches([work], clock)
    # 0.01 s hold 3.33 runs of 3 ms: 4 in each round
    assert (work.runs, work.waits) == (4 + 4 * ROUNDS, 4 + ROUNDS)
    assert times == pytest.approx([0.003] * ROUNDS)


def test_one_disturbed_run_does_not_make_a_device_look_slow(computer, monkeypatch):
    # the first product takes a thousand times as long when it is first asked how long it takes
    def multiply(product, *_):
        short = product.flops / 100e9
        return Timed(computer.clock, short, 1000 * short, *[short] * 100_000)

    monkeypatch.setattr(peaks, "_multiply", multiply)
    assert "1024×1024×1024, 4096×512×512, the fastest" in measure_peaks(CPU, "fp32", 1, computer.clock).how


def test_several_take_turns_so_that_a_disturbance_does_not_hit_one_alone():
    clock, turns = Clock(), []

    class Turn(Timed):
        def run(self):
            turns.append(self)
            super().run()

    first, second = Turn(clock, 1.0), Turn(clock, 1.0)
    stretches([first, second], clock)
    assert turns[8:] == [first, second] * ROUNDS


def test_work_that_takes_no_time_at_all_does_not_divide_by_it(monkeypatch):
    monkeypatch.setattr(peaks, "STRETCH_S", 1e-8)
    clock = Clock()
    assert stretches([Timed(clock, 0.0)], clock) == [[0.0] * ROUNDS]


def test_uneven_stretches_are_a_reason(computer, monkeypatch):
    # of the ten that count the second fastest takes 1 ms, and the middle of all is 1.5 ms
    times = (9.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.5, 1.5, 1.5, 2.0, 2.0, 2.0, 2.0)
    monkeypatch.setattr(peaks, "STRETCH_S", 1e-3)
    monkeypatch.setattr(peaks, "_copy", lambda *_: Timed(computer.clock, *(each / 1000 for each in times)))
    (reason,) = measure_peaks(CPU, "fp32", 1, computer.clock).reasons
    assert reason.code == "HOST_NOISY"
    assert "the stretches of copies took 50.0 % longer than the second fastest" in reason.text


def test_a_busy_computer_is_a_reason(computer, monkeypatch):
    monkeypatch.setattr(peaks, "noise_reasons", lambda noise, host: (noise, host.threads))
    _, threads = measure_peaks(CPU, "fp32", 5, computer.clock).reasons
    assert threads == 5


# -- what is left out --------------------------------------------------------------------------------------------------


def test_products_too_long_for_a_slow_computer_are_left_out(computer, monkeypatch):
    # at 10 GFLOP/s 2·1024³ operations would take 0.21 s, and 2·512³ of them 0.027 s
    monkeypatch.setattr(peaks, "_multiply", lambda product, *_: Timed(computer.clock, product.flops / 10e9))
    found = measure_peaks(CPU, "fp32", 1, computer.clock)
    assert "256×256×256, 512×512×512, the fastest" in found.how
    assert "1024×1024×1024" not in found.how


def test_products_too_large_for_the_memory_are_left_out_and_the_copy_is_smaller(computer, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**22, total=2**36))
    found = measure_peaks(CPU, "fp32", 1, computer.clock)
    # a quarter of 4 MiB holds the 3 · 256 KiB of the first one; an eighth is 512 KiB
    assert [product for product, _ in computer.products] == [Product(256, 256, 256)]
    assert computer.copied == [2**19]
    assert found.flops_per_s == pytest.approx(100e9, rel=1e-4)


@pytest.mark.parametrize(
    ("cache", "copied"), [(None, 2**28), (2**20, 2**28), (150 * 2**20, 300 * 2**20), (480 * 2**20, 2**29)]
)
def test_a_copy_is_larger_than_the_caches_within_bounds(computer, monkeypatch, cache, copied):
    monkeypatch.setattr(peaks, "_cache_bytes", lambda *_: cache)
    assert peaks._copy_bytes(CPU) == copied
    assert ("of a size that is not told" in measure_peaks(CPU, "fp32", 1, computer.clock).how) == (cache is None)


def test_a_cache_of_unknown_size_is_not_guessed(monkeypatch):
    def refuse(_root):
        raise NotToldError("no")

    monkeypatch.setattr(peaks, "cache_bytes", refuse)
    assert peaks._cache_bytes(CPU) is None


# -- what is run -------------------------------------------------------------------------------------------------------


def test_what_is_run_is_a_product_a_copy_and_calls_of_a_module(monkeypatch):
    multiplied = []
    monkeypatch.setattr(torch, "mm", lambda left, right, out: multiplied.append((left, right, out)))
    peaks._multiply(Product(4, 5, 6), CPU, torch.bfloat16).run()
    ((left, right, out),) = multiplied
    assert (left.shape, right.shape, out.shape) == ((4, 5), (5, 6), (4, 6))
    assert {left.dtype, right.dtype, out.dtype} == {torch.bfloat16}
    assert left.unique().numel() > 10, "random numbers: of zeros a GPU draws less power"


def test_a_copy_moves_as_many_bytes_as_it_says(monkeypatch):
    copies = []
    monkeypatch.setattr(torch.Tensor, "copy_", lambda target, source: copies.append((target.nbytes, source.nbytes)))
    peaks._copy(CPU, 3 * 2**18).run()
    assert copies == [(3 * 2**18, 3 * 2**18)]


def test_a_chain_calls_a_module_as_networks_do(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.nn.ReLU, "__call__", lambda _, x: calls.append(x.numel()))
    peaks._chain(CPU, torch.float32)()
    assert calls == [1] * CHAINED_CALLS


def test_all_of_it_runs_here(monkeypatch):
    monkeypatch.setattr(peaks, "STRETCH_S", 1e-4)
    monkeypatch.setattr(peaks, "_COPY_LEAST", 2**20)
    monkeypatch.setattr(peaks, "_COPY_MOST", 2**20)
    monkeypatch.setattr(peaks, "_PRODUCTS", {"cpu": (Product(64, 64, 64),)})
    found = measure_peaks(CPU, "fp32", 1)
    assert 0 < found.call_s < 1
    assert 0 < found.bytes_per_s < float("inf")
    assert 0 < found.flops_per_s < float("inf")


# -- a GPU, with torch's answers in its place --------------------------------------------------------------------------


@pytest.fixture
def gpu(computer, monkeypatch):
    """A GPU that records what it is asked for."""
    events = []
    device = torch.device("cuda", 1)

    @contextlib.contextmanager
    def current(chosen):
        events.append(f"enter {chosen}")
        yield
        events.append("leave")

    monkeypatch.setattr(torch.cuda, "device", current)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda chosen: events.append(f"wait {chosen}"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: events.append("empty_cache"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (16 * 2**30, 80 * 2**30))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "A board")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    return SimpleNamespace(device=device, events=events, **vars(computer))


def test_a_gpu_has_no_threads_and_its_own_products(gpu):
    found = measure_peaks(gpu.device, "tf32", 4, gpu.clock)
    assert (found.device_name, found.precision, found.threads) == ("A board", "tf32", None)
    # at 100 GFLOP/s the second one would take 1.4 s
    assert gpu.products == [(Product(2048, 2048, 2048), torch.float32)]
    assert "a kernel of nn.ReLU on one number, in a replayed graph" in found.how


def test_a_gpu_is_current_while_it_runs_is_waited_for_and_is_left_as_it_was(gpu):
    measure_peaks(gpu.device, "bf16", clock=gpu.clock)
    assert gpu.events[0] == "enter cuda:1"
    assert gpu.events[-2:] == ["empty_cache", "leave"]
    assert set(gpu.events[1:-2]) == {"wait cuda:1"}


def test_a_gpu_is_left_as_it_was_also_after_a_failure(gpu, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(peaks, "_copy", fail)
    with pytest.raises(ZeroDivisionError):
        measure_peaks(gpu.device, "bf16", clock=gpu.clock)
    assert "empty_cache" in gpu.events


def test_the_cache_of_a_gpu_is_its_second_level(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(L2_cache_size=50 * 2**20))
    assert peaks._cache_bytes(torch.device("cuda", 0)) == 50 * 2**20


def test_on_a_gpu_the_calls_are_captured_once_and_replayed(monkeypatch):
    events = []

    class Device:
        def __init__(self, device):
            events.append(str(device))

        def capture(self, work):
            work()
            return SimpleNamespace(replay=lambda: events.append("replay"))

    monkeypatch.setattr(peaks, "CudaDevice", Device)
    monkeypatch.setattr(torch, "randn", lambda size, **_: torch.empty(size))
    monkeypatch.setattr(torch.nn.ReLU, "__call__", lambda *_: events.append("call"))
    replay = peaks._chain(torch.device("cuda", 1), torch.float32)
    replay()
    assert events == ["cuda:1"] + ["call"] * CHAINED_CALLS + ["replay"]


def test_waiting_is_for_a_gpu_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: pytest.fail("a CPU is done when the call returns"))
    Repeated(int, CPU).wait()
