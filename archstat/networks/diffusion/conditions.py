"""What a network of diffusers is told beside a text: classes, sizes, places of tokens."""

from __future__ import annotations

from archstat.networks.diffusion.needs import PartNeed
from archstat.networks.input_specs import AnyInput, InputGroup, InputLiteral, InputSpec


def class_labels(need: PartNeed) -> InputSpec | None:
    """The class, where the network is made for one."""
    kind = need.field(("class_embed_type",))
    if kind in {"projection", "simple_projection"}:
        return InputSpec((need.fields["projection_class_embeddings_input_dim"],))
    if kind == "identity":
        width = need.field(("time_embedding_dim",), 4 * need.fields["block_out_channels"][0])
        return InputSpec((width,))
    is_classified = kind == "timestep" or need.field(("num_class_embeds",)) is not None
    if is_classified or need.field(("norm_type",)) == "ada_norm_zero":
        return InputSpec((), "int64")
    return None


def added_conditions(need: PartNeed) -> AnyInput | None:
    """What SDXL and its kin, and PixArt, are told of the image."""
    if "use_additional_conditions" in need.fields:
        return _of_pixart(need)
    kind = need.field(("addition_embed_type",))
    if kind == "text_time":
        time = need.fields["addition_time_embed_dim"]
        text = need.fields["projection_class_embeddings_input_dim"] - 6 * time
        return InputGroup("dict", (InputSpec((text,)), InputSpec((6,))), ("text_embeds", "time_ids"))
    width = need.field(("encoder_hid_dim", "cross_attention_dim"))
    width = width[0] if isinstance(width, list | tuple) else width
    kinds: dict[str, tuple[tuple[InputSpec, ...], tuple[str, ...]]] = {
        "text_image": ((InputSpec((width,)), InputSpec((width,))), ("image_embeds", "text_embeds")),
        "image": ((InputSpec((width,)),), ("image_embeds",)),
    }
    if kind not in kinds:
        return None
    items, keys = kinds[kind]
    return InputGroup("dict", items, keys)


def _of_pixart(need: PartNeed) -> InputGroup:
    """The size of the image and its shape; nothing, where the network takes none."""
    said = need.fields["use_additional_conditions"]
    keys = ("resolution", "aspect_ratio")
    if said or (said is None and need.field(("sample_size",)) == 128):
        return InputGroup("dict", (InputSpec((2,)), InputSpec((1,))), keys)
    return InputGroup("dict", (InputLiteral(None), InputLiteral(None)), keys)


def places_of_image(need: PartNeed) -> InputSpec:
    """Where each token of the image stands; the same for all of a batch."""
    latents = need.latents
    count = latents.frames * latents.height * latents.width
    return InputSpec((count, len(need.field(("axes_dims_rope",), (0,) * 3))), has_batch=False)
