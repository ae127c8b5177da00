"""Configs that are none of transformers: of which library each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archstat.errors import SourceError, quoted


def refuse_other_library(path: str, held: Mapping[str, Any]) -> None:
    """Say of which library a config is that is none of transformers.

    Raises:
        SourceError: The config is none of transformers.
    """
    if isinstance(held.get("model_type"), str):
        return
    said = next((told(held) for is_there, told in _OTHERS if is_there(held)), "")
    if not said:
        said = "it has no 'model_type'"
    raise SourceError(f"{quoted(path)} is no config of transformers: {said}.")


def _of_timm(held: Mapping[str, Any]) -> str:
    return f"it is one of timm, which calls that network {quoted('timm:' + str(held['architecture']))}"


def _of_diffusers(held: Mapping[str, Any]) -> str:
    return f"it is one of diffusers, for its class {held['_class_name']}"


def _of_peft(held: Mapping[str, Any]) -> str:
    base = held.get("base_model_name_or_path")
    return f"it is that of an adapter of PEFT{f' for {quoted(base)}' if base else ''}"


_OTHERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], str]], ...] = (
    (lambda held: "_class_name" in held, _of_diffusers),
    (lambda held: "architecture" in held and "architectures" not in held, _of_timm),
    (lambda held: "peft_type" in held, _of_peft),
    (lambda held: "model_cfg" in held or "vision_cfg" in held, lambda _: "it is one of open_clip"),
    (lambda held: "registered_name" in held or "class_name" in held, lambda _: "it is one of Keras"),
    (lambda held: "tokenizer_class" in held, lambda _: "it is that of a tokenizer; take the config.json beside it"),
    (
        lambda held: "image_processor_type" in held or "feature_extractor_type" in held or "processor_class" in held,
        lambda _: "it is that of a processor; take the config.json beside it",
    ),
)
"""What tells a config of another library, and what to say of it."""
