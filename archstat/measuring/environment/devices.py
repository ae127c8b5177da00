"""The device that was asked for, or a sentence on why there is none."""

from __future__ import annotations

import re
import warnings

import torch

from archstat.errors import Helps, InputError, quoted
from archstat.measuring.environment.host import processor
from archstat.records import Precision

_TF32_SINCE = (8, 0)  # compute capability of NVIDIA's Ampere


def find_device(text: str) -> torch.device:
    """``cpu``, ``cuda`` for the current GPU, or ``cuda:1``.

    Raises:
        InputError: The text is none of these, or torch does not see the device.
    """
    match = re.fullmatch(r"cpu|cuda(?::(\d{1,3}))?", text.strip())
    if match is None:
        raise InputError(f"{quoted(text)} is no device: write 'cpu', 'cuda' or 'cuda:1'.")
    if match[0] == "cpu":
        return torch.device("cpu")
    _refuse_without_cuda()
    index, count = int(match[1] or torch.cuda.current_device()), torch.cuda.device_count()
    if index >= count:
        raise InputError(f"There is no GPU {quoted(text)}: PyTorch sees {count}, from 'cuda:0' to 'cuda:{count - 1}'.")
    return torch.device("cuda", index)


def _refuse_without_cuda() -> None:
    """Torch warns of what is wrong with the driver when it is asked."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_available = torch.cuda.is_available()
    if is_available:
        return
    if torch.version.cuda is None and torch.version.hip is None:
        raise InputError(
            f"PyTorch sees no CUDA device; PyTorch {torch.__version__} is built for CPUs only: install a build for "
            "CUDA, or use the CPU.",
            helps={"device": "cpu"},
        )
    if caught:
        why = f"it says {' '.join(str(caught[0].message).split())!r}"
    else:
        why = "there is no driver or no GPU, or CUDA_VISIBLE_DEVICES hides it"
    raise InputError(f"PyTorch sees no CUDA device; {why}.")


_FULL_PRECISION: dict[Helps, str] = {"precision": "fp32"}


def check_precision(device: torch.device, precision: Precision) -> None:
    """See to it that the device has numbers of that kind; torch would compute in others and not say so.

    Raises:
        InputError: The device has none.
    """
    if precision != "tf32":
        return
    if device.type != "cuda":
        raise InputError("TF32 is a format of GPUs: on a CPU use fp32.", helps=_FULL_PRECISION)
    capability = torch.cuda.get_device_capability(device)
    if capability < _TF32_SINCE:
        told = ".".join(map(str, capability))
        raise InputError(
            f"{device_name(device)} (compute capability {told}) has no TF32: use fp32.", helps=_FULL_PRECISION
        )


def check_threads(device: torch.device, threads: int | None) -> None:
    """See to it that a number of threads is given for a CPU only.

    Raises:
        InputError: A number of threads is given for a GPU.
    """
    if threads is not None and device.type != "cpu":
        raise InputError(
            "A number of threads is for the CPU: leave it out on a GPU.",
            helps={"threads": ""},
        )


def device_name(device: torch.device) -> str:
    """The processor or the GPU in its maker's words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
