"""Where torchvision's compiled part does not fit torch: its ops are declared, and those of detectors can be run.

What a detector does next depends on the boxes that it finds, so it is run for real. With a compiled part that fits,
nothing here does anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

_NMS = "(Tensor boxes, Tensor scores, float threshold) -> Tensor"
_ROI_ALIGN = (
    "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, "
    "bool aligned) -> Tensor"
)


def mend_torchvision() -> None:
    """Let torchvision be imported where its compiled part does not fit torch, whoever does it, and whenever.

    It is not imported here: a file of the user's own, or a library, does that when it needs it, or never.
    """
    if "torchvision" not in sys.modules and not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds torchvision as all others do, and lets it be loaded with its ops."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The place of torchvision; of another module ``None``."""
        if fullname != "torchvision":
            return None
        others = (each for each in sys.meta_path if each is not self and hasattr(each, "find_spec"))
        found = next(filter(None, (each.find_spec(fullname, path, target) for each in others)), None)
        if found is not None and found.loader is not None:
            found.loader = _Mending(found.loader, self)
        return found


class _Mending(Loader):
    """Loads torchvision, and declares its ops if it fails for want of them.

    A compiled part that fits declares them itself, and an op that is declared twice ends the process: so first it is
    loaded as it is.
    """

    def __init__(self, loader: Loader, finder: _Finder) -> None:
        self._loader, self._finder = loader, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As torchvision's own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run torchvision, if need be once more."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        try:
            self._loader.exec_module(module)
        except RuntimeError:
            _declare("nms", _NMS, _suppressed)
            _declare("qnms", _NMS)
            _declare("roi_align", _ROI_ALIGN, _aligned)
            for name in [name for name in sys.modules if name.startswith("torchvision.")]:
                del sys.modules[name]
            self._loader.exec_module(module)
            _let_ops_be_used()


def _declare(op: str, signature: str, kernel: Callable[..., Any] | None = None) -> None:
    name = f"torchvision::{op}"
    if not hasattr(torch.ops.torchvision, op):
        torch.library.define(name, signature)
        if kernel is not None:
            torch.library.impl(name, "CPU", kernel)


def _let_ops_be_used() -> None:
    """Let torchvision's functions call its ops, which they refuse as long as the compiled part is not loaded."""
    for name in ("boxes", "roi_align"):
        module = sys.modules.get(f"torchvision.ops.{name}")  # in the package, functions have these names
        for check in ("_assert_has_ops", "_has_ops"):
            if hasattr(module, check):
                setattr(module, check, lambda: True)


def _suppressed(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """The boxes that are kept, the best first: none that overlaps a better one by more than the threshold.

    Args:
        boxes: Left, top, right and bottom of each, ``(n, 4)``.
        scores: How sure each is, ``(n,)``.
        threshold: The intersection over union from which on two boxes are of the same thing.
    """
    order = scores.argsort(descending=True, stable=True)
    boxes = boxes[order].double()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    is_kept = torch.ones(len(boxes), dtype=torch.bool)
    for index in range(len(boxes)):
        if not is_kept[index]:
            continue
        rest = boxes[index + 1 :]
        sides = torch.minimum(boxes[index, 2:], rest[:, 2:]) - torch.maximum(boxes[index, :2], rest[:, :2])
        shared = sides.clamp(min=0).prod(1)
        overlap = shared / (areas[index] + areas[index + 1 :] - shared)
        is_kept[index + 1 :] &= ~(overlap > threshold)
    return order[is_kept]


def _aligned(*args: Any) -> Tensor:
    """What torchvision's own form of the op in Python gives."""
    aligned: Tensor = sys.modules["torchvision.ops.roi_align"]._roi_align(*args)  # noqa: SLF001 - its only form in Python
    return aligned
