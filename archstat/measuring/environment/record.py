"""All that a number depends on besides the network: what ran, where, with which switches, and what else did."""

from __future__ import annotations

import contextlib
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from archstat.measuring.environment.host import read_host
from archstat.measuring.environment.noise import NoiseMeter
from archstat.measuring.environment.procfiles import ROOT, NotToldError, gather_fields
from archstat.measuring.prepared import GradMode
from archstat.measuring.protocols import Clock, HostClock
from archstat.networks.hub import HUBS
from archstat.records import Environment, Gpu, Numerics, Precision, Software
from archstat.version import __version__

_backends: Any = torch.backends  # its modules replace themselves with objects that have more than the types say

_LIBRARIES = sorted({"monai", "peft", "torch_geometric", "torchaudio", *(hub.package for hub in HUBS.all().values())})
"""Libraries that networks come from: those of hubs, and others."""


class Surroundings:
    """What surrounds a measurement, watched from now on. Begin within :func:`switches`, to have them in it."""

    def __init__(self, seed: int, *, root: Path = ROOT, clock: Clock | None = None) -> None:
        """Begin to watch.

        Args:
            seed: What weights, inputs and orders are drawn with.
            root: The directory that stands for ``/``.
            clock: Tells how much time passes.
        """
        self._seed, self._clock = seed, clock or HostClock()
        self._started = utc_now()
        self._host, self._unknown = read_host(torch.get_num_threads(), torch.get_num_interop_threads(), root)
        self._start = self._clock.now_ns()
        self._meter = NoiseMeter(root, self._clock)

    def finish(
        self,
        device: torch.device,
        grad_mode: GradMode,
        gpu: Gpu | None = None,
        gpu_unknown: Mapping[str, str] | None = None,
    ) -> Environment:
        """The whole record, up to now; fields that are ``None`` are explained by name, as ``"host.governor"``.

        Args:
            device: What was measured on.
            grad_mode: Without gradients either way.
            gpu: The GPU as its driver describes it.
            gpu_unknown: Why some of that is ``None``, by the name of the field.
        """
        noise, noise_unknown = self._meter.read()
        ran, ran_unknown = software()
        parts = {"software": ran_unknown, "host": self._unknown, "noise": noise_unknown, "gpu": gpu_unknown or {}}
        return Environment(
            started=self._started,
            elapsed_s=(self._clock.now_ns() - self._start) / 1e9,
            seed=self._seed,
            software=ran,
            host=self._host,
            noise=noise,
            numerics=numerics(device, grad_mode),
            gpu=gpu,
            unknown={f"{part}.{field}": why for part, unknown in parts.items() for field, why in unknown.items()},
        )


def utc_now() -> str:
    """The date and time, in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def software() -> tuple[Software, dict[str, str]]:
    """What runs, and why some of it is not told, by the name of the field.

    Libraries are asked for their version only if something imported them already: importing one takes seconds.
    """
    told, unknown = gather_fields({"numpy": _numpy, "cuda": _cuda, "cudnn": _cudnn})
    ran = Software(
        archstat=__version__,
        python=platform.python_version(),
        torch=str(torch.__version__),
        libraries={name: version for name in _LIBRARIES if (version := _imported(name))},
        system=_system(platform.system(), platform.release()),
        **told,
    )
    return ran, unknown


def _system(name: str, release: str) -> str:
    """The operating system and the version of its kernel, without what a builder of kernels added.

    >>> _system("Linux", "6.1.0-13-amd64")
    'Linux 6.1.0'
    """
    version = re.match(r"[\d.]*\d", release)
    return f"{name} {version[0]}" if version else name


def _imported(name: str) -> str:
    version = getattr(sys.modules.get(name), "__version__", "")
    return version if isinstance(version, str) else ""


def _numpy() -> str:
    if not (version := _imported("numpy")):
        raise NotToldError("NumPy is not imported.")
    return version


def _cuda() -> str:
    if torch.version.cuda is None:
        raise NotToldError(f"PyTorch {torch.__version__} is built without CUDA.")
    return torch.version.cuda


def _cudnn() -> str:
    """``9.10.2`` of 91002, and ``8.9.7`` of 8907, as older ones were numbered."""
    try:
        number = _backends.cudnn.version()
    except RuntimeError as error:
        raise NotToldError(f"cuDNN cannot be used: {' '.join(str(error).split())}") from error
    if number is None:
        raise NotToldError(f"PyTorch {torch.__version__} is built without cuDNN.")
    thousand = 10_000 if number >= 90_000 else 1_000
    return f"{number // thousand}.{number % thousand // 100}.{number % 100}"


def numerics(device: torch.device, grad_mode: GradMode) -> Numerics:
    """The switches of torch as they are, for that device.

    Args:
        device: On a CPU the switches for TF32 are those of oneDNN, on a GPU those of cuBLAS and cuDNN.
        grad_mode: Without gradients either way.
    """
    products, convolutions = _may_use_tf32(is_gpu=device.type == "cuda")
    return Numerics(
        grad_mode=grad_mode,
        tf32_matmul=products,
        tf32_convolution=convolutions,
        cudnn_benchmark=bool(_backends.cudnn.benchmark),
        deterministic=torch.are_deterministic_algorithms_enabled() or bool(_backends.cudnn.deterministic),
        attention=tuple(name for name, is_enabled in _ATTENTION.items() if is_enabled()),
        fused_encoder=_backends.mha.get_fastpath_enabled(),
        mkldnn=bool(_backends.mkldnn.enabled) and _backends.mkldnn.is_available(),
    )


def _may_use_tf32(*, is_gpu: bool) -> tuple[bool, bool]:
    """Whether products and convolutions of fp32 numbers may run in TF32; before torch 2.9 a GPU alone can."""
    backends = (_backends.cuda, _backends.cudnn) if is_gpu else (_backends.mkldnn, _backends.mkldnn)
    parts: list[Any] = [
        getattr(backend, name, None) for backend, name in zip(backends, ("matmul", "conv"), strict=True)
    ]
    if all(hasattr(part, "fp32_precision") for part in parts):
        return parts[0].fp32_precision == "tf32", parts[1].fp32_precision == "tf32"
    return (bool(_backends.cuda.matmul.allow_tf32), bool(_backends.cudnn.allow_tf32)) if is_gpu else (False, False)


_ATTENTION: dict[str, Callable[[], bool]] = {
    "flash": _backends.cuda.flash_sdp_enabled,
    "efficient": _backends.cuda.mem_efficient_sdp_enabled,
    "cudnn": _backends.cuda.cudnn_sdp_enabled,
    "math": _backends.cuda.math_sdp_enabled,
}


@contextlib.contextmanager
def switches(device: torch.device, precision: Precision, threads: int | None = None) -> Iterator[None]:
    """Within it fp32 means fp32 and tf32 means TF32, for products, convolutions and recurrent layers alike.

    Outside of it convolutions on a GPU run in TF32 unless somebody says otherwise, and products do not. Torch has two
    sets of switches for this, and reading the older one fails where they disagree, as ``torch.compile`` does: so both
    are set. Everything is as it was afterwards, also if something fails, but for one thing that torch cannot be told:
    cuDNN's switches have been set by somebody, where they were as delivered. On a CPU they are left alone.

    Args:
        device: What is measured on.
        precision: How numbers are represented.
        threads: Threads that work on one op; ``None``: as many as now.
    """
    is_tf32, is_gpu = precision == "tf32", device.type == "cuda"
    parts = _fp32_parts(is_gpu=is_gpu)
    with contextlib.ExitStack() as afterwards:
        for part in parts:  # set back last, as the older switches move them too
            afterwards.callback(_set_back, part, part.fp32_precision)
        older = _older(torch.get_float32_matmul_precision, "highest")
        afterwards.callback(torch.set_float32_matmul_precision, older)
        if is_gpu:
            afterwards.callback(_set_cudnn, allowed=_older(lambda: _backends.cudnn.allow_tf32, default=True))
            _set_cudnn(allowed=is_tf32)
        afterwards.callback(torch.set_num_threads, torch.get_num_threads())
        torch.set_float32_matmul_precision("high" if is_tf32 else "highest")
        for part in parts:  # the older ones turn TF32 off by "none", and then a more general switch may turn it on
            part.fp32_precision = "tf32" if is_tf32 else "ieee"
        if threads is not None:
            torch.set_num_threads(threads)
        yield


def _fp32_parts(*, is_gpu: bool) -> list[Any]:
    """What has a ``fp32_precision`` of its own; before torch 2.9 nothing has, and the older switches decide alone."""
    named = [(_backends.cuda, "matmul"), *[(_backends.mkldnn, name) for name in ("matmul", "conv", "rnn")]]
    if is_gpu:
        named += [(_backends.cudnn, "conv"), (_backends.cudnn, "rnn")]
    parts = [getattr(backend, name, None) for backend, name in named]
    return [part for part in parts if hasattr(part, "fp32_precision")]


def _set_back(part: Any, before: str) -> None:
    """Follow a more general switch again if that gives what was there; else have it set."""
    part.fp32_precision = "none"
    if part.fp32_precision != before:
        part.fp32_precision = before


def _set_cudnn(*, allowed: bool) -> None:
    _backends.cudnn.allow_tf32 = allowed


def _older(read: Callable[[], Any], default: Any) -> Any:
    """An older switch; as delivered where it cannot be read, as somebody set the newer ones alone."""
    try:
        return read()
    except RuntimeError:
        return default
