"""What follows from one trace, however it was made."""

from __future__ import annotations

from archstat.counting.arithmetic import explain_trace
from archstat.counting.attention import attention_macs
from archstat.counting.conventions import CONVENTIONS
from archstat.counting.conventions.tally import tally
from archstat.counting.depth import depth
from archstat.counting.graph import layer_graph
from archstat.counting.memory import levels
from archstat.counting.receptive_field import receptive_fields
from archstat.counting.traffic import traffic
from archstat.errors import UnknownNameError
from archstat.records import Explanation, LayerGraph, MemoryLevels, ModelCost, ReceptiveField, Tally, Trace


class Traced:
    """A forward pass that was recorded, and what follows from it, each worked out when it is asked for.

    Attributes:
        trace: The forward pass of the network.
        cost: The cost of that forward pass.
    """

    def __init__(self, trace: Trace, cost: ModelCost) -> None:
        """What follows from a trace, of which the cost is known."""
        self.trace, self.cost = trace, cost

    def explanations(self) -> tuple[Explanation, ...]:
        """The sums behind each row of the cost."""
        return explain_trace(self.trace)

    def attention_macs(self) -> int:
        """The multiply-accumulates of products of activations with each other."""
        return attention_macs(self.trace)

    def tally(self, convention: str) -> Tally:
        """The count of the network by a convention.

        Raises:
            UnknownNameError: There is no such convention.
        """
        if convention not in CONVENTIONS:
            known = f"The conventions are {', '.join(CONVENTIONS)}."
            raise UnknownNameError.of("convention", convention, CONVENTIONS, known)
        return tally(self.trace, convention, CONVENTIONS[convention])

    def fields(self) -> dict[str, ReceptiveField | None]:
        """What the output of each layer sees of the input, by path."""
        owners = [self.trace.layers[self.trace.calls[op.call].layer].path for op in self.trace.ops]
        return dict(zip(owners, receptive_fields(self.trace), strict=True))

    def depth(self) -> int:
        """The layers with weights on the longest way through the network."""
        return depth(self.trace)

    def traffic(self) -> tuple[int, ...]:
        """The bytes that each row of the cost must move at least."""
        return traffic(self.trace)

    def levels(self) -> MemoryLevels:
        """The activation memory of the forward pass over time."""
        return levels(self.trace)

    def graph(self) -> LayerGraph:
        """Which row of the cost feeds which."""
        return layer_graph(self.trace)
