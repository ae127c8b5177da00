"""One network: what it costs at inference, in a training step, and by the counts of other tools."""

from archstat.former import names_of

__getattr__ = names_of("archstat.analysis.inference")
