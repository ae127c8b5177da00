"""Calls that people know from other counters, with archstat's numbers: a line that is pasted keeps working.

:func:`profile` takes what thop's takes, :func:`summary` what torchinfo's takes. ``docs/coming-from.md`` has the calls
of the others, and what changes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from archstat.analysis.inference import count
from archstat.errors import InputError, quoted
from archstat.records import ModelCost

_DEPTH = 3
"""How deep torchinfo shows a network, if nothing else is said."""


def profile(
    model: nn.Module, inputs: Sequence[Any], custom_ops: Any = None, verbose: bool = True, ret_layer_info: bool = False
) -> tuple[int, int]:
    """MACs and parameters of a network, by the call of ``thop.profile``.

    Source: thop 0.1.1, ``thop.profile``. What that counts beside MACs, as batch norms, is not in the number;
    ``archstat.reconcile(model, *inputs)["thop"]`` has the number as thop comes to it.

    Args:
        model: The network.
        inputs: The inputs of the network, in a tuple; tensors on the meta device do.
        custom_ops: Rules of thop, which are none of ours: register one with :func:`archstat.rule`.
        verbose: Changes nothing: what is not counted stands in ``archstat.count(…).uncounted``.
        ret_layer_info: Refused: ``archstat.count(…).layers`` has the layers.

    Returns:
        MACs, and the elements of all parameters.

    Raises:
        InputError: Rules or layers are asked for, or the inputs stand in no tuple.
        ForwardError: The network's own ``forward`` raised; its error is the cause.

    >>> macs, params = profile(nn.Linear(3, 4), inputs=(torch.empty(1, 3),))
    >>> macs, params
    (12, 16)
    """
    del verbose
    if custom_ops:
        raise InputError("Rules of thop cannot be used: register your own with 'archstat.rule'.")
    if ret_layer_info:
        raise InputError("Layers are not returned in thop's form: 'archstat.count(…).layers' has them.")
    if isinstance(inputs, Tensor) or not isinstance(inputs, Sequence):
        raise InputError("The inputs stand in a tuple, as in 'inputs=(x,)'.")
    cost = count(model, *inputs)
    return cost.macs, cost.parameters


class Summary(msgspec.Struct, frozen=True):
    """What :func:`summary` returns: printed, it is a table.

    Attributes:
        cost: The cost of the network, with everything that archstat counts.
        depth: How deep the table goes.
    """

    cost: ModelCost
    depth: int = _DEPTH

    @property
    def total_params(self) -> int:
        """The elements of all parameters."""
        return self.cost.parameters

    @property
    def trainable_params(self) -> int:
        """The elements of all parameters that are trained."""
        return self.cost.trainable_parameters

    @property
    def total_mult_adds(self) -> int:
        """The multiply-accumulates of convolutions, linear layers and matrix products."""
        return self.cost.macs

    @property
    def total_output_bytes(self) -> int:
        """The size of every layer's own outputs."""
        return self.cost.activation_bytes

    def __str__(self) -> str:
        """The table."""
        return self.cost.table(depth=self.depth)

    __repr__ = __str__


_OPTIONS = frozenset(
    "batch_dim cache_forward_pass col_names col_width device mode row_settings dtypes verbose depth".split()
)


def summary(
    model: nn.Module, input_size: Sequence[Any] | None = None, input_data: Any = None, **options: Any
) -> Summary:
    """A table of the layers of a network, by the call of ``torchinfo.summary``.

    Source: torchinfo 1.8.0, ``torchinfo.summary``.

    Args:
        model: The network.
        input_size: The sizes of its input with the batch, ``(1, 3, 224, 224)``, or of several in a list.
        input_data: The input itself instead: a tensor, several in a list or a tuple, or by name in a dictionary.
        options: torchinfo's. ``depth`` (3 by default), ``verbose`` (0: print nothing, as in a notebook), ``dtypes`` (of
            each input) and ``batch_dim`` (the axis of the batch, where ``input_size`` has none) are followed;
            ``device``, ``mode``, ``col_names``, ``col_width``, ``row_settings`` and ``cache_forward_pass`` change
            nothing here.

    Raises:
        InputError: There is no input, or an option that torchinfo has not.
        ForwardError: The network's own ``forward`` raised; its error is the cause.

    >>> found = summary(nn.Linear(3, 4), input_size=(1, 3), verbose=0)
    >>> found.total_params, found.total_mult_adds
    (16, 12)
    """
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise InputError(f"{quoted(unknown[0])} is no option of a summary.")
    args, kwargs = _inputs(input_size, input_data, options)
    made = Summary(count(model, *args, **kwargs), options.get("depth", _DEPTH))
    if options.get("verbose", 0 if "ipykernel" in sys.modules else 1):
        sys.stdout.write(f"{made}\n")
    return made


def _inputs(
    size: Sequence[Any] | None, data: Any, options: Mapping[str, Any]
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """What ``forward`` takes, in order and by name.

    Raises:
        InputError: Nothing was handed over, or both.
    """
    if (size is None) == (data is None):
        raise InputError("Say either 'input_size', as (1, 3, 224, 224), or 'input_data'.")
    if size is not None:
        return _made(size, options.get("dtypes"), options.get("batch_dim")), {}
    if isinstance(data, Mapping):
        return (), data
    return (tuple(data) if isinstance(data, list | tuple) else (data,)), {}


def _made(size: Sequence[Any], dtypes: Sequence[torch.dtype] | None, batch_dim: int | None) -> tuple[Tensor, ...]:
    """Tensors of these sizes, without values."""
    sizes = [size] if all(isinstance(each, int) for each in size) else list(size)
    kinds = list(dtypes or [torch.float] * len(sizes))
    try:
        made = [torch.empty(tuple(each), dtype=kind, device="meta") for each, kind in zip(sizes, kinds, strict=True)]
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{quoted(str(size))} is no size of inputs: write it as (1, 3, 224, 224).") from error
    return tuple(made if batch_dim is None else [each.unsqueeze(batch_dim) for each in made])
