"""What records hand over to when they are asked for a table or a picture of themselves.

Records know nothing of what is made of them, and import none of it: a module above them is found by its name, when the
first method that needs it is called.
"""

from __future__ import annotations

import importlib
from typing import Any


def above(module: str, name: str) -> Any:
    """What stands under a name in a module of archstat above the records.

    Args:
        module: The module, without ``archstat.``.
        name: The name of a function.
    """
    return getattr(importlib.import_module(f"archstat.{module}"), name)
