"""What goes into each network of diffusers where its config does not tell: one table, from the library's own pipelines.

The sizes are those that the pipeline makes by default, divided by what its autoencoder compresses: 1024×1024 pixels are
64×64 tokens of Flux, 81 frames of 480×832 pixels are 21×60×104 latents of Wan.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Layout = Literal["image", "clip", "frames", "tokens", "wave", "rows"]


class Latents(NamedTuple):
    """What is denoised, or encoded.

    Attributes:
        layout: The axes: ``"image"`` C×H×W, ``"clip"`` C×F×H×W, ``"frames"`` F×C×H×W, ``"tokens"`` F·H·W×C, ``"wave"``
            C×L, ``"rows"`` L×C.
        height: Of the latents or pixels.
        width: Of the latents or pixels.
        frames: How many, of a clip; the length of what has one axis.
        is_fixed: The config's own size means something else.
    """

    layout: Layout
    height: int = 64
    width: int = 64
    frames: int = 1
    is_fixed: bool = False


_CLIP_OF_AUTOENCODER = Latents("clip", 256, 256, 17, is_fixed=True)
_IMAGE_OF_AUTOENCODER = Latents("image", 256, 256)
_SECOND = 48_000

LATENTS: dict[str, Latents] = {
    "AceStepTransformer1DModel": Latents("rows", frames=1024),
    "AllegroTransformer3DModel": Latents("clip", 90, 160, 22),
    "AnyFlowTransformer3DModel": Latents("clip", 60, 104, 21),
    "AutoencoderKLQwenImage21": Latents("clip", 256, 256, is_fixed=True),
    "BriaFiboTransformer2DModel": Latents("tokens"),
    "BriaTransformer2DModel": Latents("tokens"),
    "ChromaTransformer2DModel": Latents("tokens"),
    "ChronoEditTransformer3DModel": Latents("clip", 60, 104, 21),
    "CogVideoXTransformer3DModel": Latents("frames", 60, 90, 13),
    "CogView3PlusTransformer2DModel": Latents("image", 128, 128),
    "CogView4Transformer2DModel": Latents("image", 128, 128),
    "ConsisIDTransformer3DModel": Latents("frames", 60, 90, 13),
    "CosmosTransformer3DModel": Latents("clip", 88, 160, 16),
    "CosmosControlNetModel": Latents("clip", 88, 160, 16),
    "EasyAnimateTransformer3DModel": Latents("clip", 64, 64, 13, is_fixed=True),
    "ErnieImageTransformer2DModel": Latents("image"),
    "Flux2Transformer2DModel": Latents("tokens"),
    "Flux3Transformer2DModel": Latents("tokens"),
    "FluxControlNetModel": Latents("tokens"),
    "FluxTransformer2DModel": Latents("tokens"),
    "GlmImageTransformer2DModel": Latents("image", 128, 128),
    "HeliosTransformer3DModel": Latents("clip", 48, 80, 9),
    "HunyuanImageTransformer2DModel": Latents("image"),
    "HunyuanVideo15Transformer3DModel": Latents("clip", 45, 80, 31),
    "HunyuanVideoFramepackTransformer3DModel": Latents("clip", 90, 160, 9),
    "HunyuanVideoTransformer3DModel": Latents("clip", 90, 160, 33),
    "I2VGenXLUNet": Latents("clip", 88, 160, 16),
    "Ideogram4Transformer2DModel": Latents("tokens"),
    "JoyImageEditTransformer3DModel": Latents("clip", 128, 128, 1),
    "Kandinsky3UNet": Latents("image", 128, 128),
    "Kandinsky5Transformer3DModel": Latents("clip", 64, 96, 31),
    "Kandinsky6SRTransformer3DModel": Latents("clip", 64, 64, 9),
    "Kandinsky6Transformer3DModel": Latents("clip", 64, 96, 31),
    "Krea2Transformer2DModel": Latents("tokens"),
    "LTX2VideoTransformer3DModel": Latents("tokens", 16, 24, 16),
    "LTXVideoTransformer3DModel": Latents("tokens", 16, 22, 21),
    "LatteTransformer3DModel": Latents("clip", 64, 64, 16),
    "LongCatAudioDiTTransformer": Latents("rows", frames=256),
    "LongCatImageTransformer2DModel": Latents("tokens"),
    "MochiTransformer3DModel": Latents("clip", 60, 106, 4),
    "MotifVideoTransformer3DModel": Latents("clip", 92, 160, 31),
    "NucleusMoEImageTransformer2DModel": Latents("tokens"),
    "OvisImageTransformer2DModel": Latents("tokens"),
    "PRXTransformer2DModel": Latents("image"),
    "QwenImage21Transformer2DModel": Latents("tokens"),
    "QwenImageControlNetModel": Latents("tokens"),
    "QwenImageTransformer2DModel": Latents("tokens"),
    "SanaVideoTransformer3DModel": Latents("clip", 60, 104, 21, is_fixed=True),
    "SkyReelsV2Transformer3DModel": Latents("clip", 68, 120, 25),
    "SparseControlNetModel": Latents("clip", 64, 64, 16),
    "SanaWMTransformer3DModel": Latents("clip", 22, 40, 21),
    "StableAudio3DiTModel": Latents("wave", frames=1024),
    "StableAudioDiTModel": Latents("wave", frames=1024, is_fixed=True),
    "StableCascadeUNet": Latents("image", 24, 24),
    "TransformerTemporalModel": Latents("frames", 32, 32, 16),
    "T2IAdapter": Latents("image", 512, 512),
    "UNet1DModel": Latents("wave", frames=65_536, is_fixed=True),
    "UNet3DConditionModel": Latents("clip", 32, 32, 16),
    "UNetMotionModel": Latents("clip", 64, 64, 16),
    "UNetSpatioTemporalConditionModel": Latents("frames", 72, 128, 25),
    "WanAnimateTransformer3DModel": Latents("clip", 60, 104, 21),
    "WanTransformer3DModel": Latents("clip", 60, 104, 21),
    "WanVACETransformer3DModel": Latents("clip", 60, 104, 21),
    "ZImageTransformer2DModel": Latents("image", 128, 128),
    **dict.fromkeys(
        """
        AutoencoderKLAllegro AutoencoderKLCogVideoX AutoencoderKLCosmos AutoencoderKLHunyuanImageRefiner
        AutoencoderKLHunyuanVideo AutoencoderKLHunyuanVideo15 AutoencoderKLKVAEVideo AutoencoderKLLTX2Video
        AutoencoderKLLTXVideo AutoencoderKLMagvit AutoencoderKLMiniMaxH3 AutoencoderKLMochi AutoencoderKLQwenImage
        AutoencoderKLWan AutoencoderVidTok Kandinsky6SRVAE
        """.split(),
        _CLIP_OF_AUTOENCODER,
    ),
    **dict.fromkeys("AutoencoderDC AutoencoderRAE AutoencoderTiny".split(), _IMAGE_OF_AUTOENCODER),
    **dict.fromkeys(
        """
        AutoencoderKLKVAEAudio AutoencoderKLMiniMaxH3Audio AutoencoderOobleck AutoencoderSAME Cosmos3AVAEAudioTokenizer
        LongCatAudioDiTVae
        """.split(),
        Latents("wave", frames=_SECOND),
    ),
}
"""By the name of the class; any other takes an image of its config's size, else 64×64."""

TEXTS = {
    "AceStepTransformer1DModel": 256,
    "AllegroTransformer3DModel": 512,
    "AnyFlowTransformer3DModel": 512,
    "AuraFlowTransformer2DModel": 256,
    "BriaFiboTransformer2DModel": 3000,
    "BriaTransformer2DModel": 128,
    "ChromaTransformer2DModel": 512,
    "ChronoEditTransformer3DModel": 512,
    "CogVideoXTransformer3DModel": 226,
    "CogView3PlusTransformer2DModel": 224,
    "CogView4Transformer2DModel": 1024,
    "ConsisIDTransformer3DModel": 226,
    "CosmosControlNetModel": 512,
    "CosmosTransformer3DModel": 512,
    "EasyAnimateTransformer3DModel": 256,
    "ErnieImageTransformer2DModel": 256,
    "Flux2Transformer2DModel": 512,
    "Flux3Transformer2DModel": 512,
    "FluxControlNetModel": 512,
    "FluxTransformer2DModel": 512,
    "HeliosTransformer3DModel": 512,
    "HunyuanImageTransformer2DModel": 1000,
    "HunyuanVideo15Transformer3DModel": 1000,
    "HunyuanVideoFramepackTransformer3DModel": 256,
    "HunyuanVideoTransformer3DModel": 256,
    "JoyImageEditPlusTransformer3DModel": 4096,
    "JoyImageEditTransformer3DModel": 4096,
    "Kandinsky3UNet": 128,
    "Kandinsky5Transformer3DModel": 256,
    "Kandinsky6Transformer3DModel": 1024,
    "Krea2Transformer2DModel": 512,
    "LTX2VideoTransformer3DModel": 1024,
    "LTXVideoTransformer3DModel": 128,
    "LatteTransformer3DModel": 120,
    "LongCatAudioDiTTransformer": 512,
    "LongCatImageTransformer2DModel": 512,
    "Lumina2Transformer2DModel": 256,
    "LuminaNextDiT2DModel": 256,
    "MochiTransformer3DModel": 256,
    "MotifVideoTransformer3DModel": 512,
    "NucleusMoEImageTransformer2DModel": 1024,
    "OvisImageTransformer2DModel": 256,
    "PRXTransformer2DModel": 256,
    "PixArtTransformer2DModel": 300,
    "QwenImage21Transformer2DModel": 512,
    "QwenImageControlNetModel": 512,
    "QwenImageTransformer2DModel": 512,
    "SD3ControlNetModel": 333,
    "SD3Transformer2DModel": 333,
    "SanaControlNetModel": 300,
    "SanaTransformer2DModel": 300,
    "SanaVideoTransformer3DModel": 300,
    "SanaWMTransformer3DModel": 300,
    "SkyReelsV2Transformer3DModel": 512,
    "StableAudio3DiTModel": 256,
    "StableAudioDiTModel": 130,
    "WanAnimateTransformer3DModel": 512,
    "WanTransformer3DModel": 512,
    "WanVACETransformer3DModel": 512,
    "ZImageTransformer2DModel": 512,
}
"""Tokens of a text, by the name of the class; any other takes 77, as CLIP does."""
