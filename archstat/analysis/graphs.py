"""An ONNX file → its cost and all that follows from its trace, as of a network of torch's."""

from __future__ import annotations

from archstat.analysis.traced import Traced
from archstat.counting.memory import alive_at_peak
from archstat.counting.rows import count_trace
from archstat.networks.input_specs import AnyInput
from archstat.networks.settings import Setting
from archstat.onnx_graphs.graph import OnnxGraph
from archstat.records import InferenceMemory


class GraphAnalysis(Traced):
    """A graph of an ONNX file on one input, and what follows from its trace."""

    def __init__(self, graph: OnnxGraph, setting: Setting) -> None:
        """Trace and count a graph.

        Raises:
            ArchstatError: The graph cannot take the input, or does not hold together.
        """
        self._traced = graph.trace(setting)
        origin = "given" if setting.inputs else "known"
        trace = self._traced.trace
        super().__init__(trace, count_trace(trace, graph.place, strict=setting.strict, input_origin=origin))

    def memory(self) -> InferenceMemory:
        """What the memory of the forward pass goes to."""
        return InferenceMemory(
            architecture=self.cost.architecture,
            input_shapes=self.cost.input_shapes,
            dtype=self.cost.dtype,
            parameter_bytes=self._traced.parameter_bytes,
            buffer_bytes=self._traced.buffer_bytes,
            input_bytes=self._traced.input_bytes,
            activation_bytes=self.cost.activation_bytes,
            peak_activation_bytes=self.cost.peak_activation_bytes,
            peak_layer=self.cost.peak_layer,
            alive=alive_at_peak(self.trace),
            input_origin=self.cost.input_origin,
        )


class NamedGraph:
    """An ONNX file that can be counted on many inputs."""

    def __init__(self, place: str) -> None:
        """The graph in a file.

        Raises:
            SourceError: There is no such file, or it holds no graph that can be read.
        """
        self._graph = OnnxGraph(place)

    def inputs(self, setting: Setting) -> tuple[AnyInput, ...]:
        """What goes into it.

        Raises:
            InputError: The setting does not fit the graph, or leaves a size open.
        """
        return self._graph.inputs(setting)

    def analyse(self, setting: Setting) -> GraphAnalysis:
        """The graph counted on the input that the setting says.

        Raises:
            ArchstatError: The graph cannot take the input, or does not hold together.
        """
        return GraphAnalysis(self._graph, setting)
