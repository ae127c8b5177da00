"""``archstat`` and ``python -m archstat``."""

import atexit
import gc
import sys

_YOUNG = 100_000
"""How many objects are made before Python looks for garbage among them."""


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it as it does later."""
    _collect_rarely()
    try:
        from archstat.cli import main as run  # noqa: PLC0415 - loading takes long enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(130)
    run()


def _collect_rarely() -> None:
    """Have Python look for garbage now and then, and not at the end.

    What torch is made of is some million objects, none of them garbage. Python would look through them again and again
    while they are imported, and once more before it gives back the memory of the whole process.
    """
    gc.set_threshold(_YOUNG, 100, 100)
    atexit.register(gc.freeze)


if __name__ == "__main__":
    main()
