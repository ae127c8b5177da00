"""Which way a forward pass takes: the modules that run, the ops they run, and whether hooks change that.

``nn.TransformerEncoderLayer`` runs one fused op, and many ops as soon as a hook stands on it; a module whose
``forward`` is called directly has hooks that never fire, and one that is compiled or scripted likewise. None of this
raises: it is found by running the network once as it is and once with hooks.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn

from archstat.errors import first_line
from archstat.measuring.hooks.stopwatch import AfterHook, BeforeHook, hooks_on
from archstat.measuring.prepared import Prepared
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason
from archstat.tracing.layers import Layers
from archstat.tracing.modes import without_compiler
from archstat.tracing.torch_private import TorchDispatchMode

NAMED = 3
"""How many modules, or ops, a sentence names before it says how many more there are."""


class Call(NamedTuple):
    """One run of a module: its number, and which run of it in a pass, from 1; direct calls of ``forward`` count."""

    module: int
    call: int


class Way(NamedTuple):
    """The way of a pass with hooks.

    Attributes:
        calls: The runs that hooks see, in the order in which they began.
        reasons: What a reader of such a pass must know.
    """

    calls: tuple[Call, ...]
    reasons: tuple[Reason, ...]

    def check(self, modules: list[int]) -> None:
        """Refuse a pass that did not run these modules.

        Raises:
            CannotMeasure: Another pass ran other modules, or in another order.
        """
        if modules != [call.module for call in self.calls]:
            text = (
                f"One pass runs {len(self.calls)} modules, another one {len(modules)} or in another order: layers "
                "can be measured only where every pass runs the same."
            )
            raise CannotMeasure(Reason("PATH_VARIES", text))


def find_way(prepared: Prepared, layers: Layers) -> Way:
    """The way of a pass with hooks, and how it differs from one without."""
    try:
        return _find(prepared, layers, lists_ops=True)
    except Exception as error:  # noqa: BLE001 - what torch compiles by itself, as flex_attention, refuses to be listed
        said = first_line(error)
    way = _find(prepared, layers, lists_ops=False)
    text = f"The ops could not be listed ({said}): whether hooks change what runs is known of modules only."
    return Way(way.calls, (*way.reasons, Reason("OPS_UNLISTED", text)))


def _find(prepared: Prepared, layers: Layers, *, lists_ops: bool) -> Way:
    bare, hooked = _Follower(layers.modules), _Follower(layers.modules)
    bare.follow(prepared, lists_ops=lists_ops)
    with hooks_on(layers.modules, hooked.hooks_of):
        hooked.follow(prepared, lists_ops=lists_ops)
    reasons = (_changed(bare, hooked, layers), _unseen(hooked, layers))
    return Way(tuple(hooked.seen), tuple(reason for reason in reasons if reason is not None))


def refuse_compiled(prepared: Prepared) -> None:
    """Hooks on compiled code fire never, or break it up: there are no layers to be seen.

    Raises:
        CannotMeasure: The network, or a part of it, is compiled or traced; or all of it is scripted.
    """
    if prepared.conditions.mode == "compiled":
        text = "Layers can be told apart in eager mode only; the compiled network was measured as a whole."
        raise CannotMeasure(Reason("COMPILED_NO_LAYERS", text))
    if isinstance(prepared.model, torch.jit.ScriptModule):
        text = "A scripted or traced network takes no hooks: it can be measured as a whole only."
        raise CannotMeasure(Reason("COMPILED_NO_LAYERS", text))
    compiled = [path for path, module in prepared.model.named_modules() if _is_compiled(module)]
    if compiled:
        where = f"its part {_names(compiled)}" if compiled[0] else "the network"
        text = (
            f"Layers can be told apart in eager mode only, and {where} is compiled or traced: give it as it was before."
        )
        raise CannotMeasure(Reason("COMPILED_NO_LAYERS", text))


def _is_compiled(module: nn.Module) -> bool:
    """By ``torch.compile(module)``, ``module.compile()``, a decorated ``forward`` or ``torch.jit.trace``."""
    if isinstance(module, torch.jit.ScriptModule):
        return "_modules" not in vars(
            module
        )  # a traced one hides what modules it has; a scripted one only takes no hooks
    is_compiled = getattr(module, "_compiled_call_impl", None) is not None
    return is_compiled or bool(getattr(module.forward, "_is_torch_compile", False))


class _Follower(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes which forward runs and every op in it.

    Attributes:
        forwards: Every run of a forward, in the order in which they began.
        ops: The names of the ops of each of these runs itself.
        parents: The index of the run in which each of them began, -1 for none.
        seen: The runs of a forward that hooks announced.
    """

    supports_higher_order_operators = True  # torch.cond, flex_attention: one op each

    def __init__(self, modules: list[nn.Module]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.forwards: list[Call] = []
        self.ops: list[list[str]] = []
        self.parents: list[int] = []
        self.seen: list[Call] = []
        self._modules = modules
        self._times = [0] * len(modules)
        self._announced: int | None = None
        self._running = -1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._running >= 0:
            self.ops[self._running].append(func.name())
        return func(*args, **(kwargs or {}))

    def hooks_of(self, number: int) -> tuple[BeforeHook, AfterHook]:
        """Hooks that announce a forward; the second is there because the times have one too."""

        def before(_module: nn.Module, _args: Any) -> None:
            self._announced = number

        def after(_module: nn.Module, _args: Any, _output: Any) -> None:
            return

        return before, after

    def follow(self, prepared: Prepared, *, lists_ops: bool) -> None:
        """Run a pass."""
        with self._shadows():
            if not lists_ops:
                prepared.run_eagerly()
                return
            with self:
                without_compiler(prepared.run_eagerly)

    @contextlib.contextmanager
    def _shadows(self) -> Iterator[None]:
        """Shadow every ``forward``, so that direct calls are seen too."""
        with contextlib.ExitStack() as shadows:
            for number, module in enumerate(self._modules):
                if not isinstance(module, torch.jit.ScriptModule):
                    shadows.enter_context(_attribute(module, "forward", self._shadow(number, module.forward)))
            yield

    def _shadow(self, number: int, forward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(forward)
        def followed(*args: Any, **kwargs: Any) -> Any:
            outer, self._running = self._running, self._begin(number)
            try:
                return forward(*args, **kwargs)
            finally:
                self._running = outer

        return followed

    def _begin(self, number: int) -> int:
        self._times[number] += 1
        call = Call(number, self._times[number])
        if self._announced == number:
            self.seen.append(call)
        # A hook announces one run: a direct call that follows must not pass for announced.
        self._announced = None
        self.forwards.append(call)
        self.ops.append([])
        self.parents.append(self._running)
        return len(self.forwards) - 1

    def own_ops(self) -> dict[Call, list[str]]:
        """The ops that each run ran itself."""
        return dict(zip(self.forwards, self.ops, strict=True))

    def ops_in(self, call: Call) -> list[str]:
        """The ops of a run, those of the runs in it included, the order aside."""
        inside = {self.forwards.index(call)}  # in the order of their beginnings a run comes before those in it
        for index, parent in enumerate(self.parents):
            if parent in inside:
                inside.add(index)
        return [op for index in sorted(inside) for op in self.ops[index]]


@contextlib.contextmanager
def _attribute(module: nn.Module, name: str, value: Any) -> Iterator[None]:
    """An attribute of one instance, and after that what was there."""
    state = module.__dict__
    was_there, found = name in state, state.get(name)
    state[name] = value
    try:
        yield
    finally:
        if was_there:
            state[name] = found
        else:
            state.pop(name, None)


def _changed(bare: _Follower, hooked: _Follower, layers: Layers) -> Reason | None:
    """Whether a module ran other ops once hooks stood on it."""
    others = hooked.own_ops()
    changed = [call for call, ops in bare.own_ops().items() if others.get(call) != ops]
    if not changed:
        return None
    call = changed[0]
    before, after = bare.ops_in(call), hooked.ops_in(call) if call in others else []
    paths = list(dict.fromkeys(layers.specs[each.module].path for each in changed))
    what = f"{_ops(before)} → {_ops(after)} in {_quoted(paths[0])}"
    is_fused = any("transformer_encoder" in op or "multi_head_attention" in op for op in before)
    advice = "; torch.backends.mha.set_fastpath_enabled(False) makes the whole pass the same" if is_fused else ""
    text = f"Hooks change what runs in {_names(paths)}: {what}. The rows are those of the changed pass{advice}."
    return Reason("HOOKS_CHANGE_PATH", text)


def _unseen(hooked: _Follower, layers: Layers) -> Reason | None:
    """Which modules ran without their hooks. One whose forward does not run at all is not missed."""
    direct = set(hooked.forwards) - set(hooked.seen)
    scripted = {n for n, module in enumerate(layers.modules) if isinstance(module, torch.jit.ScriptModule)}
    unseen = sorted({call.module for call in direct} | scripted)
    if not unseen:
        return None
    names = _names([layers.specs[number].path for number in unseen])
    text = f"Hooks miss runs of {names}: scripted, or .forward() called; that time is in the row of the caller."
    return Reason("HOOKS_NOT_FIRED", text)


def _ops(ops: list[str]) -> str:
    """How many ops, and which.

    >>> _ops(["aten::relu", "aten::relu", "aten::add.Tensor"])
    '3 ops (relu, add)'
    """
    names = list(dict.fromkeys(op.removeprefix("aten::").split(".")[0] for op in ops))
    return f"{len(ops)} op{'s' * (len(ops) != 1)} ({_listed(names)})" if ops else "no op"


def _names(paths: list[str]) -> str:
    return _listed([_quoted(path) for path in paths])


def _quoted(path: str) -> str:
    return repr(path) if path else "the network itself"


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
