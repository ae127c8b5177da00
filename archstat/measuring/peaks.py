"""The roof that layers are held against: the fastest product and copy of a device, and the shortest call.

Whatever else a computer does makes a run longer and never shorter, so the fastest stretches are nearest to what the
device can do; but a single one may be luck. Each candidate is run for a stretch of time, then the next one, and all of
them again in several rounds. What counts is the second fastest stretch: the rate was reached twice, at different times.

Layers can lie above the roof of memory: what fits into the caches is not read from memory at all.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import torch
from torch import nn

from archstat import units
from archstat.language import recorded
from archstat.measuring.cuda.device import CudaDevice
from archstat.measuring.environment.devices import check_precision, device_name
from archstat.measuring.environment.host import cache_bytes, default_threads, read_host
from archstat.measuring.environment.noise import NoiseMeter, noise_reasons
from archstat.measuring.environment.procfiles import ROOT, NotToldError
from archstat.measuring.environment.record import switches
from archstat.measuring.protocols import Clock, HostClock, Repeatable
from archstat.measuring.statistics import median
from archstat.records import ELEMENT_TYPES, Peaks, Precision, Reason

#: How often each candidate is run for a stretch.
ROUNDS = 10
#: So long at least: waiting for a GPU takes a few thousandths of it at most, and a computer that has other work to do
#: too lets a process run for about so long.
STRETCH_S = 0.01
#: A product whose single run would take longer is left out: a small one fills a slow device as well.
LONGEST_S = 0.05
#: Calls in a row of a module that does next to nothing, so that the loop around them hardly counts.
CHAINED_CALLS = 1000

#: So much longer takes the middle stretch than the second fastest where something disturbs; the limit of rounds too.
UNEVEN_LIMIT = 0.05

_WARM_RUNS = 3
_COPY_LEAST = 2**28  # even a GPU takes a tenth of a millisecond for it, much longer than to begin
_COPY_MOST = 2**29  # a container may be allowed little memory, and may not tell
_COPY_PER_CACHE = 2  # source and target are four times the cache, as in STREAM: a tenth of a copy may come from there


class Product(NamedTuple):
    """A matrix product: ``rows × inner`` by ``inner × columns``."""

    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        """A multiply-accumulate is two."""
        return 2 * self.rows * self.inner * self.columns

    def nbytes(self, itemsize: int) -> int:
        """The memory of both factors and of the product."""
        return itemsize * (self.rows * self.inner + self.inner * self.columns + self.rows * self.columns)


# From small to large. On a CPU all of a small one fits into the cache of a core, and a large one keeps all cores busy;
# long and flat ones are what convolutions become. A GPU needs large ones to be full.
_PRODUCTS = {
    "cpu": (
        Product(256, 256, 256),
        Product(512, 512, 512),
        Product(1024, 1024, 1024),
        Product(4096, 512, 512),
        Product(2048, 2048, 2048),
    ),
    "cuda": (
        Product(2048, 2048, 2048),
        Product(4096, 4096, 4096),
        Product(16384, 4096, 4096),
        Product(8192, 8192, 8192),
    ),
}


class Repeated:
    """A call on a device; it is :class:`archstat.measuring.protocols.Repeatable`."""

    def __init__(self, call: Callable[[], object], device: torch.device) -> None:
        """A call, and the device that it keeps busy."""
        self._call, self._device = call, device

    def run(self) -> None:
        """Make the call; on a GPU it need not be done when this returns."""
        self._call()

    def wait(self) -> None:
        """Return when all that was started is done."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def measure_peaks(
    device: torch.device, precision: Precision, threads: int | None = None, clock: Clock | None = None
) -> Peaks:
    """The best that a device does, in about three seconds.

    Of a copy, what is read and what is written both count. What a processor reads only because it is about to write
    there does not.

    Args:
        device: A CPU or a GPU.
        precision: How numbers are represented.
        threads: Threads that work on one op; ``None``: one for each physical core to use. No matter on a GPU.
        clock: Tells how much time passes.

    Raises:
        InputError: The device has no numbers of that kind.
    """
    check_precision(device, precision)
    threads = None if device.type == "cuda" else threads or default_threads()
    clock, noise, dtype = clock or HostClock(), NoiseMeter(), getattr(torch, ELEMENT_TYPES[precision])
    with _on(device), switches(device, precision, threads), torch.inference_mode():
        products = _products(device, dtype, clock)
        copied = _copy_bytes(device)
        (copies,) = stretches([_copy(device, copied)], clock)
        (chains,) = stretches([Repeated(_chain(device, dtype), device)], clock)
        host, _ = read_host(torch.get_num_threads(), torch.get_num_interop_threads())
    best = max(products, key=lambda product: product.flops / sustained(products[product]))
    return Peaks(
        device_name(device),
        precision,
        threads,
        flops_per_s=best.flops / sustained(products[best]),
        bytes_per_s=2 * copied / sustained(copies),
        call_s=sustained(chains) / CHAINED_CALLS,
        how=_how(device, products, best, copied),
        reasons=(
            *_uneven({recorded("products"): products[best], recorded("copies"): copies}),
            *noise_reasons(noise.read()[0], host),
        ),
    )


def stretches(works: Sequence[Repeatable], clock: Clock) -> list[list[float]]:
    """The time of one run of each when it is run again and again: of its fastest stretch, of the second fastest, …."""
    calls = [max(1, math.ceil(STRETCH_S / max(_warm_s(work, clock), 1e-9))) for work in works]
    rounds = [[_run_s(work, n, clock) for work, n in zip(works, calls, strict=True)] for _ in range(ROUNDS)]
    return [sorted(times) for times in zip(*rounds, strict=True)]


def sustained(times: Sequence[float]) -> float:
    """The time that counts of some stretches: one that was reached twice."""
    return times[1]


def _uneven(found: Mapping[str, Sequence[float]]) -> list[Reason]:
    """Stretches that differ more than they do on a quiet computer."""
    spreads = {what: median(times) / sustained(times) - 1 for what, times in found.items()}
    return [
        Reason(
            "HOST_NOISY",
            recorded(
                "Host not quiet: the middle one of the stretches of {work} took {size} % longer than the second "
                "fastest; the roof may lie higher, so measure again on a quiet machine.",
                work=what,
                size=f"{100 * spread:.1f}",
            ),
        )
        for what, spread in spreads.items()
        if spread > UNEVEN_LIMIT
    ]


def _run_s(work: Repeatable, calls: int, clock: Clock) -> float:
    """The time of one run in a stretch of some."""
    start = clock.now_ns()
    for _ in range(calls):
        work.run()
    work.wait()
    return (clock.now_ns() - start) / 1e9 / calls


def _warm_s(work: Repeatable, clock: Clock) -> float:
    """The shortest of a few runs, as one may be disturbed; the very first one allocates and chooses kernels."""
    _run_s(work, 1, clock)
    return min(_run_s(work, 1, clock) for _ in range(_WARM_RUNS))


@contextlib.contextmanager
def _on(device: torch.device) -> Iterator[None]:
    """Make a GPU the current one, and give back at the end what was allocated there."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        try:
            yield
        finally:
            torch.cuda.empty_cache()


def _products(device: torch.device, dtype: torch.dtype, clock: Clock) -> dict[Product, list[float]]:
    """The times of each product that is neither too long nor too large for the device; the smallest is tried anyhow."""
    works: dict[Product, Repeatable] = {}
    fastest, room = 0.0, _free_bytes(device) // 4
    for product in _PRODUCTS[device.type]:
        if works and (product.flops > LONGEST_S * fastest or product.nbytes(dtype.itemsize) > room):
            continue
        works[product] = _multiply(product, device, dtype)
        fastest = max(fastest, product.flops / max(_warm_s(works[product], clock), 1e-9))
    return dict(zip(works, stretches(list(works.values()), clock), strict=True))


def _multiply(product: Product, device: torch.device, dtype: torch.dtype) -> Repeatable:
    """A product of random numbers; of zeros a GPU draws less power, and runs faster."""
    left = torch.randn(product.rows, product.inner, device=device).to(dtype)
    right = torch.randn(product.inner, product.columns, device=device).to(dtype)
    out = torch.empty(product.rows, product.columns, device=device, dtype=dtype)
    return Repeated(lambda: torch.mm(left, right, out=out), device)


def _copy(device: torch.device, nbytes: int) -> Repeatable:
    """A copy of random numbers; a quarter of a MiB is drawn, and repeated."""
    source = torch.randn(2**16, device=device).repeat(nbytes // 2**18)
    target = torch.empty_like(source)
    return Repeated(lambda: target.copy_(source), device)


def _copy_bytes(device: torch.device) -> int:
    """How much to copy: far more than the caches hold, as far as there is room."""
    wanted = min(max(_COPY_LEAST, _COPY_PER_CACHE * (_cache_bytes(device) or 0)), _COPY_MOST)
    return max(min(wanted, _free_bytes(device) // 8) >> 18, 1) << 18


def _cache_bytes(device: torch.device, root: Path = ROOT) -> int | None:
    """The last-level cache; ``None``: not told."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).L2_cache_size)
    try:
        return cache_bytes(root)
    except NotToldError:
        return None


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _chain(device: torch.device, dtype: torch.dtype) -> Callable[[], object]:
    """Calls of a module that does next to nothing; on a GPU its kernels alone, the host taken out by a graph."""
    module, x = nn.ReLU(), torch.randn(1, device=device).to(dtype)

    def run() -> None:
        for _ in range(CHAINED_CALLS):
            module(x)

    return run if device.type != "cuda" else CudaDevice(device).capture(run).replay


def _how(device: torch.device, tried: Iterable[Product], best: Product, copied: int) -> str:
    """What was run, in one sentence."""
    cache = _cache_bytes(device)
    last_level = recorded("a size that is not told") if cache is None else units.data_size(cache)
    return recorded(
        "The second fastest of {count} stretches of {number} ms or more: of matrix products (rows × inner × columns) "
        "{products}, the fastest being {best}; of copying {amount}, the last-level cache being of {cache}; and of "
        "{call}.",
        count=ROUNDS,
        number=f"{1000 * STRETCH_S:g}",
        products=", ".join(map(units.shape, tried)),
        best=units.shape(best),
        amount=units.data_size(copied),
        cache=last_level,
        call=recorded("a kernel of nn.ReLU on one number, in a replayed graph")
        if device.type == "cuda"
        else recorded("nn.ReLU on one number"),
    )
