"""An ONNX file that can be traced on many inputs."""

from __future__ import annotations

import math
from typing import NamedTuple

from archstat.counting.rows import itemsize
from archstat.networks.input_specs import AnyInput
from archstat.networks.settings import Setting
from archstat.onnx_graphs.holdings import holdings_of
from archstat.onnx_graphs.inputs import as_specs, inputs_of, sizes_for
from archstat.onnx_graphs.reading import read_graph
from archstat.onnx_graphs.walking import Walk
from archstat.records import Trace


class TracedGraph(NamedTuple):
    """A graph on one input.

    Attributes:
        trace: What torch would run.
        parameter_bytes: The size of its parameters.
        buffer_bytes: The size of its buffers.
        input_bytes: The size of what goes in.
    """

    trace: Trace
    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int


class OnnxGraph:
    """A graph in a file, read once.

    Attributes:
        place: The file.
    """

    def __init__(self, place: str) -> None:
        """The graph in a file.

        Raises:
            SourceError: There is no such file, it holds no graph that can be read, or onnx is not installed.
        """
        self.place = place
        self._model = read_graph(place)
        self._takes = inputs_of(place, self._model)
        self._holdings = holdings_of(self._model)

    def inputs(self, setting: Setting) -> tuple[AnyInput, ...]:
        """What goes in.

        Raises:
            InputError: The setting does not fit the graph, or leaves a size open.
        """
        return as_specs(self._takes, sizes_for(self.place, self._takes, setting))

    def trace(self, setting: Setting) -> TracedGraph:
        """What torch would run in place of the graph.

        Raises:
            SourceError: The graph does not hold together.
            InputError: The setting does not fit the graph, or leaves a size open.
        """
        shapes = sizes_for(self.place, self._takes, setting)
        is_fixed = all(isinstance(dim, int) for each in self._takes for dim in each.dims)
        walk = Walk(self.place, self._model, self._holdings, is_fixed=is_fixed)
        taken = [(shape, each.dtype) for shape, each in zip(shapes, self._takes, strict=True)]
        recorder, inputs, outputs = walk.run([each.name for each in self._takes], taken)
        parameters, buffers = self._holdings.parameters, self._holdings.buffers
        first = 1 + len(parameters)
        stored = {-first - place: math.prod(each.shape) for place, each in enumerate(buffers.values())}
        trace = recorder.trace(self._holdings.specs(), stored, inputs, outputs, walk.remarks)
        return TracedGraph(
            trace,
            sum(each.nbytes for each in parameters.values()),
            sum(each.nbytes for each in buffers.values()),
            sum(math.prod(spec.shape) * itemsize(spec.dtype) for spec in inputs),
        )
