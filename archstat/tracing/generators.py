"""How generators of random numbers and arrays of numpy are kept and put back."""

from __future__ import annotations

import sys
from typing import Any

from archstat.tracing.keeper import Keeper, put_back_nothing

PYTHON_RANDOM = Keeper(lambda source: source.getstate(), lambda source, state: source.setstate(state), lambda _: ())
TORCH_RANDOM = Keeper(lambda source: source.get_state(), lambda source, state: source.set_state(state), lambda _: ())


def _put_back_numpy(source: Any, state: dict[str, Any]) -> None:
    source.state = state


_NUMPY_RANDOM = Keeper(lambda source: source.state, _put_back_numpy, lambda _: ())
_NUMPY_SOURCE = Keeper(lambda source: [source.bit_generator], put_back_nothing)
_NUMPY_LEGACY = Keeper(
    lambda source: source.get_state(legacy=False), lambda source, state: source.set_state(state), lambda _: ()
)
_NUMPY_LARGEST = 1 << 24


def _put_back_array(array: Any, content: Any) -> None:
    # By the bytes: not a number is not equal to itself.
    if content is not None and array.flags.writeable and array.tobytes() != content.tobytes():
        array[...] = content


_NUMPY_ARRAY = Keeper(
    lambda array: array.copy() if array.nbytes <= _NUMPY_LARGEST and not array.dtype.hasobject else None,
    _put_back_array,
    lambda _: (),
)


def numpy_keeper(value: Any) -> Keeper | None:
    """How something of numpy's is kept; nothing is imported for it."""
    numpy = sys.modules.get("numpy")
    source = sys.modules.get("numpy.random")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _NUMPY_ARRAY
    if source is None:
        return None
    if isinstance(value, source.BitGenerator):
        return _NUMPY_RANDOM
    if isinstance(value, source.RandomState):
        return _NUMPY_LEGACY
    return _NUMPY_SOURCE if isinstance(value, source.Generator) else None
