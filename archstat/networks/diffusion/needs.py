"""What the inputs of a network of diffusers depend on, and the sizes of what goes in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archstat.networks.diffusion.sizes import LATENTS, TEXTS, Latents
from archstat.networks.settings import Setting


class PartNeed(NamedTuple):
    """A network, and the setting that it is to be fed for.

    Attributes:
        network: The class of the network.
        fields: The fields of its config.
        setting: The setting.
    """

    network: type[Any]
    fields: Mapping[str, Any]
    setting: Setting

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.network.__name__

    @property
    def takes(self) -> Mapping[str, inspect.Parameter]:
        """The arguments of its ``forward``."""
        found = dict(inspect.signature(self.network.forward).parameters)
        found.pop("self", None)
        return found

    def field(self, names: Sequence[str], default: Any = None) -> Any:
        """The first of these fields that says something."""
        return next((self.fields[name] for name in names if self.fields.get(name) is not None), default)

    @property
    def latents(self) -> Latents:
        """The layout and the sizes of what is denoised, or encoded."""
        known = LATENTS.get(self.name) or Latents("image")
        height, width = self._sides(known)
        side = self.setting.resolution
        if side is not None:
            height, width = (side, side)
        return known._replace(height=height, width=width, frames=self._frames(known))

    def _frames(self, known: Latents) -> int:
        """How many frames of latents there are: of the clip that a config says, as many as are left of it."""
        clip, ratio = self.fields.get("sample_frames"), self.fields.get("temporal_compression_ratio")
        if isinstance(clip, int) and isinstance(ratio, int):
            step: int = self.field(("patch_size_t",), 1)  # to whose next multiple the pipeline makes them up
            return -(-((clip - 1) // ratio + 1) // step) * step
        said = self.field(("video_length", "num_frames"), known.frames)
        return int(said)

    def _sides(self, known: Latents) -> tuple[int, int]:
        said = self.field(("sample_size", "sample_height"))
        if known.is_fixed or said is None:
            return (known.height, known.width)
        if isinstance(said, list | tuple):
            return (int(said[0]), int(said[-1]))
        return (said, self.field(("sample_width",), said))

    @property
    def text_length(self) -> int:
        """How many tokens a text has."""
        if self.setting.sequence is not None:
            return self.setting.sequence
        said = self.field(("max_text_seq_length", "text_len", "num_embeddings", "max_sequence_length"))
        return said if isinstance(said, int) else TEXTS.get(self.name, 77)

    @property
    def text_width(self) -> int | None:
        """How wide the features of a token are."""
        said = self.field(_TEXT_WIDTHS)
        width: int | None = said[0] if isinstance(said, list | tuple) else said
        return width


_TEXT_WIDTHS = (
    "caption_channels",
    "joint_attention_dim",
    "text_embed_dim",
    "text_dim",
    "dit_text_dim",
    "cap_feat_dim",
    "encoder_hidden_states_channels",
    "encoder_hid_dim",
    "context_in_dim",
    "in_text_dim",
    "text_in_dim",
    "cross_attention_input_dim",
    "cond_token_dim",
    "condition_dim",
    "cross_attention_dim",
    "encoder_hidden_size",
    "embedding_dim",
)
"""How configs call the width of the features of a text; first the width before the network's own projection."""
