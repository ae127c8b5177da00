"""Calls that torch refuses in a real run, by kind, and neighbours of theirs that it takes.

Each is a function of one tensor, and the shape and the type of that tensor.
"""

import torch
from torch import nn
from torch.nn import functional

aten = torch.ops.aten
F32, F64, BF16, C64 = torch.float32, torch.float64, torch.bfloat16, torch.complex64
I64, I32, BOOL = torch.int64, torch.int32, torch.bool


def ones(*shape, dtype=F32):
    return torch.ones(shape, dtype=dtype)


def zeros(*shape, dtype=I64):
    return torch.zeros(shape, dtype=dtype)


PIXELS = (1, 4, 5, 5)


def transposed(*shape, **named):
    """A transposed convolution with a weight of that shape."""
    return lambda x: getattr(functional, f"conv_transpose{len(shape) - 2}d")(x, ones(*shape), **named)


def convolution(*shape, **named):
    """A convolution with a weight of that shape."""
    return lambda x: getattr(functional, f"conv{len(shape) - 2}d")(x, ones(*shape), **named)


def layer(made):
    """A layer of float32 at inference."""
    return made.eval()


#: A kind → what is called, the shape of its input and the type of that.
REFUSED = {
    **{
        f"{name} {axes}d": (make(3, 4, *[2] * axes, **named), (1, channels, *[5] * axes), dtype)
        for axes in (1, 2, 3)
        for name, make, channels, named, dtype in [
            ("a transposed convolution of too many channels", transposed, 4, {}, F32),
            ("a transposed convolution of doubles", transposed, 3, {}, F64),
            ("a transposed convolution in groups that do not divide", transposed, 3, {"groups": 2}, F32),
            ("a transposed convolution in no groups", transposed, 3, {"groups": 0}, F32),
            ("a transposed convolution with a long bias", transposed, 3, {"bias": torch.ones(5)}, F32),
            ("a transposed convolution that stands still", transposed, 3, {"stride": 0}, F32),
            ("a transposed convolution padded beyond its stride", transposed, 3, {"output_padding": 1}, F32),
            ("a transposed convolution with less than no padding", transposed, 3, {"padding": -1}, F32),
            ("a transposed convolution of an odd dilation", transposed, 3, {"dilation": 0}, F32),
            ("a convolution of too many channels", convolution, 5, {}, F32),
            ("a convolution of doubles", convolution, 4, {}, F64),
            ("a convolution of bfloat16 with floats", convolution, 4, {}, BF16),
            ("a convolution of complex numbers with floats", convolution, 4, {}, C64),
            ("a convolution in groups that do not divide", convolution, 8, {"groups": 2}, F32),
            ("a convolution with a long bias", convolution, 4, {"bias": torch.ones(5)}, F32),
            ("a convolution with a bias of doubles", convolution, 4, {"bias": ones(3, dtype=F64)}, F32),
            ("a convolution that stands still", convolution, 4, {"stride": 0}, F32),
            ("a convolution with less than no padding", convolution, 4, {"padding": -1}, F32),
            ("a convolution of an odd dilation", convolution, 4, {"dilation": -1}, F32),
        ]
    },
    "a padded convolution of doubles": (convolution(6, 4, 2, 2, padding="same"), PIXELS, F64),
    "a convolution of no pixels": (convolution(6, 4, 0, 2), PIXELS, F32),
    **{
        f"{name} of {dtype}": (function, (2, 3), dtype)
        for dtype in (I64, BOOL, C64)
        for name, function in {
            "softmax": lambda x: functional.softmax(x, 1),
            "log_softmax": lambda x: functional.log_softmax(x, 1),
            "gelu": functional.gelu,
            "mish in place": lambda x: functional.mish(x, inplace=True),
            "a pair of norms": lambda x: functional.layer_norm(x, (3,)),
        }.items()
        if (name, dtype) != ("a pair of norms", C64)  # which have kernels
    },
    **{
        f"{name} of complex numbers": (function, (1, 2, 4, 4), C64)
        for name, function in {
            "relu": functional.relu,
            "relu in place": lambda x: functional.relu(x, inplace=True),
            "hardtanh": functional.hardtanh,
            "hardswish": functional.hardswish,
            "clamp": lambda x: x.clamp(0, 1),
            "floor": torch.floor,
            "atan2": lambda x: torch.atan2(x, x),
            "comparing": lambda x: torch.gt(x, x),
            "maximum": lambda x: torch.maximum(x, x),
            "sort": lambda x: x.sort().values,
            "topk": lambda x: x.topk(1).values,
            "max": lambda x: x.max(),
            "max pooling": lambda x: functional.max_pool2d(x, 2),
            "mean pooling": lambda x: functional.avg_pool2d(x, 3, 1, 1),
            "adaptive pooling": lambda x: functional.adaptive_avg_pool2d(x, 2),
            "adaptive max pooling": lambda x: functional.adaptive_max_pool2d(x, 2),
            "a norm of batches": layer(nn.BatchNorm2d(2)),
            "a norm of groups": lambda x: functional.group_norm(x, 2),
            "resampling": lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear"),
            "resampling by nearest neighbours": lambda x: functional.interpolate(x, scale_factor=2),
        }.items()
    },
    **{
        f"{name} along axis {axis}": ((lambda x, function=function, axis=axis: function(x, axis)), (2, 3), F32)
        for axis in (5, 2, -3)
        for name, function in {
            "softmax": functional.softmax,
            "log_softmax": functional.log_softmax,
            "softmin": functional.softmin,
            "sort": torch.sort,
            "argsort": torch.argsort,
            "sum": torch.sum,
            "mean": torch.mean,
            "cumsum": torch.cumsum,
        }.items()
    },
    "softmax of one number along axis 1": (lambda x: functional.softmax(x, 1), (), F32),
    **{
        f"{name} of {dtype} with floats": (function, shape, dtype)
        for dtype in (F64, BF16, I64, C64)
        for name, function, shape in [
            ("a linear layer", layer(nn.Linear(3, 4)), (2, 3)),
            ("a linear layer of sequences", layer(nn.Linear(3, 4)), (2, 5, 3)),
            ("a linear layer without bias", layer(nn.Linear(3, 4, bias=False)), (2, 3)),
            ("a linear layer with another bias", lambda x: functional.linear(ones(2, 3), ones(4, 3), x), (4,)),
            ("mm", lambda x: torch.mm(x, ones(3, 4)), (2, 3)),
            ("bmm", lambda x: torch.bmm(x, ones(2, 3, 4)), (2, 5, 3)),
            ("matmul", lambda x: x @ ones(3, 4), (2, 5, 3)),
            ("matmul with a vector", lambda x: x @ ones(3), (2, 5, 3)),
            ("dot", lambda x: torch.dot(x, ones(3)), (3,)),
            ("addmm", lambda x: torch.addmm(ones(4), x, ones(3, 4)), (5, 3)),
            ("addmm to what is added", lambda x: torch.addmm(x, ones(5, 3), ones(3, 4)), (4,)),
            ("baddbmm", lambda x: torch.baddbmm(ones(2, 5, 4), x, ones(2, 3, 4)), (2, 5, 3)),
            ("einsum", lambda x: torch.einsum("ij,jk->ik", x, ones(3, 4)), (2, 3)),
            (
                "attention",
                lambda x: functional.scaled_dot_product_attention(x, ones(1, 2, 3, 4), ones(1, 2, 3, 4)),
                (1, 2, 3, 4),
            ),
            ("grid_sample", lambda x: functional.grid_sample(x, ones(1, 4, 4, 2), align_corners=False), (1, 3, 5, 5)),
            ("index_add", lambda x: ones(2, 4).index_add(0, zeros(1), x), (1, 4)),
            ("index_copy", lambda x: ones(2, 4).index_copy(0, zeros(1), x), (1, 4)),
            ("index_put", lambda x: ones(2, 4).index_put((zeros(1),), x), (4,)),
            ("scatter", lambda x: ones(2, 4).scatter(1, zeros(2, 1), x), (2, 1)),
            ("scatter_add", lambda x: ones(2, 4).scatter_add(1, zeros(2, 1), x), (2, 1)),
            ("heaviside", lambda x: torch.heaviside(x, ones(3)), (3,)),
            ("masked_scatter", lambda x: ones(3).masked_scatter(ones(3, dtype=BOOL), x), (3,)),
        ]
    },
    **{
        f"{name} of doubles with floats": (function, shape, F64)
        for name, function, shape in [
            ("a norm of batches", layer(nn.BatchNorm2d(3)), (1, 3, 5, 5)),
            ("a norm of layers", layer(nn.LayerNorm(3)), (1, 3)),
            ("a norm of groups", layer(nn.GroupNorm(2, 4)), (1, 4, 5)),
            ("a norm of instances", layer(nn.InstanceNorm2d(3, affine=True)), (1, 3, 5, 5)),
            ("binary_cross_entropy", lambda x: functional.binary_cross_entropy(ones(3), x), (3,)),
            ("cross_entropy with weights", lambda x: functional.cross_entropy(ones(2, 4), zeros(2), weight=x), (4,)),
            ("lerp", lambda x: torch.lerp(x, ones(4), 0.5), (4,)),
            ("cdist", lambda x: torch.cdist(x, ones(2, 4)), (2, 4)),
            ("cross", lambda x: torch.linalg.cross(x, ones(2, 3)), (2, 3)),
            (
                "attention with a mask",
                lambda x: functional.scaled_dot_product_attention(x, x, x, ones(3, 3, dtype=I64)),
                (1, 2, 3, 4),
            ),
        ]
    },
    "a norm of floats with halves": (layer(nn.BatchNorm2d(3).bfloat16()), (1, 3, 5, 5), F32),
    "a target of int32": (lambda x: functional.cross_entropy(x, zeros(2, dtype=I32)), (2, 4), F32),
    "bitwise and of floats": (lambda x: x & x, (2,), F32),
    "subtracting a truth": (lambda x: x - True, (2,), F32),
    "subtracting from a truth": (lambda x: True - x, (2,), F32),
    "adding a complex multiple": (lambda x: torch.add(x, 1, alpha=1j), (2,), F32),
    "padding with a complex number": (lambda x: aten.constant_pad_nd(x, [1, 1], 1j), (3, 3), F32),
    "an approximation that nobody knows": (lambda x: aten.gelu(x, approximate="best"), (3,), F32),
    "the largest of nothing": (lambda x: x.max(), (2, 0), F32),
    "the largest along an axis of nothing": (lambda x: x.max(1).values, (2, 0), F32),
    "the median along an axis of nothing": (lambda x: x.median(1).values, (2, 0), F32),
    "a token beyond the table": (lambda x: functional.embedding(torch.tensor([11]), x), (10, 3), F32),
    "a position beyond the table": (lambda x: functional.embedding(torch.arange(11), x), (10, 3), F32),
    "a class beyond the scores": (lambda x: functional.cross_entropy(x, torch.tensor([1, 4])), (2, 4), F32),
    "a token beyond the table of a bag": (lambda x: functional.embedding_bag(torch.tensor([[11]]), x), (10, 3), F32),
    "copying rows of another size": (lambda x: x.index_copy(0, zeros(1), ones(1, 5)), (2, 4), F32),
    "attention of complex numbers": (lambda x: functional.scaled_dot_product_attention(x, x, x), (1, 2, 3, 4), C64),
    "a row beyond the last": (lambda x: x[torch.tensor([5])], (2, 4), F32),
    "a row before the first": (lambda x: x[torch.tensor([-3])], (2, 4), F32),
    "gathering beyond the last": (lambda x: x.gather(1, zeros(2, 1) + 4), (2, 4), F32),
    "selecting beyond the last": (lambda x: x.index_select(0, zeros(1) + 2), (2, 4), F32),
    "selecting by floats": (lambda x: x.index_select(0, ones(1)), (2, 4), F32),
    "selecting by a matrix": (lambda x: x.index_select(0, zeros(1, 1)), (2, 4), F32),
    "taking beyond the last": (lambda x: x.take(zeros(1) + 8), (2, 4), F32),
    "a mask of another size": (lambda x: x[ones(3, dtype=BOOL)], (2, 4), F32),
    "adding rows of another size": (lambda x: x.index_add(0, zeros(1), ones(1, 5)), (2, 4), F32),
    "putting values of another size": (lambda x: x.index_put((zeros(1),), ones(5)), (2, 4), F32),
    "putting fewer values than indices": (lambda x: x.put(zeros(2), ones(1)), (2, 4), F32),
    "writing a row of another size": (lambda x: x.select_scatter(ones(5), 0, 0), (2, 4), F32),
    "writing rows of another size": (lambda x: x.slice_scatter(ones(2, 5), 0, 0, 1), (2, 4), F32),
    "writing a diagonal of another size": (lambda x: x.diagonal_scatter(ones(3)), (2, 4), F32),
    "strides beyond the memory": (lambda x: x.as_strided((3, 3), (4, 1)), (2, 4), F32),
    "resampling nothing": (lambda x: functional.interpolate(x, size=(4, 4), mode="bilinear"), (1, 3, 0, 5), F32),
    "resampling no channels": (lambda x: functional.interpolate(x, size=(4, 4), mode="bicubic"), (1, 0, 5, 5), F32),
    "sampling nothing": (lambda x: functional.grid_sample(x, ones(1, 4, 4, 2), align_corners=False), (1, 3, 0, 5), F32),
    "unfolding with less than no padding": (lambda x: functional.unfold(x, 2, padding=-1), (1, 3, 5, 5), F32),
    "more samples than there are": (lambda x: torch.multinomial(x, 9), (3,), F32),
    "no samples": (lambda x: torch.multinomial(x, 0), (3,), F32),
    "segments that are too short": (lambda x: torch.segment_reduce(x, "sum", lengths=zeros(2) + 1), (4,), F32),
    "buckets in two axes": (lambda x: torch.bucketize(x, ones(2, 2)), (4,), F32),
    "a matrix plus a cube": (lambda x: torch.addmm(ones(1, 2, 4), x, ones(3, 4)), (2, 3), F32),
    "a margin of another shape": (lambda x: functional.soft_margin_loss(x, ones(2, 4)), (4,), F32),
    "uniform between the wrong ends": (lambda x: x.clone().uniform_(3, 1), (4,), F32),
    "pooling nothing": (lambda x: functional.adaptive_avg_pool2d(x, 2), (1, 3, 0, 5), F32),
}

#: Neighbours of those that torch takes.
TAKEN = {
    "a transposed convolution of one image": (transposed(4, 3, 2, 2), (4, 5, 5), F32),
    "a transposed convolution padded within its stride": (
        transposed(4, 3, 2, 2, stride=2, output_padding=1),
        PIXELS,
        F32,
    ),
    "a transposed convolution padded within its dilation": (
        transposed(4, 3, 2, 2, dilation=2, output_padding=1),
        PIXELS,
        F32,
    ),
    "a transposed convolution in groups": (transposed(4, 3, 2, 2, groups=2, bias=torch.ones(6)), PIXELS, F32),
    "a convolution of one image": (convolution(3, 4, 2, 2), (4, 5, 5), F32),
    "a convolution in groups": (convolution(6, 2, 2, 2, groups=2, bias=torch.ones(6)), PIXELS, F32),
    "a convolution of an empty batch": (convolution(3, 4, 2, 2), (0, 4, 5, 5), F32),
    "a norm of bfloat16 with floats": (layer(nn.BatchNorm2d(3)), (1, 3, 5, 5), BF16),
    "a norm of layers of bfloat16 with floats": (layer(nn.LayerNorm(3)), (2, 3), BF16),
    "a norm of groups of bfloat16 with floats": (layer(nn.GroupNorm(2, 4)), (1, 4, 5), BF16),
    "softmax of one number": (lambda x: functional.softmax(x, 0), (), F32),
    "softmax of whole numbers as floats": (lambda x: functional.softmax(x, 1, dtype=F32), (2, 3), I64),
    "a sum of a number and a tensor": (lambda x: torch.add(1e-6, x, alpha=0.5), (2, 3), F32),
    "a difference of a number and a tensor": (lambda x: torch.sub(1.5, x), (2, 3), F32),
    "a product of a number and a tensor": (lambda x: torch.mul(2, x), (2, 3), F32),
    "a quotient of a number and a tensor": (lambda x: torch.div(2, x), (2, 3), F32),
    "sigmoid of whole numbers": (torch.sigmoid, (3,), I64),
    "relu of whole numbers": (functional.relu, (3,), I64),
    "a sum of truths": (torch.sum, (3,), BOOL),
    "adding doubles to floats": (lambda x: x + ones(3), (3,), F64),
    "adding a truth": (lambda x: x + True, (3,), F32),
    "a product of whole numbers": (lambda x: x @ x, (3, 3), I64),
    "a product of complex numbers": (lambda x: x @ x, (3, 3), C64),
    "max pooling of whole numbers": (lambda x: functional.max_pool2d(x, 2), (1, 2, 4, 4), I64),
    "a row counted from the end": (lambda x: x[torch.tensor([-2])], (2, 4), F32),
    "the last token": (lambda x: functional.embedding(torch.tensor([9]), x), (10, 3), F32),
    "a class that is ignored": (lambda x: functional.cross_entropy(x, torch.tensor([1, -100])), (2, 4), F32),
    "a mask of whole rows": (lambda x: x[torch.tensor([True, False])], (2, 4), F32),
    "putting one value everywhere": (lambda x: x.index_put((zeros(1),), ones()), (2, 4), F32),
    "adding a row": (lambda x: x.index_add(0, zeros(1), ones(1, 4)), (2, 4), F32),
    "a weight of one axis": (lambda x: functional.linear(x, ones(3)), (2, 3), F32),
    "a weight of one axis on a vector": (lambda x: functional.linear(x, ones(3)), (3,), F32),
    "a mask of truths": (
        lambda x: functional.scaled_dot_product_attention(x, x, x, ones(3, 3, dtype=BOOL)),
        (1, 2, 3, 4),
        F32,
    ),
    "softmax of halves": (lambda x: functional.softmax(x, 1), (2, 3), BF16),
}
