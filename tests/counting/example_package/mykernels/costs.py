"""What the kernels cost. archstat imports this module when it meets an op that it does not know."""

import math

import archstat


@archstat.rule("mykernels::fused_mlp")
def fused_mlp(call):
    """Each row meets every weight once; one FLOP for each hidden unit is the ReLU."""
    x, up, down = call.args
    rows = math.prod(x.shape[:-1])
    return archstat.Cost(macs=rows * (math.prod(up.shape) + math.prod(down.shape)), other_flops=rows * up.shape[0])
