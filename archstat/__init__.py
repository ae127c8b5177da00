"""What a neural network costs, layer by layer: parameters, MACs, FLOPs and activation memory, exactly.

>>> import archstat
>>> archstat.count("vgg16").macs
15470264320

What is named in ``archstat.__all__`` is public, with the records that it returns (:mod:`archstat.records`); all else
may change with any version.
"""

import gc
import importlib
import sys
from typing import TYPE_CHECKING, Any

from archstat import former
from archstat.errors import (
    ArchstatError,
    DataError,
    ForwardError,
    InputError,
    MissingPackageError,
    OutputError,
    SourceError,
    UncountedError,
    UnknownNameError,
    UnsupportedTorchError,
)
from archstat.version import __version__

if TYPE_CHECKING:
    from archstat import plot as plot
    from archstat.analysis.familiar import profile as profile
    from archstat.analysis.familiar import summary as summary
    from archstat.analysis.inference import count as count
    from archstat.analysis.inference import explain as explain
    from archstat.analysis.training import count_training as count_training
    from archstat.api import check as check
    from archstat.api import compare as compare
    from archstat.api import diff as diff
    from archstat.api import fit as fit
    from archstat.api import identify as identify
    from archstat.api import load_cost as load_cost
    from archstat.api import memory as memory
    from archstat.api import reconcile as reconcile
    from archstat.api import save_cost as save_cost
    from archstat.api import scale as scale
    from archstat.counting.custom import rule as register_rule  # noqa: F401 - its former name
    from archstat.counting.custom import rule as rule
    from archstat.language import speak as speak
    from archstat.language import speaking as speaking
    from archstat.measuring.api import measure as measure
    from archstat.networks.input_specs import InputSpec as InputSpec
    from archstat.networks.settings import MeasureSetting as MeasureSetting
    from archstat.networks.settings import Setting as Setting
    from archstat.networks.settings import TrainingSetting as TrainingSetting
    from archstat.plot import draw as draw
    from archstat.plot import draw_difference as draw_difference
    from archstat.plot import draw_layer as draw_layer
    from archstat.plot import page as page
    from archstat.records import Cost as Cost
    from archstat.records import Measurement as Measurement
    from archstat.records import ModelCost as ModelCost
    from archstat.records import TrainingCost as TrainingCost

__all__ = [
    "ArchstatError",
    "Cost",
    "DataError",
    "ForwardError",
    "InputError",
    "InputSpec",
    "MeasureSetting",
    "Measurement",
    "MissingPackageError",
    "ModelCost",
    "OutputError",
    "Setting",
    "SourceError",
    "TrainingCost",
    "TrainingSetting",
    "UncountedError",
    "UnknownNameError",
    "UnsupportedTorchError",
    "__version__",
    "check",
    "compare",
    "count",
    "count_training",
    "diff",
    "draw",
    "draw_difference",
    "draw_layer",
    "explain",
    "fit",
    "identify",
    "load_cost",
    "measure",
    "memory",
    "page",
    "plot",
    "profile",
    "reconcile",
    "rule",
    "save_cost",
    "scale",
    "speak",
    "speaking",
    "summary",
]

former.install()

if "IPython" in sys.modules:
    from archstat.notebook import register_if_shown

    register_if_shown()


_HOMES = {
    **dict.fromkeys(("count", "explain"), "archstat.analysis.inference"),
    "count_training": "archstat.analysis.training",
    "measure": "archstat.measuring.api",
    "rule": "archstat.counting.custom",
    "InputSpec": "archstat.networks.input_specs",
    **dict.fromkeys(("MeasureSetting", "Setting", "TrainingSetting"), "archstat.networks.settings"),
    **dict.fromkeys(("Cost", "Measurement", "ModelCost", "TrainingCost"), "archstat.records"),
    **dict.fromkeys(
        ("check", "compare", "diff", "fit", "identify", "load_cost", "memory", "reconcile", "save_cost", "scale"),
        "archstat.api",
    ),
    **dict.fromkeys(("draw", "draw_difference", "draw_layer", "page"), "archstat.plot"),
    **dict.fromkeys(("profile", "summary"), "archstat.analysis.familiar"),
    **dict.fromkeys(("speak", "speaking"), "archstat.language"),
}
"""Where the public names are defined: those that need torch are imported when they are first asked for."""


_ROOMS = ("plot",)
"""Public modules: found without an import of their own."""


def __getattr__(name: str) -> Any:
    """One of the public names."""
    name = former.PUBLIC.get(name, name)
    if name in _ROOMS:
        return _imported(f"archstat.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'archstat' has no attribute {name!r}")
    return getattr(_imported(_HOMES[name]), name)


def _imported(name: str) -> Any:
    """A module, imported while nothing is looked through for garbage: beside torch that takes as long as the import."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if was_enabled:
            gc.enable()


def __dir__() -> list[str]:
    """The public names."""
    return __all__
