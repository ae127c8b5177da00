"""Images and clips for a network of transformers."""

from __future__ import annotations

from typing import Any

from archstat.networks.hf.needs import Need, channels, image_sides, size
from archstat.networks.input_specs import InputSpec


def image_inputs(need: Need) -> tuple[InputSpec, ...]:
    """One image, or one clip for a network of clips; none for a network without eyes."""
    if {"hidden_states", "grid_thw"} <= need.takes and not {"input_ids", "pixel_values"} & need.takes:
        return _packed(need, "hidden_states", "grid_thw")
    if "pixel_values" not in need.takes and "pixel_values_videos" not in need.takes:
        return ()
    if "pixel_values" not in need.takes:
        return (_clip(need, "pixel_values_videos"),)
    if {"image_grid_thw", "grid_thw"} & need.takes:
        return _packed(need, "pixel_values", "image_grid_thw" if "image_grid_thw" in need.takes else "grid_thw")
    if "spatial_shapes" in need.takes:
        return _patches(need)
    height, width = image_sides(need)
    depth = channels(need.vision)
    if _frames(need) is not None:
        return (_clip(need, "pixel_values"),)
    if "pixel_attention_mask" in need.takes:
        return (InputSpec((1, depth, height, width), "", "pixel_values"),)
    if "image_sizes" in need.takes and _wants_sizes(need):
        return _tiled(need, depth, height, width)
    return (InputSpec((depth, height, width), "", "pixel_values"),)


def _frames(need: Need) -> int | None:
    """How many frames a clip has; ``None``: it is an image that goes in."""
    frames = size(need.vision, ("num_frames", "frames_per_clip"))
    return frames if isinstance(frames, int) else None


def _clip(need: Need, name: str) -> InputSpec:
    height, width = image_sides(need)
    return InputSpec((_frames(need) or 16, channels(need.vision), height, width), "", name)


def _wants_sizes(need: Need) -> bool:
    """Whether the sizes of an image go in beside it: of one in tiles, or one of any size."""
    return hasattr(need.config, "image_grid_pinpoints") or need.vision.model_type != "clip_vision_model"


def _tiled(need: Need, depth: int, height: int, width: int) -> tuple[InputSpec, ...]:
    """The image as a whole and its tile, for networks that see large images in tiles: one of the size of a tile."""
    sizes = InputSpec((2,), "int64", "image_sizes", values=(height, width))
    if not hasattr(need.config, "image_grid_pinpoints"):
        return (InputSpec((depth, height, width), "", "pixel_values"), sizes)
    grids = [tuple(grid) for grid in need.config.image_grid_pinpoints]
    best = min(grids, key=lambda grid: grid[0] * grid[1]) if grids else (height, width)
    tiles = 1 + (best[0] // height) * (best[1] // width)
    sizes = InputSpec((2,), "int64", "image_sizes", values=best)
    return (InputSpec((tiles, depth, height, width), "", "pixel_values"), sizes)


def _packed(need: Need, name: str, grid_name: str) -> tuple[InputSpec, ...]:
    """The patches of an image in one row each, and how many there are along time, height and width."""
    config: Any = need.vision
    patch = _one(size(config, ("patch_size", "spatial_patch_size"), 14))
    merge = _one(size(config, ("spatial_merge_size", "merge_size"), 1))
    frames = _one(size(config, ("temporal_patch_size",), 1))
    rows, columns = (max(round(side / patch / merge), 1) * merge for side in image_sides(need))
    row = channels(config) * frames * patch * patch
    grid = InputSpec((3,), "int64", grid_name, values=(1, rows, columns))
    return (InputSpec((rows * columns, row), "", name, is_packed=True), grid)


def _patches(need: Need) -> tuple[InputSpec, ...]:
    """The patches of an image in one row each, with a mask."""
    config: Any = need.vision
    patch = _one(size(config, ("patch_size",), 16))
    said = size(config, ("num_patches",), 256)
    side = max(int(said**0.5), 1) if need.setting.resolution is None else max(need.setting.resolution // patch, 1)
    rows = side * side
    mask = InputSpec((rows,), "int64", "pixel_attention_mask", 1)
    sizes = InputSpec((2,), "int64", "spatial_shapes", values=(side, side))
    return (InputSpec((rows, channels(config) * patch * patch), "", "pixel_values"), mask, sizes)


def _one(value: Any) -> int:
    return int(value[-1]) if isinstance(value, list | tuple) else int(value)
