"""What a neural network costs, layer by layer: parameters, MACs, FLOPs and activation memory, exactly.

>>> import archstat
>>> archstat.count("vgg16").macs
15470264320
"""

import sys
from typing import TYPE_CHECKING, Any

from archstat.errors import ArchstatError
from archstat.version import __version__

if TYPE_CHECKING:
    from archstat.analysis.inference import count as count
    from archstat.analysis.inference import explain as explain
    from archstat.counting.custom import register_rule as register_rule
    from archstat.measuring.api import measure as measure
    from archstat.records import Cost as Cost
    from archstat.records import ModelCost as ModelCost

__all__ = ["ArchstatError", "Cost", "ModelCost", "__version__", "count", "explain", "measure", "register_rule"]


if "IPython" in sys.modules:
    from archstat.notebook import register_if_shown

    register_if_shown()


def __getattr__(name: str) -> Any:
    """The public names that need torch, imported when they are first asked for."""
    if name in {"count", "explain"}:
        from archstat.analysis import inference

        return getattr(inference, name)
    if name == "measure":
        from archstat.measuring.api import measure

        return measure
    if name == "register_rule":
        from archstat.counting.custom import register_rule

        return register_rule
    if name in {"Cost", "ModelCost"}:
        from archstat import records

        return getattr(records, name)
    raise AttributeError(f"module 'archstat' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return __all__
