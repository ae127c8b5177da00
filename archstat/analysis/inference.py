"""The whole way from a name or a network to its cost, and to the sums behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from archstat.analysis.adapters import adapter_remark
from archstat.analysis.graphs import GraphAnalysis, NamedGraph
from archstat.analysis.pruning import Pruned, pruned
from archstat.analysis.traced import Traced
from archstat.counting.memory import alive_at_peak
from archstat.counting.rows import count_trace
from archstat.errors import ForwardError, InputError, SourceError, quoted
from archstat.networks.advice import Advice, advice
from archstat.networks.file_formats import format_of
from archstat.networks.files.torch_export import exported_name, exported_network
from archstat.networks.fitting import refuse_too_large
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.libraries import backend_hint
from archstat.networks.loading import SEED, Loader
from archstat.networks.settings import Setting
from archstat.networks.source import Source
from archstat.networks.trust import Reach
from archstat.networks.wrappers import unwrapped
from archstat.networks.written import setting_by_name
from archstat.records import Explanations, InferenceMemory, ModelCost
from archstat.tracing import trace
from archstat.tracing.first_call import is_unfinished
from archstat.tracing.layers import Layers
from archstat.tracing.modes import without_garbage_collection
from archstat.tracing.nested import tensors_in
from archstat.tracing.values import in_memory


def count(model: nn.Module | torch.export.ExportedProgram | str, *inputs: Any, **kwargs: Any) -> ModelCost:
    """What one forward pass of a network costs, layer by layer.

    Nothing is computed, copied or changed: the network's ops are recorded without values, on whatever device its
    parameters are. See :func:`archstat.tracing.trace` for the rare network that must be run.

    Args:
        model: A network, a program of ``torch.export``, or the name of one: ``"resnet50"``, ``"./net.py:Net"``.
        inputs: What the network's ``forward`` takes. Tensors on the meta device do; an architecture of ours needs none,
            and an exported program has its own.
        kwargs: What the network's ``forward`` takes by name; for a named network without inputs, how it is counted, as
            ``batch_size``, ``resolution``, ``sequence``, ``dtype``, ``input`` (``"3x96x96"``), ``test_size``,
            ``strict``.

    Returns:
        The totals and, in ``layers``, the rows that add up to them.

    Raises:
        ForwardError: The network's own ``forward`` raised; its error is the cause.
        SourceError: A name leads to no network, or what was handed over is none.
        InputError: A name was given without inputs, and none are known for it.

    >>> cost = count("lenet5")
    >>> cost.parameters, cost.macs
    (60000, 325680)
    >>> count("resnet18", batch_size=8).input_shapes
    ((8, 3, 224, 224),)
    """
    # The trace is freed before anybody collects garbage: it holds none, and looking through it takes time.
    return without_garbage_collection(lambda: analyse_model(model, *inputs, **kwargs).cost)


def explain(model: nn.Module | torch.export.ExportedProgram | str, *inputs: Any, **kwargs: Any) -> Explanations:
    """The sums behind each row of :func:`count`, which takes the same arguments and raises the same errors.

    Returns:
        A tuple with the explanation of each row, in their order; a notebook shows it as a table.

    >>> conv = explain("lenet5")[0]
    >>> [f"{step.quantity}: {step.formula} = {step.result}" for step in conv.steps[:2]]
    ['output size: (32 − 5 + 2·0)/1 + 1 = 28', 'parameters: (5·5·1 + 1)·6 = 156']
    """
    analysis = analyse_model(model, *inputs, **kwargs)
    return Explanations(analysis.explanations(), analysis.cost)


def count_source(name: str, setting: Setting) -> ModelCost:
    """What a named network costs.

    Raises:
        ArchstatError: The name leads nowhere, or the network cannot take the input.
    """
    return analyse(name, setting).cost


class Analysis(Traced):
    """A network that was traced, and what follows from the trace."""

    def __init__(
        self,
        source: Source,
        model: nn.Module,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None = None,
        *,
        strict: bool = False,
        input_origin: str = "given",
        remark: str = "",
    ) -> None:
        """Trace and count the network of a source."""
        self._model, self._inputs = model, tensors_in((args, kwargs or {}))
        traced = trace(model, args, kwargs)
        told = {"note": source.note, "paper": source.paper, "input_origin": input_origin}
        cost = count_trace(traced, source.name, strict=strict, **told)
        # By the names of parameters: to ask each module for a mask takes a tenth of a count.
        has_masks = any(each.name.endswith("weight_orig") for each in traced.parameters)
        masked = pruned(model, cost.layers) if has_masks else None
        more = (remark, adapter_remark(model, cost.layers), masked.remark if masked else "")
        super().__init__(traced, _with_more(cost, tuple(filter(None, more)), masked))

    def memory(self) -> InferenceMemory:
        """What the memory of the forward pass goes to.

        Raises:
            InputError: The network has layers that only its first call makes.
        """
        if is_unfinished(self._model):
            raise InputError("The network has layers that only its first call makes: run it once, and count it then.")
        layers = Layers(self._model)
        count = len(layers.parameters)
        return InferenceMemory(
            architecture=self.cost.architecture,
            input_shapes=self.cost.input_shapes,
            dtype=self.cost.dtype,
            parameter_bytes=_size(layers.own[:count]),
            buffer_bytes=_size(layers.own[count:]),
            input_bytes=_size(self._inputs),
            activation_bytes=self.cost.activation_bytes,
            peak_activation_bytes=self.cost.peak_activation_bytes,
            peak_layer=self.cost.peak_layer,
            alive=alive_at_peak(self.trace),
            input_origin=self.cost.input_origin,
        )


def _with_more(cost: ModelCost, remarks: tuple[str, ...], masked: Pruned | None) -> ModelCost:
    """A cost with what only the network tells, and not its trace."""
    if not remarks:
        return cost
    left = {"nonzero_weights": masked.nonzero_weights, "effective_macs": masked.effective_macs} if masked else {}
    return msgspec.structs.replace(cost, remarks=(*cost.remarks, *remarks), **left)


def _size(tensors: Iterable[Tensor]) -> int:
    return sum(each.numel() * each.element_size() for tensor in tensors for each in in_memory(tensor))


def check_network(model: object, *, what: str = "counted") -> None:
    """Refuse what is no network, and say how it becomes one.

    Args:
        model: What was handed over.
        what: What was to be done with it.

    Raises:
        SourceError: The object is no network.
    """
    if isinstance(model, nn.Module):
        return
    kind = f"{type(model).__module__}.{type(model).__qualname__}".removeprefix("builtins.")
    raise SourceError(_not_a_network(model, kind, what))


def _not_a_network(model: Any, kind: str, what: str) -> str:
    """Why an object is no network, and what to hand over instead."""
    if model is None:
        return "None is no network: does the function that makes it return it?"
    if isinstance(model, torch.export.ExportedProgram):
        return "An ExportedProgram is no torch.nn.Module: hand over what its '.module()' gives."
    if isinstance(model, type):
        if issubclass(model, nn.Module):
            return f"{model.__name__} is a class of networks and no network: call it, as in '{model.__name__}(…)'."
        return f"What is to be {what} is no torch.nn.Module but the class {model.__name__}."
    if callable(model) and hasattr(model, "__name__"):
        return f"{quoted(model.__name__)} is a {kind} and no torch.nn.Module: hand over the network itself."
    parts = [quoted(name) for name, part in getattr(model, "__dict__", {}).items() if isinstance(part, nn.Module)]
    those = f": hand over one of its networks, {', '.join(parts[:5])}" if parts else ""
    return f"What is to be {what} is no torch.nn.Module but of type {kind}{those}.{backend_hint(model)}"


def analyse_model(
    model: nn.Module | torch.export.ExportedProgram | str, *inputs: Any, **kwargs: Any
) -> Analysis | GraphAnalysis:
    """A network, or a named one, traced; the arguments and errors are those of :func:`count`."""
    if isinstance(model, torch.export.ExportedProgram):
        return _analyse_exported(model, inputs, kwargs)
    if not isinstance(model, str):
        check_network(model)
    if isinstance(model, nn.Module):
        network = unwrapped(model)
        source = Source(type(network.model).__name__, lambda: network.model)
        return Analysis(source, network.model, inputs, kwargs, remark=network.remark)
    setting = None if inputs else setting_by_name(kwargs)
    if setting is not None:
        return analyse(model, setting)
    if isinstance(named_network(model), NamedGraph):
        return analyse(model, Setting(inputs=_as_specs(inputs, kwargs)))
    loader = Loader(model)
    return Analysis(loader.source, loader.model(), inputs, kwargs)


def _as_specs(inputs: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[AnyInput, ...]:
    """Tensors as data, which is all that a graph in a file needs of them."""
    both = [("", value) for value in inputs] + list(kwargs.items())
    if not all(isinstance(value, Tensor) for _, value in both):
        raise InputError("A graph in a file takes tensors alone.")
    return tuple(
        InputSpec(tuple(value.shape), str(value.dtype).removeprefix("torch."), name, has_batch=False)
        for name, value in both
    )


def _analyse_exported(
    program: torch.export.ExportedProgram, inputs: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Analysis:
    """An exported program, traced on what it is handed, else on what it was exported with."""
    model, example = exported_network(program)
    source = Source(exported_name(program), lambda: model)
    if inputs or kwargs or example is None:
        return Analysis(source, model, inputs, kwargs)
    return Analysis(source, model, *example, input_origin="example")


def analyse(name: str, setting: Setting, reach: Reach | None = None) -> Analysis | GraphAnalysis:
    """A named network, traced on the input that the setting says.

    Args:
        name: The network.
        setting: The input that the network is traced on.
        reach: The code that the name may lead to, if a file holds it.

    Raises:
        ArchstatError: The name leads nowhere, or the network cannot take the input.
    """
    network = named_network(name, reach)
    return network.analyse(setting) if isinstance(network, NamedGraph) else analyse_named(network, setting)


def named_network(name: str, reach: Reach | None = None) -> NamedNetwork | NamedGraph:
    """A network, or a graph in a file, that can be counted on many inputs.

    Raises:
        ArchstatError: The name leads nowhere, or further than it may.
    """
    kind = format_of(name)
    return NamedGraph(name) if kind is not None and kind.name == "ONNX" else NamedNetwork(name, reach)


def analyse_named(network: NamedNetwork, setting: Setting) -> Analysis:
    """What the inference of a network that was found already comes to, with a setting.

    Raises:
        ArchstatError: The network cannot take the input; the message has one that it can take.
    """
    try:
        return network.analyse(setting)
    except ForwardError as error:
        is_theirs = not setting.inputs and network.source.takes is None  # it was tried, or came with the network
        told = Advice() if is_theirs else advice(network.source, network.inputs(setting), setting)
        raise InputError(f"{error}{told.text}", helps=told.helps) from error


class NamedNetwork(Loader):
    """A named network that can be traced on many inputs."""

    _needs_values = False

    def analyse(self, setting: Setting) -> Analysis:
        """The network traced on the input that the setting says.

        Raises:
            ForwardError: The network cannot take that input.
            UncountedError: Under ``strict``, there is an op that no rule covers.
        """
        try:
            return without_garbage_collection(lambda: self._analysed(setting))
        except ForwardError as error:
            if not error.needs_values or self._needs_values:
                raise
            refuse_too_large(self.model(), error)
        self._needs_values = True
        return without_garbage_collection(lambda: self._analysed(setting))

    def _analysed(self, setting: Setting) -> Analysis:
        source, model, args, kwargs, origin = self.load(setting, on="cpu" if self._needs_values else None)
        inner = unwrapped(model)
        with torch.random.fork_rng(devices=[], enabled=self._needs_values):
            if self._needs_values:  # what a network draws decides on its branches as its weights do
                torch.manual_seed(SEED)
            return Analysis(
                source, inner.model, args, kwargs, strict=setting.strict, input_origin=origin, remark=inner.remark
            )
