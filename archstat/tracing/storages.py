"""The memory of a forward pass: each piece of it, the op that allocated it and the moment it was freed.

A tensor's storage is watched by a weak reference, so views, in-place results and whatever else shares memory are told
apart from new memory, and memory dies when the last reference to it goes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sized
from typing import Any

import torch
from torch import Tensor

from archstat.records import StorageLife
from archstat.tracing import torch_private
from archstat.tracing.values import parts


class _StorageRef(weakref.ref[Any]):
    """A weak reference that knows which storage it was."""

    __slots__ = ("index",)
    index: int


class Storages:
    """Every piece of memory that was met, by index; negative indices are those of the network's own tensors.

    Attributes:
        dead: What was freed and is not entered yet. Whoever adds an op calls :meth:`bury` before, if there is any: the
            number of ops is the time of death. Torch frees memory at any moment, so nothing of ours runs then that an
            interrupt could hit: Python would print the interrupt there and go on.
        strangers: The addresses of memory without values that was met and that no op had allocated.
    """

    def __init__(self, ops: Sized, lent: Iterable[Tensor] = ()) -> None:
        """Tell the time by how many of these ops there are; ``lent`` outlive the pass, and may be written to."""
        self._ops = ops
        # The pass holds them to its end, so no other memory gets their addresses.
        self._lent = {_storage(tensor)._cdata for tensor in lent}
        self._born: list[int] = []
        self._nbytes: list[int] = []
        self._died: dict[int, int] = {}
        self._addresses: list[int] = []
        self._indices: dict[int, int] = {}
        self._refs: dict[int, _StorageRef] = {}
        self.dead: list[_StorageRef] = []
        self.strangers: list[int] = []

    def index_of(self, tensor: Tensor) -> int:
        """The index of a tensor's memory; memory not met before was there before the forward pass."""
        # Torch gives the address of freed memory to new memory: what died leaves the index before a look-up, here
        # and in the methods below, or new memory would pass for it.
        storage = _storage(tensor)
        if self.dead:
            self.bury()
        index = self._indices.get(storage._cdata)
        if index is None:
            # Under vmap a tensor stands for another one, which is met itself: it is no stranger.
            if storage.device.type == "meta" and not _is_wrapped(tensor):
                self.strangers.append(storage._cdata)
            return self.watch(storage, -1)
        return index

    def meet(self, tensor: Tensor, op: int) -> None:
        """Memory not met before was allocated by that op."""
        if self.dead:
            self.bury()
        for part in parts(tensor):
            storage = _storage(part)
            if storage._cdata not in self._indices:
                self.watch(storage, op)

    def place(self, tensor: Tensor, index: int) -> None:
        """Say which piece of memory a tensor's is."""
        if self.dead:
            self.bury()
        for part in parts(tensor):
            # Without a reference: what is placed is the network's own memory, or shares it, and outlives the pass.
            self._indices[_storage(part)._cdata] = index

    def is_older(self, tensor: Tensor) -> bool:
        """Whether a tensor's memory was there before the forward pass."""
        if self.dead:
            self.bury()
        index = self._indices.get(_storage(tensor)._cdata)
        return index is None or index < 0 or self._born[index] < 0

    def is_lent(self, tensor: Tensor) -> bool:
        """Whether a tensor's memory is a copy that was made for the forward pass."""
        return _storage(tensor)._cdata in self._lent

    def watch(self, storage: Any, born: int) -> int:
        """Enter memory that may be freed while the forward pass runs."""
        if self.dead:
            self.bury()
        address = storage._cdata
        self._indices[address] = index = len(self._born)
        self._nbytes.append(storage.nbytes())
        self._born.append(born)
        self._addresses.append(address)
        self._refs[index] = ref = _StorageRef(storage, self.dead.append)
        ref.index = index
        return index

    def note_scratch(self, nbytes: int) -> None:
        """Enter memory that the op allocated and freed itself."""
        self._died[len(self._born)] = len(self._ops) + 1  # the op is entered next: it is there while that runs
        self._nbytes.append(nbytes)
        self._born.append(len(self._ops))
        self._addresses.append(0)  # keeps the lists alike; no storage has that address

    def bury(self) -> None:
        """Enter what was freed since the last op."""
        while self.dead:
            index = self.dead.pop().index
            self._died[index] = len(self._ops)
            self._indices.pop(self._addresses[index], None)
            self._refs.pop(index, None)

    def lives(self) -> tuple[StorageLife, ...]:
        """The life of every piece of memory."""
        self.bury()
        died, known = self._died.get, enumerate(zip(self._nbytes, self._born, strict=True))
        return tuple([StorageLife(nbytes, born, died(index)) for index, (nbytes, born) in known])

    def strangers_to(self, known: Iterable[Tensor]) -> int:
        """How many pieces of memory without values no op had allocated, those of these tensors left out."""
        return len(set(self.strangers) - {_storage(tensor)._cdata for tensor in known}) if self.strangers else 0

    def remaining(self) -> list[weakref.ref[Any]]:
        """The memory without values that the ops allocated and that is still there."""
        born = [ref for index, ref in self._refs.items() if self._born[index] >= 0]
        return [ref for ref in born if (storage := ref()) is not None and storage.device.type == "meta"]

    def close(self) -> None:
        """Stop watching for memory that dies."""
        self._refs.clear()


class _NoStorage:
    """What an opaque tensor has instead of a storage: the tensor itself stands for its memory."""

    def __init__(self, tensor: Tensor) -> None:
        self._cdata = id(tensor)
        self._nbytes = tensor.numel() * tensor.element_size()
        self.device = tensor.device

    def nbytes(self) -> int:
        return self._nbytes


_is_wrapped = torch_private.is_hiding_dimensions
"""Whether a tensor only stands for another one, with a dimension hidden."""


def _storage(tensor: Tensor) -> Any:
    try:
        if tensor.layout is torch.strided:
            return tensor.untyped_storage()
        return parts(tensor)[0].untyped_storage()  # that of its elements stands for a sparse tensor
    except NotImplementedError:
        return _NoStorage(tensor)
