"""How a notebook shows what archstat counts and measures: as the tables that the command line prints.

IPython looks up by class what an object is shown as, and takes the class by its name too, before anybody has imported
it. So the records know nothing of tables and pages, and a notebook that shows none of them imports neither.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from archstat.tables import Table

SHOWN = {
    "ModelCost": "archstat.records.cost",
    "TrainingCost": "archstat.records.memory",
    "InferenceMemory": "archstat.records.memory",
    "Measurement": "archstat.records.measurement",
    "Peaks": "archstat.records.measurement",
    "SelfTest": "archstat.records.measurement",
    "Explanation": "archstat.records.explanation",
    "Explanations": "archstat.records.explanation",
    "Scaling": "archstat.scaling.sweep",
}
"""The records that a notebook shows as a table, and their modules; all others are shown as Python writes them."""


def register_if_shown() -> None:
    """Tell the notebook that is running, if one is, how it shows our records."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None:
        load_ipython_extension(shell)


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext archstat.notebook`` runs, for a shell that began after archstat was imported.

    Args:
        shell: IPython's.
    """
    formatter = shell.display_formatter.formatters["text/html"]
    for name, module in SHOWN.items():
        formatter.for_type_by_name(module, name, table_html)


def table_html(record: Any) -> str:
    """The table of a record, which stands alone, in the look of our pages.

    Args:
        record: One of the kinds of :data:`SHOWN`.
    """
    from archstat.report.page import fragment  # noqa: PLC0415 - pages and tables are loaded when the first one is shown

    return fragment(_table_of(record))


def _table_of(record: Any) -> Table:
    from archstat import tables  # noqa: PLC0415 - likewise
    from archstat.tables.lean import headed_once  # noqa: PLC0415 - likewise

    makers: dict[str, Callable[[Any], Table]] = {
        "ModelCost": tables.layer_table,
        "TrainingCost": tables.training_table,
        "InferenceMemory": tables.step_memory_table,
        "Measurement": lambda found: tables.latency_table([found], has_energy=found.energy is not None),
        "Peaks": tables.peaks_table,
        "SelfTest": tables.selftest_table,
        "Explanation": tables.sums_table,
        "Explanations": lambda found: headed_once(tables.explanation_table(found.cost, found)),
        "Scaling": tables.scale_table,
    }
    return makers[type(record).__name__](record)
