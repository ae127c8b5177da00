"""What a first look costs beyond its imports, beside what torch alone takes to build the same networks.

``python benchmarks/first_look.py`` prints a row for each command: the seconds of CPU that it takes in a process of its
own that has imported everything, as it has just answered a like question of a small network; the seconds in which the
same constructors build the same networks under ``torch.device("meta")``, each once; and the ratio. What a network costs
cannot be told before it is built: the ratio says how much more it takes to tell.

No result is kept or used. Each number is the least of several processes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

LARGE = {
    "Llama 70B": "hf:llama(hidden_size=8192,intermediate_size=28672,num_hidden_layers=80,num_attention_heads=64,"
    "num_key_value_heads=8,vocab_size=128256)",
    "Llama 405B": "hf:llama(hidden_size=16384,intermediate_size=53248,num_hidden_layers=126,num_attention_heads=128,"
    "num_key_value_heads=8,vocab_size=128256)",
    "Mixtral 8x22B": "hf:mixtral(hidden_size=6144,intermediate_size=16384,num_hidden_layers=56,num_attention_heads=48,"
    "num_key_value_heads=8,vocab_size=32768)",
}
ROWS: dict[str, tuple[list[str], list[str], tuple[str, ...]]] = {
    "compare '*'": (["compare", "lenet5"], ["compare", "*"], ("*",)),
    "report '*'": (["report", "lenet5"], ["report", "*"], ("*",)),
    "memory --training, ResNet-50": (
        ["memory", "lenet5", "--training"],
        ["memory", "resnet50", "--training"],
        ("resnet50",),
    ),
    "memory --training, NASNet-A": (
        ["memory", "lenet5", "--training"],
        ["memory", "nasnet_a_large", "--training"],
        ("nasnet_a_large",),
    ),
    **{
        f"scale, {name}": (
            ["scale", f"hf:{spec[3:].partition('(')[0]}(num_hidden_layers=1,hidden_size=64)", "--over", "sequence"],
            ["scale", spec, "--over", "sequence"],
            (spec,),
        )
        for name, spec in LARGE.items()
    },
}
"""The command that imports all it needs, the one that is timed, and the networks that this builds."""
TIMES = 3


def main() -> None:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--row", choices=[*ROWS], help="this one alone")
    parser.add_argument("--in-process", choices=[*ROWS], help="time this one in this process, and print both times")
    asked = parser.parse_args()
    if asked.in_process:
        print(json.dumps(_timed(asked.in_process)), file=sys.stderr)
        return
    print(f"{'':<32}{'s of CPU':>10}{'built s':>10}{'ratio':>8}")
    for name in [asked.row] if asked.row else ROWS:
        found = [_in_process(name) for _ in range(TIMES)]
        taken, built = (min(each[place] for each in found) for place in (0, 1))
        print(f"{name:<32}{taken:>10.2f}{built:>10.2f}{taken / built:>8.1f}", flush=True)


def _in_process(name: str) -> list[float]:
    line = [sys.executable, __file__, "--in-process", name]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARCHSTAT_CACHE": "off"}
    ran = subprocess.run(line, capture_output=True, text=True, check=True, env=environment)
    found: list[float] = json.loads(ran.stderr.splitlines()[-1])
    return found


def _timed(name: str) -> list[float]:
    """What the command of a row takes in this process, and what building takes."""
    from archstat.cli import cli

    small, whole, networks = ROWS[name]
    output = ["--output", os.devnull] if small[0] == "report" else []
    for words in (small, whole):
        seconds = _seconds(lambda words=words: cli.main([*words, "--no-cache", *output], standalone_mode=False))
    return [seconds, _seconds(lambda: _built(networks))]


def _built(networks: tuple[str, ...]) -> None:
    """Build networks with torch alone: no weight gets memory."""
    import torch

    from archstat.networks import sources
    from archstat.registry import architectures

    for network in architectures if networks == ("*",) else networks:
        with torch.device("meta"):
            sources.find(network).build()


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    gc.disable()  # as archstat does while it counts; what is compared is not how often rubbish is looked for
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    gc.enable()
    return seconds


if __name__ == "__main__":
    main()
