"""Every name of torch that nobody promises, and what stands for it in a torch that is without it.

A name has a public fallback where there is one. Otherwise what needs it ends with a
:class:`~archstat.errors.UnsupportedTorchError`, a sentence, and everything else goes on. Names are
looked up once, as some are called for every layer. The tests take each name away.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import Tensor

from archstat.errors import UnsupportedTorchError


def _lacks(path: str) -> Callable[..., NoReturn]:
    """What stands for a name without which something cannot be done: it says so when it is called."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise UnsupportedTorchError(
            f"torch {torch.__version__} has no torch.{path}, which this needs: take one of the versions in the README."
        )

    return refuse


def _lacking_class(path: str) -> type:
    """A class that nothing is of, for ``isinstance``; to make one is refused."""
    return type(path.rsplit(".", 1)[-1], (), {"__init__": _lacks(path)})


def _lacking_error(path: str) -> type:
    """An error that is never raised: what torch raises instead is told in its own words."""
    return type(path.rsplit(".", 1)[-1], (Exception,), {})


TORCH_NAMES: list[str] = []
"""All names that are looked up here, as they follow ``torch.``."""


def _found(path: str, instead: Any = None) -> Any:
    """A name within ``torch``, or what stands for it."""
    TORCH_NAMES.append(path)
    found: Any = torch
    *modules, _ = parts = path.split(".")
    for depth, part in enumerate(parts):
        found = getattr(found, part, None)
        if found is None and depth < len(modules):
            found = _imported(".".join(("torch", *parts[: depth + 1])))
    return found if found is not None else (instead or _lacks(path))


def _imported(name: str) -> types.ModuleType | None:
    try:
        return __import__(name, fromlist=["*"])
    except ImportError:
        return None


# -- modes, and what they see ------------------------------------------------------------------------------------------


def _wraps(tensor: Any) -> bool:
    kind = type(tensor)
    return kind is not Tensor and hasattr(kind, "__tensor_flatten__") and hasattr(kind, "__tensor_unflatten__")


if TYPE_CHECKING:
    from torch._ops import OpOverload as OpOverload
    from torch._subclasses.fake_tensor import DataDependentOutputException as DataDependentOutputException
    from torch._subclasses.fake_tensor import DynamicOutputShapeException as DynamicOutputShapeException
    from torch._subclasses.fake_tensor import FakeTensor as FakeTensor
    from torch._subclasses.fake_tensor import FakeTensorMode as FakeTensorMode
    from torch.utils._python_dispatch import TorchDispatchMode as TorchDispatchMode
    from torch.utils._python_dispatch import is_traceable_wrapper_subclass as is_traceable_wrapper_subclass
else:
    _FAKE, _DISPATCH = "_subclasses.fake_tensor", "utils._python_dispatch"
    FakeTensor = _found(f"{_FAKE}.FakeTensor", _lacking_class(f"{_FAKE}.FakeTensor"))
    FakeTensorMode = _found(f"{_FAKE}.FakeTensorMode", _lacking_class(f"{_FAKE}.FakeTensorMode"))
    DataDependentOutputException, DynamicOutputShapeException = (
        _found(path, _lacking_error(path))
        for path in (f"{_FAKE}.DataDependentOutputException", f"{_FAKE}.DynamicOutputShapeException")
    )
    TorchDispatchMode = _found(f"{_DISPATCH}.TorchDispatchMode", _lacking_class(f"{_DISPATCH}.TorchDispatchMode"))
    is_traceable_wrapper_subclass = _found(f"{_DISPATCH}.is_traceable_wrapper_subclass", _wraps)
    OpOverload = _found("_ops.OpOverload", type(torch.ops.aten.add.Tensor))

HigherOrderOperator: type = _found("_ops.HigherOrderOperator", _lacking_class("_ops.HigherOrderOperator"))

dispatch_keys: Any = _found("_C.DispatchKey")
has_kernel: Callable[[str, Any], bool] = _found("_C._dispatch_has_kernel_for_dispatch_key")
"""Whether an op, by its name, has a kernel of its own for a dispatch key."""

no_dispatch: Callable[[], Any] = _found("_C._DisableTorchDispatch")
"""What is run within it, no mode and no class of tensors sees."""

no_functions: Callable[[], Any] = _found("_C.DisableTorchFunction", contextlib.nullcontext)
"""What is run within it, no mode and no class of tensors above autograd sees."""

dispatch_depth: Callable[[], int] = _found("_C._len_torch_dispatch_stack", lambda: 0)
"""How many dispatch modes are active; of a torch that does not tell, no layer is answered for without running it."""

function_depth: Callable[[], int] = _found("_C._len_torch_function_stack", lambda: 0)
function_modes: Callable[[], list[Any]] = _found("overrides._get_current_function_mode_stack", list)
"""The modes that see torch's functions; of a torch that does not tell, none."""

leave_function_mode: Callable[[], Any] = _found("_C._pop_torch_function_stack")

_hooked = [_found(f"nn.modules.module._global_{what}_registration_hooks", [None]) for what in ("parameter", "buffer")]


def has_registration_hooks() -> bool:
    """Whether somebody looks on when modules are given what they hold; of a torch that does not tell: yes."""
    return any(_hooked)


def _enter(mode: Any) -> None:
    TorchDispatchMode.__enter__(mode)  # type: ignore[no-untyped-call]  # torch gives it no types


def _leave(_: None) -> None:
    """Leave the newest mode; torch's own way asks no mode for anything but how it was entered."""
    TorchDispatchMode.__exit__(dispatch_modes()[-1], None, None, None)  # type: ignore[no-untyped-call]  # likewise


def _no_modes() -> list[Any]:
    return [_lacks("utils._python_dispatch._get_current_dispatch_mode_stack")()]


dispatch_modes: Callable[[], list[Any]] = _found("utils._python_dispatch._get_current_dispatch_mode_stack", _no_modes)
enter_dispatch_mode: Callable[[Any], None] = _found("_C._push_on_torch_dispatch_stack", _enter)
leave_dispatch_mode: Callable[[None], Any] = _found("_C._pop_torch_dispatch_stack", _leave)
if _enter is enter_dispatch_mode or _leave is leave_dispatch_mode:  # who comes in one way leaves the same way
    enter_dispatch_mode, leave_dispatch_mode = _enter, _leave


def as_written(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the ops that a composite op stands for, by the kernel that a CPU runs; else as ``decompose`` does."""
    run, key = getattr(op, "_op_dk", None), getattr(dispatch_keys, "CompositeImplicitAutograd", None)
    return op.decompose(*args, **kwargs) if run is None or key is None else run(key, *args, **kwargs)


beneath_autograd: Callable[[], Any] = _found("_C._AutoDispatchBelowADInplaceOrView", torch.inference_mode)
"""Within it ops reach a mode as they were written; of the public fallback, what a network keeps cannot be trained."""

vmap_level: Callable[[], Any] = _found("_C._functorch.maybe_current_level", lambda: -1)
"""``None`` outside of ``vmap``; where a torch does not tell, no layer is answered for without running it."""

is_hiding_dimensions: Callable[[Tensor], bool] = _found("_C._functorch.is_functorch_wrapped_tensor")

print_options: Callable[[], dict[str, Any]] = _found("_tensor_str.get_printoptions", dict)
"""How tensors are printed, which torch can be told and not asked; where it cannot be, nothing is put back."""

# -- autocast ----------------------------------------------------------------------------------------------------------


def _casts_anywhere() -> bool:
    return any(map(torch.is_autocast_enabled, ("cpu", "cuda")))


def _cast_nowhere() -> Any:
    return torch.autocast("cpu", enabled=False)


has_autocast: Callable[[], bool] = _found("_C._is_any_autocast_enabled", _casts_anywhere)
without_autocast: Callable[[], Any] = _found("_C._DisableAutocast", _cast_nowhere)
as_dispatched: Callable[[], Any] = _found("_C._RestorePythonTLSSnapshot")
"""Within it, torch is as it was when an op was dispatched: a dispatch mode runs with autocast off."""

excluding: Callable[[Any, bool], Any] = _found("_C._SetExcludeDispatchKeyGuard")


def autocast_key(device_type: str) -> Any:
    """The dispatch key of autocast on a type of device, ``None`` if it has none.

    Raises:
        UnsupportedTorchError: Torch has no names for its keys.
    """
    if not isinstance(dispatch_keys, type):
        dispatch_keys()
    return getattr(dispatch_keys, f"Autocast{device_type.upper()}", None)


# -- switches ----------------------------------------------------------------------------------------------------------


def _set_deterministic(switch: bool) -> None:
    torch.use_deterministic_algorithms(switch)


def _set_gradients(switch: bool) -> None:
    torch.set_grad_enabled(switch)


def _has_cudnn() -> bool:
    return bool(torch.backends.cudnn.enabled)


has_cudnn: Callable[[], bool] = _found("_C._get_cudnn_enabled", _has_cudnn)
is_deterministic: Callable[[], bool] = _found(
    "_C._get_deterministic_algorithms", torch.are_deterministic_algorithms_enabled
)
set_deterministic: Callable[[bool], None] = _found("_C._set_deterministic_algorithms", _set_deterministic)
set_gradients: Callable[[bool], None] = _found("_C._set_grad_enabled", _set_gradients)
optimizes_scripts: Callable[[], bool] = _found("_C._get_graph_executor_optimize", lambda: True)
set_optimizes_scripts: Callable[[bool], None] = _found("_C._set_graph_executor_optimize", lambda _: None)
"""Without it, scripted code is recorded as torch rewrites it."""

is_profiling: Callable[[], bool] = _found("_C._autograd._profiler_enabled")

# -- autograd ----------------------------------------------------------------------------------------------------------

current_node: Callable[[], Any] = _found("_C._current_autograd_node")
next_node_number: Callable[[], int] = _found("_C._autograd._get_sequence_nr")
storage_uses: Callable[[int], int] = _found("_C._storage_Use_Count")


def uses(tensor: Tensor) -> tuple[int, int]:
    """How often a tensor, and its memory, are referred to.

    Raises:
        UnsupportedTorchError: Torch does not tell.
    """
    count: Callable[[], int] = getattr(tensor, "_use_count", None) or _lacks("Tensor._use_count")
    return count(), storage_uses(tensor.untyped_storage()._cdata)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives it no types
    """Notes how often the first of two gradients is referred to when autograd adds them up."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.seen: tuple[int, int] | None = None

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.add.Tensor and current_node() is not None:
            self._look(args)
        return func(*args, **(kwargs or {}))

    def _look(self, args: tuple[Any, ...]) -> None:
        first, _ = args
        self.seen = uses(first)


@functools.cache
def uses_unshared() -> tuple[int, int] | None:
    """How often a gradient that only autograd holds is referred to in a dispatch mode: how torch calls that changed."""
    x = torch.ones(2, requires_grad=True)
    total = (x.exp() + x.sin()).sum()
    counter = _Counter()
    with counter:
        torch.autograd.grad(total, x)
    return counter.seen


def _data(tensor: Tensor) -> Tensor:
    return tensor.data


data_of: Callable[[Tensor], Tensor] = getattr(vars(_found("_C.TensorBase", type)).get("data"), "__get__", _data)
"""A tensor's ``data``: called for every parameter of every network, it is asked for without Python's detour."""

# -- nested tensors of jagged layout -----------------------------------------------------------------------------------

if TYPE_CHECKING:
    from torch.nested._internal import nested_tensor as nested_tensor

    Jagged = nested_tensor.NestedTensor
else:
    _NESTED = "nested._internal.nested_tensor"
    _no_nested = types.ModuleType(_NESTED)
    _no_nested.NestedTensor = _lacking_class(f"{_NESTED}.NestedTensor")
    _no_nested._nt_view_dummy = lambda: None
    _no_nested.jagged_from_tensor_and_lengths = _lacks(f"{_NESTED}.jagged_from_tensor_and_lengths")
    nested_tensor = _found(_NESTED, _no_nested)
    Jagged = nested_tensor.NestedTensor


jagged_of_values: Callable[..., Tensor] = _found("_nested_view_from_jagged")
cast_attention: Callable[..., Any] = _found("nested._internal.sdpa._autocast")

# -- torch's compiler: it takes a second to import, and only who compiles has it ---------------------------------------

_COMPILER = "torch._dynamo.eval_frame"
"""Where torch's compiler keeps its stance."""


def has_compiler() -> bool:
    """Whether somebody imported torch's compiler."""
    return "torch._dynamo" in sys.modules


def compiler_stance() -> Any:
    """What the compiler is to do with what is compiled; ``None``: it is not there, or does not tell."""
    return getattr(sys.modules.get(_COMPILER), "_stance", None)


def run_eagerly() -> None:
    """Have what is compiled run as it was written; a torch without stances runs what was compiled."""
    stance = getattr(sys.modules.get(_COMPILER), "DynamoStance", None)
    if stance is not None:
        set_compiler_stance(stance("force_eager"))


def set_compiler_stance(stance: Any) -> None:
    """Give the compiler a stance, unless it is at work; ``None``: the one it has at first."""
    compiler: Any = sys.modules.get(_COMPILER)
    change = getattr(compiler, "_set_stance", None)
    if change is not None and _compiling() in (None, False):
        change(stance or compiler.DynamoStance())


_compiling: Callable[[], Any] = _found("_C._dynamo.eval_frame.get_eval_frame_callback", lambda: None)


def is_compiler_loaded() -> bool:
    """Whether anybody has used ``torch.compile`` in this process; to ask torch itself would load it."""
    return "torch._dynamo" in sys.modules
