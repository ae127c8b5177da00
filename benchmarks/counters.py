"""How long the analysis of a network takes here and with the other counters, in one run.

Every counter makes its full analysis of the same network: a number for every layer. ptflops' ``aten`` backend knows ops
and no layers; it is shown, and counted in the second mean only. The others get their choice of a network with values
on the CPU or without on the meta device: the faster of both counts. Each counter has a process of its own, since some
slow down whatever runs after them. They take turns, so that a slow moment of the machine hits all; a turn repeats the
analysis for a while, without its first repetition, and has a median; the best turn of each is compared, as what
disturbs only slows.

A counter that raises, or says that it did not finish, fails on that device; one that fails on both is shown so.
Networks too large to be run with values are counted without them alone, and one that all others fail on is in no mean.

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
TRANSFORMERS = {
    "ViT-B/16": "torchvision:vit_b_16",
    "Swin-T": "torchvision:swin_t",
    "BERT": "hf:bert",
    "GPT-2": "hf:gpt2",
    "Llama 1B": "hf:llama(hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32, "
    "num_key_value_heads=8, vocab_size=128256)",
    "Mixtral": "hf:mixtral(num_hidden_layers=4, hidden_size=1024, intermediate_size=3584)",
}
"""Transformers of torchvision, on an image, and of transformers, on 128 tokens; Mixtral of 4 of its 32 layers and a
quarter of its width, as without values the others do not run it."""
LIBRARIES = {"archstat": NETWORKS, "torchvision": NETWORKS, "transformers": [*TRANSFORMERS]}
TURN_SECONDS = 0.05
ON_CPU_MOST = 1 << 29
"""Parameters of the largest network that the others get with values too: a larger one takes seconds to run."""


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
    found = get_model_complexity_info(model, shape, backend=backend, input_constructor=lambda _: {"x": x}, **silent)
    if found[0] is None:  # it prints what failed
        raise RuntimeError


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
ONLY_OPS = "ptflops aten"
"""What knows no layers."""


def forward(model: Any, x: Any) -> None:
    """The forward pass and nothing else, which whoever runs a network cannot be faster than."""
    import torch

    with torch.no_grad():
        model(x)


ALONE = "forward pass"
COUNTERS = {"archstat": archstat, **OTHERS, ALONE: forward}


# -- in the process of one counter -------------------------------------------------------------------------------------


def prepare() -> None:
    """Silence the counters; make torchvision importable beside a torch without its compiled ops."""
    from archstat.networks.torchvision_ops import mend_torchvision

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    mend_torchvision()


@functools.lru_cache(maxsize=2)
def network(name: str, library: str, device: str) -> tuple[Any, Any]:
    """A network of ours or of a library, and its input, which its ``forward`` calls ``x`` as ptflops needs it."""
    import torch
    from torch import nn

    from archstat.networks.construction import on_meta
    from archstat.networks.sources import find

    image = (1, 3, 224, 224)
    if library == "torchvision":
        import torchvision.models

        arguments = {"init_weights": False} if name == "googlenet" else {}
        build = functools.partial(getattr(torchvision.models, name), **arguments)
        x = torch.zeros(image, device=device)
    else:
        source = find(TRANSFORMERS.get(name, name))
        build = source.build
        shape = (1, *source.input_shape) if library == "archstat" else image
        is_text = TRANSFORMERS.get(name, "").startswith("hf:")
        x = torch.zeros((1, 128), dtype=torch.int64, device=device) if is_text else torch.zeros(shape, device=device)
    with on_meta():
        model = build()
    if device == "cpu" and sum(parameter.numel() for parameter in model.parameters()) > ON_CPU_MOST:
        raise MemoryError
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

    return Forward().eval(), x


def turn(counter: str, name: str, library: str, device: str) -> float:
    """Median seconds of one analysis, repeated for a while; infinity if the counter cannot do it."""
    try:
        model, x = network(name, library, device)
    except MemoryError:
        return math.inf
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
    """Seconds of every counter on one network, on its faster device, in its best turn: what disturbs only slows."""
    best: dict[str, list[float]] = {counter: [] for counter in COUNTERS}
    for device in ("meta", "cpu"):
        seconds: dict[str, list[float]] = {counter: [] for counter in COUNTERS}
        for _ in range(turns):
            for counter, process in processes.items():
                if device == "meta" or counter != "archstat":
                    seconds[counter].append(process.submit(turn, counter, name, library, device).result())
        for counter, values in seconds.items():
            best[counter] += values
    return {counter: min(values) for counter, values in best.items()}


def main() -> None:
    """Print a table for each library, and the means of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--library", choices=[*LIBRARIES], help="whose networks; of all where none is named")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    processes = {counter: ProcessPoolExecutor(1, spawn, prepare) for counter in COUNTERS}
    every: list[dict[str, float]] = []
    for library in [options.library] if options.library else LIBRARIES:
        print(f"Networks of {library}; milliseconds, and how many times ours\n")
        print(f"{'':12}{'archstat':>9}" + "".join(f"{name:>18}" for name in (*OTHERS, ALONE)))
        found = [tell(processes, name, library, options.turns) for name in options.networks or LIBRARIES[library]]
        every += found
        print(f"\n{means(found)}\n", flush=True)
    if len(every) > len(found):
        print(f"All {len(every)} networks. {means(every)}")
    for process in processes.values():
        process.shutdown()


def tell(processes: dict[str, ProcessPoolExecutor], name: str, library: str, turns: int) -> dict[str, float]:
    """Print the row of one network; the seconds of every counter."""
    seconds = compare(processes, name, library, turns)
    mine = seconds["archstat"]
    cells = (f"{1e3 * seconds[other]:9.2f} ({seconds[other] / mine:5.1f}×)" for other in (*OTHERS, ALONE))
    print(
        f"{name:12}{1e3 * mine:9.2f}" + "".join("fails".rjust(18) if "inf" in cell else cell for cell in cells),
        flush=True,
    )
    return seconds


def means(found: list[dict[str, float]]) -> str:
    """How many times faster ours is than the fastest other one, in the geometric mean over networks that one can do."""
    found = [row for row in found if any(math.isfinite(row[other]) for other in OTHERS if other != ONLY_OPS)]
    layers, anything = (
        statistics.geometric_mean(
            min(row[other] for other in OTHERS if other not in left) / row["archstat"] for row in found
        )
        for left in ((ONLY_OPS,), ())
    )
    alone = statistics.geometric_mean(row["archstat"] / row[ALONE] for row in found)
    return (
        f"Geometric mean: {layers:.1f} times faster than the fastest other counter of layers,\n"
        f"{anything:.1f} times faster than the fastest counter of any kind; {alone:.2f} of the forward pass alone."
    )


if __name__ == "__main__":
    main()
