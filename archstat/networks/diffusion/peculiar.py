"""Arguments of networks of diffusers that mean something else than their names say elsewhere: an entry is a class.

One table, and so one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archstat.networks.diffusion.needs import PartNeed
from archstat.networks.input_specs import AnyInput, InputGroup, InputLiteral, InputSpec

InputRule = Callable[[PartNeed], AnyInput | None]

_WORDS_OF_AN_IMAGE = 257
"""What CLIP's ViT-L/14 or H/14 makes of an image of 224×224: 16·16 patches and the class."""


def _sized(*sizes: int | str, dtype: str = "", fill: float | None = None) -> InputRule:
    """A tensor of these sizes, each a number or a field of the config."""

    def made(need: PartNeed) -> InputSpec:
        shape = tuple(need.fields[size] if isinstance(size, str) else size for size in sizes)
        return InputSpec(shape, dtype, "", fill)

    return made


def _of_latents(field: str | int) -> InputRule:
    """A clip or an image as large as the latents, with so many channels, or as many as a field says."""

    def made(need: PartNeed) -> InputSpec:
        channels = need.fields[field] if isinstance(field, str) else field
        layout, height, width, frames, _ = need.latents
        within = (height, width) if layout == "image" else (frames, height, width)
        return InputSpec((channels, *within))

    return made


def _literal(value: Any) -> InputRule:
    """A value that every config has."""

    def made(need: PartNeed) -> InputLiteral:
        del need
        return InputLiteral(value)

    return made


def _left_out(need: PartNeed) -> None:
    """An argument that the pipeline does not hand over."""
    del need


def _tokens_of(need: PartNeed, per_side: int = 1) -> int:
    latents = need.latents
    return latents.frames * (latents.height // per_side) * (latents.width // per_side)


def _shapes(need: PartNeed) -> InputGroup:
    """Frames, height and width of each image of the batch, in tokens."""
    latents = need.latents
    return InputGroup("list", (InputLiteral((latents.frames, latents.height, latents.width)),))


def _nested_shapes(need: PartNeed) -> InputGroup:
    """A list of shapes for each image of the batch, as images may be given beside the one that is made."""
    latents = need.latents
    return InputGroup("list", (InputLiteral([(latents.frames, latents.height, latents.width)]),))


def _padding(need: PartNeed) -> InputSpec:
    """Which pixels are padding; the same for all of a batch."""
    return InputSpec((1, 1, 8 * need.latents.height, 8 * need.latents.width), has_batch=False)


def _rotary(field: str) -> InputRule:
    """The cosines and sines of the places of tokens, if the network was made to take them."""

    def made(need: PartNeed) -> InputGroup | None:
        if not need.field((field,)):
            return None
        patch, latents = need.fields["patch_size"], need.latents
        frames = latents.frames // need.field(("patch_size_t",), 1)
        count = frames * (latents.height // patch) * (latents.width // patch)
        each = InputSpec((count, need.fields["attention_head_dim"]), has_batch=False)
        return InputGroup("tuple", (each, each))

    return made


def _image_words(need: PartNeed) -> InputSpec | None:
    """The features of the image that a clip begins with."""
    width = need.field(("image_dim",))
    return None if width is None else InputSpec((_WORDS_OF_AN_IMAGE, width))


_WAN: Mapping[str, InputRule] = {"encoder_hidden_states_image": _image_words}
_COGVIDEO: Mapping[str, InputRule] = {
    "image_rotary_emb": _rotary("use_rotary_positional_embeddings"),
    "ofs": lambda need: InputSpec(()) if need.field(("ofs_embed_dim",)) else None,
}


# -- images ------------------------------------------------------------------------------------------------------------


def _layers_of_text(need: PartNeed) -> InputGroup:
    """What each layer of the text network made."""
    count = need.fields["num_layers"] + need.fields["num_single_layers"]
    each = InputSpec((need.text_length, need.fields["text_encoder_dim"]))
    return InputGroup("list", (each,) * count)


def _prior_tokens(dtype: str) -> InputRule:
    def made(need: PartNeed) -> InputSpec:
        return InputSpec((_tokens_of(need, need.fields["patch_size"]),), dtype, "", 0)

    return made


def _all_places(need: PartNeed) -> InputSpec:
    """Where each token of the text and then of the image stands; the same for all of a batch."""
    return InputSpec((need.text_length + _tokens_of(need), 3), has_batch=False)


def _image_alone(need: PartNeed) -> InputGroup:
    """One image in a list, as a clip of one frame."""
    latents = need.latents
    shape = (need.fields["in_channels"], 1, latents.height, latents.width)
    return InputGroup("list", (InputSpec(shape, has_batch=False),))


def _text_alone(need: PartNeed) -> InputGroup:
    return InputGroup("list", (InputSpec((need.text_length, need.fields["cap_feat_dim"]), has_batch=False),))


def _control_tokens(need: PartNeed) -> InputSpec:
    """The tokens of the image that controls; or that image, where the network makes tokens of it."""
    if need.field(("conditioning_embedding_channels",)) is not None:
        return InputSpec((3, 16 * need.latents.height, 16 * need.latents.width))
    return InputSpec((_tokens_of(need), need.fields["in_channels"] + need.field(("extra_condition_channels",), 0)))


def _control_latents(need: PartNeed) -> InputSpec:
    extra = need.field(("extra_conditioning_channels",), 0)
    return InputSpec((need.fields["in_channels"] + extra, need.latents.height, need.latents.width))


def _of_pixels(need: PartNeed) -> InputSpec:
    return InputSpec((need.fields["conditioning_channels"], 8 * need.latents.height, 8 * need.latents.width))


_HUNYUAN_DIT: Mapping[str, InputRule] = {
    "encoder_hidden_states": _sized("text_len", "cross_attention_dim"),
    "text_embedding_mask": _sized("text_len", dtype="int64", fill=1),
    "encoder_hidden_states_t5": _sized("text_len_t5", "cross_attention_dim_t5"),
    "text_embedding_mask_t5": _sized("text_len_t5", dtype="int64", fill=1),
    "image_meta_size": _sized(6),
    "style": _sized(dtype="int64"),
    "image_rotary_emb": _rotary("num_attention_heads"),
}
"""HunyuanDiT, whose pipeline hands the places of tokens over, whatever the config says."""


# -- clips -------------------------------------------------------------------------------------------------------------


def _channels_last(need: PartNeed) -> InputSpec:
    latents, channels = need.latents, need.fields["in_visual_dim"]
    if need.fields.get("visual_cond", True):  # beside what is denoised goes what is known of it, and where it is known
        channels = 2 * channels + 1
    return InputSpec((latents.frames, latents.height, latents.width, channels))


def _places_of_clip(need: PartNeed) -> InputGroup:
    """The places along frames, height and width; the same for all of a batch."""
    latents, patch = need.latents, need.fields["patch_size"]
    sizes = (latents.frames // patch[0], latents.height // patch[1], latents.width // patch[2])
    return InputGroup("tuple", tuple(InputSpec((size,), "int64", has_batch=False) for size in sizes))


def _places_of_words(need: PartNeed) -> InputSpec:
    return InputSpec((need.text_length,), "int64", has_batch=False)


def _shrunk_clip(need: PartNeed) -> InputSpec:
    """The control of a clip, in pixels or, with the simple embedding, in latents."""
    latents, scale = need.latents, 1 if need.fields["use_simplified_condition_embedding"] else 8
    return InputSpec(
        (need.fields["conditioning_channels"], latents.frames, scale * latents.height, scale * latents.width)
    )


def _mask_of_clip(need: PartNeed) -> InputSpec | None:
    control = _shrunk_clip(need)
    return InputSpec((1, *control.shape[1:])) if need.fields["concat_conditioning_mask"] else None


def _same_clip(need: PartNeed) -> InputSpec:
    return InputSpec((need.fields["in_channels"], need.latents.frames, need.latents.height, need.latents.width))


def _text_of_frames(need: PartNeed) -> InputSpec:
    """The features of a text, once for each frame."""
    return InputSpec((need.latents.frames, need.text_length, need.text_width or 0), is_packed=True)


def _packed_frames(need: PartNeed) -> InputSpec:
    latents = need.latents
    return InputSpec((latents.frames, need.fields["in_channels"], latents.height, latents.width), is_packed=True)


def _notes(need: PartNeed) -> InputGroup:
    """What an encoder made of the notes, with its mask."""
    length = 2048
    made = (InputSpec((length, need.fields["d_model"])), InputSpec((length,), "int64", "", 1))
    return InputGroup("list", (InputGroup("tuple", made),))


def _sound_tokens(need: PartNeed) -> InputSpec:
    return InputSpec((_SOUND_OF_CLIP, need.fields["audio_in_channels"]))


_SOUND_OF_CLIP = 126
"""What a clip of 121 frames at 24 each second has of latents of its sound, at 25 each second."""


OWN_RULES: dict[str, Mapping[str, InputRule]] = {
    "AceStepTransformer1DModel": {
        "hidden_states": _sized(1024, "audio_acoustic_hidden_dim"),
        "timestep_r": _sized(),
        "encoder_hidden_states": lambda need: InputSpec(
            (need.text_length, need.field(("encoder_hidden_size", "hidden_size")))
        ),
        "context_latents": lambda need: InputSpec(
            (1024, need.fields["in_channels"] - need.fields["audio_acoustic_hidden_dim"])
        ),
    },
    "AnyFlowTransformer3DModel": {
        "hidden_states": lambda need: InputSpec(
            (need.latents.frames, need.fields["in_channels"], need.latents.height, need.latents.width)
        ),
        "timestep": lambda need: InputSpec((need.latents.frames,)),
        "r_timestep": lambda need: InputSpec((need.latents.frames,)),
    },
    "AnimaTextConditioner": {
        "source_hidden_states": lambda need: InputSpec((need.text_length, need.fields["source_dim"])),
        "target_input_ids": lambda need: InputSpec((need.text_length,), "int64"),
    },
    "AutoencoderKLMiniMaxH3Audio": {"sample": lambda need: InputSpec((1, need.latents.frames))},
    "AutoencoderKLMochi": {"sample": _of_latents("out_channels")},
    "BriaFiboTransformer2DModel": {"text_encoder_layers": _layers_of_text},
    "ChronoEditTransformer3DModel": _WAN,
    "CogVideoXTransformer3DModel": _COGVIDEO,
    "ConsisIDTransformer3DModel": _COGVIDEO,
    "Cosmos3AVAEAudioTokenizer": {"sample": lambda need: InputSpec((2, need.latents.frames))},
    "ControlNetUnionModel": {
        "controlnet_cond": lambda need: InputGroup("list", (_of_pixels(need),)),
        "control_type": _sized("num_control_type"),
        "control_type_idx": _literal([0]),
    },
    "CosmosTransformer3DModel": {
        "padding_mask": lambda need: _padding(need) if need.fields["concat_padding_mask"] else None,
        "fps": _literal(30),
        "encoder_attention_mask": _left_out,
    },
    "CosmosControlNetModel": {
        "controls_latents": _of_latents(16),
        "encoder_attention_mask": _left_out,
        "latents": _of_latents(16),
        "condition_mask": _of_latents(1),
        "padding_mask": _padding,
        "fps": _literal(30),
    },
    "ErnieImageTransformer2DModel": {
        "text_bth": lambda need: InputSpec((need.text_length, need.fields["text_in_dim"])),
        "text_lens": lambda need: InputSpec((), "int64", "", need.text_length),
    },
    "FluxControlNetModel": {
        "controlnet_cond": _control_tokens,
        "controlnet_mode": lambda need: InputSpec((1,), "int64") if need.field(("num_mode",)) else None,
    },
    "GlmImageTransformer2DModel": {
        "prior_token_id": _prior_tokens("int64"),
        "prior_token_drop": _prior_tokens("bool"),
    },
    "HunyuanVideoFramepackTransformer3DModel": {
        "image_embeds": _sized(729, "image_proj_dim"),
        "indices_latents": lambda need: InputSpec((need.latents.frames,), "int64", has_batch=False),
    },
    "HunyuanVideo15Transformer3DModel": {
        "encoder_hidden_states_2": _sized(256, "text_embed_2_dim"),
        "encoder_attention_mask_2": _sized(256, dtype="int64", fill=1),
        "image_embeds": _sized(729, "image_embed_dim"),
    },
    "HunyuanDiT2DControlNetModel": {**_HUNYUAN_DIT, "controlnet_cond": _control_latents},
    "HunyuanDiT2DModel": _HUNYUAN_DIT,
    "I2VGenXLUNet": {
        "fps": _sized(dtype="int64"),
        "image_latents": _same_clip,
        "image_embeddings": _sized("cross_attention_dim"),
    },
    "Ideogram4Transformer2DModel": {
        "encoder_hidden_states": lambda need: InputSpec((_tokens_of(need), need.fields["llm_features_dim"])),
        "position_ids": lambda need: InputSpec((_tokens_of(need), 3), "int64"),
        "segment_ids": lambda need: InputSpec((_tokens_of(need),), "int64"),
        "indicator": lambda need: InputSpec((_tokens_of(need),), "int64"),
    },
    "ImageProjection": {"image_embeds": _sized("image_embed_dim")},
    "JoyImageEditPlusTransformer3DModel": {
        "hidden_states": lambda need: InputSpec(
            (_tokens_of(need), need.fields["in_channels"], *need.fields["patch_size"])
        ),
        "shape_list": _nested_shapes,
        "encoder_hidden_states_mask": _left_out,
    },
    "Kandinsky5Transformer3DModel": {
        "hidden_states": _channels_last,
        "visual_rope_pos": _places_of_clip,
        "text_rope_pos": _places_of_words,
    },
    "Kandinsky6SRTransformer3DModel": {"hidden_states": _channels_last},
    "Kandinsky6Transformer3DModel": {"hidden_states": _channels_last, "encoder_attention_mask": _left_out},
    "Krea2Transformer2DModel": {
        "encoder_hidden_states": lambda need: InputSpec(
            (need.text_length, need.fields["num_text_layers"], need.fields["text_hidden_dim"])
        ),
        "position_ids": _all_places,
        "encoder_attention_mask": _left_out,
    },
    "LTX2VideoTransformer3DModel": {
        "audio_hidden_states": _sound_tokens,
        "audio_encoder_hidden_states": lambda need: InputSpec((need.text_length, need.fields["caption_channels"])),
        "audio_encoder_attention_mask": lambda need: InputSpec((need.text_length,), "int64", "", 1),
        "audio_num_frames": _literal(_SOUND_OF_CLIP),
        "fps": _literal(24.0),
    },
    "LTX2VideoDiffusionDecoderModel": {"z": lambda need: InputSpec((need.fields["latent_channels"], 3, 8, 8))},
    "LatteTransformer3DModel": {"encoder_attention_mask": _left_out},
    "MMAudioVAE": {"sample": _sized(65_536)},
    "MMAudioVocoder": {"mel": _sized("num_mels", 512)},
    "MiniMaxMusic3ConditionEncoder": {
        "hidden_states": lambda need: InputSpec(
            (256, need.fields["num_condition_layers"] * need.fields["condition_hidden_dim"])
        )
    },
    "MiniMaxMusic3Transformer1DModel": {
        "hidden_states": _sized("in_channels", 1024),
        "encoder_hidden_states": _sized(1024, "condition_dim"),
    },
    "MiniMaxMusic3RVQDepthDecoder": {"inputs_embeds": _sized("num_codebooks", "hidden_size")},
    "MiniMaxMusic3Vocoder": {"latents": _sized("latent_channels", 256)},
    "MochiTransformer3DModel": {"encoder_attention_mask": lambda need: InputSpec((need.text_length,), "bool", "", 1)},
    "NucleusMoEImageTransformer2DModel": {"img_shapes": _shapes, "encoder_hidden_states_mask": _left_out},
    "PriorTransformer": {
        "hidden_states": _sized("embedding_dim"),
        "proj_embedding": lambda need: InputSpec((need.field(("embedding_proj_dim", "embedding_dim")),)),
    },
    "QwenImageControlNetModel": {
        "controlnet_cond": _control_tokens,
        "img_shapes": _nested_shapes,
        "encoder_hidden_states_mask": _left_out,
    },
    "QwenImageTransformer2DModel": {"img_shapes": _nested_shapes, "encoder_hidden_states_mask": _left_out},
    "SD3ControlNetModel": {"controlnet_cond": _control_latents},
    "SanaControlNetModel": {"controlnet_cond": _control_latents},
    "SkyReelsV2Transformer3DModel": _WAN,
    "SparseControlNetModel": {
        "sample": _same_clip,
        "encoder_hidden_states": _text_of_frames,
        "controlnet_cond": _shrunk_clip,
        "conditioning_mask": _mask_of_clip,
    },
    "StableAudio3DiTModel": {
        "global_hidden_states": _sized("global_cond_dim"),
        "encoder_attention_mask": _left_out,
    },
    "StableAudioDiTModel": {
        "global_hidden_states": _sized(1, "global_states_input_dim"),
        "rotary_embedding": lambda need: InputGroup(
            "tuple",
            (InputSpec((need.latents.frames + 1, need.fields["attention_head_dim"] // 2), has_batch=False),) * 2,
        ),
        "encoder_attention_mask": _left_out,
    },
    "StableCascadeUNet": {
        "timestep_ratio": _sized(),
        "clip_text_pooled": _sized(1, "clip_text_pooled_in_channels"),
    },
    "T5FilmDecoder": {
        "encodings_and_masks": _notes,
        "decoder_input_tokens": _sized("targets_length", "input_dims"),
        "decoder_noise_time": _sized(),
    },
    "T2IAdapter": {"x": _of_latents("in_channels")},
    "TransformerTemporalModel": {
        "hidden_states": _packed_frames,
        "encoder_hidden_states": _left_out,
        "num_frames": lambda need: InputLiteral(need.latents.frames),
    },
    "UNetControlNetXSModel": {"sample": _of_latents(4)},
    "UNetMotionModel": {"encoder_hidden_states": _text_of_frames},
    "UNetSpatioTemporalConditionModel": {
        "encoder_hidden_states": _sized(1, "cross_attention_dim"),
        "added_time_ids": lambda need: InputSpec(
            (need.fields["projection_class_embeddings_input_dim"] // need.fields["addition_time_embed_dim"],)
        ),
    },
    "UVit2DModel": {
        "input_ids": lambda need: InputSpec((need.latents.height, need.latents.width), "int64"),
        "micro_conds": lambda need: InputSpec(
            (need.fields["micro_cond_embed_dim"] // need.fields["micro_cond_encode_dim"],)
        ),
    },
    "WanAnimateTransformer3DModel": {
        **_WAN,
        "pose_hidden_states": lambda need: InputSpec(
            (need.fields["latent_channels"], need.latents.frames - 1, need.latents.height, need.latents.width)
        ),
        "face_pixel_values": lambda need: InputSpec(
            (3, 4 * (need.latents.frames - 2) + 1, *[need.fields["motion_encoder_size"]] * 2)
        ),
    },
    "WanTransformer3DModel": _WAN,
    "WanVACETransformer3DModel": {**_WAN, "control_hidden_states": _of_latents("vace_in_channels")},
    "ZImageTransformer2DModel": {"x": _image_alone, "t": _sized(), "cap_feats": _text_alone},
}
"""The name of a class → the rules that are its own."""
