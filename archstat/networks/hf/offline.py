"""Keep transformers from asking the network for anything while a network of it is found and built."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

_SWITCHES = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE"),
    ("transformers.utils.hub", "_is_offline_mode"),  # a copy that versions before 5 keep
)


@contextmanager
def offline() -> Iterator[None]:
    """The libraries believe that there is no network; afterwards what the user has set holds again."""
    import_module("huggingface_hub.constants")
    found = [(sys.modules[module], name) for module, name in _SWITCHES if hasattr(sys.modules.get(module), name)]
    before = [getattr(module, name) for module, name in found]
    try:
        for module, name in found:
            setattr(module, name, True)
        yield
    finally:
        for (module, name), value in zip(found, before, strict=True):
            setattr(module, name, value)
