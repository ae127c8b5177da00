"""What a convention is made of: a way to count is data, a tuple of rules.

A rule says of an op, wherever it ran or within layers of some classes alone, how much the convention counts, and as
what. Where a convention counts no operations, a rule says so of a row of the cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from archstat.language import recorded
from archstat.records import Cost, LayerCost, OpCall, ParameterSpec, Shape


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


class RowRule(msgspec.Struct, frozen=True):
    """How a convention counts a row of the cost, where it counts no operations.

    Attributes:
        term: The name of what the rule adds to our number, or takes from it.
        count: How much, from the row and the ops that were run for it.
    """

    term: str
    count: Callable[[LayerCost, Sequence[Use]], int]


ConventionUnit = Literal["MACs", "FLOPs", "activations", "parameters"]


class Convention(msgspec.Struct, frozen=True):
    """A way to count.

    Attributes:
        source: The paper, the tool or the table that counts so.
        unit: The unit of the number, as the source says or ought to: FLOPs are two for each multiply-accumulate.
        rules: The rules of what is counted; multiply-accumulates that no rule covers are left out.
        row_rules: The rules of what is counted besides our number of a row, where no operations are counted.
        package: The distribution that can be asked for the number, or ``""``.
        after: The convention that it follows, as its source runs that tool to get the number; ``""``: it has rules of
            its own.
        refusals: The ops and classes of layers with which its number cannot be told, and why.
        is_by_layer: Whether the layers of the network are counted, which a layer that stands in two places misleads.
        is_scaled_up: Whether small images are counted, and the number of a larger one is worked out from them.
    """

    source: str
    unit: ConventionUnit
    rules: tuple[ConventionRule, ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    package: str = ""
    after: str = ""
    refusals: Mapping[str, str] = {}
    is_by_layer: bool = False
    is_scaled_up: bool = False


# -- what can stand in the way of a number, besides ops and classes of layers ------------------------------------------

SHARED = recorded("a layer that runs outside the layer that holds it")
FOREIGN = recorded("a layer that uses a parameter of another one")
BATCH = recorded("a batch of several inputs")
NO_IMAGE = recorded("inputs that are not one image")
UNSCALED = recorded("sizes that are no exact part of the image")
OWN_CLASS = recorded("a convolution or a norm of a class of its own")
"""What may stand in :attr:`Convention.refusals` besides ops and classes."""
