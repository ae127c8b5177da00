"""Networks with the counts that archstat keeps of them, so that no test has to count anew."""

import msgspec

from archstat.analysis.network import Saved
from archstat.published.figures import counted
from archstat.records import LayerCost, ModelCost
from archstat.report.material import Material, Subject


def row(layer, macs=0, *, kind="Conv2d", detail="1→1 1×1", parameters=0, nbytes=0):
    """A row of a cost."""
    return LayerCost(layer, kind, detail, 1, (1, 1, 1, 1), parameters, 0, 0, 0, macs, 0, 0, nbytes)


def cost(name, *rows, shape=(1, 3, 8, 8), **totals):
    """A cost whose totals are those of its rows, unless they are given."""
    sums = {key: sum(getattr(each, key) for each in rows) for key in ("parameters", "macs", "activation_bytes")}
    made = ModelCost(name, (shape,), "float32", "meta", 0, 0, 0, 0, 0, 0, 0, 0, "", (), tuple(rows), ())
    return msgspec.structs.replace(made, **{**sums, **totals})


def known(name, batch=1, *, shape=None, **changes):
    """The cost of one of our architectures, as counted.json has it, and a byte of memory for each 100 MACs."""
    own = counted()[name]
    totals = {"parameters": own.parameters, "macs": own.macs * batch, "activation_bytes": own.macs // 100 * batch}
    return cost(name, shape=shape or (batch, *own.input_shape), **{**totals, **changes})


def material(*costs, **more):
    """A page of these."""
    return Material(tuple(Subject(Saved(each)) for each in costs), **more)
