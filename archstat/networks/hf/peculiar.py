"""Model types whose inputs the names of arguments do not tell: one entry is one of them, or a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archstat.networks.hf.needs import Need, channels, image_sides, text_length
from archstat.networks.input_specs import InputSpec

Made = tuple[InputSpec, ...] | None

_SECOND = 16000


def _series(need: Need) -> Made:
    """The past of a series: its values, the features of its moments, and what of it was seen."""
    config = need.config
    length = (config.context_length or 0) + max(config.lags_sequence)
    width = (config.input_size,) if config.input_size > 1 else ()
    made = [
        InputSpec((length, *width), "", "past_values"),
        InputSpec((length, config.num_time_features), "", "past_time_features"),
        InputSpec((length, *width), "", "past_observed_mask", 1),
    ]
    if config.num_static_categorical_features:
        made.append(InputSpec((config.num_static_categorical_features,), "int64", "static_categorical_features"))
    if config.num_static_real_features:
        made.append(InputSpec((config.num_static_real_features,), "", "static_real_features"))
    made.append(InputSpec((config.prediction_length, *width), "", "future_values"))
    made.append(InputSpec((config.prediction_length, config.num_time_features), "", "future_time_features"))
    return tuple(made)


def _patched_series(need: Need) -> Made:
    shape = (need.config.context_length, need.config.num_input_channels)
    return (InputSpec(shape, "", "past_values"),)


def _padded_series(need: Need) -> Made:
    """What TimesFM takes: a series, where it is padded, and how often it was looked at."""
    length = need.config.context_length
    if "past_values_padding" not in need.takes:
        return None
    return (
        InputSpec((length,), "", "past_values"),
        InputSpec((length,), "int64", "past_values_padding", 0),
        InputSpec((1,), "int64", "freq", 0),
    )


def _decisions(need: Need) -> Made:
    """The states, actions and rewards of an episode."""
    config = need.config
    length = text_length(need)
    return (
        InputSpec((length, config.state_dim), "", "states"),
        InputSpec((length, config.act_dim), "", "actions"),
        InputSpec((length, 1), "", "rewards"),
        InputSpec((length, 1), "", "returns_to_go"),
        InputSpec((length,), "int64", "timesteps"),
        InputSpec((length,), "int64", "attention_mask", 1),
    )


def _loudness(need: Need) -> Made:
    """What CLAP hears: ten seconds of a spectrogram as an image, which is no part of a longer one."""
    config: Any = getattr(need.config, "audio_config", need.config)
    made = (
        InputSpec((1, 1001, config.num_mel_bins), "", "input_features"),
        InputSpec((1,), "bool", "is_longer", 0),
    )
    if "input_ids" not in need.takes:
        return made
    length = text_length(need)
    text = (InputSpec((length,), "int64", "input_ids"), InputSpec((length,), "int64", "attention_mask", 1))
    return (*text, *made)


def _two_images(need: Need) -> Made:
    height, width = image_sides(need)
    return (InputSpec((2, channels(need.config), height, width), "", "pixel_values"),)


def _prompted_image(need: Need) -> Made:
    """What SegGPT takes: an image, another one, and what is to be found in that; the two fill what its config says."""
    height, width = image_sides(need)
    shape = (channels(need.config), height // 2, width)
    return tuple(InputSpec(shape, "", name) for name in ("pixel_values", "prompt_pixel_values", "prompt_masks"))


def _questions(need: Need) -> Made:
    """An image, a question to the part that looks at it, and a text in which what that found has its places."""
    is_clip = "video_token_index" in need.config.to_dict()
    frames = (4,) if is_clip else ()
    length, height, width = text_length(need), *image_sides(need)
    token: Any = getattr(need.config, "video_token_index" if is_clip else "image_token_index", None)
    found = need.config.num_query_tokens * (4 if is_clip else 1) if isinstance(token, int) else 0
    ids = (token,) * found + (0,) * length
    made = [InputSpec((*frames, channels(need.vision), height, width), "", "pixel_values")]
    if "qformer_input_ids" in need.takes:
        made.append(InputSpec((length,), "int64", "qformer_input_ids"))
        made.append(InputSpec((length,), "int64", "qformer_attention_mask", 1))
    made.append(InputSpec((len(ids),), "int64", "input_ids", values=ids))
    made.append(InputSpec((len(ids),), "int64", "attention_mask", 1))
    if "decoder_input_ids" in need.takes and need.text.is_encoder_decoder:
        made.append(InputSpec((length,), "int64", "decoder_input_ids"))
    return tuple(made)


def _regions(need: Need) -> Made:
    """What LXMERT takes: a text, and the features and places of the objects that were found in an image."""
    length, found = text_length(need), 36
    return (
        InputSpec((length,), "int64", "input_ids"),
        InputSpec((length,), "int64", "attention_mask", 1),
        InputSpec((found, need.config.visual_feat_dim), "", "visual_feats"),
        InputSpec((found, need.config.visual_pos_dim), "", "visual_pos"),
    )


def _task(need: Need) -> Made:
    """An image, and the words that say which of its tasks OneFormer has."""
    height, width = image_sides(need)
    image = InputSpec((channels(need.config), height, width), "", "pixel_values")
    return (image, InputSpec((need.config.task_seq_len,), "int64", "task_inputs"))


def _tiles(need: Need) -> Made:
    """An image in tiles, each of which the text may look at."""
    config: Any = need.vision
    height, width = image_sides(need)
    tiles = config.max_num_tiles
    seen = (
        InputSpec((1, tiles, config.num_channels, height, width), "", "pixel_values"),
        InputSpec((1,), "int64", "aspect_ratio_ids", 1),
        InputSpec((1, tiles), "int64", "aspect_ratio_mask", 1),
    )
    if "input_ids" not in need.takes:
        return seen
    length = text_length(need)
    text = (InputSpec((length,), "int64", "input_ids"), InputSpec((length,), "int64", "attention_mask", 1))
    return (*text, *seen, InputSpec((length, 1, tiles), "int64", "cross_attention_mask", 1))


def _placed_image(need: Need) -> Made:
    """An image, and where in the text its tokens stand."""
    height, width = image_sides(need)
    places = (0,) + (1,) * need.config.latent_query_num + (0,) * text_length(need)
    return (
        InputSpec((channels(need.vision), height, width), "", "pixel_values"),
        InputSpec((len(places),), "int64", "input_ids"),
        InputSpec((len(places),), "int64", "attention_mask", 1),
        InputSpec((len(places),), "bool", "image_embeds_position_mask", values=places),
    )


def _codec_wave(need: Need) -> Made:
    """A wave with its one channel."""
    if "input_values" not in need.takes:
        return None
    return (InputSpec((1, _SECOND), "", "input_values"),)


def _said(need: Need) -> Made:
    """What SeamlessM4T takes: speech, and ids for the decoder; a text would go in instead of the speech."""
    frames = 1000
    return (
        InputSpec((frames, need.config.feature_projection_input_dim), "", "input_features"),
        InputSpec((frames,), "int64", "attention_mask", 1),
        InputSpec((text_length(need),), "int64", "decoder_input_ids"),
    )


def _rows(need: Need) -> Made:
    """What Perceiver takes where nothing prepares its input: rows of its width."""
    return (InputSpec((text_length(need), need.config.d_model), "", "inputs"),)


def _flat_patches(need: Need) -> Made:
    """What Pix2Struct takes: patches with their row and column in front, and ids for the decoder."""
    patch = getattr(need.vision, "patch_size", 16)
    made = (
        InputSpec((2048, 2 + 3 * patch * patch), "", "flattened_patches"),
        InputSpec((2048,), "int64", "attention_mask", 1),
    )
    if "decoder_input_ids" not in need.takes:
        return made
    return (*made, InputSpec((text_length(need),), "int64", "decoder_input_ids"))


def _books_in_rows(need: Need) -> Made:
    """Ids of several codebooks, each of which is a text to the network."""
    return (InputSpec((need.config.num_codebooks, text_length(need)), "int64", "input_ids", is_packed=True),)


def _spoken(need: Need) -> Made:
    """What Dia takes: a text, and the ids of several codebooks at each moment of what is said so far."""
    length, books = text_length(need), need.config.decoder_config.num_channels
    return (
        InputSpec((length,), "int64", "input_ids"),
        InputSpec((length,), "int64", "attention_mask", 1),
        InputSpec((length, books), "int64", "decoder_input_ids"),
    )


def _codebooks(field: str, *, is_last: bool) -> Callable[[Need], Made]:
    """Ids of several codebooks at each moment."""

    def made(need: Need) -> Made:
        books, length = getattr(need.config, field), text_length(need)
        shape = (length, books) if is_last else (books, length)
        mask = (InputSpec((length,), "int64", "attention_mask", 1),) if "attention_mask" in need.takes else ()
        return (InputSpec(shape, "int64", "input_ids"), *mask)

    return made


PECULIAR: dict[str, Callable[[Need], Made]] = {
    "autoformer": _series,
    "informer": _series,
    "time_series_transformer": _series,
    "patchtst": _patched_series,
    "patchtsmixer": _patched_series,
    "timesfm": _padded_series,
    "decision_transformer": _decisions,
    "clap": _loudness,
    "clap_audio_model": _loudness,
    "efficientloftr": _two_images,
    "lightglue": _two_images,
    "superglue": _two_images,
    "seggpt": _prompted_image,
    "blip-2": _questions,
    "instructblip": _questions,
    "instructblipvideo": _questions,
    "kosmos-2": _placed_image,
    "dia": _spoken,
    "lxmert": _regions,
    "musicgen_decoder": _books_in_rows,
    "musicgen_melody_decoder": _books_in_rows,
    "perceiver": _rows,
    "seamless_m4t": _said,
    "seamless_m4t_v2": _said,
    "pix2struct": _flat_patches,
    "pix2struct_vision_model": _flat_patches,
    "mllama": _tiles,
    "mllama_vision_model": _tiles,
    "oneformer": _task,
    "dac": _codec_wave,
    "pe_audio_encoder": _codec_wave,
    "neucodec": _codec_wave,
    "xcodec": _codec_wave,
    "xcodec2": _codec_wave,
    "csm": _codebooks("num_codebooks", is_last=True),
    "kyutai_speech_to_text": _codebooks("num_codebooks", is_last=True),
}
"""The model type → its inputs; ``None``: as the rules say."""
