"""Networks of OpenCLIP: ``open_clip:ViT-B-32``, ``open_clip:./folder``, ``'open_clip:ViT-B-32(force_image_size=336)'``.

A name is one of the library's own configs, a folder with an ``open_clip_config.json``, or ``hf-hub:`` and the name of a
model whose files are on this machine. The config tells what goes in: an image, and a text of the length that the
network was made for. Arguments are those of ``open_clip.create_model``. Nothing is fetched.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archstat import units
from archstat.errors import InputError, SourceError, UnknownNameError, quoted
from archstat.networks.hf.configs import cached_file, is_path
from archstat.networks.hf.needs import pair
from archstat.networks.hf.offline import offline
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_arguments, refuse_positions, refuse_unknown, said_by
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.libraries import library_of, unheard
from archstat.networks.settings import Setting
from archstat.networks.source import Source

_FILE = "open_clip_config.json"
_OF_WEIGHTS = (
    "cache_dir",
    "load_weights",
    "pretrained",
    "pretrained_hf",
    "pretrained_image",
    "pretrained_image_path",
    "pretrained_text",
    "pretrained_text_path",
    "require_pretrained",
    "weights_only",
)
_ELSEWHERE = frozenset({"self", "model_name", "model_kwargs", "device", "precision", "jit", "cast_dtype"})
"""Arguments that are no property of the network, or that a setting says."""


def _library() -> Any:
    return library_of("open_clip", "open_clip")


def _names() -> Iterable[str]:
    """The library's own configs, but those whose text network has its config elsewhere."""
    library = _library()
    found: list[str] = library.list_models()
    return [name for name in found if "hf_model_name" not in library.get_model_config(name)["text_cfg"]]


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of that name, with an image and a text."""
    library = _library()
    refuse_positions(spec, args, "open_clip:ViT-B-32(force_image_size=336)")
    refuse_arguments(spec, kwargs, _OF_WEIGHTS)
    refuse_unknown(spec, "OpenCLIP", kwargs, _arguments(library))
    place = _place(library, name)
    config = _config(spec, library, place, kwargs)

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        return (_image(spec, config, setting), _text(spec, config, setting))

    return Source(spec, lambda: _built(spec, library, place, config, kwargs), takes)


def _image(spec: str, config: Mapping[str, Any], setting: Setting) -> InputSpec:
    """The image of the config, or one of another size for a network of timm, which may take it.

    Raises:
        InputError: The network takes images of its own size only.
    """
    sides = pair(config["vision_cfg"].get("image_size", 224)) or (224, 224)
    side = setting.resolution
    if side is None or sides == (side, side):
        return InputSpec((3, *sides))
    if not config["vision_cfg"].get("timm_model_name"):
        raise InputError(
            f"{quoted(spec)} takes images of {units.shape(sides)}, by what it adds to their patches: the argument "
            f"'force_image_size={side}' makes it for others."
        )
    return InputSpec((3, side, side))


def _text(spec: str, config: Mapping[str, Any], setting: Setting) -> InputSpec:
    """The text of the config, or one of another length where the network takes it.

    Raises:
        InputError: The network has not so many places, or takes texts of its own length only.
    """
    places = config["text_cfg"].get("context_length", 77)
    length = setting.sequence or places
    is_own = config.get("custom_text") or config.get("force_custom_text")
    is_of_transformers = bool(config["text_cfg"].get("hf_model_name"))  # whose config has the number of its places
    if not is_of_transformers and (length > places or (length < places and not is_own)):
        raise InputError(
            f"{quoted(spec)} takes texts of {'at most ' * bool(is_own)}{places} tokens: the argument "
            f"'force_context_length={length}' makes it for others."
        )
    return InputSpec((length,), "int64")


def _arguments(library: Any) -> list[str]:
    """The arguments that are the network's."""
    known = {*inspect.signature(library.create_model).parameters, *inspect.signature(library.CLIP).parameters}
    return sorted(known - {*_ELSEWHERE, *_OF_WEIGHTS})


# -- configs -----------------------------------------------------------------------------------------------------------


def _place(library: Any, name: str) -> str:
    """The name as the library takes it.

    Raises:
        UnknownNameError: There is no such config.
        SourceError: There is none in that folder.
    """
    if is_path(name):
        folder = Path(name).expanduser()
        folder = folder.parent if folder.name == _FILE else folder
        if not (folder / _FILE).is_file():
            raise SourceError(f"There is no folder {quoted(name)} with an {_FILE}, which a model of OpenCLIP has.")
        return f"local-dir:{folder}"
    if name.startswith("hf-hub:"):
        cached = cached_file(name.removeprefix("hf-hub:"), _FILE)
        if cached is None:
            raise UnknownNameError(
                f"The config of {quoted(name)} is not on this machine, and nothing is fetched: download the {_FILE} of "
                "that model and name the folder that it lies in, as in 'open_clip:./folder'."
            )
        return f"local-dir:{cached.parent}"
    known = library.list_models()
    plain = name.replace("/", "-")  # as OpenAI writes them: ViT-B/32
    if plain not in known:
        raise UnknownNameError.of("network of OpenCLIP", name, known, helps={"source": "open_clip"})
    return plain


def _config(spec: str, library: Any, place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the arguments in it, as ``create_model`` puts them there.

    Raises:
        SourceError: The file holds no config.
    """
    try:
        config = {**library.get_model_config(place), **given}
        vision = {**config["vision_cfg"], "timm_model_pretrained": False}
        text = {**config["text_cfg"], "hf_model_pretrained": False}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SourceError(f"{quoted(spec)} has no whole config: {said_by(error)}") from error
    for held, weights in (("vision_cfg", "timm_model_pretrained"), ("text_cfg", "hf_model_pretrained")):
        refuse_arguments(spec, (name for name, value in (given.get(held) or {}).items() if value), (weights,))
    if "force_image_size" in given and "vision_cfg" not in given:
        vision["image_size"] = given["force_image_size"]
    if "force_context_length" in given and "text_cfg" not in given:
        text["context_length"] = given["force_context_length"]
    return {**config, "vision_cfg": vision, "text_cfg": text}


# -- building ----------------------------------------------------------------------------------------------------------


def _built(spec: str, library: Any, place: str, config: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """The network.

    Raises:
        SourceError: The config makes no network, or that of its text network is not on this machine.
    """
    arguments = {name: config.get(name, value) for name, value in given.items()}
    try:
        with offline(), unheard():
            # on no device in particular: parameters without values cannot be moved to one
            return library.create_model(place, load_weights=False, pretrained_text=False, device=None, **arguments)
    except OSError as error:  # as transformers says that there is no such file
        text = config["text_cfg"].get("hf_model_name")
        if text is None:
            raise SourceError(f"{quoted(spec)} cannot be built: {said_by(error)}") from error
        raise SourceError(
            f"{quoted(spec)} has the text network {quoted(text)} of transformers, whose config is not on this machine, "
            "and nothing is fetched: download the config.json of that model into the cache of transformers."
        ) from error
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        raise SourceError(f"{quoted(spec)} does not fit: {said_by(error)}") from error


HUBS.add(Hub("open_clip", "open_clip", _source, _names, "OpenCLIP by the library's own configs, or a folder with one"))
