"""What is kept from disturbing a measurement, or its output."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator

_NO_LOG = "99"
"""A level above all of Kineto's; it is read once in a process."""


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """No garbage is collected on its own; ``gc.collect()`` looks at no more than what is new since the beginning."""
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


@contextlib.contextmanager
def without_profiler_log() -> Iterator[None]:
    """Torch's profiler writes nothing to the terminal when it starts and stops."""
    name = "KINETO_LOG_LEVEL"
    is_given = name in os.environ
    os.environ.setdefault(name, _NO_LOG)
    try:
        yield
    finally:
        if not is_given:
            os.environ.pop(name, None)
