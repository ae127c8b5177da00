"""What each counter says of networks that archstat did not write: multiply-accumulates, in millions.

The last column is torch's ``FlopCounterMode`` on the meta device, where attention falls apart into matrix products:
an independent check of ours. ``–`` means that the counter failed.

Run: ``python benchmarks/exactness.py``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import torch
from counters import prepare
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archstat


def networks() -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Networks of torchvision, timm and transformers, and an input each."""
    import timm
    import torchvision.models
    import transformers

    image = torch.zeros(1, 3, 224, 224)
    config = transformers.GPT2Config(n_layer=4, n_embd=256, n_head=4)
    return {
        "torchvision resnet50": (torchvision.models.resnet50(), image),
        "torchvision vit_b_16": (torchvision.models.vit_b_16(), image),
        "timm swin_tiny": (timm.create_model("swin_tiny_patch4_window7_224"), image),
        "transformers GPT-2": (transformers.GPT2Model(config), torch.zeros(1, 64, dtype=torch.long)),
    }


def flop_counter_mode(model: nn.Module, x: torch.Tensor) -> float:
    """Half of its FLOPs."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return counter.get_total_flops() / 2


def fvcore(model: nn.Module, x: torch.Tensor) -> float:
    """Its "flops" are multiply-accumulates."""
    from fvcore.nn import FlopCountAnalysis

    return FlopCountAnalysis(model, x).total()


def torchinfo(model: nn.Module, x: torch.Tensor) -> float:
    """Its "mult-adds"."""
    from torchinfo import summary

    return summary(model, input_data=x, verbose=0).total_mult_adds


def ptflops(model: nn.Module, x: torch.Tensor) -> float:
    """Its MACs."""
    from ptflops import get_model_complexity_info

    name = "input_ids" if x.dtype is torch.long else "x"
    constructor = {"input_constructor": lambda _: {name: x} if name != "x" else x, "as_strings": False}
    silent = {"print_per_layer_stat": False, "backend": "pytorch"}
    return get_model_complexity_info(model, tuple(x.shape[1:]), **constructor, **silent)[0]


COUNTERS: dict[str, Callable[[Any, Any], float]] = {
    "archstat": lambda model, x: archstat.count(model, x).macs,
    "fvcore": fvcore,
    "torchinfo": torchinfo,
    "ptflops": ptflops,
    "FlopCounterMode, CPU": flop_counter_mode,
}


def said(counter: Callable[[Any, Any], float], model: nn.Module, x: torch.Tensor) -> str:
    """Its number in millions."""
    sink = io.StringIO()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), torch.no_grad():
        try:
            return f"{counter(model, x) / 1e6:,.1f}"
        except Exception:  # noqa: BLE001 - whatever keeps a counter from counting
            return "–"


def main() -> None:
    """Print the table in Markdown."""
    prepare()
    print(f"| | {' | '.join(COUNTERS)} | independent check |")
    print(f"|---|{'--:|' * (len(COUNTERS) + 1)}")
    for name, (model, x) in networks().items():
        cells = [said(counter, model.eval(), x) for counter in COUNTERS.values()]
        check = said(flop_counter_mode, model.to("meta"), x if x.dtype is torch.long else x.to("meta"))
        if check == "–":
            check = said(flop_counter_mode, model, x.to("meta"))
        print(f"| {name} | {' | '.join(cells)} | {check} |")


if __name__ == "__main__":
    main()
