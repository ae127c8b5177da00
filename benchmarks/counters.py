"""How long the analysis of a network takes here and with the other counters, in one run.

Every counter makes its full analysis of the same network: a number for every layer. ptflops' ``aten`` backend knows ops
and no layers; it is shown, and counted in the second mean only. The others get their choice of a network with values
on the CPU or without on the meta device: the faster of both counts. Each counter has a process of its own, since some
slow down whatever runs after them. They take turns, so that a slow moment of the machine hits all; a turn repeats the
analysis for a while, without its first repetition; the medians over all turns are compared.

Run: ``make bench``, or ``python benchmarks/counters.py --turns 30 resnet50``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import logging
import math
import multiprocessing
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

NETWORKS = ["alexnet", "vgg16", "googlenet", "resnet50", "resnet152", "densenet201"]
TURN_SECONDS = 0.05


def archstat(model: Any, x: Any) -> None:
    """The public function."""
    from archstat import count

    count(model, x)


def torchinfo(model: Any, x: Any) -> None:
    """``summary``, without printing."""
    from torchinfo import summary

    summary(model, input_data=x, verbose=0, device=x.device.type)


def ptflops(model: Any, x: Any, backend: str = "pytorch") -> None:
    """Its printed statistics go nowhere."""
    from ptflops import get_model_complexity_info

    shape = tuple(x.shape[1:])
    silent = {"as_strings": False, "ost": io.StringIO()}
    get_model_complexity_info(model, shape, backend=backend, input_constructor=lambda _: {"x": x}, **silent)


def ptflops_aten(model: Any, x: Any) -> None:
    """The other backend, which knows ops and no layers."""
    ptflops(model, x, "aten")


def fvcore(model: Any, x: Any) -> None:
    """Counts by module."""
    from fvcore.nn import FlopCountAnalysis

    FlopCountAnalysis(model, x).by_module()


def flop_counter_mode(model: Any, x: Any) -> None:
    """Counts by module and op."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    counter.get_flop_counts()


OTHERS: dict[str, Callable[[Any, Any], None]] = {
    "torchinfo": torchinfo,
    "ptflops": ptflops,
    "ptflops aten": ptflops_aten,
    "fvcore": fvcore,
    "FlopCounterMode": flop_counter_mode,
}
COUNTERS = {"archstat": archstat, **OTHERS}


# -- in the process of one counter -------------------------------------------------------------------------------------


def prepare() -> None:
    """Silence the counters; make torchvision importable beside a torch without its compiled ops."""
    from archstat.networks.torchvision_ops import mend_torchvision

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    mend_torchvision()


@functools.lru_cache(maxsize=2)
def network(name: str, library: str, device: str) -> tuple[Any, Any]:
    """A network of ours or of torchvision, and its input, which its ``forward`` calls ``x`` as ptflops needs it."""
    import torch
    from torch import nn

    from archstat.networks.sources import MetaConstruction, find

    if library == "archstat":
        source = find(name)
        build, shape = source.build, source.input_shape
    else:
        import torchvision.models

        arguments = {"init_weights": False} if name == "googlenet" else {}
        build, shape = functools.partial(getattr(torchvision.models, name), **arguments), (3, 224, 224)
    with MetaConstruction():
        model = build()
    model = model.to("meta") if device == "meta" else model.to_empty(device="cpu")
    if device == "cpu":
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.data.zero_()

    class Forward(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.model(x)

    return Forward().eval(), torch.zeros((1, *shape), device=device)


def turn(counter: str, name: str, library: str, device: str) -> float:
    """Median seconds of one analysis, repeated for a while; infinity if the counter cannot do it."""
    model, x = network(name, library, device)
    samples: list[float] = []
    sink = io.StringIO()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        while len(samples) < 2 or sum(samples) < TURN_SECONDS:
            start = time.perf_counter()
            try:
                COUNTERS[counter](model, x)
            except Exception:  # noqa: BLE001 - fvcore traces nothing on the meta device
                return math.inf
            samples.append(time.perf_counter() - start)
    return statistics.median(samples[1:])


# -- in the process that compares --------------------------------------------------------------------------------------


def compare(processes: dict[str, ProcessPoolExecutor], name: str, library: str, turns: int) -> dict[str, float]:
    """Median seconds of every counter on one network, on its faster device."""
    best: dict[str, list[float]] = {counter: [] for counter in COUNTERS}
    for device in ("meta", "cpu"):
        seconds: dict[str, list[float]] = {counter: [] for counter in COUNTERS}
        for _ in range(turns):
            for counter, process in processes.items():
                if device == "meta" or counter != "archstat":
                    seconds[counter].append(process.submit(turn, counter, name, library, device).result())
        for counter, values in seconds.items():
            best[counter] += [statistics.median(values)] if values else []
    return {counter: min(medians) for counter, medians in best.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--library", choices=["archstat", "torchvision"], default="archstat", help="whose networks")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    processes = {counter: ProcessPoolExecutor(1, spawn, prepare) for counter in COUNTERS}
    print(f"Networks of {options.library}; milliseconds, and how many times ours\n")
    print(f"{'':12}{'archstat':>9}" + "".join(f"{name:>18}" for name in OTHERS))
    by_layer, by_any = [], []
    for name in options.networks:
        medians = compare(processes, name, options.library, options.turns)
        mine = medians["archstat"]
        by_any.append(min(medians[other] for other in OTHERS) / mine)
        by_layer.append(min(medians[other] for other in OTHERS if other != "ptflops aten") / mine)
        cells = "".join(f"{1e3 * medians[other]:9.2f} ({medians[other] / mine:5.1f}×)" for other in OTHERS)
        print(f"{name:12}{1e3 * mine:9.2f}{cells}", flush=True)
    means = [statistics.geometric_mean(ratios) for ratios in (by_layer, by_any)]
    print(f"\nGeometric mean: {means[0]:.1f} times faster than the fastest other counter of layers,")
    print(f"{means[1]:.1f} times faster than the fastest counter of any kind.")


if __name__ == "__main__":
    main()
