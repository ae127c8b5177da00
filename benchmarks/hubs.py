"""How long all networks of a library take, built and counted, each process counting every second one.

Run: ``python benchmarks/hubs.py timm``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
import warnings

from archstat.analysis.inference import count_source
from archstat.errors import ArchstatError
from archstat.networks.hub import HUBS, names_in
from archstat.networks.settings import Setting


def seconds(spec: str) -> tuple[str, float, str]:
    """How long one network takes, and what kept it from being counted."""
    began, why = time.perf_counter(), ""
    try:
        count_source(spec, Setting())
    except ArchstatError as error:
        why = str(error)
    return spec, time.perf_counter() - began, why


def main() -> None:
    """Print the time of all, and those networks that take longest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hub")
    parser.add_argument("--pattern", default="", help="which of its networks")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    specs = [f"{given.hub}:{name}" for name in names_in(HUBS.get(given.hub), given.pattern)]
    seconds(specs[0])  # the library is imported before the processes are forked
    began = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(given.processes) as pool:
        found = list(pool.imap_unordered(seconds, specs))
        pool.close()
        pool.join()
    took = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(specs)} networks of {given.hub} in {took:.0f} s by {given.processes} processes")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of work, which is what a machine with nothing else to do shares out")
    for spec, each, _ in sorted(found, key=lambda row: -row[1])[:10]:
        print(f"{each:7.1f} s  {spec}")
    for spec, _, why in found:
        if why:
            print(f"not counted: {spec}: {why}")


if __name__ == "__main__":
    main()
