"""One run of one module, repeated alone on the inputs that it has within its network."""

from __future__ import annotations

import torch

from archstat.measuring.cuda.device import CudaDevice, CudaGraph
from archstat.measuring.hooks.captured import CapturedCall, is_repeatable
from archstat.measuring.prepared import Prepared
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason


class RepeatedCall:
    """A captured run, repeated: it is :class:`archstat.measuring.protocols.Repeatable`.

    Attributes:
        copies: Runs of the module in one run of this.
        is_graph: Whether the runs are replayed as a CUDA graph, with the host taken out.
    """

    def __init__(self, prepared: Prepared, call: CapturedCall, copies: int) -> None:
        """Check that it does the same each time, and put it into a graph on a GPU.

        Raises:
            CannotMeasure: The call changes its inputs or what it holds, or gives something else each time.
        """
        self.copies, self._prepared, self._call = copies, prepared, call
        with prepared.without_gradients():
            if not is_repeatable(call):
                text = f"{call.layer} gives other results when it is run again (random numbers, or a state)."
                raise CannotMeasure(Reason("LAYER_NOT_REPLAYABLE", text))
        self._graph = self._captured() if prepared.device.type == "cuda" else None
        self.is_graph = self._graph is not None

    def _captured(self) -> CudaGraph | None:
        """A graph of the call; ``None`` where none can be captured, such as for a module that waits for the device."""
        try:
            return CudaDevice(self._prepared.device).capture(self._repeat)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            return None

    def run(self) -> None:
        """Run all copies once."""
        if self._graph is not None:
            self._graph.replay()
        else:
            self._repeat()

    def wait(self) -> None:
        """Return when all that was started is done."""
        self._prepared.wait()

    def _repeat(self) -> None:
        with self._prepared.without_gradients():
            for _ in range(self.copies):
                self._call.run()
