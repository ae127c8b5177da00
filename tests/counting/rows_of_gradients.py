"""Rows of gradients of sampling, tables, distances and losses: arguments, outputs, and the cost written out."""

import math

from archstat.records import Cost
from tests.counting.rows import spec

OUT, MAPS, GRID = spec(2, 3, 4, 5), spec(2, 3, 6, 6), spec(2, 4, 5, 2)
VOLUME, VOLUMES, PLACES = spec(1, 2, 2, 2, 3), spec(1, 2, 4, 4, 4), spec(1, 2, 2, 3, 3)
BOTH = (True, True)
TABLE, BAGS, ASKED = spec(9, 4), spec(3, 4), spec(7, dtype="int64")
WEIGHTS = spec(7)
SCORES = spec(5, 3, 4)  # 5 steps, a batch of 3, 4 classes
LEFT, RIGHT, PAIRS = spec(5, 3), spec(7, 3), spec(5, 7)


def sampled(mode, mask=BOTH):
    return (OUT, MAPS, GRID, mode, 0, False, mask), (MAPS, GRID)


def bags(mode, weights=None):
    """The dense gradient: 7 rows of 4 are asked for, in 3 bags."""
    return (BAGS, ASKED, ASKED, spec(3), spec(3), 9, False, mode, weights), (TABLE,)


def all_bags(mode, weights=None):
    return (BAGS, ASKED, spec(3), ASKED, spec(3), spec(3), 9, False, mode, False, weights), (TABLE,)


def segments(how):
    return (spec(2, 4), spec(2, 4), spec(6, 4), how), (spec(6, 4),)


def distances(power):
    return (PAIRS, LEFT, RIGHT, power, PAIRS), (LEFT,)


def pairs(power):
    return (spec(10), LEFT, power, spec(10)), (LEFT,)


#: Triples of an op, its arguments and outputs, and its cost: several of some ops.
GRADIENTS_BY_FORM = {
    # 120 outputs of 4 taps: 8 for x; for each of both coordinates 4 products, 3 additions, dy, the sum of channels
    "bilinear": ("grid_sampler_2d_backward", sampled(0), Cost(0, 120 * (8 + 2 * 9))),
    "bilinear, x alone": ("grid_sampler_2d_backward", sampled(0, (True, False)), Cost(0, 120 * 8)),
    "bilinear, grid alone": ("grid_sampler_2d_backward", sampled(0, (False, True)), Cost(0, 120 * 2 * 9)),
    "nearest": ("grid_sampler_2d_backward", sampled(1), Cost(0, 120)),
    "nearest, grid alone": ("grid_sampler_2d_backward", sampled(1, (False, True)), Cost()),
    "bicubic": ("grid_sampler_2d_backward", sampled(2), Cost(0, 120 * (32 + 2 * 33))),
    "bilinear of a CPU": (
        "grid_sampler_2d_cpu_fallback_backward",
        ((OUT, MAPS, GRID, 0, 0, False), (MAPS, GRID)),
        Cost(0, 120 * (8 + 2 * 9)),
    ),
    "bilinear of a GPU": (
        "cudnn_grid_sampler_backward",
        ((MAPS, GRID, OUT), (MAPS, GRID)),
        Cost(0, 120 * (8 + 2 * 9)),
    ),
    "trilinear": (
        "grid_sampler_3d_backward",
        ((VOLUME, VOLUMES, PLACES, 0, 0, False, BOTH), (VOLUMES, PLACES)),
        Cost(0, 24 * (16 + 3 * 17)),
    ),
    # 4 to 2: each sees 3 of the 4; 2 columns of 6 taps back to the height, 4 rows of 6 taps back to the width
    "antialiased": (
        "upsample_bilinear2d_aa_backward",
        ((spec(2, 3, 2, 2), (2, 2), (2, 3, 4, 4), False, None, None), (spec(2, 3, 4, 4),)),
        Cost(0, 6 * 2 * (2 * 6 + 4 * 6)),
    ),
    # to the same size: centres 0.5, 1.5, …, reach 2: elements −1 … 2, 0 … 3, 1 … 4, 2 … 5 of 0 … 3
    "antialiased, cubic": (
        "upsample_bicubic2d_aa_backward",
        ((spec(1, 1, 4, 4), (4, 4), (1, 1, 4, 4), False), (spec(1, 1, 4, 4),)),
        Cost(0, 2 * 2 * 4 * (3 + 4 + 3 + 2)),
    ),
    # reach 3 of 0 … 5
    "antialiased, lanczos": (
        "upsample_lanczos2d_aa_backward",
        ((spec(1, 1, 6, 6), (6, 6), (1, 1, 6, 6), False), (spec(1, 1, 6, 6),)),
        Cost(0, 2 * 2 * 6 * (4 + 5 + 6 + 5 + 4 + 3)),
    ),
    "bag, sum": ("embedding_bag_dense_backward", bags(0), Cost(0, 28)),
    "bag, weighted sum": ("embedding_bag_dense_backward", bags(0, WEIGHTS), Cost(0, 2 * 28)),
    "bag, mean": ("embedding_bag_dense_backward", bags(1), Cost(0, 28 + 12)),
    "bag, greatest": ("embedding_bag_dense_backward", bags(2), Cost(0, 12)),
    "bag, sparse mean": ("embedding_bag_sparse_backward", bags(1), Cost(0, 28 + 12)),
    "bag by itself, weighted sum": ("embedding_bag_backward", all_bags(0, WEIGHTS), Cost(0, 2 * 28)),
    "bag by itself, greatest": ("embedding_bag_backward", all_bags(2), Cost(0, 12)),
    "bag, weights": (
        "embedding_bag_per_sample_weights_backward",
        ((BAGS, TABLE, ASKED, spec(3), ASKED, 0), (WEIGHTS,)),
        Cost(0, 7 * (4 + 3)),
    ),
    "segments, sum": ("segment_reduce_backward", segments("sum"), Cost()),
    "segments, mean": ("segment_reduce_backward", segments("mean"), Cost(0, 8)),
    "segments, greatest": ("segment_reduce_backward", segments("max"), Cost(0, 8 + 2 * 24)),
    "segments, product": ("segment_reduce_backward", segments("prod"), Cost(0, 2 * 24)),
    # 35 pairs of 3 elements
    "distances, 0": ("cdist_backward", distances(0.0), Cost()),
    "distances, 1": ("cdist_backward", distances(1.0), Cost(0, 35 * 3 * 4)),
    "distances, 2": ("cdist_backward", distances(2.0), Cost(0, 35 * (3 * 3 + 1))),
    "distances, 3": ("cdist_backward", distances(3.0), Cost(0, 35 * (3 * 6 + 2))),
    "distances, greatest": ("cdist_backward", distances(math.inf), Cost(0, 35 * 3 * 6)),
    "pairs, 0": ("pdist_backward", pairs(0.0), Cost()),
    "pairs, 2": ("pdist_backward", pairs(2.0), Cost(0, 10 * (3 * 4 + 1))),
    # 5 steps of 3 that meet 2 labels and 3 blanks
    "CTC": (
        "ctc_loss_backward",
        ((spec(3), SCORES, spec(3, 2, dtype="int64")), (SCORES,)),
        Cost(0, (13 + 1 + 8) * 15 * 5 + 6 * 60),
    ),
    "margin": (
        "multi_margin_loss_backward",
        ((spec(), spec(5, 7), spec(5, dtype="int64"), 1, 1.0), (spec(5, 7),)),
        Cost(0, 5 * 35),
    ),
    "margins of labels": (
        "multilabel_margin_loss_backward",
        ((spec(), spec(5, 7), spec(5, 7, dtype="int64"), 1, spec(5, 7)), (spec(5, 7),)),
        Cost(0, 5 * 35 * 7),
    ),
    **{
        f"learned quantization per {part}": (
            f"fake_quantize_learnable_per_{part}_affine_backward",
            ((OUT, OUT, spec(1), spec(1)), (OUT, spec(1), spec(1))),
            Cost(0, 12 * 120),
        )
        for part in ("tensor", "channel")
    },
}
