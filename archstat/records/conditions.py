"""Under which conditions something was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

#: How numbers are represented: fp32 means fp32, also in convolutions; tf32 is fp32 with products of 10-bit mantissas.
Precision = Literal["fp32", "tf32", "bf16", "fp16"]


ELEMENT_TYPES: Mapping[Precision, str] = {
    "fp32": "float32",
    "tf32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
}
"""The element type of each, in torch's words."""


PRECISIONS = tuple(ELEMENT_TYPES)


class Conditions(msgspec.Struct, frozen=True):
    """What must be the same for two measurements to be compared.

    Attributes:
        device: ``"cpu"`` or ``"cuda"``.
        device_name: The processor or the GPU in its maker's words.
        precision: How numbers are represented.
        batch_size: Inputs at once.
        mode: ``"eager"`` or ``"compiled"``.
        memory_format: ``"contiguous"`` or ``"channels_last"``.
        threads: Threads that work on one op; ``None`` on a GPU.
        power_limit_w: What the board may draw; ``None`` on a CPU, or where it is not told.
    """

    device: Literal["cpu", "cuda"]
    device_name: str
    precision: Precision
    batch_size: int
    mode: Literal["eager", "compiled"] = "eager"
    memory_format: Literal["contiguous", "channels_last"] = "contiguous"
    threads: int | None = None
    power_limit_w: float | None = None

    @property
    def dtype(self) -> str:
        """The element type in torch's words."""
        return ELEMENT_TYPES[self.precision]
