"""Layers made after a prototype are as torch makes them, and share nothing with it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from archstat.networks import prototypes
from archstat.networks.construction import MetaConstruction, on_meta

CASES: dict[type[nn.Module], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    nn.Conv1d: [((4, 6, 3), {}), ((4, 6, 3), {"padding": "same", "padding_mode": "circular"})],
    nn.Conv2d: [
        ((4, 6, 3), {}),
        ((4, 6, (3, 1)), {"stride": (2, 1), "padding": (1, 0), "groups": 2, "bias": False}),
        ((4, 6, 3), {"dilation": 2, "dtype": torch.float16, "padding_mode": "reflect", "padding": 1}),
    ],
    nn.Conv3d: [((2, 3, 3), {"bias": False})],
    nn.ConvTranspose1d: [((2, 3, 3), {})],
    nn.ConvTranspose2d: [((2, 3, 3), {"stride": 2, "output_padding": 1})],
    nn.ConvTranspose3d: [((2, 3, 3), {})],
    nn.Linear: [((4, 6), {}), ((4, 6), {"bias": False}), ((4, 6, True, None, torch.float64), {})],
    nn.Bilinear: [((2, 3, 4), {})],
    nn.Embedding: [((10, 4), {}), ((10, 4), {"padding_idx": 0, "max_norm": 1.0})],
    nn.BatchNorm1d: [((4,), {})],
    nn.BatchNorm2d: [((4,), {}), ((4,), {"affine": False}), ((4,), {"track_running_stats": False, "momentum": None})],
    nn.BatchNorm3d: [((4, 1e-3, 0.01), {})],
    nn.InstanceNorm2d: [((4,), {}), ((4,), {"affine": True, "track_running_stats": True})],
    nn.GroupNorm: [((2, 4), {}), ((2, 4), {"affine": False})],
    nn.LayerNorm: [((4,), {}), (((4, 5),), {"elementwise_affine": False}), ((4,), {"bias": False})],
    nn.Flatten: [((), {}), ((0, 1), {})],
    nn.Identity: [((), {}), ((3,), {"any": "thing"})],
    nn.Dropout: [((), {}), ((0.1,), {"inplace": True})],
    nn.Softmax: [((-1,), {})],
    nn.LocalResponseNorm: [((5,), {"alpha": 1e-4, "beta": 0.75, "k": 2.0})],
    nn.ReLU: [((), {}), ((True,), {})],
    nn.LeakyReLU: [((0.2,), {})],
    nn.PReLU: [((), {}), ((3, 0.1), {})],
    nn.GELU: [((), {"approximate": "tanh"})],
    nn.MaxPool2d: [((3, 2), {"ceil_mode": True, "return_indices": True}), (((2, 2),), {})],
    nn.AvgPool2d: [((2,), {"count_include_pad": False})],
    nn.AdaptiveAvgPool2d: [((1,), {}), (((2, None),), {})],
    nn.AdaptiveMaxPool2d: [((1,), {})],
}
EVERY = [(kind, *arguments) for kind in prototypes.LAYERS for arguments in CASES.get(kind, [((), {})])]


@pytest.fixture(autouse=True)
def _none_yet() -> Iterator[None]:
    prototypes._prototypes.clear()
    yield
    prototypes._prototypes.clear()


def same(ours: Any, torchs: Any) -> bool:
    """Whether two values of attributes are equal, of one type, with tensors as large and of one kind."""
    if ours.__class__ is not torchs.__class__:
        return False
    if isinstance(ours, dict):
        return list(ours) == list(torchs) and all(same(ours[name], torchs[name]) for name in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(torchs) and all(map(same, ours, torchs))
    if isinstance(ours, Tensor):
        about = ("shape", "dtype", "device", "requires_grad", "is_leaf", "layout", "__dict__")
        alike = all(getattr(ours, name) == getattr(torchs, name) for name in about) and ours.stride() == torchs.stride()
        return alike and (ours.is_meta or torch.equal(ours, torchs))
    return bool(ours == torchs)


def changeable(layer: nn.Module) -> set[int]:
    """All of a layer that could be changed, and the memory of its tensors."""
    held = [each for each in vars(layer).values() if isinstance(each, list | dict | set)]
    tensors = [*layer.parameters(), *layer.buffers()]
    return {*map(id, held), *map(id, tensors), *(each.untyped_storage()._cdata for each in tensors)}


@pytest.mark.parametrize(("kind", "args", "kwargs"), EVERY, ids=str)
def test_a_layer_after_a_prototype_is_as_torch_makes_it(kind, args, kwargs):
    with MetaConstruction():
        torchs = kind(*args, **kwargs)
    with on_meta():
        first, second, third = (kind(*args, **kwargs) for _ in range(3))
    (prototype,) = prototypes._prototypes.values()
    assert prototype is not None
    for ours in (first, second, third):
        assert same(vars(ours), vars(torchs))
        assert repr(ours) == repr(torchs)
    for one, other in ((first, second), (second, third)):
        assert not changeable(one) & changeable(other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (nn.ReLU, True, 1),
        (nn.Dropout, 0, 0.0),
        (nn.LocalResponseNorm, 1, True),
        (nn.LeakyReLU, 1, 1.0),
    ],
)
def test_arguments_that_are_equal_and_not_the_same_make_different_layers(kind, one, other):
    with on_meta():
        made = [kind(argument) for argument in (one, other, one, other)]
    with MetaConstruction():
        expected = [kind(argument) for argument in (one, other, one, other)]
    assert all(map(same, map(vars, made), map(vars, expected)))


def test_what_one_layer_changes_of_itself_no_other_has():
    with on_meta():
        first = nn.Conv2d(2, 2, 3, padding="same")
        first._reversed_padding_repeated_twice[0] = 7
        first.register_buffer("more", None)
        second = nn.Conv2d(2, 2, 3, padding="same")
        second._reversed_padding_repeated_twice[0] = 8
        second.register_forward_hook(print)
        third = nn.Conv2d(2, 2, 3, padding="same")
        norms = [nn.BatchNorm2d(2) for _ in range(3)]
        norms[0].num_batches_tracked += 3
        norms[1].num_batches_tracked += 4
        last = nn.BatchNorm2d(2)
    assert third._reversed_padding_repeated_twice == [1, 1, 1, 1]
    assert "more" not in third._buffers
    assert not third._forward_hooks
    assert [int(norm.num_batches_tracked) for norm in (*norms, last)] == [3, 4, 0, 0]


class _Own(nn.Conv2d):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.extra = [1]


class _Counted(nn.Linear):
    made = 0

    def reset_parameters(self) -> None:
        _Counted.made += 1


def test_subclasses_and_lists_take_torchs_way():
    with on_meta():
        for _ in range(2):
            assert _Own(2, 2, 1).extra == [1]
            assert nn.LayerNorm([4, 5]).normalized_shape == (4, 5)
            _Counted(2, 2)
    assert _Counted.made == 2
    assert not prototypes._prototypes


def test_weights_with_values_are_drawn_for_each_layer():
    with on_meta():
        layers = [nn.Linear(3, 3, device="cpu") for _ in range(3)]
    assert not layers[1].weight.is_meta
    assert not torch.equal(layers[1].weight, layers[2].weight)


def test_an_impossible_layer_is_refused_each_time():
    with on_meta():
        for _ in range(2):
            with pytest.raises(ValueError, match="divisible by groups"):
                nn.Conv2d(3, 4, 1, groups=2)
            with pytest.raises(TypeError):
                nn.ReLU(1, 2, 3)


def test_the_default_type_counts():
    with on_meta():
        single = nn.Linear(2, 2)
        torch.set_default_dtype(torch.float64)
        try:
            double = nn.Linear(2, 2)
        finally:
            torch.set_default_dtype(torch.float32)
    assert (single.weight.dtype, double.weight.dtype) == (torch.float32, torch.float64)


def test_a_mode_that_is_left_without_its_end_leaves_no_layers_without_values():
    context = on_meta()
    context.__enter__()
    nn.Linear(2, 2)
    torch.overrides._pop_mode()  # as where an interrupt keeps what follows from being run
    try:
        with torch.device("cpu"):
            assert not nn.Linear(2, 2).weight.is_meta
        assert not nn.Linear(2, 2).weight.is_meta
    finally:
        torch.overrides._push_mode(MetaConstruction())
        context.__exit__(None, None, None)


def test_beside_another_mode_torch_makes_the_layer():
    with on_meta():
        nn.Linear(2, 2)
        with torch.device("cpu"):
            real = nn.Linear(2, 2)
    assert not real.weight.is_meta


def test_who_looks_on_when_modules_register_sees_every_layer():
    seen = []
    handle = nn.modules.module.register_module_parameter_registration_hook(
        lambda _module, name, _parameter: seen.append(name)
    )
    try:
        with on_meta():
            for _ in range(2):
                nn.Linear(2, 2)
    finally:
        handle.remove()
    assert seen == ["weight", "bias", "weight", "bias"]


def test_what_a_library_replaces_for_a_while_counts(monkeypatch):
    with on_meta():
        nn.Linear(2, 2)
        calls: list[nn.Linear] = []

        def leave_as_it_is(self: nn.Linear) -> None:
            calls.append(self)

        monkeypatch.setattr(nn.Linear, "reset_parameters", leave_as_it_is)
        nn.Linear(2, 2)
    assert len(calls) == 1


def test_a_constructor_that_somebody_replaced_is_called_each_time(monkeypatch):
    own, calls = nn.Linear.__init__, []

    def patched(self: nn.Linear, *args: Any) -> None:
        calls.append(args)
        own(self, *args)

    monkeypatch.setattr(nn.Linear, "__init__", patched)
    with on_meta():
        for _ in range(3):
            nn.Linear(2, 2)
    assert len(calls) == 3
    assert nn.Linear.__init__ is patched


def test_torch_has_its_constructors_back_whatever_happened():
    before = {kind: vars(kind).get("__init__") for kind in prototypes.LAYERS}

    def build() -> None:
        assert nn.Conv2d.__init__ is not before[nn.Conv2d]
        with on_meta():
            nn.Conv2d(2, 2, 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), on_meta():
        build()
    assert {kind: vars(kind).get("__init__") for kind in prototypes.LAYERS} == before


def test_another_thread_has_values_meanwhile():
    found = []

    def build() -> None:
        found.extend(nn.Linear(2, 2).weight.is_meta for _ in range(3))

    with on_meta():
        assert nn.Linear(2, 2).weight.is_meta
        assert nn.Linear(2, 2).weight.is_meta
        thread = threading.Thread(target=build)
        thread.start()
        thread.join()
    assert found == [False] * 3


def test_no_more_than_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(prototypes, "PROTOTYPES_MOST", 5)
    with on_meta():
        for width in range(1, 20):
            assert nn.Linear(width, 2).weight.shape == nn.Linear(width, 2).weight.shape == (2, width)
    assert len(prototypes._prototypes) <= 5
