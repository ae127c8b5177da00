"""Receptive fields against real gradients, published figures and arithmetic written out.

The gradient of one element with respect to the input is not zero where the element looks at: with positive weights
nothing cancels. A maximum looks at one place of its window only, so the gradients are those of averages instead.
"""

import copy
import functools
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812

from archstat import registry
from archstat.analysis.inference import analyse
from archstat.counting.receptive_field import _Follower, describe, receptive_fields
from archstat.counting.receptive_field.factors import Factor
from archstat.counting.receptive_field.intervals import LOST, Span
from archstat.counting.receptive_field.rules import FIELDS
from archstat.counting.receptive_field.state import Sight, united
from archstat.networks import sources
from archstat.networks.settings import Setting
from archstat.records import ReceptiveField
from archstat.tracing import trace
from tests.sampling import IS_WHOLE
from tests.support import Calls, trace_of


def fields_of(model, *shapes):
    return receptive_fields(trace_of(model, *[torch.empty(shape, device="meta") for shape in shapes]))


def described(model, *shapes):
    """The field of the last op, as a table shows it."""
    field = fields_of(model, *shapes)[-1]
    return None if field is None else describe(field)


@functools.cache
def trace_of_architecture(name):
    source = sources.find(name)
    return trace(sources.build_on_meta(source), (torch.empty(1, *source.input_shape, device="meta"),))


def fields_by_layer(name):
    """The field of each layer, by its path."""
    return analyse(name, Setting()).fields()


# -- against gradients -------------------------------------------------------------------------------------------------


def seen(out, x, place):
    """The first and the last pixel with a gradient along each side, of the sum over the channels at that place."""
    gradient = torch.autograd.grad(out[(0, slice(None), *place)].sum(), x, retain_graph=True)[0]
    nonzero = gradient.nonzero()[:, 2:]
    return tuple(nonzero.min(0).values.tolist()), tuple(nonzero.max(0).values.tolist())


def spans_of(model, x):
    """What each position of the last output sees, along each side."""
    found = trace_of(model, x)
    follower = _Follower(found)
    return [follower.follow(op) for op in found.ops][-1].spans


def ends(span, position):
    turn, phase = divmod(position, len(span.low))
    return span.low[phase] + turn * span.step, span.high[phase] + turn * span.step


class Average(nn.Module):
    """An average over the windows of a maximum; padding counts, as it does for the field."""

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, x):
        pool = self.pool
        kernel = torch.ones(x.shape[1], 1, pool.kernel_size, dtype=x.dtype)
        return F.conv1d(x, kernel, None, pool.stride, pool.padding, pool.dilation, groups=x.shape[1])


def with_averages(model):
    """The same network with a gradient: averages, and nothing in place."""
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        if isinstance(parent, nn.ReLU):
            parent.inplace = False
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool1d):
                setattr(parent, name, Average(child))
            elif isinstance(child, nn.MaxPool2d):
                average = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, ceil_mode=child.ceil_mode)
                setattr(parent, name, average)
    return model


def made_positive(model):
    """Weights between 0.5 and 1.5 over the number of inputs, so that signals neither cancel nor grow."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        fan_in = max(parameter[0].numel(), 1) if parameter.dim() > 1 else 1
        with torch.no_grad():
            parameter.copy_((torch.rand(parameter.shape) + 0.5) / fan_in if parameter.dim() > 1 else 0.0 * parameter)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.ones_(module.weight)
    return model.double().eval()


class Sliced(nn.Module):
    def __init__(self, start, step):
        super().__init__()
        self.start, self.step = start, step

    def forward(self, x):
        return x[:, :, self.start :: self.step]


class Branches(nn.Module):
    def __init__(self, first, second, *, joins):
        super().__init__()
        self.first, self.second, self.joins = first, second, joins

    def forward(self, x):
        a, b = self.first(x), self.second(x)
        return torch.cat([a, b], 1)[:, 1:3] if self.joins else a + b


class Folded(nn.Module):
    """Pixels become channels, are mixed, and become pixels again."""

    def __init__(self, factor):
        super().__init__()
        self.factor, self.mix = factor, nn.Conv1d(2 * factor, 2 * factor, 1)

    def forward(self, x):
        n, c, size = x.shape
        size = size // self.factor
        x = x[:, :, : size * self.factor].view(n, c, size, self.factor).transpose(2, 3)
        x = self.mix(x.reshape(n, c * self.factor, size)).view(n, c, self.factor, size)
        return x.transpose(2, 3).reshape(n, c, size * self.factor)


@st.composite
def same_size(draw):
    """A convolution that keeps the length."""
    kernel, dilation = draw(st.sampled_from([1, 3, 5])), draw(st.integers(1, 3))
    return nn.Conv1d(
        2, 2, kernel, padding=draw(st.sampled_from(["same", (kernel - 1) * dilation // 2])), dilation=dilation
    )


@st.composite
def halving(draw):
    kernel = draw(st.sampled_from([1, 3, 5]))
    return nn.Conv1d(2, 2, kernel, stride=2, padding=kernel // 2)


def integers(least, most):
    return st.integers(least, most)


LAYERS = {
    "convolution": st.builds(
        lambda kernel, stride, padding, dilation, groups: nn.Conv1d(2, 2, kernel, stride, padding, dilation, groups),
        integers(1, 5), integers(1, 3), integers(0, 3), integers(1, 3), integers(1, 2),
    ),
    "even": st.builds(
        lambda kernel, dilation: nn.Conv1d(2, 2, kernel, padding="same", dilation=dilation),
        st.sampled_from([2, 4]), integers(1, 3),
    ),
    "transposed": st.builds(
        lambda kernel, stride, padding: nn.ConvTranspose1d(2, 2, max(kernel, stride), stride, padding),
        integers(1, 5), integers(1, 3), integers(0, 2),
    ),
    "maximum": st.builds(lambda k, s, d: nn.MaxPool1d(k, s, k // 2, d), integers(1, 4), integers(1, 3), integers(1, 3)),
    "average": st.builds(lambda k, s: nn.AvgPool1d(k, s, k // 2, ceil_mode=True), integers(1, 4), integers(1, 3)),
    "nearest": st.builds(lambda r: nn.Upsample(scale_factor=r), integers(1, 3)),
    "linear": st.builds(lambda r: nn.Upsample(scale_factor=r, mode="linear"), integers(1, 3)),
    "pad": st.builds(lambda a, b: Calls(lambda x: F.pad(x, (a, b))), integers(-3, 4), integers(-3, 4)),
    "reflect": st.builds(lambda a, b: nn.ReflectionPad1d((a, b)), integers(0, 3), integers(0, 3)),
    "slice": st.builds(Sliced, integers(0, 3), integers(1, 3)),
    "residual": st.builds(lambda a, b: Branches(a, b, joins=False), same_size(), same_size()),
    "projected": st.builds(lambda a, b: Branches(a, b, joins=False), halving(), halving()),
    "joined": st.builds(lambda a, b: Branches(a, b, joins=True), same_size(), same_size()),
    "folded": st.builds(Folded, integers(1, 3)),
    "norm": st.builds(lambda: nn.BatchNorm1d(2)),
    "activation": st.builds(nn.ReLU, st.booleans()),
}  # fmt: skip

chains = st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=6).flatmap(
    lambda kinds: st.tuples(*[LAYERS[kind] for kind in kinds])
)

LENGTH = 240


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(chains)
@settings(max_examples=200 if IS_WHOLE else 60)
def test_a_field_is_where_the_gradient_is_not_zero(layers):
    model = made_positive(nn.Sequential(*layers))
    x = torch.rand(1, 2, LENGTH, dtype=torch.float64, requires_grad=True)
    try:
        out = with_averages(model)(x + 0.0)
    except RuntimeError:  # nothing is left of the image
        assume(condition=False)
    (span,) = spans_of(model, x.detach())
    middle = range(out.shape[-1] // 2 - 4, out.shape[-1] // 2 + 4)
    lowest, highest = ends(span, middle[0])[0], ends(span, middle[-1])[1]
    assume(out.shape[-1] >= 16 and lowest > LENGTH // 5 and highest < 4 * LENGTH // 5)
    for position in middle:
        low, high = ends(span, position)
        assert seen(out, x, (position,)) == ((low,), (high,))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("three_3x3", 6),
        ("inception_module_naive", 8),
        ("residual_block_projection", 9),
        ("dense_block_k4", 12),
        ("lenet5_modern", 8),
        ("resnet20", 8),
        ("squeezenet1_1", 8),
        ("shufflenet_v1", 8),
        ("shufflenet_v2", 8),
        ("mobilenet_v2", 6),
        ("srdensenet", 5),
        ("se_block", 4),
    ],
)
def test_the_layers_of_an_architecture_see_what_their_gradients_say(name, most):
    """In the middle of the output; what would lie outside the image is cut off."""
    source = sources.find(name)
    model = with_averages(made_positive(source.build()))
    outputs = {}
    for path, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _, __, out, path=path: outputs.__setitem__(path, out * 1))
    x = torch.rand(1, *source.input_shape, dtype=torch.float64) / 1000  # residuals double it; it must stay below 6
    model(x.requires_grad_())
    fields = fields_by_layer(name)
    paths = [path for path, out in outputs.items() if out.dim() == 4 and fields.get(path) is not None]
    for path in paths[:: -(-len(paths) // most)]:
        out, field = outputs[path], fields[path]
        place = [size // 2 - size // 2 % 4 for size in out.shape[2:]]
        low, high = seen(out, x, place)
        for axis, position in enumerate(place):
            first, last = 0, x.shape[2 + axis] - 1
            if field.size[axis] is not None:
                first = max(first, field.start[axis] + field.stride[axis] * position)
                if field.stride[axis].denominator == 1:
                    last = min(last, field.start[axis] + field.stride[axis] * position + field.size[axis] - 1)
                else:
                    last = high[axis]
            assert (low[axis], high[axis]) == (first, last), path


# -- against publications ----------------------------------------------------------------------------------------------

ARAUJO = {
    # Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural Networks (Distill 2019), and the README of
    # its library: size and padding of the last layer before the pooling or the fully connected ones. The others are
    # padded there as TensorFlow does it, with less before the image than after it.
    "alexnet": (195, 64),
    "vgg16": (212, 90),
    "inception_v3": (1311, 618),
    "inception_v4": (2071, 998),
    "inception_resnet_v2": (3039, 1482),
    "bn_inception": (699, None),
    "mobilenet_v1": (315, None),
    "resnet50": (483, None),
    "resnet101": (1027, None),
    "resnet152": (1507, None),
}


@pytest.mark.parametrize("name", ARAUJO)
def test_the_last_field_is_the_published_one(name):
    fields = [field for field in receptive_fields(trace_of_architecture(name)) if None not in field.size]
    size, padding = ARAUJO[name]
    assert fields[-1].size == (size, size)
    assert fields[-1].stride == (32, 32)
    assert padding is None or fields[-1].start == (-padding, -padding)


def test_vgg16_has_the_fields_of_its_layers():
    fields = fields_by_layer("vgg16")
    sizes = [field.size[0] for path, field in fields.items() if field is not None and "conv" in path]
    # 1, and for each 3×3 twice the stride that it stands at; a pool adds one stride and doubles it
    by_hand, size, stride = [], 1, 1
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            size += 2 * stride
            by_hand.append(size)
        size, stride = size + stride, 2 * stride
    assert list(dict.fromkeys(sizes))[:13] == by_hand
    assert (by_hand[-1], size, stride) == (196, 212, 32)


def test_three_3x3_see_as_much_as_one_7x7():
    assert (
        receptive_fields(trace_of_architecture("three_3x3"))[-1]
        == receptive_fields(trace_of_architecture("one_7x7"))[-1]
    )


@pytest.mark.parametrize("name", list(registry.architectures))
@pytest.mark.sampled(3)
def test_every_op_of_an_architecture_is_followed(name):
    assert None not in receptive_fields(trace_of_architecture(name))


# -- by hand -----------------------------------------------------------------------------------------------------------

IMAGE = (1, 4, 12, 12)
weights = functools.partial(torch.empty, device="meta")


def attention(x):
    tokens = x.flatten(2).transpose(1, 2)
    return F.scaled_dot_product_attention(tokens, tokens, tokens)


def slow_attention(x):
    tokens = x.flatten(2).transpose(1, 2)
    return (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens


def windows(x):
    """Attention within windows of 3×4."""
    n, c, h, w = x.shape
    tokens = x.view(n, c, h // 3, 3, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 12, c)
    tokens = F.scaled_dot_product_attention(tokens, tokens, tokens)
    return tokens.view(n, h // 3, w // 4, 3, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)


def windows_of_tokens(x):
    """The same, beside the tokens that went in."""
    tokens = x.flatten(2).transpose(1, 2)
    return tokens + windows(x).flatten(2).transpose(1, 2)


def merged(x):
    """Four neighbours become one, by slices."""
    return torch.cat([x[:, :, i::2, j::2] for i in range(2) for j in range(2)], 1)


def channel_shuffle(x):
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def squeezed(x):
    return x * x.mean((2, 3), keepdim=True).sigmoid()


def with_class_token(x):
    tokens = F.conv2d(x, weights(4, 4, 3, 3), stride=3).flatten(2).transpose(1, 2)
    return torch.cat([torch.zeros(1, 1, 4, device="meta"), tokens], 1)


def mixed_tokens(x):
    tokens = with_class_token(x)
    return F.scaled_dot_product_attention(tokens, tokens, tokens)[:, 0]


def into_a_buffer(x):
    out = torch.zeros(1, 8, 12, 12, device="meta")
    out[:, :4] = F.avg_pool2d(x, 3, 1, 1)
    return out.relu()


def into_a_part(x):
    out = x * 2
    out[:, :2] = F.avg_pool2d(x, 3, 1, 1)[:, :2]
    return out.relu()


def in_place_on_a_half(x):
    x = F.avg_pool2d(x, 3, 1, 1)
    x[:, :2].relu_()
    return x + 1


def conditional_convolution(x):
    weight = x.mean((0, 2, 3)).view(1, 4, 1, 1) * weights(4, 4, 3, 3)
    return F.conv2d(x, weight)


BY_HAND = [
    (lambda x: F.conv2d(x, weights(4, 4, 7, 5), stride=(4, 2), padding=(3, 0)), "7×5, stride 4×2, padding 3×0"),
    (lambda x: F.conv2d(x, weights(4, 4, 3, 3), dilation=2), "5×5"),
    (lambda x: F.conv2d(x, weights(4, 1, 3, 3), groups=4, padding="same"), "3×3, padding 1"),
    (lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), "3×3, stride 2, padding 1"),
    (lambda x: F.max_pool2d(x, 3, return_indices=True)[0], "3×3, stride 3"),
    (lambda x: F.max_pool2d(x, 3, 1, 0, 2), "5×5"),
    (lambda x: F.avg_pool2d(x, 2), "2×2, stride 2"),
    (lambda x: F.pad(x, (1, 2, -3, 4)), "1×1, padding 0×1"),
    (lambda x: x[:, :, 1::2, ::3], "1×1, stride 2×3"),
    (lambda x: x[:, :, 1], "1×1"),
    (lambda x: F.conv_transpose2d(x, weights(4, 4, 4, 4), stride=2, padding=1), "2×2, stride 1/2, padding 1"),
    (lambda x: F.conv_transpose2d(x, weights(4, 4, 3, 3), dilation=2), "5×5, padding 4"),
    # every other place is empty; three in a row are at most two that are not
    (lambda x: F.conv2d(F.conv_transpose2d(x, weights(4, 4, 1, 1), stride=2), weights(4, 4, 3, 3)), "2×2, stride 1/2"),
    (lambda x: F.interpolate(x, scale_factor=2), "1×1, stride 1/2"),
    (lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"), "1×1, stride 1/2"),
    # between two pixels; the first lies a quarter of a pixel outside
    (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), "2×2, stride 1/2, padding 1"),
    (lambda x: F.interpolate(x, size=23, mode="bilinear", align_corners=True), "2×2, stride 1/2"),
    (lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), "4×4, stride 1/2, padding 2"),
    (lambda x: F.interpolate(x, size=8), "1×1, stride 3/2"),
    (lambda x: F.pixel_shuffle(x, 2), "1×1, stride 1/2"),
    (lambda x: F.pixel_unshuffle(x, 2), "2×2, stride 2"),
    (lambda x: F.adaptive_avg_pool2d(x, 4), "3×3, stride 3"),
    # windows ⌊12i/5⌋ … ⌈12(i+1)/5⌉: 0–2, 2–4, 4–7, 7–9, 9–11
    (lambda x: F.adaptive_avg_pool2d(x, 5), "4×4, stride 12/5"),
    (lambda x: F.adaptive_avg_pool2d(x, (1, 12)), "whole image × 1"),
    (lambda x: F.adaptive_avg_pool2d(x, 1), "whole image"),
    (lambda x: x.mean((2, 3)), "whole image"),
    (lambda x: x.mean(1), "1×1"),
    (lambda x: x.amax(3), "1 × whole image"),
    (lambda x: x.std(), "whole image"),
    (lambda x: x.softmax(2), "whole image × 1"),
    (lambda x: x.softmax(1), "1×1"),
    (lambda x: F.layer_norm(x, (12, 12)), "whole image"),
    (lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (4,)).permute(0, 3, 1, 2), "1×1"),
    (lambda x: F.group_norm(x, 2), "whole image"),
    (F.instance_norm, "whole image"),
    (lambda x: F.batch_norm(x, weights(4), weights(4)), "1×1"),
    (lambda x: F.local_response_norm(x, 3), "1×1"),
    (F.normalize, "1×1"),
    (lambda x: F.linear(x.flatten(1), weights(10, 576)), "whole image"),
    (lambda x: F.linear(x, weights(10, 12)), "1 × whole image"),
    (lambda x: F.linear(x.permute(0, 2, 3, 1), weights(10, 4)), "1×1"),
    (lambda x: x.flatten(2).transpose(1, 2).reshape(1, 12, 12, 4), "1×1"),
    (attention, "whole image"),
    (slow_attention, "whole image"),
    (windows, "3×4"),
    (lambda x: F.conv2d(windows(x), weights(4, 4, 1, 1), stride=(3, 4)), "3×4, stride 3×4"),
    (windows_of_tokens, "3×4"),
    (merged, "2×2, stride 2"),
    (channel_shuffle, "1×1"),
    (lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), "1×1"),
    (lambda x: torch.stack([x, F.avg_pool2d(x, 3, 1, 1)]).sum(0), "3×3, padding 1"),
    (lambda x: torch.cat([torch.zeros(1, 4, 2, 12, device="meta"), x], 2), "1×1, padding 2×0"),
    (squeezed, "whole image"),
    (conditional_convolution, "whole image"),
    (mixed_tokens, "whole image"),
    (in_place_on_a_half, "3×3, padding 1"),
    (lambda x: x.view(2, 2, 12, 12).expand(3, 2, 2, 12, 12), "1×1"),
    (lambda x: F.glu(x, 1), "1×1"),
    (lambda x: x[0].unbind(0)[1], "1×1"),
    (lambda x: torch.where(x > 0, x, F.avg_pool2d(x, 3, 1, 1)), "3×3, padding 1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), BY_HAND)
def test_an_op_changes_the_field_as_worked_out_by_hand(call, expected):
    assert described(call, IMAGE) == expected


UNKNOWN = {
    "positions in another order": lambda x: x.flip(2),
    "positions shifted around the edge": lambda x: x.roll(1, 2),
    "images side by side": lambda x: torch.cat([x, x], 2),
    "branches of different strides": lambda x: x + F.interpolate(x[:, :, ::2, ::2], size=12)[:, :, 1:2],
    "a transposed image on an image": lambda x: x + x.transpose(2, 3),
    "tokens and a token of none": with_class_token,
    "a part of a buffer": into_a_buffer,
    "a part that was written over": into_a_part,
    "an op without a rule": lambda x: x.cummax(2)[0],
    "pixels dealt out in another shape": lambda x: F.conv2d(x.reshape(1, 4, 16, 9), weights(4, 4, 3, 3)),
}


@pytest.mark.parametrize("call", UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_followed_is_not_made_up(call):
    assert fields_of(call, IMAGE)[-1] is None


def test_an_op_without_a_rule_does_not_make_the_whole_image_smaller():
    assert described(lambda x: x.mean((2, 3), keepdim=True).cummax(1)[0], IMAGE) == "whole image"


def test_axes_that_are_made_up_differently_are_not_united():
    """Of four columns in each of three rows, and of three rows four times."""
    rows, spans = (Factor(4, (0,), 3),), (Span((0,), (0,), 1),) * 2
    first = Sight(spans, (rows, (Factor(3, (0,), 1), Factor(4, (1,), 1))))
    second = Sight(spans, (rows, (Factor(3, (0,), 1), Factor(4))))
    assert united([first, first], (4, 12)).spans == spans
    assert united([first, second], (4, 12)).spans == (LOST, LOST)


def test_pixels_and_volumes_have_fields_along_all_their_axes():
    assert described(lambda x: F.conv1d(x, weights(4, 2, 25), stride=5), (1, 2, 100)) == "25, stride 5"
    assert described(lambda x: F.conv3d(x, weights(4, 2, 3, 5, 5), stride=2), (1, 2, 9, 9, 9)) == "3×5×5, stride 2"
    assert described(lambda x: F.max_pool1d(x, 2), (1, 2, 100)) == "2, stride 2"


def test_an_input_without_axes_after_its_channels_has_no_fields():
    assert set(fields_of(nn.Sequential(nn.Linear(8, 3), nn.ReLU()), (2, 8))) == {None}
    assert receptive_fields(trace_of(nn.Embedding(10, 4), torch.tensor([[1, 2]]))) == (None,)


def test_only_what_depends_on_the_first_input_has_a_field():
    # the second input is pooled; then both are added
    fields = fields_of(lambda x, y: x[:, :, :1] + F.avg_pool2d(y, 3), (1, 4, 3, 4), (1, 4, 3, 12))
    assert [None if field is None else describe(field) for field in fields] == ["1×1", None, "1×1"]


def test_views_of_one_shape_are_told_apart_when_made_and_taken_together_when_used():
    first, second, used = fields_of(lambda x: x[:, :, 2::4] * 0 + x[:, :, 1::4], IMAGE)[:3]
    assert (first.start[0], second.size[0], used.size[0]) == (2, 1, 1)
    # both views in use: pixels 1 and 2
    *_, both = fields_of(lambda x: x[:, :, 2::4] + x[:, :, 1::4], IMAGE)
    assert (both.start[0], both.size[0]) == (1, 2)


@pytest.mark.parametrize(
    ("size", "stride", "start", "text"),
    [
        ((7, 7), (1, 1), (0, 0), "7×7"),
        ((7, 7), (4, 4), (-3, -3), "7×7, stride 4, padding 3"),
        ((9, 9), (Fraction(1, 2), Fraction(1, 2)), (0, 0), "9×9, stride 1/2"),
        ((25,), (5,), (0,), "25, stride 5"),
        ((None, 7), (0, 2), (0, 1), "whole image × 7, stride 2"),
        ((None, None), (0, 0), (0, 0), "whole image"),
        ((3, 5), (1, 2), (-1, 0), "3×5, stride 1×2, padding 1×0"),
    ],
)
def test_a_field_is_told_in_the_words_of_a_table(size, stride, start, text):
    field = ReceptiveField(size, tuple(map(Fraction, stride)), tuple(map(Fraction, start)))
    assert describe(field) == text


def test_a_rule_that_is_taken_away_is_missed(monkeypatch):
    monkeypatch.delitem(FIELDS, "conv2d")
    assert fields_of(nn.Conv2d(4, 4, 3), IMAGE) == (None,)


class Turned(nn.Module):
    """Layers on an input whose axes come in another order."""

    def __init__(self, order, *layers):
        super().__init__()
        self.order, self.layers = order, nn.Sequential(*layers)

    def forward(self, x):
        return self.layers((x / 255).permute(self.order))


CHAIN = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, (3, 5), stride=2), nn.AvgPool2d(2)


@pytest.mark.parametrize(
    ("turned", "shape", "plain", "own"),
    [
        (Turned((0, 3, 1, 2), *CHAIN), (1, 32, 30, 3), nn.Sequential(*CHAIN), (1, 3, 32, 30)),
        (
            Turned((0, 2, 1), nn.Conv1d(3, 4, 5), nn.MaxPool1d(2)),
            (1, 32, 3),
            nn.Sequential(nn.Conv1d(3, 4, 5), nn.MaxPool1d(2)),
            (1, 3, 32),
        ),
        (
            Turned((0, 4, 1, 2, 3), nn.Conv3d(3, 4, (1, 3, 5))),
            (1, 6, 7, 8, 3),
            nn.Conv3d(3, 4, (1, 3, 5)),
            (1, 3, 6, 7, 8),
        ),
        (
            Turned((0, 2, 1, 3, 4), nn.Conv3d(3, 4, (1, 3, 5))),
            (1, 6, 3, 7, 8),
            nn.Conv3d(3, 4, (1, 3, 5)),
            (1, 3, 6, 7, 8),
        ),
    ],
    ids=["image", "signal", "clip", "clip of images"],
)
def test_the_channels_are_where_the_first_convolution_sums_over_them(turned, shape, plain, own):
    assert fields_of(turned, shape)[-1] == fields_of(plain, own)[-1]


def test_what_is_worked_out_in_place_of_constants_is_no_part_of_the_field():
    class Normed(nn.Module):
        """A norm by hand, as libraries write it that know no running statistics."""

        def __init__(self):
            super().__init__()
            self.conv, self.variance = nn.Conv2d(3, 4, 3), nn.Parameter(torch.ones(4, 1, 1))

        def forward(self, x):
            return self.conv(x) * (self.variance + 1e-5).rsqrt_()

    fields = fields_of(Normed(), (1, 3, 8, 8))
    assert fields[-1] == fields[0]
    assert fields[-1].size == (3, 3)


def test_a_network_without_a_convolution_has_its_channels_behind_the_batch():
    assert fields_of(nn.AvgPool2d(2), (1, 3, 8, 8))[-1].size == (2, 2)
