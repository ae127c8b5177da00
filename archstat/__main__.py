"""``archstat`` and ``python -m archstat``."""

from archstat.cli import main

if __name__ == "__main__":
    main()
