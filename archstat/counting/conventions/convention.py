"""What a convention is made of: a way to count is data, a tuple of rules.

A rule says of an op, wherever it ran or within layers of some classes alone, how much the convention counts, and as
what.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from archstat.language import recorded
from archstat.records import Cost, OpCall, ParameterSpec, Shape


class Use(msgspec.Struct, frozen=True, gc=False):
    """One op of a trace, and the layer that ran it.

    Attributes:
        call: The op.
        cost: What we count.
        kind: The class of the layer that ran it, if that has no layers inside; else ``""``.
        output: The shape of what that layer hands on.
        parameters: The layer's own parameters that no op of the same run has used before.
    """

    call: OpCall
    cost: Cost
    kind: str
    output: Shape
    parameters: tuple[ParameterSpec, ...]

    @property
    def taken(self) -> int:
        """The elements of its first input."""
        return math.prod(self.call.tensors()[0].shape)

    @property
    def made(self) -> int:
        """The elements of its output."""
        return math.prod(self.call.outputs[0].shape)


Amount = Callable[[Use], int]

PRODUCTS = ""
"""What a rule counts as that counts multiply-accumulates as we do."""


class ConventionRule(msgspec.Struct, frozen=True):
    """How a convention counts some ops.

    Attributes:
        term: The name of what the rule counts: :data:`PRODUCTS`, or a name for what it adds to them.
        count: How much.
        ops: The ops; none: all of them.
        kinds: The classes of layers that must have run them; none: wherever they ran.
        is_in_layer: A layer without layers inside must have run them, of whatever class.
    """

    term: str
    count: Amount
    ops: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    is_in_layer: bool = False

    def covers(self, use: Use) -> bool:
        """Whether the rule speaks of that op there."""
        if self.ops and use.call.op not in self.ops:
            return False
        return use.kind in self.kinds if self.kinds else bool(use.kind) or not self.is_in_layer


def counts_as(term: str, count: Amount, *, ops: str = "", kinds: str = "", is_in_layer: bool = False) -> ConventionRule:
    """A rule with its names as words."""
    return ConventionRule(term, count, frozenset(ops.split()), frozenset(kinds.split()), is_in_layer)


class Convention(msgspec.Struct, frozen=True):
    """A way to count.

    Attributes:
        source: The paper or the tool that counts so.
        unit: The unit of the number, as the source says or ought to: FLOPs are two for each multiply-accumulate.
        rules: The rules of what is counted; multiply-accumulates that no rule covers are left out.
        package: The distribution that can be asked for the number, or ``""``.
        refusals: The ops and classes of layers with which its number cannot be told, and why.
        is_by_layer: Whether the layers of the network are counted, which a layer that stands in two places misleads.
    """

    source: str
    unit: Literal["MACs", "FLOPs"]
    rules: tuple[ConventionRule, ...]
    package: str = ""
    refusals: Mapping[str, str] = {}
    is_by_layer: bool = False


# -- what can stand in the way of a number, besides ops and classes of layers ------------------------------------------

SHARED = recorded("a layer that runs outside the layer that holds it")
FOREIGN = recorded("a layer that uses a parameter of another one")
BATCH = recorded("a batch of several inputs")
"""What may stand in :attr:`Convention.refusals` besides ops and classes."""
