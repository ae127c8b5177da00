"""What every dispatch mode that records has in common: the memory that it watches, and how it begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archstat.records import StorageLife
from archstat.tracing import torch_private
from archstat.tracing.storages import Storages
from archstat.tracing.torch_private import TorchDispatchMode

if TYPE_CHECKING:
    from typing_extensions import Self


class OpRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives it no types
    """A dispatch mode that sees every op, higher-order ones too, and watches memory."""

    _storages: Storages
    # Torch raises where a higher-order op meets a dispatch mode that does not say this.
    supports_higher_order_operators = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would wrap each op's dispatch in a guard against compilation

    def lives(self) -> tuple[StorageLife, ...]:
        """The life of every piece of memory."""
        return self._storages.lives()

    def close(self) -> None:
        """Stop watching memory."""
        self._storages.close()

    def __enter__(self) -> Self:
        """Record from now on.

        Torch's own way marks in a global that some mode is active, which an interrupt would leave so for ever.
        """
        torch_private.enter_dispatch_mode(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Record no more."""
        torch_private.leave_dispatch_mode(None)
