"""How much of what is alike is tested: a part in every run, and all of it with ``make test-all``."""

import os
import zlib

IS_WHOLE = os.environ.get("ARCHSTAT_TESTS") == "all"
"""Whether every case is asked for."""


def is_drawn(name, one_of):
    """Whether a case is among those that every run makes: always the same ones, told by their names."""
    return IS_WHOLE or zlib.crc32(name.encode()) % one_of == 0
