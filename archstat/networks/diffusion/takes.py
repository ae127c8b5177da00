"""What goes into a network of diffusers: by the names of the arguments of its ``forward``, from its config."""

from __future__ import annotations

import inspect

import msgspec

from archstat.networks.diffusion.conditions import added_conditions, class_labels, places_of_image
from archstat.networks.diffusion.needs import PartNeed
from archstat.networks.diffusion.peculiar import OWN_RULES, InputRule
from archstat.networks.input_specs import AnyInput, InputLiteral, InputSpec


def inputs_for_part(need: PartNeed) -> tuple[AnyInput, ...] | None:
    """What goes in; ``None`` if nothing is known of an argument that it cannot do without."""
    own = OWN_RULES.get(need.name, {})
    made = []
    for name, parameter in need.takes.items():
        rule = own.get(name, ARGUMENT_RULES.get(name))
        found = None if rule is None else rule(need)
        if found is not None:
            made.append(msgspec.structs.replace(found, name=name))
        elif parameter.default is inspect.Parameter.empty:
            return None
    return tuple(made)


def _latents(need: PartNeed) -> InputSpec | None:
    """What is denoised, or encoded."""
    channels = need.field(_CHANNELS)
    layout, height, width, frames, _ = need.latents
    if not isinstance(channels, int):
        return None
    shapes = {
        "image": (channels, height, width),
        "clip": (channels, frames, height, width),
        "frames": (frames, channels, height, width),
        "tokens": (frames * height * width, channels),
        "wave": (channels, frames),
        "rows": (frames, channels),
    }
    return InputSpec(shapes[layout])


_CHANNELS = (
    "in_channels",
    "in_visual_dim",
    "in_dim",
    "encoder_in_channels",
    "input_channels",
    "num_channels",
    "audio_channels",
    "io_channels",
    "latent_dim",
)


def _step(need: PartNeed) -> InputSpec:
    """The moment of the diffusion: the number of a step for networks of the first years, else a fraction."""
    return InputSpec((), "int64" if "sample" in need.takes else "")


def _text(need: PartNeed) -> InputSpec | None:
    """The features of a text."""
    width = need.text_width
    return None if width is None else InputSpec((need.text_length, width))


def _text_mask(need: PartNeed) -> InputSpec | None:
    """The mask of a text, where pipelines hand one over."""
    if "UNet" in need.name and need.name != "Kandinsky3UNet":
        return None
    return InputSpec((need.text_length,), "int64", "", 1)


def _pooled(need: PartNeed) -> InputSpec | None:
    """The features of a text as a whole."""
    width = need.field(("pooled_projection_dim", "in_text_dim2", "cond_embed_dim"))
    return None if width is None else InputSpec((width,))


def _guidance(need: PartNeed) -> InputSpec | None:
    return InputSpec(()) if need.field(("guidance_embeds",)) else None


def _places_of_text(need: PartNeed) -> InputSpec:
    """Where each token of the text stands; the same for all of a batch."""
    return InputSpec((need.text_length, len(need.field(("axes_dims_rope",), (0,) * 3))), has_batch=False)


def _control(need: PartNeed) -> InputSpec | None:
    """The image that controls, in pixels: eight for each latent."""
    channels = need.field(("conditioning_channels", "ctrl_conditioning_channels"))
    latents = need.latents
    return None if channels is None else InputSpec((channels, 8 * latents.height, 8 * latents.width))


def _sides(need: PartNeed) -> InputSpec:
    """Height and width of an image, or where it was cut."""
    del need
    return InputSpec((2,), "int64", "", 1)


def _frames(need: PartNeed) -> InputLiteral:
    return InputLiteral(need.latents.frames)


def _height(need: PartNeed) -> InputLiteral:
    return InputLiteral(need.latents.height)


def _width(need: PartNeed) -> InputLiteral:
    return InputLiteral(need.latents.width)


ARGUMENT_RULES: dict[str, InputRule] = {
    "sample": _latents,
    "hidden_states": _latents,
    "timestep": _step,
    "timesteps": _step,
    "encoder_hidden_states": _text,
    "encoder_attention_mask": _text_mask,
    "encoder_hidden_states_mask": _text_mask,
    "encoder_mask": _text_mask,
    "text_embedding_mask": _text_mask,
    "pooled_projections": _pooled,
    "pooled_text_emb": _pooled,
    "guidance": _guidance,
    "img_ids": places_of_image,
    "txt_ids": _places_of_text,
    "class_labels": class_labels,
    "added_cond_kwargs": added_conditions,
    "controlnet_cond": _control,
    "original_size": _sides,
    "target_size": _sides,
    "crop_coords": _sides,
    "num_frames": _frames,
    "height": _height,
    "width": _width,
}
"""From the name of an argument to what it is; ``None``: it is left out."""
