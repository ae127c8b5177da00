"""How a notebook shows what archstat counts: as the table that the command line prints.

IPython looks up by class what an object is shown as, and takes the class by its name too, before anybody has imported
it. So the records know nothing of tables and pages, and a notebook that shows none of them imports neither.
"""

from __future__ import annotations

import sys
from typing import Any

from archstat.records import ModelCost

SHOWN = (ModelCost,)
"""The records that a notebook shows as a table; all others as Python writes them."""


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
    for kind in SHOWN:
        formatter.for_type_by_name(kind.__module__, kind.__name__, table_html)


def table_html(cost: ModelCost) -> str:
    """The rows of a network as a table that stands alone, in the look of our pages."""
    from archstat.report.page import fragment  # noqa: PLC0415 - pages and tables are loaded when the first one is shown
    from archstat.tables import layer_table  # noqa: PLC0415

    return fragment(layer_table(cost))
