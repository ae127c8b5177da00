"""Finding a GPU among the boards that NVML knows, and why it is not to be found.

Boards are found by their UUID, since NVML counts them in another order than CUDA does.
"""

from __future__ import annotations

from typing import Any

from archstat.measuring.environment.nvml_board import Board
from archstat.measuring.metering import MeterError

try:
    import pynvml
except ImportError:
    pynvml = None

_NEEDED = (
    "_nvmlGetFunctionPointer nvmlInit nvmlDeviceGetHandleByUUID NVMLError NVMLLibraryMismatchError "
    "NVML_SUCCESS NVML_ERROR_NO_PERMISSION NVML_ERROR_FUNCTION_NOT_FOUND NVML_ERROR_LIBRARY_NOT_FOUND "
    "NVML_ERROR_NOT_FOUND NVML_ERROR_INVALID_ARGUMENT"
).split()
"""What the bindings must have; a question that others lack is refused."""


def open_board(uuid: str) -> Board:
    """The board with this UUID: ``"GPU-" + str(torch.cuda.get_device_properties(index).uuid)``.

    Raises:
        MeterError: NVML is not there, does not work, or knows no such board.
    """
    if pynvml is None:
        raise MeterError(
            "PYNVML_MISSING", "Energy needs the NVML bindings: pip install 'archstat[gpu]'. Energy not measured."
        )
    missing = [name for name in _NEEDED if not hasattr(pynvml, name)]
    if missing:
        raise MeterError(
            "PYNVML_WRONG_PACKAGE",
            f"The module 'pynvml' has no {missing[0]}: another package shadows nvidia-ml-py, or it is too old; "
            "pip uninstall pynvml, then pip install -U nvidia-ml-py.",
        )
    try:
        pynvml.nvmlInit()
        return Board(_handle(uuid), uuid)
    except pynvml.NVMLError as error:
        raise _no_board(error) from error
    except pynvml.NVMLLibraryMismatchError as error:
        raise MeterError("NVML_DRIVER", "The driver is too old for the installed nvidia-ml-py.") from error


def _handle(uuid: str) -> Any:
    try:
        return pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except pynvml.NVMLError as error:
        try:  # torch gives the UUID of an instance without saying that it is one
            pynvml.nvmlDeviceGetHandleByUUID(uuid.replace("GPU-", "MIG-", 1))
        except pynvml.NVMLError:
            raise error from None
        raise mig() from error


def mig() -> MeterError:
    """An instance's share of the power of its board is not told."""
    return MeterError(
        "MIG",
        "MIG is enabled: NVML reports power for the whole GPU only, so energy cannot be attributed to this instance. "
        "Energy not measured.",
    )


def _no_board(error: Any) -> MeterError:
    if error.value == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return MeterError(
            "NVML_LIB_MISSING",
            "libnvidia-ml.so.1 not found (no driver, or a container without the 'utility' capability: "
            "NVIDIA_DRIVER_CAPABILITIES=compute,utility).",
        )
    if error.value == pynvml.NVML_ERROR_NO_PERMISSION:
        return MeterError("NVML_PERMISSION", "No permission to use NVML; ask whoever runs this computer.")
    if error.value in {pynvml.NVML_ERROR_NOT_FOUND, pynvml.NVML_ERROR_INVALID_ARGUMENT}:
        return MeterError("NVML_NO_BOARD", "NVML does not know the GPU that PyTorch uses. Energy not measured.")
    return MeterError(
        "NVML_DRIVER",
        f"NVML cannot talk to the driver (code {error.value}, {error}): driver not loaded, or the versions of library "
        "and kernel module differ; reboot or restart the container.",
    )
