"""``archstat`` and ``python -m archstat``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it as it does later."""
    try:
        from archstat.cli import main as run  # noqa: PLC0415 - loading takes long enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
