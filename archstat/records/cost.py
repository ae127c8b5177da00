"""What one forward pass costs: a row for each layer, and the totals that the rows add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from archstat import units
from archstat.records.above import above
from archstat.records.frames import pandas_frame
from archstat.records.telling import counted_on, not_counted, three_lines
from archstat.records.trace import Shape

if TYPE_CHECKING:
    import pandas as pd
    from plotly import graph_objects as go


class Arithmetic(msgspec.Struct, frozen=True, gc=False):
    """Arithmetic; whatever counts it has ``macs`` and ``other_flops``."""

    if TYPE_CHECKING:

        @property
        def macs(self) -> int:
            """The multiply-accumulates of convolutions, linear layers and matrix products."""
            ...

        @property
        def other_flops(self) -> int:
            """Floating-point operations that are no part of one."""
            ...

    @property
    def flops(self) -> int:
        """All floating-point operations, ``2 * macs + other_flops``."""
        return 2 * self.macs + self.other_flops


class Cost(Arithmetic, frozen=True, gc=False):
    """Arithmetic: multiply-accumulates, and the floating-point operations that are none.

    Attributes:
        macs: Multiply-accumulates.
        other_flops: Floating-point operations that are no part of one.
    """

    macs: int = 0
    other_flops: int = 0


class LayerCost(Arithmetic, frozen=True, gc=False):
    """One row: a layer without layers inside, or one op that a larger layer runs itself.

    Attributes:
        layer: The path of the layer, ``""`` for the network itself.
        kind: The class of the layer (``"Conv2d"``), or the name of the op (``"add"``).
        detail: The hyper-parameters of the layer: ``"3→64 7×7/2"``.
        call: 1 for the first run of this layer, 2 for the second, …; 0 for a layer that holds parameters and never ran.
        output_shape: The shape of the (first) tensor it returned.
        parameters: Elements of the parameters that are counted here; each stands in one row only.
        trainable_parameters: Elements of these parameters that ask for a gradient.
        weights: Elements of these parameters with two axes or more: neither biases nor those of a normalization.
        buffers: Elements of the buffers of the layer.
        macs: Multiply-accumulates of convolutions, linear layers and matrix products.
        other_flops: Floating-point operations that are no part of a multiply-accumulate.
        activations: Elements of what the layer hands on in memory of its own; views and in-place results add none.
        activation_bytes: The size of the activations.
        is_layer: Whether the row is a layer; else it is an op.
    """

    layer: str
    kind: str
    detail: str
    call: int
    output_shape: Shape
    parameters: int
    trainable_parameters: int
    weights: int
    buffers: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int
    is_layer: bool = True


class OpCost(Arithmetic, frozen=True):
    """All runs of one op together.

    Attributes:
        op: The op's name.
        calls: How often the op ran.
        macs: Multiply-accumulates of all runs.
        other_flops: Floating-point operations of all runs that are no part of one.
        activations: Elements of the outputs that it allocated, internal ones included.
        activation_bytes: The size of the activations.
    """

    op: str
    calls: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int


class UncountedOp(msgspec.Struct, frozen=True):
    """An op that no rule covers: its arithmetic is missing from the totals, which are a lower bound.

    Attributes:
        op: The op's name.
        calls: How often the op ran.
        elements: The elements of its inputs and outputs, all runs together: how large the gap can be.
    """

    op: str
    calls: int
    elements: int


class Peak(msgspec.Struct, frozen=True):
    """The moment at which the most activation memory was alive.

    Attributes:
        nbytes: The bytes that were alive then.
        op: The index in :attr:`Trace.ops` of the op that ran then; -1 if nothing was ever allocated.
        layer: The path of the layer that ran it.
    """

    nbytes: int
    op: int
    layer: str


class ModelCost(Arithmetic, frozen=True):
    """What one forward pass of a network costs.

    Attributes:
        architecture: What was counted: a name of ours, a source, or the class of the module.
        input_shapes: The shapes of the tensors that went in, batch dimension included.
        dtype: The element type that bytes are stated for.
        forward: ``"meta"``, or ``"real"`` if the network had to be run.
        parameters: Elements of all parameters, each once.
        trainable_parameters: Elements of the parameters that ask for a gradient.
        buffers: Elements of all buffers, each once.
        macs: Multiply-accumulates of convolutions, linear layers and matrix products.
        other_flops: Floating-point operations that are no part of a multiply-accumulate.
        activations: Elements of every layer's own outputs.
        activation_bytes: The size of the activations.
        peak_activation_bytes: The most memory alive at once; inputs, parameters and buffers are not in it.
        peak_layer: The layer that ran at that moment.
        uncounted: The ops that no rule covers.
        layers: The rows; they add up to the totals.
        ops: The work of the rows by op.
        note: What a reader must know about this architecture, or ``""``.
        paper: Where the structure of the network was published, or ``""``.
        remarks: What a reader must know of how the numbers came about, a sentence each.
        input_origin: Where the input comes from: ``"given"`` by the user, ``"known"`` of a network of that name,
            ``"example"`` if it came with the network, or ``"assumed: …"`` with the reason.
        nonzero_weights: Elements that masks leave of the weights that have masks; ``None`` for a network without.
        effective_macs: The MACs without those of masked weights, which dense kernels do all the same; ``None`` for a
            network without masks.
    """

    architecture: str
    input_shapes: tuple[Shape, ...]
    dtype: str
    forward: Literal["meta", "real"]
    parameters: int
    trainable_parameters: int
    buffers: int
    macs: int
    other_flops: int
    activations: int
    activation_bytes: int
    peak_activation_bytes: int
    peak_layer: str
    uncounted: tuple[UncountedOp, ...]
    layers: tuple[LayerCost, ...]
    ops: tuple[OpCost, ...]
    note: str = ""
    paper: str = ""
    remarks: tuple[str, ...] = ()
    input_origin: str = "given"
    nonzero_weights: int | None = None
    effective_macs: int | None = None

    def __repr__(self) -> str:
        """Three lines: the network and its input, its totals, and what no rule counts."""
        amounts = (
            f"{units.exact(self.parameters)} parameters",
            f"{units.compact(self.macs)} MACs",
            f"{units.compact(self.flops)} FLOPs",
            f"{units.data_size(self.activation_bytes)} of activations",
            f"{units.data_size(self.peak_activation_bytes)} of them at once",
        )
        title = counted_on(self.architecture, self.input_shapes, self.dtype)
        return three_lines(title, amounts, not_counted([each.op for each in self.uncounted]))

    def layer(self, path: str) -> LayerCost:
        """The row of a layer, or what all rows under a path come to together.

        Args:
            path: The path of a layer, a block or a stage: ``"conv1"``.

        Raises:
            UnknownNameError: No row lies under that path.
        """
        found: LayerCost = above("tables.sums", "layer_of")(self, path)
        return found

    def table(self, format: str = "text", *, depth: int | None = None, sort: str | None = None) -> str:  # noqa: A002 - as pandas calls it
        """The rows as the table that ``archstat table`` prints.

        Args:
            format: ``"text"``, ``"markdown"``, ``"csv"``, ``"json"`` or ``"latex"``.
            depth: Put everything below that many parts of a path into one row.
            sort: The key of the column to sort by, largest first.

        Raises:
            UnknownNameError: There is no such format or column.
        """
        text: str = above("tables.network", "layers_as")(self, format, depth=depth, sort=sort)
        return text

    def plot(self, chart: str = "layers", *, view: str = "", is_dark: bool = False) -> go.Figure:
        """A chart of the network, as a figure of plotly.

        Args:
            chart: The name of the chart: ``"layers"``, ``"icicle"``; :mod:`archstat.plot` has all of them.
            view: Which of its pictures: ``"MACs"``, ``"Parameters"``; ``""``: the first one.
            is_dark: Draw for a dark page.

        Raises:
            UnknownNameError: There is no such chart, or no such picture of it.
            DataError: The chart shows what a cost does not hold.
            MissingPackageError: Plotly is not installed.
        """
        figure: go.Figure = above("plot", "draw_chart")(chart, [self], view=view, is_dark=is_dark)
        return figure

    def to_dict(self) -> dict[str, Any]:
        """The cost as plain dictionaries, lists, numbers and texts, as :meth:`to_json` writes it."""
        plain: dict[str, Any] = msgspec.json.decode(self.to_json())
        return plain

    def to_json(self) -> str:
        """The cost as JSON, which :func:`archstat.load_cost` and every command reads."""
        text: str = above("files.results", "cost_to_json")(self)
        return text

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame, one column for each attribute of :class:`LayerCost` and ``flops``.

        Raises:
            MissingPackageError: Pandas is not installed.
        """
        columns = [*LayerCost.__struct_fields__, "flops"]
        return pandas_frame([[getattr(row, name) for name in columns] for row in self.layers], columns)
