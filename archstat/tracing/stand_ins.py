"""Whether torch has a kernel for the types of an op's tensors: the op is tried on tiny real tensors of those types.

Torch's kernels without values look at shapes and are silent about types: a convolution of doubles with floats, a
softmax of whole numbers or a pooling of complex ones has a shape, and no kernel. A real run refuses them. Which types
an op takes does not depend on the sizes, so the op itself is run, once for each combination of types and ranks, on
tensors whose sizes are all 2 (or 1, or 3, where it wants that), and its verdict is kept.

Only what torch says of types and axes counts: what it says of the sizes is about the stand-ins. And what only the CPU
lacks is no verdict on the network: half precision is left alone, as are the types that a GPU takes and a CPU does not.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from archstat.tracing import torch_private
from archstat.tracing.nested import tensors_in, with_tensors

#: Ops beside the pointwise ones that are tried. All of these look at their arguments before they touch memory, which
#: not every op of torch does: the statistics of a batch, or the segments of a reduction, are read as far as somebody
#: says, and a wrong word crashes the process. None of them warns of itself, as deprecated ops do: that would reach the
#: user in spite of the filter.
TRIED = frozenset(
    """
    mm bmm mv dot vdot addmm addmv addbmm addr baddbmm linear convolution
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    batch_norm layer_norm group_norm fused_rms_norm scaled_dot_product_attention
    scaled_dot_product_flash_attention_for_cpu
    max min amax amin aminmax argmax argmin sum nansum mean prod var std var_mean std_mean norm linalg_vector_norm
    logsumexp median nanmedian mode kthvalue sort topk cummax cummin cumsum cumprod logcumsumexp all any trace histc
    softmax log_softmax safe_softmax glu constant_pad_nd
    gather scatter scatter_add scatter_reduce index_add index_copy index_fill index_select index_put index
    take put embedding masked_fill masked_scatter slice_scatter select_scatter diagonal_scatter
    mse_loss l1_loss smooth_l1_loss huber_loss soft_margin_loss binary_cross_entropy
    binary_cross_entropy_with_logits nll_loss_forward nll_loss2d_forward multi_margin_loss
    multilabel_margin_loss_forward kl_div cosine_embedding_loss
    cdist_forward euclidean_dist pdist_forward cross linalg_cross dist bucketize searchsorted
    grid_sampler_2d grid_sampler_3d
    max_pool1d max_pool2d max_pool2d_with_indices max_pool3d_with_indices max_pool1d_with_indices
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d
    upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d upsample_nearest1d
    upsample_nearest2d upsample_nearest3d upsample_nearest_exact1d upsample_nearest_exact2d upsample_nearest_exact3d
    upsample_bilinear2d_aa upsample_bicubic2d_aa
    reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d
    hardswish log_sigmoid_forward prelu prelu_kernel rsub max_unpool2d max_unpool3d fractional_max_pool2d
    fractional_max_pool3d embedding_bag embedding_bag_forward_only im2col col2im complex polar
    full_like fft_c2c fft_r2c fft_c2r renorm
    cholesky_solve cholesky_inverse linalg_cholesky_ex linalg_inv_ex linalg_solve_ex linalg_lu
    linalg_lu_factor_ex linalg_qr linalg_eig linalg_eigh linalg_eigvals linalg_svd linalg_det
    linalg_slogdet linalg_eigvalsh linalg_svdvals ormqr hash_tensor
    linalg_solve_triangular linalg_householder_product
    """.split()
)

_SIZES = (2, 1, 3)
"""The deviation of a single number would have torch warn, so it is not the first."""

_WINDOW = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
_NORM = {"num_groups": 1, "group": 1, "N": 1, "C": 1, "HxW": 1}
_SMALL: dict[str, int] = {**_WINDOW, **_NORM, "output_size": 1, "pad": 1, "bins": 1}
"""What depends on the sizes, by the name that torch gives it, as it fits tensors whose sizes are all 1."""

_OF_TYPES = re.compile(
    r"not (?:yet )?(?:implemented|supported) for (?:'|complex|tensors with different dtypes)|does not support"
    r"|\bd(?:ata)?types?\b|scalar type|same datatype|to have the same type|tensors? used as indices|Found dtype"
    r"|complex (?:number|Scalar|types)|cannot be converted to type|can't be (?:safely )?cast|boolean tensor"
    r"|with a bool tensor|on a bool tensor|only support floating|Integer division with addcdiv|non-complex"
    r"|should be the same|doesn't support tensors of type|inputs to be Half|Dimension out of range"
    r"|approximate argument|inputs not supported|tensor for index|Expected reduction dim -1 or 0"
    r"|negative integer powers"
)
"""What torch says where the types, an axis or a number are wrong, whatever the sizes."""

_ONLY_CPU = re.compile(r'"(?:abs_cpu|trace|histogram_cpu)"|nansum on CPU')
"""What a CPU lacks and a GPU has."""

_EVERYWHERE = frozenset(
    {torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool, torch.uint8}
    | {torch.int8, torch.int16, torch.int32, torch.int64}
)
"""The types whose kernels are the same on all devices, or nearly so."""

_HALVES = frozenset({torch.float16, torch.bfloat16})

_verdicts: dict[Any, tuple[type[Exception], str] | None] = {}
_VERDICTS_MOST = 1 << 14


def refuse_types(op: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise what torch raises for these types, if it does; an op that cannot be tried passes.

    Raises:
        Exception: Torch's own, of the class that it has in a real run.
    """
    try:
        key = (op, _key(args), _key(tuple(kwargs.items())))
        verdict = _verdicts[key]
    except TypeError:  # something that has no hash: a generator, a size that is a symbol
        return
    except KeyError:
        # Numbers are part of the keys, and a network may come with ever new ones.
        if len(_verdicts) >= _VERDICTS_MOST:
            _verdicts.clear()
        verdict = _verdicts[key] = _verdict(op, args, dict(kwargs))
    if verdict is not None:
        kind, said = verdict
        raise kind(said)


def _key(values: Any) -> Any:
    """What a verdict depends on: types and ranks of tensors, whether they are empty, and everything else as it is."""
    return tuple(
        [
            (value.dtype, value.dim(), value.numel() == 0)
            if isinstance(value, Tensor)
            else _key(value)
            if isinstance(value, list | tuple)
            else (value.__class__, value)
            for value in values
        ]
    )


def _verdict(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[type[Exception], str] | None:
    tensors = tensors_in((args, kwargs))
    if any(tensor.layout is not torch.strided or tensor.is_quantized or not tensor.numel() for tensor in tensors):
        return None  # of nothing, torch often returns nothing before it looks for a kernel
    names = [argument.name for argument in op._schema.arguments]
    is_padded = "same" in [value for value in (*args, *kwargs.values()) if isinstance(value, str)]
    for size in (1,) if is_padded else _SIZES:  # of an even kernel torch would warn
        refused = _attempt(op, names, args, kwargs, size)
        if refused is None:
            return None
        kind, said = refused
        if _OF_TYPES.search(said):
            return refused if _holds_everywhere(kind, said, tensors) else None
    return None


def _attempt(
    op: Any, names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any], size: int
) -> tuple[type[Exception], str] | None:
    """What torch says of the op on real tensors of that size along each axis: the class of its error, and a line.

    Not the error itself: it holds the frames of all that runs, and these the network's tensors, which must die.
    """
    small = [_small(name, value, size) for name, value in zip(names, args, strict=False)]
    named = {name: _small(name, value, size) for name, value in kwargs.items()}
    try:
        with warnings.catch_warnings(), torch.no_grad(), torch_private.without_autocast():
            warnings.simplefilter("ignore")
            op(*small, **named)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        return type(error), str(error).partition("\n")[0]
    return None


def _small(name: str, value: Any, size: int) -> Any:
    if name == "normalized_shape":
        return [size] * len(value)
    if name in _SMALL:
        return [_SMALL[name]] * len(value) if isinstance(value, list | tuple) else _number(name, value)
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return with_tensors(value, lambda tensor: torch.zeros((size,) * tensor.dim(), dtype=tensor.dtype))


def _number(name: str, value: Any) -> Any:
    return _SMALL[name] if type(value) is int else value


def _holds_everywhere(kind: type[Exception], said: str, tensors: list[Tensor]) -> bool:
    """Whether no device would take what the CPU refuses."""
    types = {tensor.dtype for tensor in tensors}
    if _ONLY_CPU.search(said):
        return False
    if issubclass(kind, NotImplementedError):
        return types <= _EVERYWHERE
    if said.startswith("mixed dtype (CPU)"):  # half precision has norms in single precision, somewhere or other
        return tensors[0].dtype not in _HALVES or not types <= {tensors[0].dtype, torch.float32}
    return types <= _EVERYWHERE | _HALVES
