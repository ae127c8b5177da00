"""What recurrent ops make of tensors without values, whose own meta kernels walk through every step in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from archstat.tracing import torch_private
from archstat.tracing.torch_private import FakeTensor

_aten = torch.ops.aten
_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def _states(
    name: str, steps: Tensor, before: Tensor | Sequence[Tensor], weights: Sequence[Tensor], rest: Sequence[Any]
) -> tuple[int, list[Tensor]] | None:
    """The width of what each step hands on, and the last states; ``None`` for what torch may refuse.

    ``rest`` is ``has_biases, layers, dropout, training, is_bidirectional, …``.
    """
    states = [before] if isinstance(before, Tensor) else list(before)
    first, second = weights[0], weights[1]
    is_usual = (
        first.dim() == second.dim() == 2
        and first.shape[0] == second.shape[0]
        and first.shape[0] % _GATES[name] == 0
        and first.shape[1] == steps.shape[-1]
        and second.shape[1] == states[0].shape[-1]
        and len(states) == (2 if name == "lstm" else 1)
        and all(tensor.dtype is steps.dtype for tensor in (*states, *weights))
    )
    directions = 2 if rest[4] else 1
    alike = all(state.dim() == 3 and state.shape[0] == rest[1] * directions for state in states)
    widths = (second.shape[1], first.shape[0] // _GATES[name])
    fits = all(state.shape[-1] == width for state, width in zip(states, widths, strict=False))
    if not (is_usual and alike and fits):
        return None
    return directions * second.shape[1], [state.new_empty(state.shape) for state in states]


def padded(op: Any, name: str) -> Callable[..., Any]:
    """What runs for a recurrent op on padded input: empty outputs of its shapes, or where it is unusual the op.

    Its arguments: ``(input, states, weights, has_biases, layers, dropout, training, is_bidirectional, batch_first)``.
    """

    def run(x: Tensor, before: Any, weights: Sequence[Tensor], *rest: Any) -> Any:
        found = _states(name, x, before, weights, rest) if x.dim() == 3 and 0 not in x.shape else None
        batch = (x.shape[0] if rest[-1] else x.shape[1]) if x.dim() == 3 else -1
        if found is None or any(state.shape[1] != batch for state in found[1]):
            return op(x, before, weights, *rest)
        width, states = found
        if not rest[-1]:
            return x.new_empty((*x.shape[:2], width)), *states
        return x.new_empty((x.shape[1], x.shape[0], width)).transpose(0, 1), *states  # steps come first in memory

    return run


def packed_sequence_run(op: Any, name: str) -> Callable[..., Any]:
    """What runs for a recurrent op on packed input: empty outputs of its shapes, or where it is unusual the op.

    Its arguments: ``(data, batch sizes, states, weights, has_biases, layers, dropout, training, is_bidirectional)``.
    """

    def run(x: Tensor, sizes: Tensor, before: Any, weights: Sequence[Tensor], *rest: Any) -> Any:
        found = _states(name, x, before, weights, rest) if x.dim() == 2 and 0 not in x.shape else None
        if found is None:
            return op(x, sizes, before, weights, *rest)
        return x.new_empty((x.shape[0], found[0])), *found[1]

    return run


_pack = _aten._pack_padded_sequence.default


def pack(x: Tensor, lengths: Tensor, batch_first: bool) -> Any:
    """``(input, lengths, batch_first)``: how many steps there are in all, and in each, is told by the lengths alone."""
    if lengths.is_meta or isinstance(lengths, FakeTensor) or x.dim() < 2:
        return _pack(x, lengths, batch_first)
    # On a real tensor of two axes, and unseen: only the sizes matter, and it is no op of the network's.
    with torch_private.no_dispatch():
        steps, sizes = _pack(torch.empty(x.shape[:2]), lengths, batch_first)
    return x.new_empty((steps.shape[0], *x.shape[2:])), sizes


#: What is run for the op that packs sequences.
PACKING: dict[Any, Callable[..., Any]] = {_pack: pack}


def scratch_bytes(name: str, args: Sequence[Any]) -> int:
    """The most that a GRU or a plain RNN allocates on a CPU while it runs, beside what it hands on.

    A layer works out the gates of all steps from its input at once, keeps what each step puts out and stacks that; of
    two directions it then holds both, and joins them. While the last step of a GRU runs, four states are alive beside
    these. At the end the last states of all layers are stacked.
    Left out: an LSTM, which oneDNN runs in memory of its own, and packed sequences.
    """
    if name not in _KEPT_GATES or len(args) != 9 or args[0].dim() != 3:
        return 0
    x, before, _, _, layers, _, _, is_bidirectional, batch_first = args
    steps, batch = (x.shape[1], x.shape[0]) if batch_first else x.shape[:2]
    gates, directions = _KEPT_GATES[name], 2 if is_bidirectional else 1
    stacked, stepping = (gates + 6, gates + 3) if is_bidirectional else (gates + 2, gates + 1)
    busy = max(stacked * steps, stepping * steps + 4 if gates > 1 else 0)
    earlier = directions * (steps + layers - 1) if layers > 1 else 0  # what comes in, and the last states so far
    handed_on = directions * (steps + layers)
    return int(max(busy + earlier - handed_on, directions * layers) * batch * before.shape[-1] * x.element_size())


_KEPT_GATES = {"gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
RECURRENT_NAMES = frozenset(_KEPT_GATES)
"""What :func:`scratch_bytes` knows."""

#: One entry = what is run for one recurrent op.
RECURRENT: dict[Any, Callable[..., Any]] = {
    **{getattr(_aten, name).input: padded(getattr(_aten, name).input, name) for name in _GATES},
    **{getattr(_aten, name).data: packed_sequence_run(getattr(_aten, name).data, name) for name in _GATES},
}
