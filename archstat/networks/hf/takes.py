"""What goes into a network of transformers, from its config and from the arguments of its ``forward``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archstat.networks.hf.audio import audio_inputs
from archstat.networks.hf.images import image_inputs
from archstat.networks.hf.needs import Need, plain_token, size, text_length
from archstat.networks.hf.peculiar import PECULIAR
from archstat.networks.input_specs import InputSpec

Tokens = Callable[[str, tuple[InputSpec, ...]], int]
"""How many tokens stand for the images, or the sounds, of an input."""


def inputs_for_need(need: Need, tokens_for: Tokens) -> tuple[InputSpec, ...] | None:
    """What goes in; ``None`` if nothing is known of it.

    Args:
        need: The network and the setting.
        tokens_for: From ``"image"`` or ``"audio"`` and the inputs to how many tokens the network makes of them.
    """
    peculiar = PECULIAR.get(need.config.model_type)
    if peculiar is not None:
        made = peculiar(need)
        if made is not None:
            return made
    images, sounds = image_inputs(need), audio_inputs(need)
    text = _text_inputs(need, images, sounds, tokens_for) if "input_ids" in need.takes else ()
    decoder = _decoder_inputs(need) if "decoder_input_ids" in need.takes else ()
    return (*text, *images, *sounds, *decoder) or None


def _text_inputs(
    need: Need, images: tuple[InputSpec, ...], sounds: tuple[InputSpec, ...], tokens_for: Tokens
) -> tuple[InputSpec, ...]:
    """Ids, their mask and their types; among the ids as many as stand for each image and sound."""
    length = text_length(need)
    placed: list[tuple[float, int]] = []
    for kind, media in (("image", images), ("audio", sounds)):
        token = _token(need, kind)
        if media and isinstance(token, int):
            placed.append((token, tokens_for(kind, media)))
    if not placed:
        return _plain_text(need, length)
    plain = plain_token(need.config)
    ids = (plain, *(token for token, count in placed for _ in range(count)), *[plain] * (length - 1))
    kinds = tuple({token: kind for kind, (token, _) in enumerate(placed, 1)}.get(each, 0) for each in ids)
    made = [InputSpec((len(ids),), "int64", "input_ids", values=ids)]
    if "attention_mask" in need.takes:
        made.append(InputSpec((len(ids),), "int64", "attention_mask", 1))
    if "mm_token_type_ids" in need.takes:
        made.append(InputSpec((len(ids),), "int64", "mm_token_type_ids", values=kinds))
    return tuple(made)


def _token(need: Need, kind: str) -> Any:
    """The id that stands for an image or a sound."""
    names = (f"{kind}_token_id", f"{kind}_token_index")
    said = size(need.config, names)
    return said if said is not None else size(getattr(need.config, "vlm_config", None), names)


def _plain_text(need: Need, length: int) -> tuple[InputSpec, ...]:
    made = [_ids(need, length)]
    if "attention_mask" in need.takes:
        made.append(InputSpec((length,), "int64", "attention_mask", 1))
    if "token_type_ids" in need.takes and size(need.text, ("type_vocab_size",), 0):
        made.append(InputSpec((length,), "int64", "token_type_ids", 0))
    if "bbox" in need.takes:
        made.append(InputSpec((length, 4), "int64", "bbox", 0))
    return tuple(made)


def _ids(need: Need, length: int) -> InputSpec:
    """Ids; their last one ends the text where the network looks for that."""
    end = size(need.config, ("eos_token_id",))
    looks_for_end = need.network.__name__.endswith("SequenceClassification") and need.config.is_encoder_decoder
    if looks_for_end and isinstance(end, int) and length > 1:
        values = (*[plain_token(need.config)] * (length - 1), end)
        return InputSpec((length,), "int64", "input_ids", values=values)
    return InputSpec((length,), "int64", "input_ids")


def _decoder_inputs(need: Need) -> tuple[InputSpec, ...]:
    """Ids for the decoder: those of the text where the network shifts these itself."""
    looks_for_end = need.network.__name__.endswith(("SequenceClassification", "QuestionAnswering"))
    if looks_for_end and "input_ids" in need.takes:
        return ()
    config: Any = getattr(need.config, "decoder", None)
    length = text_length(need, config if hasattr(config, "to_dict") else need.config)
    return (InputSpec((length,), "int64", "decoder_input_ids"),)
