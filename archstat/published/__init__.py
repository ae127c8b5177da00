"""What was printed of architectures: figures, accuracies, the challenge; each with its source."""

from archstat.former import names_of

__getattr__ = names_of("archstat.published.figures")
