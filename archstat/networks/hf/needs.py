"""What the inputs of a network of transformers depend on, and how to read sizes from configs that name them apart."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from archstat.networks.settings import Setting

_SIDE = 224
"""Height and width of images where neither the config nor the library's processor of images has a size."""


class Need(NamedTuple):
    """A network, and the setting that it is to be fed for.

    Attributes:
        config: The config of the network.
        network: The class of the network.
        setting: The setting.
    """

    config: Any
    network: type[Any]
    setting: Setting

    @property
    def takes(self) -> frozenset[str]:
        """The names of the arguments of its ``forward``."""
        return frozenset(inspect.signature(self.network.forward).parameters)

    @property
    def main(self) -> str:
        """The argument that it is made for."""
        return str(getattr(self.network, "main_input_name", "input_ids"))

    @property
    def text(self) -> Any:
        """The part of the config that is about text."""
        try:
            return self.config.get_text_config()
        except (AttributeError, ValueError):  # ValueError: it has several
            return self.config

    @property
    def vision(self) -> Any:
        """The part of the config that is about images; the whole one if it has no such part."""
        return part(self.config, ("vision_config", "image_config", "visual_config", "vision_encoder_config", "encoder"))

    @property
    def audio(self) -> Any:
        """The part of the config that is about sounds; the whole one if it has no such part."""
        return part(self.config, ("audio_config", "audio_encoder_config", "speech_config", "encoder_config", "encoder"))


def part(config: Any, names: Sequence[str]) -> Any:
    """The first config of these names inside a config; itself if it has none of them."""
    inner = (getattr(config, name, None) for name in names)
    return next((each for each in inner if hasattr(each, "to_dict")), config)


def size(config: Any, names: Sequence[str], default: Any = None) -> Any:
    """The first of these fields that a config has."""
    for name in names:
        value = getattr(config, name, None)
        if value is not None:
            return value
    return default


def pair(value: Any) -> tuple[int, int] | None:
    """Height and width from what a config or a processor says of them; ``None`` if it says none."""
    if isinstance(value, int):
        return (value, value)
    if isinstance(value, dict):
        edge = value.get("shortest_edge")
        sides = (value.get("height", edge), value.get("width", edge))
        return sides if all(isinstance(each, int) for each in sides) else None  # type: ignore[return-value]
    if isinstance(value, list | tuple) and len(value) in (1, 2, 3) and all(isinstance(each, int) for each in value):
        return (value[-2] if len(value) > 1 else value[0], value[-1])
    return None


def image_sides(need: Need) -> tuple[int, int]:
    """Height and width of an image: as asked for, of the config, of the library's processor, or 224."""
    if need.setting.resolution is not None:
        return (need.setting.resolution, need.setting.resolution)
    for config in (need.vision, need.config):
        said = pair(size(config, ("image_size", "img_size", "input_size", "force_image_size")))
        if said is not None:
            return said
    if {"image_grid_thw", "grid_thw"} & need.takes:  # whose processors say how many pixels an image has in all
        return (_SIDE, _SIDE)
    return _processor_sides(need.config) or (_SIDE, _SIDE)


def _processor_sides(config: Any) -> tuple[int, int] | None:
    """The size that the library's processor of images makes by default."""
    try:
        names = import_module("transformers.models.auto.image_processing_auto").IMAGE_PROCESSOR_MAPPING_NAMES
        said = names.get(config.model_type) or ()
        for name in said.values() if isinstance(said, dict) else said:
            processor = getattr(import_module("transformers"), name or "", None)
            for field in ("crop_size", "size"):
                sides = pair(getattr(processor, field, None))
                if sides is not None:
                    return sides
    except (ImportError, AttributeError, RuntimeError):
        return None
    return None


def channels(config: Any) -> int:
    """How many channels an image has."""
    said = size(config, ("num_channels", "in_channels", "in_chans", "num_input_channels"), 3)
    return said if isinstance(said, int) else 3


def text_length(need: Need, config: Any = None) -> int:
    """Tokens of a text: as asked for, else 128, or as many as it has positions if these are fewer."""
    if need.setting.sequence is not None:
        return need.setting.sequence
    names = ("max_position_embeddings", "n_positions", "max_target_positions", "max_seq_len", "max_sequence_length")
    positions = size(config or need.text, names, 128)
    return min(128, positions) if isinstance(positions, int) and positions > 0 else 128


def plain_token(config: Any) -> int:
    """A token without a meaning of its own: the first that the config does not name."""
    named = {value for name, value in config.to_dict().items() if "token" in name and isinstance(value, int)}
    return next(token for token in range(len(named) + 1) if token not in named)
