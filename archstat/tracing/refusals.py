"""Calls that torch refuses for their sizes or for indices with values, where its kernel without values does not.

One entry of :data:`REFUSALS` is one op, in all its forms. It is called with the op's arguments by the names that torch
declares, and raises what torch raises in a real run, in torch's own words. What depends on the types alone is found
out by :mod:`archstat.tracing.stand_ins`.

One table, and so one file, however long: an op is looked up here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Given = Mapping[str, Any]
Refusal = Callable[[Given], None]

#: One entry = what is checked of one op before torch's kernel without values is asked.
REFUSALS: dict[str, Refusal] = {}


def _refuses(*names: str) -> Callable[[Refusal], Refusal]:
    """Enter the decorated check for the ops of these names."""

    def enter(check: Refusal) -> Refusal:
        REFUSALS.update(dict.fromkeys(names, check))
        return check

    return enter


def _sizes(tensor: Tensor) -> list[int]:
    return list(tensor.shape)


# -- convolutions ------------------------------------------------------------------------------------------------------

_CONVOLUTIONS = "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution".split()


@_refuses(*_CONVOLUTIONS)
def _convolution(given: Given) -> None:
    """Numbers first, then the weight, then the bias, as torch does."""
    x, weight, axes = given["input"], given["weight"], given["weight"].dim() - 2
    groups = given.get("groups", 1)
    _convolution_numbers(given, groups)
    if axes < 1 or x.dim() < axes + 1:
        return  # the number of axes is what torch looks at itself
    sizes = _sizes(weight)
    if 0 in sizes[2:]:
        raise RuntimeError(f"kernel size should be greater than zero, but got weight of size {sizes}")
    if sizes[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{sizes} instead"
        )
    if sizes[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {sizes} instead"
        )
    is_transposed = given.get("transposed", "output_padding" in given)
    _channels(x, sizes, axes, groups, transposed=is_transposed)
    _bias(given.get("bias"), sizes, groups, transposed=is_transposed)
    if is_transposed:
        _output_padding(given, axes)


def _convolution_numbers(given: Given, groups: int) -> None:
    if groups < 1:
        raise RuntimeError("non-positive groups is not supported")
    for name in ("padding", "output_padding"):
        numbers = given.get(name, ())
        if not isinstance(numbers, str) and any(number < 0 for number in numbers):
            raise RuntimeError(f"negative {name} is not supported")
    if any(number < 1 for number in given.get("stride", ())):
        raise RuntimeError("non-positive stride is not supported")
    if any(number < 1 for number in given.get("dilation", ())):
        raise RuntimeError("dilation should be greater than zero")


def _channels(x: Tensor, sizes: list[int], axes: int, groups: int, *, transposed: bool) -> None:
    channels, wanted = x.shape[-1 - axes], sizes[0] if transposed else sizes[1] * groups
    if channels != wanted:
        which = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(
            f"Given {which}, weight of size {sizes}, expected input{_sizes(x)} to have {wanted} channels, but got "
            f"{channels} channels instead"
        )


def _bias(bias: Tensor | None, sizes: list[int], groups: int, *, transposed: bool) -> None:
    wanted = sizes[1] * groups if transposed else sizes[0]
    if bias is not None and _sizes(bias) != [wanted]:
        which = "transposed=1, " if transposed else ""
        raise RuntimeError(
            f"Given {which}weight of size {sizes}, expected bias to be 1-dimensional with {wanted} elements, but got "
            f"bias of size {_sizes(bias)} instead"
        )


def _output_padding(given: Given, axes: int) -> None:
    more, stride, dilation = (_each(given.get(name), axes) for name in ("output_padding", "stride", "dilation"))
    for extra, step, reach in zip(more, stride, dilation, strict=False):
        if extra and extra >= max(step, reach):
            raise RuntimeError(
                f"output padding must be smaller than either stride or dilation, but got output_padding: {extra} "
                f"stride: {step} dilation: {reach}"
            )


def _each(numbers: Sequence[int] | None, axes: int) -> list[int]:
    numbers = list(numbers or [1])
    return numbers * axes if len(numbers) == 1 else numbers


# -- products ---------------------------------------------------------------------------------------------------------


@_refuses("addmm")
def _addmm(given: Given) -> None:
    added = given["self"]
    if added.dim() > 2:
        raise RuntimeError(f"a tensor of {added.dim()} axes cannot be added to a product of two matrices")


UNSAFE = frozenset({"scaled_dot_product_attention", "scaled_dot_product_flash_attention_for_cpu"})
"""Ops whose refusal holds where they compute too: there torch goes on, and reads memory that is not theirs."""


@_refuses(*UNSAFE)
def _attention(given: Given) -> None:
    key, value = given["key"], given["value"]
    if min(key.dim(), value.dim()) > 1 and key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"attention over {key.shape[-2]} keys and {value.shape[-2]} values, of which there must be as many: a CPU "
            "reads beyond them"
        )
    if given["query"].is_complex():  # whose scores have no softmax, but where they are one number each
        raise NotImplementedError('"softmax_lastdim_kernel_impl" not implemented for complex numbers')


# -- reductions and resampling -----------------------------------------------------------------------------------------


@_refuses("median", "nanmedian", "mode")
def _extreme(given: Given) -> None:
    x, dim = given["self"], given.get("dim")
    if "other" in given or x.numel():
        return
    if dim is not None and x.dim() and -x.dim() <= dim < x.dim() and not x.shape[dim]:
        raise IndexError(f"Expected reduction dim {dim} to have non-zero size, but got {_sizes(x)}")


@_refuses("max", "min")
def _largest(given: Given) -> None:
    if given.get("dim") is None and "other" not in given and not given["self"].numel():
        raise RuntimeError("Expected reduction dim to be specified for input.numel() == 0")
    _extreme(given)


@_refuses(
    "upsample_linear1d",
    "upsample_bilinear2d",
    "upsample_trilinear3d",
    "upsample_bicubic2d",
    "upsample_bilinear2d_aa",
    "upsample_bicubic2d_aa",
)
def _upsample(given: Given) -> None:
    x, size = given.get("input", given.get("self")), given.get("output_size")
    if x is None or x.dim() < 3:
        return
    if not x.shape[1]:
        raise RuntimeError(f"Non-empty data tensor expected but got a tensor with sizes {_sizes(x)}")
    if size is None:
        size = [math.floor(n * factor) for n, factor in zip(x.shape[2:], given["scale_factors"] or (), strict=False)]
    if 0 in x.shape[2:] or min(size, default=1) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {_sizes(x)[2:]} and output {list(size)}"
        )


@_refuses("adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_pool(given: Given) -> None:
    x, axes = given["self"], len(given["output_size"])
    if x.dim() > axes and 0 in x.shape[-axes:]:
        raise RuntimeError(
            f"Expected input to have non-zero size for non-batch dimensions, but input has sizes {_sizes(x)}"
        )


@_refuses("grid_sampler_2d", "grid_sampler_3d")
def _grid_sampler(given: Given) -> None:
    x = given["input"]
    if 0 in x.shape[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {_sizes(x)}"
        )


@_refuses("im2col")
def _im2col(given: Given) -> None:
    if any(pad < 0 for pad in given["padding"]):
        raise RuntimeError(f"padding should be non-negative, but got {list(given['padding'])}")


@_refuses("bucketize")
def _bucketize(given: Given) -> None:
    if given["boundaries"].dim() != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({given['boundaries'].dim()})")


@_refuses("soft_margin_loss")
def _soft_margin_loss(given: Given) -> None:
    x, target = given["self"], given["target"]
    common = torch.broadcast_shapes(x.shape, target.shape)  # type: ignore[no-untyped-call]  # torch's own
    if common != x.shape:
        raise RuntimeError(f"output with shape {_sizes(x)} doesn't match the broadcast shape {list(common)}")


@_refuses("multinomial")
def _multinomial(given: Given) -> None:
    x, samples = given["self"], given["num_samples"]
    if samples < 1:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if x.dim() and samples > x.shape[-1] and not given.get("replacement"):
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")


@_refuses("segment_reduce")
def _segment_reduce(given: Given) -> None:
    x, lengths = given["data"], given["lengths"]
    if lengths is None or lengths.is_meta or lengths.__class__ is not Tensor or given["unsafe"]:
        return
    rows = lengths.sum(-1)
    if lengths.dim() and lengths.dim() <= x.dim() and bool((rows != x.shape[lengths.dim() - 1]).any()):
        raise RuntimeError(
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            f"data.size(lengths.dim()-1) = {x.shape[lengths.dim() - 1]}"
        )


@_refuses("uniform")
def _uniform(given: Given) -> None:
    low, high = given.get("from", 0), given.get("to", 1)
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")


# -- what reads and writes parts of a tensor ---------------------------------------------------------------------------


@_refuses("as_strided", "as_strided_copy", "as_strided_scatter")
def _as_strided(given: Given) -> None:
    x, size, stride = given["self"], given["size"], given["stride"]
    if 0 in size or len(size) != len(stride):
        return
    offset = given.get("storage_offset")
    offset = x.storage_offset() if offset is None else offset
    last = offset + sum((extent - 1) * step for extent, step in zip(size, stride, strict=True))
    if (last + 1) * x.dtype.itemsize > x.untyped_storage().nbytes():
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset} are out of bounds for "
            f"storage of size {x.untyped_storage().nbytes()}"
        )


_PARTS: dict[str, tuple[Callable[..., Tensor], tuple[str, ...]]] = {
    "slice_scatter": (torch.ops.aten.slice.Tensor, ("dim", "start", "end", "step")),
    "select_scatter": (torch.select, ("dim", "index")),
    "diagonal_scatter": (torch.diagonal, ("offset", "dim1", "dim2")),
}
"""What is written to by each, and the arguments that say where it is."""


def _of_part(name: str) -> Refusal:
    part, where = _PARTS[name]

    def check(given: Given) -> None:
        x, source = given["self"], given["src"]
        found = part(torch.empty_like(x, device="meta"), *[given[key] for key in where if key in given])
        if found.shape != source.shape:
            raise RuntimeError(
                f"expected src to have a size equal to the slice of self. src size = {_sizes(source)}, slice size = "
                f"{_sizes(found)}"
            )

    return check


for _name in _PARTS:
    _refuses(_name)(_of_part(_name))


def _bounds(index: Tensor, size: int, *, is_negative_known: bool = False) -> None:
    """Refuse indices that are out of bounds, where their values are known."""
    if index.is_meta or index.__class__ is not Tensor or not index.numel() or index.dtype is torch.bool:
        return
    low, high = (int(end) for end in index.aminmax())
    if high >= size or low < (-size if is_negative_known else 0):
        raise IndexError(f"index {high if high >= size else low} is out of bounds for dimension with size {size}")


@_refuses("embedding", "embedding_renorm", "embedding_bag", "embedding_bag_forward_only")
def _embedding(given: Given) -> None:
    table = given.get("weight", given.get("self"))
    if table is not None and table.dim() == 2 and not given["indices"].is_floating_point():
        _bounds(given["indices"], table.shape[0])


@_refuses("nll_loss_forward", "nll_loss2d_forward")
def _nll_loss(given: Given) -> None:
    x, target = given["self"], given["target"]
    axis = 1 if x.dim() > 1 else 0
    if target.is_meta or target.__class__ is not Tensor or not x.dim() or target.is_floating_point():
        return
    _bounds(target[target != given["ignore_index"]], x.shape[axis])


@_refuses("index_select")
def _index_select(given: Given) -> None:
    x, index = given["self"], given["index"]
    if index.dim() > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not x.dim() and index.numel() != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.numel()} value(s)")
    _along_an_axis(given)


@_refuses("gather", "scatter", "scatter_add", "scatter_reduce", "index_fill")
def _along_an_axis(given: Given) -> None:
    x, dim, index = given["self"], given["dim"], given["index"]
    rank = max(x.dim(), 1)
    if not isinstance(dim, int) or not -rank <= dim < rank or index.is_floating_point():
        return
    _bounds(index, x.shape[dim] if x.dim() else 1)


@_refuses("take")
def _take(given: Given) -> None:
    if not given["index"].is_floating_point():
        _bounds(given["index"], given["self"].numel(), is_negative_known=True)


@_refuses("put")
def _put(given: Given) -> None:
    index, source = given["index"], given["source"]
    if index.numel() != source.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {index.numel()}"
        )
    _take(given)


@_refuses("index_add", "index_reduce")
def _index_add(given: Given) -> None:
    if given["self"].dim() != given["source"].dim():
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{_sizes(given['self'])} source.shape = {_sizes(given['source'])}"
        )
    _index_copy(given)


@_refuses("index_copy")
def _index_copy(given: Given) -> None:
    x, dim, index, source = (given[name] for name in ("self", "dim", "index", "source"))
    if index.dim() > 1:
        raise IndexError(f"Index is supposed to be a vector, but got dim: {index.dim()}")
    if not -max(x.dim(), 1) <= dim < max(x.dim(), 1):
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-max(x.dim(), 1)}, {max(x.dim(), 1) - 1}], but got "
            f"{dim})"
        )
    is_alike = x.dim() == source.dim() or (x.dim() < 2 and source.dim() < 2)
    if not is_alike or _without(x, dim) != _without(source, dim):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{_sizes(x)} source.shape = {_sizes(source)}"
        )
    if index.numel() != (source.shape[dim] if source.dim() else 1):
        raise RuntimeError(
            f"Number of indices ({index.numel()}) should be equal to source.size(dim) of a source of {_sizes(source)}"
        )
    _along_an_axis(given)


def _without(tensor: Tensor, dim: int) -> list[int]:
    sizes = _sizes(tensor)
    del sizes[dim : dim + 1 or None]
    return sizes


@_refuses("index", "index_put")
def _index(given: Given) -> None:
    x, axis = given["self"], 0
    for index in given["indices"]:
        taken = index.dim() if index is not None and index.dtype in (torch.bool, torch.uint8) else 1
        if index is not None and axis + taken <= x.dim():
            wanted = _sizes(x)[axis : axis + taken]
            if index.dtype in (torch.bool, torch.uint8):
                _mask(index, wanted, axis)
            elif not index.is_floating_point() and not index.is_complex():
                _bounds(index, wanted[0], is_negative_known=True)
        axis += taken
    if "values" in given:
        _put_values(given)


def _mask(mask: Tensor, wanted: list[int], axis: int) -> None:
    if _sizes(mask) != wanted:
        raise IndexError(
            f"The shape of the mask {_sizes(mask)} at index {axis} does not match the shape of the indexed tensor "
            f"{wanted} there"
        )


def _put_values(given: Given) -> None:
    """What is written must be broadcast to what the indices select."""
    indices, values = given["indices"], given["values"]
    if values.dtype is not given["self"].dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{given['self'].dtype} for the destination and {values.dtype} for the source"
        )
    if any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices):
        return  # how many elements a mask selects is known from its values
    on_meta = [index if index is None else torch.empty_like(index, device="meta") for index in indices]
    target = torch.ops.aten.index.Tensor(torch.empty_like(given["self"], device="meta"), on_meta).shape
    try:
        fits = torch.broadcast_shapes(values.shape, target) == target  # type: ignore[no-untyped-call]  # torch's own
    except RuntimeError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {_sizes(values)} cannot be broadcast to indexing result of shape "
            f"{list(target)}"
        )
