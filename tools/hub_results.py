"""Write the tables of ``tests/hubs``: what each network of a library costs, and what its own numbers are.

One file is one library: of transformers one network of each model type, of diffusers of each class. A network has the
library's default config, or the fields of :data:`CHANGED` in it where that config makes no network of its own, or one
that takes long; where it cannot be counted, the reason is written. Beside the MACs that archstat counts stands what
torch's own formulas (``torch.utils.flop_counter``) say of the same forward pass. Ops that torch has no formula for are
named with their MACs, and explain the difference. Parameters are compared with the library's own number.

Each network is counted in a process of its own, which is ended if it takes too long::

    python tools/hub_results.py timm                      # all of timm
    python tools/hub_results.py hf bert llama             # these, the others stay as they are
    python tools/hub_results.py --longest 200 hf zamba    # with more time, in seconds
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import signal
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archstat.analysis.inference import count_source
from archstat.errors import first_line
from archstat.files.saving import write_whole
from archstat.networks.diffusion.parts import class_names
from archstat.networks.hub import HUBS
from archstat.networks.loading import SEED, Loaded, load
from archstat.networks.settings import Setting
from archstat.records import ModelCost
from archstat.tracing import trace
from archstat.tracing.nested import with_tensors

FOLDER = Path(__file__).parents[1] / "tests" / "hubs"
FILES = {hub: FOLDER / f"{HUBS.get(hub).package}.json" for hub in HUBS.all()}
LONGEST_S = 40
"""How long a network may take, where nothing else is asked for."""

HAVE_FORMULAS = frozenset(
    """
    linear matmul mm bmm addmm baddbmm convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d
    conv_transpose3d scaled_dot_product_attention
    """.split()
)
"""Our names of the ops that torch counts, itself or the ones that they consist of."""

FALL_APART = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
"""Those that are products of matrices to torch on the meta device, and one op to it elsewhere."""

CHANGED: dict[str, dict[str, str]] = {
    hub: json.loads(file.read_text(encoding="utf-8"))
    for hub, file in ((hub, file.with_name(f"{file.stem}_changes.json")) for hub, file in FILES.items())
    if file.exists()
}
"""By hub the arguments of the networks whose default config is not counted as it is."""


_OF_ONES = frozenset({"attention_mask", "pixel_attention_mask", "qformer_attention_mask"})
"""Masks that change no count, and of which a network may ask a value that they have not on the meta device."""


class Watched(nn.Module):
    """A network whose ops torch's own counter sees."""

    def __init__(self, model: nn.Module) -> None:
        """The network that is to be counted."""
        super().__init__()
        self.model = model
        self.counted: queue.SimpleQueue[int] = queue.SimpleQueue()  # a trace puts back what else a network changes

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The network's own."""
        with FlopCounterMode(display=False) as counter:
            made = self.model(*args, **kwargs)
        self.counted.put(counter.get_total_flops())
        return made


def torch_macs(loaded: Loaded) -> tuple[int, str]:
    """Half of what torch's own counter says, and where it ran.

    On the CPU, if the network has values, which it then needs. Else on the meta device alone, if it can run there; else
    on what our trace hands on, where whole numbers have values: the shapes are then those of our trace, the formulas
    torch's all the same. The fused attention of ``nn.MultiheadAttention``, of which torch has no formula, is left out.
    """
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        return _macs_by_formulas(loaded)
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _macs_by_formulas(loaded: Loaded) -> tuple[int, str]:
    watched = Watched(loaded.model.eval())
    watched.requires_grad_(requires_grad=False)  # torch's counter looks for gradients of what goes into a layer
    if not any(parameter.is_meta for parameter in loaded.model.parameters()):
        torch.manual_seed(SEED)  # the branches that the count took
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):  # torch has no formula for the CPU's own kernel
            watched(*loaded.args, **loaded.kwargs)
        return watched.counted.get_nowait() // 2, "cpu"
    whole = {name: value for name, value in loaded.kwargs.items() if name not in _OF_ONES}
    args, kwargs = with_tensors((loaded.args, whole), lambda tensor: tensor.to("meta"))
    try:
        with torch.no_grad():
            watched(*args, **kwargs)
    except Exception:  # noqa: BLE001 - whatever keeps a network from running without values
        while not watched.counted.empty():
            watched.counted.get_nowait()
        with sdpa_kernel(SDPBackend.MATH):  # likewise
            trace(watched, loaded.args, loaded.kwargs)
        return watched.counted.get_nowait() // 2, "trace"
    return watched.counted.get_nowait() // 2, "meta"


def beside_torch(spec: str) -> tuple[ModelCost, tuple[int, int]]:
    """A network's cost; its own number of parameters, and its MACs by torch's formulas, ours where it has none."""
    cost = count_source(spec, Setting())
    loaded = load(spec, Setting(), on="cpu" if cost.forward == "real" else None)
    macs, ran_on = torch_macs(loaded)
    parameters = sum(each.numel() for each in loaded.model.parameters())
    return cost, (parameters, macs + sum(without_formula(cost, ran_on).values()))


def without_formula(cost: ModelCost, ran_on: str) -> dict[str, int]:
    """The MACs of the ops that torch has no formula for."""
    known = HAVE_FORMULAS | (FALL_APART if ran_on == "meta" else frozenset())
    return {op.op: op.macs for op in cost.ops if op.macs and op.op not in known}


def shapes(value: Any) -> Any:
    """An input as it is written: a tensor as its sizes."""
    if isinstance(value, torch.Tensor):
        return list(value.shape)
    if isinstance(value, list | tuple):
        return [shapes(each) for each in value]
    return {key: shapes(each) for key, each in value.items()} if isinstance(value, dict) else value


def result(name: str, hub: str) -> dict[str, Any]:
    """What is written of one model type, or of one class."""
    changed = CHANGED.get(hub, {}).get(name, "")
    spec = f"{hub}:{name}{changed}"
    try:
        cost = count_source(spec, Setting())
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being counted is what is written
        return {"why": first_line(error)[:300]}
    loaded = load(spec, Setting(), on="cpu" if cost.forward == "real" else None)
    row = {
        "network": type(loaded.model).__name__,
        "parameters": cost.parameters,
        "macs": cost.macs,
        "inputs": shapes(dict(loaded.kwargs)) or shapes(loaded.args),
        "uncounted": sorted({each.op for each in cost.uncounted}),
    }
    if changed:
        row["arguments"] = changed
    if cost.input_origin != "known":
        row["input_origin"] = cost.input_origin
    says = library_parameters(loaded.model, hub, name)
    if cost.parameters != says:
        row["library_parameters"] = says
    try:
        row["torch_macs"], row["torch_ran_on"] = torch_macs(loaded)
    except Exception as error:  # noqa: BLE001 - likewise
        return {**row, "no_torch_macs": first_line(error)[:300]}
    named = without_formula(cost, row["torch_ran_on"])
    return {**row, "without_formula": named} if named else row


def library_parameters(model: Any, hub: str, name: str) -> int:
    """What the library itself says of its network; one of Keras calls moving averages parameters too, untrained."""
    if hub == "torchvision":
        return int(import_module("torchvision.models").get_model_weights(name).DEFAULT.meta["num_params"])
    if hasattr(model, "num_parameters"):
        return int(model.num_parameters())
    if hasattr(model, "trainable_variables"):
        return sum(each.value.numel() for each in model.trainable_variables)
    return sum(each.numel() for each in model.parameters())


def apart(name: str, hub: str, longest_s: int = LONGEST_S) -> dict[str, Any]:
    """The same, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _answer(name, hub, writing, longest_s)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        text = said.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"why": f"not done after {longest_s} s, or out of memory"}


def _answer(name: str, hub: str, writing: int, longest_s: int) -> None:
    """Write the result of one network, whatever that prints, and end this process."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        warnings.simplefilter("ignore")
        signal.alarm(longest_s)
        with os.fdopen(writing, "w", encoding="utf-8") as out:
            out.write(json.dumps(result(name, hub)))
    finally:
        os._exit(0)


def import_all(hub: str) -> None:
    """Import once what each process would import for itself."""
    if hub == "diffusers":
        for each in known_to(hub):
            with contextlib.suppress(Exception):
                getattr(import_module("diffusers.models"), each)
    elif hub == "hf":
        count_source("hf:bert(num_hidden_layers=1)", Setting())
        count_source("hf:vit(num_hidden_layers=1)", Setting())
    else:
        count_source(f"{hub}:{known_to(hub)[0]}", Setting())


def known_to(hub: str) -> list[str]:
    """Every name of a hub: of transformers every model type, of diffusers every class of networks."""
    names = list(HUBS.get(hub).names())
    return class_names() if hub == "diffusers" else names


def written(hub: str) -> dict[str, dict[str, Any]]:
    """The results by model type or class, as they stand in the file."""
    file = FILES[hub]
    return json.loads(file.read_text(encoding="utf-8"))["types"] if file.exists() else {}


def main() -> None:
    """Count networks of one hub, and write what comes out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub", choices=FILES)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--longest", type=int, default=LONGEST_S)
    given = parser.parse_args()
    import_all(given.hub)
    known = known_to(given.hub)
    found = {name: apart(name, given.hub, given.longest) for name in given.names or known}
    write({**written(given.hub), **found}, known, given.hub)


def write(rows: dict[str, dict[str, Any]], known: list[str], hub: str) -> None:
    """Write the results of what the library has, one in a line."""
    lines = [f' "{name}": {json.dumps(rows[name])}' for name in sorted(rows) if name in known]
    package = HUBS.get(hub).package
    head = f'{{"{package}": "{import_module(package).__version__}", "types": {{\n'
    write_whole(FILES[hub], head + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
