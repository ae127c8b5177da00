"""Every entry of the fast path against torch's own meta result, on arguments that are right and arguments that are not.

An entry may ask torch (``None``), but must never answer otherwise than torch, and never where torch raises.
"""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archstat.tracing.ops import info
from archstat.tracing.shapes import LIKE, SAME, SHAPES

aten = torch.ops.aten
FLOATS = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
DTYPES = [torch.float32] * 8 + [*FLOATS, torch.int64, torch.int32, torch.bool, torch.complex64]

sizes = st.sampled_from([0, 1, 1, 2, 3, 4, 5, 6, 8])
shapes = st.lists(sizes, max_size=5).map(tuple)
dtypes = st.sampled_from(DTYPES)
flags = st.booleans()
numbers = st.sampled_from([0, 1, -1, 2, 0.5, -3.0, 1e10, True, 1j])


def meta(shape, dtype=torch.float32, *, transposed=False):
    """A tensor of that shape without values; ``transposed``: with other strides than the usual ones."""
    if transposed and len(shape) > 1:
        return torch.empty(shape[::-1], dtype=dtype, device="meta").permute(*range(len(shape))[::-1])
    return torch.empty(shape, dtype=dtype, device="meta")


@st.composite
def tensors(draw, shape=shapes, dtype=dtypes):
    """What an entry is called with: contiguous, on meta."""
    return meta(draw(shape), draw(dtype))


@st.composite
def mostly(draw, value, otherwise):
    """Four times in five this value."""
    return draw(otherwise) if draw(st.integers(0, 4)) == 4 else value


@st.composite
def partners(draw, x, shape):
    """A second tensor: mostly of that shape and ``x``'s type, at times anything, or with other strides."""
    dtype = draw(mostly(x.dtype, dtypes))
    return meta(draw(mostly(shape, shapes)), dtype, transposed=draw(st.integers(0, 9)) == 9)


def optional(strategy):
    return st.none() | strategy


@st.composite
def conv2d(draw):
    groups, per_group, out = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    side = st.integers(1, 9)
    right = (draw(st.integers(1, 3)), groups * per_group, draw(side), draw(side))
    x = draw(tensors(mostly(right, shapes)))
    out = draw(mostly(groups * out, st.integers(1, 5)))  # at times not to be divided by the groups
    weight = draw(partners(x, (out, per_group, draw(st.integers(1, 4)), draw(st.integers(1, 4)))))
    bias = draw(optional(partners(x, (out,))))
    pair = st.lists(st.integers(1, 3), min_size=2, max_size=2)
    odd = st.lists(st.integers(-1, 3), max_size=3)
    stride, dilation = (draw(st.one_of(pair, pair, pair, odd)) for _ in range(2))
    padding = draw(st.one_of(pair, odd))
    rest = [bias, stride, padding, dilation, draw(mostly(groups, st.integers(-1, 4)))]
    return (x, weight, *rest[: draw(st.integers(0, 5))])


@st.composite
def linear(draw):
    x = draw(tensors())
    out = draw(st.integers(1, 5))
    weight = draw(partners(x, (out, x.shape[-1] if x.dim() else 3)))
    return (x, weight, *draw(st.sampled_from([(), (None,), (draw(partners(x, (out,))),)])))


@st.composite
def product(draw, rank):
    sides = st.lists(sizes, min_size=rank, max_size=rank).map(tuple)
    x = draw(tensors(sides | shapes))
    return x, draw(partners(x, (*x.shape[:-2], *x.shape[-1:], draw(sizes))))


@st.composite
def batch_norm(draw):
    x = draw(tensors())
    channels = x.shape[1] if x.dim() > 1 else 3
    vectors = [draw(optional(partners(x, (channels,)))) for _ in range(2)]
    running = [draw(mostly(draw(partners(x, (channels,))), st.none())) for _ in range(2)]
    return (x, *vectors, *running, draw(mostly(False, flags)), 0.1, 1e-5, draw(flags))


@st.composite
def with_numbers(draw, op):
    """What the op's own declaration asks for, by position; the last ones may be left to their defaults."""
    x = draw(tensors())
    rest = [argument for argument in op._schema.arguments[1:] if not argument.kwarg_only]
    required = sum(not argument.has_default_value() for argument in rest)
    given_ones = rest[: draw(st.integers(required, len(rest)))]
    return (x, *[draw(VALUES[str(argument.type)]) for argument in given_ones])


VALUES = {"number": numbers, "Optional[number]": optional(numbers)}


@st.composite
def two_alike(draw):
    x = draw(tensors())
    return x, draw(st.one_of(partners(x, x.shape), partners(x, x.shape), numbers))


@st.composite
def rolled(draw):
    x = draw(tensors())
    dims = draw(st.lists(st.integers(-6, 5), max_size=3))
    shifts = draw(st.lists(st.integers(-9, 9), min_size=len(dims), max_size=len(dims) + draw(st.integers(0, 1))))
    return (x, shifts, *([dims] if draw(st.integers(0, 9)) else []))


@st.composite
def dropout(draw):
    return draw(tensors()), draw(st.sampled_from([0.0, 0.5, 1.0])), draw(flags)


@st.composite
def pool(draw, axes, *more):
    sides = draw(st.lists(st.integers(1, 9), min_size=axes, max_size=axes))
    x = draw(tensors(mostly((draw(st.integers(1, 2)), draw(st.integers(1, 2)), *sides), shapes)))
    pair = st.lists(st.integers(1, 4), min_size=axes, max_size=axes) | st.lists(
        st.integers(1, 4), min_size=1, max_size=1
    )
    odd = st.lists(st.integers(-1, 4), max_size=4)
    kernel = draw(st.one_of(pair, pair, pair, odd))
    stride = draw(st.one_of(pair, st.just([]), odd))
    padding = draw(st.one_of(st.just([0]), st.lists(st.integers(0, 2), min_size=1, max_size=axes), odd))
    rest = [kernel, stride, padding, *[draw(values) for values in more]]
    return (x, *rest[: draw(st.integers(1, len(rest)))])


@st.composite
def adaptive_pool2d(draw):
    x = draw(tensors(st.lists(st.integers(1, 6), min_size=4, max_size=4).map(tuple) | shapes))
    return x, draw(st.lists(st.integers(0, 5), min_size=2, max_size=2) | st.lists(st.integers(-1, 5), max_size=3))


@st.composite
def cat(draw):
    first = draw(tensors())
    rank = first.dim()
    axis = draw(st.integers(-rank - 1, rank))
    several = [first]
    for _ in range(draw(st.integers(0, 3))):
        shape = list(first.shape)
        if -rank <= axis < rank:
            shape[axis] = draw(sizes)
        several.append(draw(partners(first, tuple(shape))))
    return (several, *draw(st.sampled_from([(), (axis,), (axis,)])))


@st.composite
def softmax(draw):
    x = draw(tensors())
    axis = draw(st.integers(-x.dim() - 1, x.dim()))
    return (x, axis, *draw(st.sampled_from([(), (None,), (torch.float64,)])))


@st.composite
def layer_norm(draw):
    x = draw(tensors())
    last = draw(st.integers(0, max(x.dim(), 1)))
    shape = draw(mostly(tuple(x.shape)[len(x.shape) - last :], shapes))
    vectors = [draw(optional(partners(x, shape))) for _ in range(2)]
    return (x, list(shape), *[*vectors, 1e-5, True][: draw(st.integers(0, 4))])


@st.composite
def constant_pad(draw):
    x = draw(tensors())
    pads = st.lists(st.integers(0, 2), max_size=2 * x.dim()) | st.lists(st.integers(-2, 2), max_size=8)
    return (x, draw(pads), *draw(st.sampled_from([(), (0,), (0.5,)])))


@st.composite
def reduction(draw, *, optional_dims=True):
    x = draw(tensors())
    rank = x.dim()
    some = st.lists(st.integers(-rank - 1, rank), max_size=3)
    dims = draw(some | st.none() if optional_dims else some)
    return (x, dims, *draw(st.sampled_from([(), (True,), (False,)])))


@st.composite
def upsample2d(draw, *more):
    x = draw(tensors(st.lists(st.integers(1, 6), min_size=4, max_size=4).map(tuple) | shapes))
    out = draw(st.lists(st.integers(1, 9), min_size=2, max_size=2) | st.lists(st.integers(-1, 9), max_size=3))
    return (x, out, *[draw(values) for values in more])


@st.composite
def upsample2d_by(draw, *more):
    x = draw(tensors(st.lists(st.integers(1, 6), min_size=4, max_size=4).map(tuple) | shapes))
    out = draw(
        st.none() | st.lists(st.integers(1, 9), min_size=2, max_size=2) | st.lists(st.integers(-1, 9), max_size=3)
    )
    factors = st.lists(st.sampled_from([0.5, 1.0, 1.7, 2.0]), min_size=2, max_size=2)
    return (x, out, *[draw(values) for values in more], draw(st.none() | factors | st.lists(st.just(2.0), max_size=3)))


@st.composite
def attention(draw):
    sides = draw(st.lists(st.integers(1, 4), min_size=4, max_size=4))
    query = draw(tensors(mostly(tuple(sides), shapes)))
    keys = (*sides[:2], draw(st.integers(1, 4)), sides[3])
    key, value = (draw(partners(query, keys)) for _ in range(2))
    mask = draw(optional(partners(query, (sides[2], keys[2]))))
    return (query, key, value, *[mask, draw(mostly(0.0, st.just(0.5)))][: draw(st.integers(0, 2))])


@st.composite
def rms_norm(draw):
    x, shape, *rest = draw(layer_norm())
    return (x, shape, *[*rest[:1], 1e-5][: draw(st.integers(0, 2))]) if rest else (x, shape)


scales = st.sampled_from([None, 2.0])
X4 = (2, 3, 6, 8)

#: An op → its arguments at random, and one ordinary case that it must answer.
CASES = {
    aten.conv2d.default: (conv2d(), lambda x: (x, meta((5, 3, 3, 3)), None, [2, 2], [1, 1], [1, 1], 1)),
    aten.linear.default: (linear(), lambda x: (x, meta((5, 8)), meta((5,)))),
    aten.mm.default: (product(2), lambda x: (x[0, 0], meta((8, 5)))),
    aten.bmm.default: (product(3), lambda x: (x[0], meta((3, 8, 5)))),
    aten.batch_norm.default: (
        batch_norm(),
        lambda x: (x, *[meta((3,)) for _ in range(4)], False, 0.1, 1e-5, True),
    ),
    **dict.fromkeys(
        [getattr(aten, name + form).Tensor for name in ("add", "sub", "mul", "div") for form in ("", "_")],
        (two_alike(), lambda x: (x, meta(X4))),
    ),
    **dict.fromkeys(
        [aten.dropout.default, aten.feature_dropout.default, aten.dropout_.default],
        (dropout(), lambda x: (x, 0.5, False)),
    ),
    aten.max_pool1d.default: (
        pool(1, st.lists(st.integers(1, 2), min_size=1, max_size=1), flags),
        lambda x: (x[0], [3], [2], [1], [1], False),
    ),
    aten.max_pool2d.default: (
        pool(2, st.lists(st.integers(1, 2), min_size=1, max_size=2) | st.just([1]), flags),
        lambda x: (x, [3, 3], [2, 2], [1, 1], [1, 1], False),
    ),
    aten.avg_pool2d.default: (
        pool(2, flags, flags, st.sampled_from([None, 3, 0])),
        lambda x: (x, [3, 3], [2, 2], [1, 1], True, False),
    ),
    aten.avg_pool3d.default: (
        pool(3, flags, flags, st.sampled_from([None, 3, 0])),
        lambda x: (x[None], [3, 3, 3], [2, 2, 2], [1, 1, 1], True, False),
    ),
    aten.constant_pad_nd.default: (constant_pad(), lambda x: (x, [1, 1, 2, 2], 0)),
    aten.roll.default: (rolled(), lambda x: (x, [1, 1], [1, 2])),
    aten.mean.dim: (reduction(), lambda x: (x, [2, 3], True)),
    aten.sum.dim_IntList: (reduction(), lambda x: (x, [2, 3])),
    aten.amax.default: (reduction(optional_dims=False), lambda x: (x, [-1])),
    aten.upsample_bilinear2d.default: (upsample2d(flags, scales, scales), lambda x: (x, [12, 16], False)),
    aten.upsample_bicubic2d.default: (upsample2d(flags, scales, scales), lambda x: (x, [12, 16], False)),
    aten.upsample_nearest2d.default: (upsample2d(scales, scales), lambda x: (x, [12, 16])),
    aten.upsample_bilinear2d.vec: (upsample2d_by(flags), lambda x: (x, None, False, [2.0, 2.0])),
    aten.upsample_bicubic2d.vec: (upsample2d_by(flags), lambda x: (x, [12, 16], False, None)),
    aten.upsample_nearest2d.vec: (upsample2d_by(), lambda x: (x, None, [2.0, 2.0])),
    aten.scaled_dot_product_attention.default: (attention(), lambda x: (x, x, x)),
    aten.rms_norm.default: (rms_norm(), lambda x: (x, [8], meta((8,)))),
    aten.adaptive_avg_pool2d.default: (adaptive_pool2d(), lambda x: (x, [1, 1])),
    aten.cat.default: (cat(), lambda x: ([x, x], 1)),
    aten.softmax.int: (softmax(), lambda x: (x, -1)),
    aten.layer_norm.default: (layer_norm(), lambda x: (x, [8], meta((8,)), meta((8,)))),
}

for op in SHAPES:
    KINDS = {str(argument.type) for argument in op._schema.arguments[1:] if not argument.kwarg_only}
    if op not in CASES and VALUES.keys() >= KINDS:
        REQUIRED = [argument for argument in op._schema.arguments[1:] if not argument.has_default_value()]
        CASES[op] = (with_numbers(op), partial(lambda count, x: (x, *[0.5] * count), len(REQUIRED)))
for op in (aten.clamp.default, aten.clamp_.default):
    CASES[op] = (with_numbers(op), lambda x: (x, 0.0, 6.0))

#: Keyword arguments that these ops are also called with.
KWARGS = {
    aten.add.Tensor: st.sampled_from([{}, {"alpha": 2}, {"alpha": 0.5}]),
    aten.sub.Tensor: st.sampled_from([{}, {"alpha": 2}, {"alpha": 0.5}]),
    aten.add_.Tensor: st.sampled_from([{}, {"alpha": 2}, {"alpha": 0.5}]),
    aten.sub_.Tensor: st.sampled_from([{}, {"alpha": 2}, {"alpha": 0.5}]),
    aten.mean.dim: st.sampled_from([{}, {}, {"dtype": torch.float64}, {"dtype": None}]),
    aten.sum.dim_IntList: st.sampled_from([{}, {}, {"dtype": torch.float64}, {"dtype": None}]),
    aten.gelu_.default: st.sampled_from([{}, {"approximate": "tanh"}, {"approximate": "none"}]),
    aten.gelu.default: st.sampled_from([{}, {"approximate": "tanh"}, {"approximate": "none"}]),
}

per_entry = pytest.mark.parametrize("op", SHAPES, ids=str)


def first_tensor(args):
    return args[0][0] if type(args[0]) is list else args[0]


def torch_answer(op, args, kwargs):
    """Torch's own result, or ``None`` where it raises."""
    try:
        with torch.inference_mode():
            return op(*args, **kwargs)
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError):
        return None


def test_every_entry_has_its_arguments_here():
    assert SHAPES.keys() - CASES.keys() == set(), "a new entry: say in CASES what it is called with"
    assert CASES.keys() <= SHAPES.keys()


@per_entry
@settings(max_examples=100)
@given(data=st.data())
@pytest.mark.sampled(16)
def test_an_entry_answers_as_torch_does_or_not_at_all(op, data):
    args = data.draw(CASES[op][0])
    kwargs = data.draw(KWARGS.get(op, st.just({})))
    size = SHAPES[op](*args, **kwargs)
    x = first_tensor(args)
    if size is None or not x.is_contiguous():
        return
    out = torch_answer(op, args, kwargs)
    assert out is not None, "torch raises where the entry answers"
    if size is SAME:
        assert out is x or (out.data_ptr(), out.shape, out.stride()) == (x.data_ptr(), x.shape, x.stride())
        assert out.untyped_storage()._cdata == x.untyped_storage()._cdata
        assert out.dtype is x.dtype
    else:
        fresh = torch.empty_like(x) if size is LIKE else torch.empty(size, dtype=x.dtype, device="meta")
        assert (out.shape, out.stride(), out.dtype) == (fresh.shape, fresh.stride(), fresh.dtype)
        assert out.untyped_storage()._cdata != x.untyped_storage()._cdata
        assert out.untyped_storage().nbytes() == fresh.untyped_storage().nbytes()


@per_entry
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_an_entry_answers_its_ordinary_case(op, dtype):
    args = CASES[op][1](meta(X4))
    args = tuple(value.to(dtype) if isinstance(value, torch.Tensor) else value for value in args)
    assert SHAPES[op](*args) is not None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3), (2, 0, 1, 3)])
def test_attention_is_laid_out_as_a_real_cpu_does(order):
    query = torch.zeros(2, 3, 4, 5).permute(order)

    out = torch.nn.functional.scaled_dot_product_attention(query, query, query)

    assert out.stride() == torch.empty_like(query).stride()
    assert SHAPES[aten.scaled_dot_product_attention.default](query, query, query) is LIKE


@per_entry
def test_an_op_that_writes_in_place_answers_itself(op):
    args = CASES[op][1](meta(X4))
    assert (SHAPES[op](*args) is SAME) == (bool(info(op).writes) or "dropout" in info(op).name)


@pytest.mark.parametrize("op", [aten.dropout.default, aten.dropout_.default, aten.feature_dropout.default], ids=str)
def test_dropout_while_training_is_torchs(op):
    assert SHAPES[op](meta(X4), 0.5, True) is None


@pytest.mark.parametrize("op", [aten.celu.default, aten.celu_.default], ids=str)
def test_what_torch_may_refuse_is_left_to_torch(op):
    assert SHAPES[op](meta(X4), 0) is None
    assert SHAPES[op](meta(X4)) is not None
