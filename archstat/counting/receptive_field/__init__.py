"""What one element of an op's output depends on in the network's first input: its receptive field.

What each op does to the field stands in :data:`archstat.counting.receptive_field.rules.FIELDS`; here it is followed
through a trace.

Fields are theoretical: weights are taken to be other than zero, and pixels in the padding count. They are exact but for
these, which are never too small:

* Channels are taken together: after a pixel unshuffle, and after a depth-to-space, what any channel sees.
* A transposed convolution with a dilation, or with a stride larger than its kernel, leaves gaps; they count as seeing
  what lies around them.
* Views of the same memory in the same shape are told apart when they are made; an op that takes one of them sees the
  union of all.
* After a write into a part of a tensor, the field of the whole is not known.
* Along an axis that has been averaged, or multiplied with weights in full, the field is the whole axis, also if
  somebody cut the ends off before.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archstat.counting.receptive_field import state as sights
from archstat.counting.receptive_field.intervals import LOST, WHOLE_AXIS, Span
from archstat.counting.receptive_field.rules import channels_summed, sight_of
from archstat.counting.receptive_field.state import Sight
from archstat.language import recorded
from archstat.records import OpCall, ReceptiveField, Shape, TensorSpec, Trace


def receptive_fields(trace: Trace) -> tuple[ReceptiveField | None, ...]:
    """The receptive field of each op's first output, along each axis of the first input beside batch and channels.

    ``None`` stands where the output does not depend on that input, where an op that is not followed lies between, and
    everywhere if the input has no axes beside its channels. Inputs are taken to be ``(batch, channels, …)``, also where
    a network means ``(channels, height, width)``; but where the first convolution sums over another axis of the input,
    as over the last one of an image whose channels come last, that one has the channels.
    """
    return tuple([field_of(sight) for sight in sights_of(trace)])


def sights_of(trace: Trace) -> list[Sight | None]:
    """What the elements of each op's first output see; ``None`` as in :func:`receptive_fields`."""
    if not trace.inputs or len(trace.inputs[0]) < 3:
        return [None] * len(trace.ops)
    follower = _Follower(trace, sights.of_input(trace.inputs[0], _channels(trace)))
    return list(map(follower.follow, trace.ops))


def sides_of_input(trace: Trace) -> Shape:
    """The sizes of the first input along each axis beside batch and channels."""
    channels = _channels(trace)
    return tuple([size for axis, size in enumerate(trace.inputs[0]) if axis not in (0, channels)])


def describe(field: ReceptiveField, *, is_full: bool = False) -> str:
    """A receptive field as a table shows it.

    A stride of 1 goes without saying unless it ``is_full``, and no padding always does.

    >>> one = Fraction(1)
    >>> describe(ReceptiveField((7, 7), (4 * one, 4 * one), (-3 * one, -3 * one)))
    '7×7, stride 4, padding 3'
    >>> describe(ReceptiveField((None, 9), (0 * one, one / 2), (0 * one, 0 * one)))
    'whole image × 9, stride 1/2'
    >>> describe(ReceptiveField((None, None), (0 * one, 0 * one), (0 * one, 0 * one)))
    'whole image'
    """
    known = [axis for axis, size in enumerate(field.size) if size is not None]
    if not known:
        return recorded("whole image")
    joint = "×" if len(known) == len(field.size) else " × "
    text = joint.join("whole image" if size is None else str(size) for size in field.size)
    strides = [field.stride[axis] for axis in known]
    pads = [max(-field.start[axis], Fraction(0)) for axis in known]
    if is_full or set(strides) != {1}:
        text += f", {recorded('stride {stride}', stride=_alike(strides))}"
    return f"{text}, {recorded('padding {padding}', padding=_alike(pads))}" if any(pads) else text


_LOOKED_AT = 64
"""How many ops may come before the first convolution: scaling, turning and padding of an image."""


def _channels(trace: Trace) -> int:
    """The axis of the first input that the first convolution sums over; 1 if that is none, or the batch."""
    follower = _Follower(trace, sights.of_input(trace.inputs[0], channels=-1))
    for call in trace.ops[:_LOOKED_AT]:
        follower.find_input(call)
        summed = channels_summed(call, follower.look)
        if summed is not None:
            return summed[0] if len(summed) == 1 and summed[0] > 0 else 1
        follower.follow(call)
    return 1


def _alike(numbers: Sequence[Fraction]) -> str:
    """One number if all are alike."""
    return "×".join(map(str, numbers if len(set(numbers)) > 1 else numbers[:1]))


def field_of(sight: Sight | None) -> ReceptiveField | None:
    """The receptive field that a sight comes to."""
    return None if sight is None else _field_of_spans(sight.spans)


@functools.lru_cache(maxsize=4096)
def _field_of_spans(spans: tuple[Span, ...]) -> ReceptiveField | None:
    if LOST in spans:
        return None
    return ReceptiveField(
        tuple([None if span == WHOLE_AXIS else _size(span) for span in spans]),
        tuple([Fraction(span.step, len(span.low) or 1) for span in spans]),
        tuple([Fraction(span.low[0] if span.low else 0) for span in spans]),
    )


def _size(span: Span) -> int:
    """The most pixels that an element sees: after an upsampling, neighbours may see more and fewer."""
    return max((high - low + 1 for low, high in zip(span.low, span.high, strict=True)), default=0)


class _Follower:
    """Goes through a trace once and remembers what each tensor sees.

    A tensor is known by its memory and its shape. Memory that was written to in part, or that is met in a shape in
    which nobody made it, is not known.
    """

    def __init__(self, trace: Trace, start: Sight | None = None) -> None:
        self._trace = trace
        self._start = sights.of_input(trace.inputs[0]) if start is None else start
        self._sides = len(self._start.spans)
        self._input: int | None = None
        self._known: dict[int, dict[Shape, Sight]] = {}

    def follow(self, call: OpCall) -> Sight | None:
        """What the elements of an op's first output see."""
        if not call.outputs:
            return None
        self.find_input(call)
        found = self._of_outputs(call)
        taken = {spec.storage for spec in call.tensors()}
        for spec, sight in zip(call.outputs, found, strict=True):
            if spec.storage in taken and call.nature != "view":
                self._write(spec, sight)
            elif sight is not None:
                self._enter(spec, sight)
        return found[0]

    def find_input(self, call: OpCall) -> None:
        """The first input is the first tensor of its shape that was there before the pass."""
        if self._input is not None:
            return
        storages, shape = self._trace.storages, self._trace.inputs[0]
        for spec in call.tensors():
            if spec.storage >= 0 and storages[spec.storage].born < 0 and spec.shape == shape:
                self._input = spec.storage
                self._known[spec.storage] = {shape: self._start}
                return

    def _of_outputs(self, call: OpCall) -> Sequence[Sight | None]:
        answer = sight_of(call, self.look)
        if answer is None:
            return [None] * len(call.outputs)
        if not isinstance(answer, Sight):
            return answer
        first, shape = answer, call.outputs[0].shape
        others = [first if spec.shape == shape else self._unknown(spec, first) for spec in call.outputs[1:]]
        return [first, *others]

    def _unknown(self, spec: TensorSpec, first: Sight) -> Sight:
        return (sights.whole if first.is_whole else sights.lost)(self._sides, spec.shape)

    def look(self, spec: Any) -> Sight | None:
        """What the elements of a tensor see; ``None`` if it depends on no input."""
        known = self._known.get(spec.storage) if isinstance(spec, TensorSpec) else None
        if known is None:
            return None
        sight = known.get(spec.shape)
        return sights.lost(self._sides, spec.shape) if sight is None else sight

    def _enter(self, spec: TensorSpec, sight: Sight) -> None:
        """A new tensor, or a view; another view of the same shape may still be in use."""
        known = self._known.setdefault(spec.storage, {})
        other = known.get(spec.shape)
        if other is not None and other is not sight:
            sight = sights.united([other, sight], spec.shape)
        known[spec.shape] = sight

    def _write(self, spec: TensorSpec, sight: Sight | None) -> None:
        """A result in place, or in a part of a larger tensor."""
        if sight is None and spec.storage not in self._known:
            return  # nothing there depends on the input, before as after
        known = self._known.setdefault(spec.storage, {})
        if known.get(spec.shape) == sight:
            return
        if sight is not None and len(known) > 1:
            self._enter(spec, sight)
        elif sight is not None:
            known[spec.shape] = sight
        for shape in known:
            if shape != spec.shape:
                known[shape] = sights.lost(self._sides, shape)
