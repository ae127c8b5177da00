"""The version of archstat, here and nowhere else."""

__version__ = "0.1.0"
