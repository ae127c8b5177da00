"""What other tools say of a network: each is really run, in a process of its own.

Several of them leave torch patched, the network changed or their output on the terminal when they fail, so none shares
a process with anything else: ``python -m archstat.analysis.other_tools TOOL`` reads questions on stdin, one JSON text
a line, and writes an answer to each.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.metadata
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from torch import nn

from archstat.counting.conventions import TOOLS
from archstat.errors import first_line
from archstat.files.text import encoded
from archstat.networks.loading import load
from archstat.networks.settings import Setting
from archstat.networks.torchvision_ops import mend_torchvision
from archstat.records import Opinion

ToolDevice = Literal["cpu", "meta"]


class Question(msgspec.Struct, frozen=True):
    """A network and an input, for a process of its own.

    Attributes:
        name: The network, as on the command line.
        setting: The input of the network.
        device: The device that the network is made on.
    """

    name: str
    setting: Setting
    device: ToolDevice = "cpu"


# -- the tools ---------------------------------------------------------------------------------------------------------


def _fvcore(model: nn.Module, *inputs: Any) -> int:
    from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - optional, as all the others

    analysis = FlopCountAnalysis(model, inputs)
    return int(analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False).total())


def _fvcore_activations(model: nn.Module, *inputs: Any) -> int:
    from fvcore.nn import ActivationCountAnalysis  # noqa: PLC0415

    analysis = ActivationCountAnalysis(model, inputs)
    return int(analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False).total())


def _mmengine(model: nn.Module, *inputs: Any, counted: str = "flops") -> int:
    from mmengine.analysis import get_model_complexity_info  # noqa: PLC0415

    return int(get_model_complexity_info(model, inputs=inputs, show_table=False, show_arch=False)[counted])


def _mmengine_activations(model: nn.Module, *inputs: Any) -> int:
    return _mmengine(model, *inputs, counted="activations")


def _torchinfo(model: nn.Module, *inputs: Any) -> int:
    from torchinfo import summary  # noqa: PLC0415

    return int(summary(model, input_data=list(inputs), verbose=0).total_mult_adds)


def _ptflops(model: nn.Module, *inputs: Any, backend: str = "pytorch") -> int:
    """The number of ptflops, which hands one input on to the network unless the names of several are known."""
    from ptflops import get_model_complexity_info  # noqa: PLC0415

    if len(inputs) > 1:
        raise ValueError("it takes one input")
    settings: dict[str, Any] = {"as_strings": False, "print_per_layer_stat": False, "backend": backend}
    shape = tuple(inputs[0].shape[1:]) or (1,)
    said = get_model_complexity_info(model, shape, input_constructor=lambda _: inputs[0], **settings)[0]
    if said is None:
        raise ValueError("it failed within the network")
    return int(said)


def _ptflops_aten(model: nn.Module, *inputs: Any) -> int:
    return _ptflops(model, *inputs, backend="aten")


def _thop(model: nn.Module, *inputs: Any) -> int:
    from thop import profile  # noqa: PLC0415

    return int(profile(model, inputs=inputs, verbose=False)[0])


def _flop_counter_mode(model: nn.Module, *inputs: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    return int(counter.get_total_flops())


def _ultralytics(model: nn.Module, *inputs: Any) -> int:
    """The number of ultralytics, which gives 0 where its counter fails, or is another package of that name."""
    from ultralytics.utils.torch_utils import get_flops  # noqa: PLC0415

    said: float = get_flops(model, list(inputs[0].shape[-2:]))
    if not said:
        raise ValueError("it gives 0, as it does for whatever it cannot count")
    return round(said * 1e9)


def _lightning(model: nn.Module, *inputs: Any) -> int:
    from lightning_fabric.utilities.throughput import measure_flops  # noqa: PLC0415

    return int(measure_flops(model, lambda: model(*inputs)))


def _keras(model: nn.Module, *_: Any) -> int:
    """The number of Keras, which has one for the networks that were made with it."""
    count = getattr(model, "count_params", None)
    if count is None:
        raise ValueError("it counts networks of Keras alone")
    return int(count())


def _calflops(model: nn.Module, *inputs: Any) -> int:
    from calflops import calculate_flops  # noqa: PLC0415

    said = calculate_flops(model, args=list(inputs), print_results=False, print_detailed=False, output_as_string=False)
    return int(said[0])


RUNS: dict[str, Callable[..., int]] = {
    "fvcore": _fvcore,
    "fvcore-activations": _fvcore_activations,
    "torchinfo": _torchinfo,
    "ptflops": _ptflops,
    "ptflops-aten": _ptflops_aten,
    "thop": _thop,
    "FlopCounterMode": _flop_counter_mode,
    "calflops": _calflops,
    "ultralytics": _ultralytics,
    "keras": _keras,
    "mmengine": _mmengine,
    "mmengine-activations": _mmengine_activations,
    "lightning": _lightning,
}
"""One entry = how to ask one tool, under the name of its convention."""


# -- asking them -------------------------------------------------------------------------------------------------------


def version(tool: str) -> str:
    """The installed version of a tool, ``""`` if there is none."""
    try:
        return importlib.metadata.version(TOOLS[tool].package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def has_own_files(package: str) -> bool:
    """Whether the modules of a package are as it installed them: ``ultralytics-thop`` overwrites those of ``thop``."""
    for file in importlib.metadata.files(package) or ():
        if file.hash is not None and file.name == "__init__.py":
            digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                return False
    return True


def ask_tools(name: str, setting: Setting, *, seconds: float = 300) -> dict[str, Opinion]:
    """What every tool says of one network on a CPU, by the name of its convention.

    Args:
        name: The network, as on the command line.
        setting: The input of the network.
        seconds: How long each may take.
    """
    question = Question(name, setting)

    def one(tool: str) -> Opinion:
        return ask_tool(tool, [question], seconds=seconds)[0]

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        return dict(zip(RUNS, pool.map(one, RUNS), strict=True))
    except BaseException:  # Ctrl-C above all: nobody waits for the tools any more
        pool.shutdown(wait=False, cancel_futures=True)
        _end_running()
        raise
    finally:
        pool.shutdown()


def ask_tool(tool: str, questions: Sequence[Question], *, seconds: float) -> list[Opinion]:
    """What one tool says of several networks, one after the other in one process.

    Args:
        tool: A key of :data:`RUNS`.
        questions: The networks.
        seconds: How long all of them may take together.
    """
    installed = version(tool)
    if not installed:
        return [Opinion(failure="not installed")] * len(questions)
    if not has_own_files(TOOLS[tool].package):
        return [Opinion(failure="another package has overwritten its files: install it again")] * len(questions)
    lines = b"".join(encoded(question) + b"\n" for question in questions)
    out, failure = _run_process([sys.executable, "-m", "archstat.analysis.other_tools", tool], lines, seconds)
    said = [msgspec.json.decode(line, type=Opinion) for line in out.split(b"\n")[:-1]]
    missing = [Opinion(failure=failure)] * (len(questions) - len(said))
    return [msgspec.structs.replace(each, version=installed) for each in (*said, *missing)]


def _run_process(command: list[str], given: bytes, seconds: float) -> tuple[bytes, str]:
    """What a process writes on stdout, and how it ended."""
    path = os.pathsep.join(filter(None, sys.path))  # it sees the modules that are seen here, and no others
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    reading, writing = os.pipe()  # the process ends when the other end is closed, as it is however this one ends
    try:
        with subprocess.Popen(  # noqa: S603 - no shell, and Python itself
            [*command, str(reading)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=(reading,),
        ) as process:
            _running.add(process)
            return _said_by(process, given, seconds)
    finally:
        os.close(reading)
        os.close(writing)


_running: set[subprocess.Popen[bytes]] = set()
"""The tools that run now."""


def _end_running() -> None:
    for process in list(_running):
        process.kill()


def _said_by(process: subprocess.Popen[bytes], given: bytes, seconds: float) -> tuple[bytes, str]:
    """What a running process writes, and how it ends; one that is late is ended."""
    try:
        out, _ = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        process.kill()
        process.communicate()
        return late.stdout or b"", f"not done after {seconds:g} s"
    finally:
        _running.discard(process)
    return out, f"its process ended with code {process.returncode}"


def _end_with(number: int) -> None:
    """End this process when the one that asked it ends, however that is: a pipe that both hold is closed then."""

    def wait() -> None:
        os.read(number, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Answer the questions on stdin; whatever the tool and the network print goes to stderr."""
    tool, asker = sys.argv[1:]
    _end_with(int(asker))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        warnings.simplefilter("ignore")
        mend_torchvision()
        for line in sys.stdin:
            answer = _answer(RUNS[tool], msgspec.json.decode(line, type=Question))
            out.write(f"{encoded(answer).decode()}\n")
            out.flush()


def _answer(run: Callable[..., int], question: Question) -> Opinion:
    try:
        loaded = load(question.name, question.setting, on=question.device)
        if loaded.kwargs or not all(isinstance(each, torch.Tensor) for each in loaded.args):
            return Opinion(failure="it is asked about networks that take tensors by position alone")
        with torch.no_grad():
            return Opinion(run(loaded.model.eval(), *loaded.args))
    except Exception as error:  # noqa: BLE001 - whatever keeps a tool from counting
        first = first_line(error)
        text = f"{type(error).__name__}: {first}" if first else type(error).__name__
        return Opinion(failure=text.encode(errors="replace").decode())


if __name__ == "__main__":
    main()
