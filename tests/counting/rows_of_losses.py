"""Losses, distances and histograms against arithmetic written out."""

from functools import partial

import torch
from torch.nn import functional as F  # noqa: N812

from tests.counting.rows import ids, row

aten = torch.ops.aten
PAIR = ((4, 6), (4, 6))
N = 4 * 6
STEPS, LABELS = 5, 2
SCORES = torch.zeros(STEPS, 3, 4)

LOSSES = [
    # each pair, then n − 1 additions and a division
    row("mse_loss", F.mse_loss, *PAIR, flops=2 * N + N),
    row("mse_loss", partial(F.mse_loss, reduction="sum"), *PAIR, flops=2 * N + N - 1, name="mse_loss, sum"),
    row("mse_loss", partial(F.mse_loss, reduction="none"), *PAIR, flops=2 * N, name="mse_loss, none"),
    row("mse_loss", aten.mse_loss, (4, 1), (4, 6), flops=3 * N, name="mse_loss, broadcast"),
    row("smooth_l1_loss", F.smooth_l1_loss, *PAIR, flops=5 * N + N),
    row("huber_loss", F.huber_loss, *PAIR, flops=5 * N + N),
    row("soft_margin_loss", F.soft_margin_loss, *PAIR, flops=4 * N + N),
    row("binary_cross_entropy", F.binary_cross_entropy, *PAIR, flops=8 * N + N),
    row(
        "binary_cross_entropy",
        lambda x, y: F.binary_cross_entropy(x, y, x),
        *PAIR,
        flops=9 * N + N,
        name="binary_cross_entropy, weighted",
    ),
    row("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, *PAIR, flops=4 * N + N),
    row(
        "binary_cross_entropy_with_logits",
        lambda x, y: F.binary_cross_entropy_with_logits(x, y, x, pos_weight=x),
        *PAIR,
        flops=9 * N + N,
        name="binary_cross_entropy_with_logits, weighted",
    ),
    row("multi_margin_loss", F.multi_margin_loss, torch.ones(4, 6), ids(0, 1, 2, 3), flops=4 * N),
    row(
        "multilabel_margin_loss_forward",
        F.multilabel_margin_loss,
        (4, 6),
        torch.zeros(4, 6, dtype=torch.int64),
        flops=4 * N * 6,
    ),
    # each step of 3 sequences meets 2 labels and 3 blanks
    row(
        "ctc_loss",
        lambda scores: F.ctc_loss(scores, torch.ones(3, LABELS, dtype=torch.int64), [STEPS] * 3, [LABELS] * 3),
        SCORES,
        flops=13 * STEPS * 3 * (2 * LABELS + 1) + 3 + 3 + 3,  # the mean: cut, divide, average
    ),
    row("allclose", lambda x, y: x if torch.allclose(x, y) else y, torch.ones(4, 6), torch.ones(6), flops=6 * N),
    row("dist", torch.dist, *PAIR, flops=3 * N),
    row("polar", torch.polar, *PAIR, flops=4 * N),
    row("segment_reduce", lambda x: torch.segment_reduce(x, "sum", lengths=ids(1, 3)), torch.ones(4, 6), flops=N),
    row(
        "segment_reduce",
        lambda x: torch.segment_reduce(x, "mean", lengths=ids(1, 3)),
        torch.ones(4, 6),
        flops=N + 2 * 6,
        name="segment_reduce, mean",
    ),
    # the norm of each of 6 columns, compared and divided by
    row("renorm", lambda x: x.renorm(2, 1, 1.0), (4, 6), flops=3 * N + 2 * 6),
    row(
        "embedding_renorm",
        lambda i: F.embedding(i, torch.ones(9, 6), max_norm=1.0),
        ids(1, 2),
        flops=2 * (3 * 6 + 2),
    ),
    # the norms, a division each, the products
    row("weight_norm_interface", torch._weight_norm, (4, 6), (4, 1), flops=3 * N + 4),
    row("histogram", lambda x: torch.histogram(x, 4), torch.ones(4, 6), flops=N),
    row(
        "histogramdd_from_bin_tensors",
        lambda x: aten._histogramdd_from_bin_tensors(x, [x[:, 0], x[:, 0]]),
        torch.arange(8.0).view(4, 2),
        flops=8,
    ),
    row("histogramdd_from_bin_cts", lambda x: torch.histogramdd(x, [2, 2])[0], torch.arange(8.0).view(4, 2), flops=24),
    row(
        "histogramdd_bin_edges",
        lambda x: aten._histogramdd_bin_edges(x, [2, 2]),
        torch.arange(8.0).view(4, 2),
        flops=2 * 8,
    ),
]
