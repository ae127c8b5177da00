"""One network of each family of timm, counted here and by torch's ``FlopCounterMode`` on the meta device.

Prints the networks on which the two differ, where one of them fails, or where archstat names uncounted ops, and the
seconds that both took. Run: ``python benchmarks/timm_families.py``.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import torch
from counters import prepare
from torch.utils.flop_counter import FlopCounterMode

import archstat
from archstat.errors import ArchstatError
from archstat.networks.source import Source
from archstat.networks.sources import build_on_meta


def families() -> list[str]:
    """The name of one network of each family: the shortest."""
    import timm

    members: dict[str, list[str]] = {}
    for name in timm.list_models():
        members.setdefault(timm.model_entrypoint(name).__module__, []).append(name)
    return [min(names, key=lambda name: (len(name), name)) for names in members.values()]


def check(model: Any, x: torch.Tensor) -> int | None:
    """Multiply-accumulates as torch counts them, ``None`` if it fails."""
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(x)
    except Exception:  # noqa: BLE001 - some networks mix devices on meta
        return None
    return int(counter.get_total_flops() // 2)


def main() -> None:
    """Print what does not agree, and how much does."""
    import timm

    warnings.simplefilter("ignore")
    names = families()
    seconds = [0.0, 0.0]
    agreeing = 0
    for name in names:
        model = build_on_meta(Source(name, lambda name=name: timm.create_model(name).eval())).to("meta")
        x = torch.empty(1, *model.default_cfg.get("input_size", (3, 224, 224)), device="meta")
        start = time.perf_counter()
        try:
            cost = archstat.count(model, x)
        except ArchstatError as error:
            print(f"{name}: {error}")
            continue
        middle = time.perf_counter()
        macs = check(model, x)
        seconds = [seconds[0] + middle - start, seconds[1] + time.perf_counter() - middle]
        agreeing += macs == cost.macs and not cost.uncounted
        if macs != cost.macs or cost.uncounted:
            missing = ", ".join(op.op for op in cost.uncounted) or "nothing"
            print(
                f"{name}: {cost.macs:,} here, {'failed' if macs is None else f'{macs:,}'} there; uncounted: {missing}"
            )
    print(f"{agreeing} of {len(names)} agree; {seconds[0]:.1f} s here, {seconds[1]:.1f} s there")


if __name__ == "__main__":
    prepare()
    main()
