"""Sounds for a network of transformers: as waves, or as the frames of a spectrogram."""

from __future__ import annotations

from typing import Any

from archstat.networks.hf.needs import Need, size
from archstat.networks.input_specs import InputSpec

_SECOND = 16000
"""Samples of a wave: a second at the rate that networks of speech are trained with."""
_FRAMES = 1000
"""Frames of a spectrogram of no fixed length: ten seconds at the usual hundred each second."""


def audio_inputs(need: Need) -> tuple[InputSpec, ...]:
    """One sound; none for a network without ears."""
    if "input_features" in need.takes:
        return _spectrogram(need)
    if "input_values" in need.takes:
        return (_wave(need),)
    return ()


_BINS = (
    "feature_projection_input_dim",
    "input_dim",
    "num_mel_bins",
    "input_feat_per_channel",
    "feature_size",
    "input_feat_size",
    "n_mels",
)
"""How configs call the width of a spectrogram."""


def _spectrogram(need: Need) -> tuple[InputSpec, ...]:
    config: Any = need.audio
    bins = size(config, _BINS, 80)
    positions = size(config, ("max_source_positions",))
    is_whisper_like = isinstance(positions, int) and need.config.model_type not in _BINS_LAST
    frames = 2 * positions if is_whisper_like else _FRAMES
    are_first = is_whisper_like or need.config.model_type in _BINS_FIRST
    made = [InputSpec((bins, frames) if are_first else (frames, bins), "", "input_features")]
    if "input_features_mask" in need.takes:
        made.append(InputSpec((frames,), "int64", "input_features_mask", 1))
    return tuple(made)


_BINS_LAST = frozenset({"speech_to_text", "speech_to_text_2", "wav2vec2-bert"})
"""Model types with a ``max_source_positions`` that is no length of a spectrogram."""

_BINS_FIRST = frozenset({"clvp", "glmasr", "glmasr_encoder"})
"""Model types that hear a spectrogram of any length, whose bins come first as those of Whisper do."""


def _wave(need: Need) -> InputSpec:
    bins, frames = (getattr(need.config, name, None) for name in ("num_mel_bins", "max_length"))
    if isinstance(bins, int) and isinstance(frames, int) and hasattr(need.config, "time_stride"):
        return InputSpec((frames, bins), "", "input_values")
    has_channels = size(need.audio, ("audio_channels",)) is not None
    return InputSpec((1, _SECOND) if has_channels else (_SECOND,), "", "input_values")
