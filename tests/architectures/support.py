"""What the tests of architectures share."""

import functools

import archstat

cost_of = functools.cache(archstat.count)


def by_stage(name, quantity):
    """The sums over the first part of each path."""
    sums = {}
    for row in cost_of(name).layers:
        stage = row.layer.partition(".")[0]
        sums[stage] = sums.get(stage, 0) + getattr(row, quantity)
    return sums
