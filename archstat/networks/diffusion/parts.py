"""From what a user writes to a class of diffusers and its config; nothing is fetched."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hf.configs import cached_file, config_file, is_folder, is_path, json_fields
from archstat.networks.hub_arguments import refuse_unknown


class PipelinePart(NamedTuple):
    """A network that a pipeline is made of.

    Attributes:
        network: The class of the network.
        held: The fields that a file says.
        fields: All fields, with the defaults of the class.
    """

    network: type[Any]
    held: Mapping[str, Any]
    fields: Mapping[str, Any]


def class_names() -> list[str]:
    """The names of the library's classes of networks; none of them is imported."""
    held = import_module("diffusers.models")._import_structure.values()  # noqa: SLF001 - as the library's own __dir__
    return sorted({name for names in held for name in names if name[0].isupper()} - _NO_NETWORKS)


_NO_NETWORKS = frozenset(
    """
    AttentionBackendName AutoModel CacheMixin ContextParallelConfig ModelMixin ParallelConfig TensorParallelConfig
    """.split()
)

MADE_OF_OTHERS = frozenset(
    """
    FluxMultiControlNetModel HunyuanDiT2DMultiControlNetModel MultiAdapter MultiControlNetModel
    MultiControlNetUnionModel QwenImageMultiControlNetModel SD3MultiControlNetModel
    """.split()
)
"""Classes that are made with networks, which no text names."""


PUT_INTO_OTHERS = frozenset({"ControlNetXSAdapter", "MotionAdapter"})
"""Classes that hold layers for another network, and do nothing by themselves."""


def classes_with_defaults() -> list[str]:
    """The classes that make a network in the sizes that they have by default."""
    return sorted(set(class_names()) - MADE_OF_OTHERS - PUT_INTO_OTHERS - _NOT_BY_DEFAULT)


_NOT_BY_DEFAULT = frozenset(
    """
    AnyFlowFARTransformer3DModel AutoencoderKLAllegro AutoencoderKLHunyuanImage AutoencoderKLMiniMaxH3
    BriaFibo2Transformer2DModel ControlNetUnionModel Cosmos3AVAEAudioTokenizer Cosmos3OmniTransformer
    CosmosControlNetModel DreamLiteTransformer2DModel DualTransformer2DModel EasyAnimateTransformer3DModel
    GlmImageTransformer2DModel HiDreamImageTransformer2DModel HunyuanDiT2DControlNetModel HunyuanDiT2DModel
    HunyuanVideo15Transformer3DModel HunyuanVideoFramepackTransformer3DModel Kandinsky6SRLatentUpscalerBank
    Kandinsky6SRTransformer3DModel LTX2VideoDiffusionDecoderModel LatteTransformer3DModel LuminaNextDiT2DModel
    MiniMaxH3Transformer3DModel OmniGenTransformer2DModel QwenImage21Transformer2DModel RFD4ProteinaAutoencoder
    RFD4ProteinaTransformer SanaWMLTX2RefinerTransformer3DModel SanaWMTransformer3DModel Transformer2DModel
    TransformerTemporalModel UNet1DModel WanAnimate2Transformer3DModel ZImageControlNetModel
    """.split()
)
"""Classes that make no network in their default sizes, or one whose input is not known."""


def pipeline_part(spec: str, name: str, given: Mapping[str, Any]) -> PipelinePart:
    """The network that a name leads to.

    Args:
        spec: The network as the user wrote it.
        name: A class; or a folder with a ``config.json``, such a file, or a model, with ``#`` and the name of a folder
            in it.
        given: Fields that are to be others.

    Raises:
        UnknownNameError: The place is none of these.
        SourceError: The file is no config of a network, or a field is none.
    """
    place, _, folder = name.partition("#")
    known = class_names()
    if not folder and place in known:
        return _part(spec, place, {}, given)
    found = _file(place, folder, known)
    held = json_fields(found)
    said = _class_in(found, held)
    if said not in known:
        if said in dir(import_module("diffusers")):
            raise SourceError(f"{quoted(found)} is the config of a {said}, which is no network.")
        raise UnknownNameError.of("network of diffusers", said, known, "A newer version may have it.")
    return _part(spec, said, {key: value for key, value in held.items() if not key.startswith("_")}, given)


def _class_in(file: Path, held: Mapping[str, Any]) -> str:
    """The class that a config names.

    Raises:
        SourceError: No class is named.
    """
    said = held.get("_class_name")
    if isinstance(said, str):
        return said
    hint = f"; it is one of transformers: 'hf:{file}'" if isinstance(held.get("model_type"), str) else ""
    raise SourceError(f"{quoted(file)} is no config of diffusers, as it has no '_class_name'{hint}.")


def _file(place: str, folder: str, known: Sequence[str]) -> Path:
    """The file with the config.

    Raises:
        UnknownNameError: There is no such class and no such model on this machine.
        SourceError: The folder has no config of a network.
    """
    if is_path(place) or is_folder(place):
        return _file_in(place, folder)
    within = f"{folder}/" if folder else ""
    cached = cached_file(place, f"{within}config.json")
    if cached is not None:
        return cached
    index = cached_file(place, "model_index.json")
    if index is not None:
        raise _pipeline(place, index)
    if "/" in place or folder:
        raise UnknownNameError(
            f"The {within}config.json of {quoted(place)} is not on this machine, and nothing is fetched: download it "
            "and name the file, as in 'diffusers:./config.json'."
        )
    if place.partition(".")[0] in dir(import_module("diffusers")):
        raise SourceError(
            f"'diffusers:{place}' is no network: name one of its parts, as in 'diffusers:UNet2DConditionModel' or "
            "'diffusers:./folder#unet'."
        )
    raise UnknownNameError.of("network of diffusers", place, known, helps={"source": "diffusers"})


def _file_in(place: str, folder: str) -> Path:
    try:
        path = Path(place).expanduser() / folder
        index = path / "model_index.json"
        if not (path / "config.json").is_file() and index.is_file():
            raise _pipeline(place, index)
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{quoted(place)} cannot be read: {first_line(error)}") from error
    return config_file(str(path) if folder else place, "diffusers")


def _pipeline(place: str, index: Path) -> SourceError:
    """The refusal of a whole pipeline, with its networks."""
    held = json_fields(index)
    parts = [key for key, value in held.items() if isinstance(value, list) and value[:1] == ["diffusers"]]
    networks = [each for each in parts if held[each][1] in class_names()]
    named = " or ".join(quoted(f"diffusers:{place}#{each}") for each in networks) or "none of them is of diffusers"
    return SourceError(f"{quoted(place)} is a pipeline, which is made of several networks: name one, {named}.")


def _part(spec: str, name: str, held: Mapping[str, Any], given: Mapping[str, Any]) -> PipelinePart:
    """The class of that name, and its fields.

    Raises:
        SourceError: The class cannot be imported or is made of others, or a field is none.
    """
    if name in MADE_OF_OTHERS:
        raise SourceError(f"{quoted(spec)} cannot be built: {name} is made of other networks.")
    if name in PUT_INTO_OTHERS:
        raise SourceError(f"{quoted(spec)} has no forward pass of its own: its layers are put into another network.")
    try:
        network = getattr(import_module("diffusers.models"), name)
    except (ImportError, RuntimeError) as error:
        raise SourceError(f"{quoted(spec)} cannot be built: {first_line(error)}") from error
    defaults = {
        each.name: None if each.default is each.empty else each.default
        for each in inspect.signature(network.__init__).parameters.values()
        if each.name not in {"self", "kwargs"}
    }
    refuse_unknown(spec, name, given, defaults)
    own = {key: value for key, value in held.items() if key in defaults}
    return PipelinePart(network, held, {**defaults, **own, **given})
