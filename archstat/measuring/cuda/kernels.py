"""Which module of a network each kernel belongs to, from the records of a trace; and whether they can be believed.

The host annotates every pass, and within it every run of a module. A kernel is linked to the op that launched it, the
op lies within annotations, and the innermost of these owns the kernel: the time of a module is that of its own kernels,
without those of the modules in it. Traces are known to lose or spoil records, so they are checked; one that fails is
refused as a whole. (PyTorch issue 192021: records lost at the head of a session; Kineto issue 109: records at time 0.)
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from archstat.measuring.cuda.kineto import TraceRecord
from archstat.measuring.reasons import CannotMeasure
from archstat.records import Reason

PASS, CALL = "archstat pass#", "archstat#"
"""What annotations are named: a pass and its number, a run of a module and its place in the pass."""

UNOWNED_MOST = 0.02
"""A larger share of kernel time without a module means that the links of the trace are broken."""
_STALL_KERNEL = "spin_kernel"  # what torch.cuda._sleep runs: ATen/cuda/Sleep.cu
_KERNELS = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})  # not annotations, synchronisations, the trace's overhead
_OPS = frozenset({"cpu_op", "user_annotation"})
_LAUNCHES = frozenset({"cuda_runtime", "cuda_driver"})


class Kernel(msgspec.Struct, frozen=True, gc=False):
    """One kernel, copy or fill of a pass.

    Attributes:
        name: As the device names it.
        start_ns: When the kernel began.
        end_ns: When the kernel ended.
        stream: The number of the stream.
        owner: The place in the pass of the run of a module that it belongs to; ``None``: none is known.
    """

    name: str
    start_ns: int
    end_ns: int
    stream: int
    owner: int | None

    @property
    def duration_ns(self) -> int:
        """How long the kernel ran."""
        return self.end_ns - self.start_ns


class TracedPass(msgspec.Struct, frozen=True):
    """The kernels of one pass, in the order in which they began on each stream."""

    kernels: tuple[Kernel, ...]

    @property
    def owned_ns(self) -> dict[int, int]:
        """The time of each run of a module that has kernels."""
        times: Counter[int] = Counter()
        for kernel in self.kernels:
            if kernel.owner is not None:
                times[kernel.owner] += kernel.duration_ns
        return dict(times)

    @property
    def unowned_ns(self) -> int:
        """The time of the kernels that belong to no module."""
        return sum(kernel.duration_ns for kernel in self.kernels if kernel.owner is None)

    @property
    def total_ns(self) -> int:
        """The time of all kernels; more than :attr:`busy_ns` where streams overlap."""
        return sum(kernel.duration_ns for kernel in self.kernels)

    @property
    def busy_ns(self) -> int:
        """The time in which at least one of them ran: the union of their intervals."""
        busy, reached = 0, 0
        for kernel in sorted(self.kernels, key=lambda kernel: kernel.start_ns):
            busy += max(0, kernel.end_ns - max(kernel.start_ns, reached))
            reached = max(reached, kernel.end_ns)
        return busy

    @property
    def span_ns(self) -> int:
        """From the start of the first to the end of the last."""
        return max(kernel.end_ns for kernel in self.kernels) - min(kernel.start_ns for kernel in self.kernels)

    @property
    def gap_ns(self) -> int:
        """The time in between in which none ran."""
        return self.span_ns - self.busy_ns

    def names_of(self, owner: int) -> tuple[str, ...]:
        """The kernels of one run of a module, each name once, the longest-running first."""
        times: Counter[str] = Counter()
        for kernel in self.kernels:
            if kernel.owner == owner:
                times[kernel.name] += kernel.duration_ns
        return tuple(name for name, _ in times.most_common())

    def count_of(self, owner: int) -> int:
        """How many kernels that run has."""
        return sum(kernel.owner == owner for kernel in self.kernels)


def traced_passes(
    records: Sequence[TraceRecord], kept: Sequence[int], calls: int, device: int
) -> tuple[TracedPass, ...]:
    """The kernels of some passes of a trace, each with the module that it belongs to.

    Args:
        records: The trace, in any order.
        kept: The numbers of the passes to keep; the first few of a session are best left out.
        calls: How many runs of modules are annotated in a pass.
        device: The number of the device that they must have run on.

    Raises:
        CannotMeasure: The records cannot be believed, or there are none; the reason says which check failed.
    """
    kernels = [r for r in records if r.device_type == "cuda" and r.kind in _KERNELS]
    kernels = [kernel for kernel in kernels if _STALL_KERNEL not in kernel.name]
    if not kernels:
        raise CannotMeasure(Reason("CUPTI_UNAVAILABLE", _text("no kernel in it")))
    host = _Host(records)
    placed = [(host.place(kernel), kernel) for kernel in kernels]
    # A spoilt record lies in no pass, and would go unnoticed: so it is checked with those of the kept ones.
    lost = [kernel for place, kernel in placed if place.number is None and kernel.start_ns <= 0]
    within = [(place, kernel) for place, kernel in placed if place.number in set(kept)]
    host.check_annotations(kept, calls)
    _check_records([*lost, *(kernel for _, kernel in within)], device)
    passes = tuple(_pass([(p.owner, kernel) for p, kernel in within if p.number == number]) for number in kept)
    _check_passes(passes)
    if calls:
        _check_owners(passes)
    return passes


def _pass(kernels: Iterable[tuple[int | None, TraceRecord]]) -> TracedPass:
    ordered = sorted(kernels, key=lambda pair: (pair[1].stream, pair[1].start_ns))
    return TracedPass(tuple(Kernel(k.name, k.start_ns, k.end_ns, k.stream, owner) for owner, k in ordered))


# -- what the host did ---------------------------------------------------------------------------------------------


class _Place(msgspec.Struct, frozen=True, gc=False):
    """A place on the host: within which pass, and in which run of a module; ``None``: in none."""

    number: int | None
    owner: int | None


_NOWHERE = _Place(None, None)


class _Host:
    """Where the host was at which time, by its annotations."""

    def __init__(self, records: Sequence[TraceRecord]) -> None:
        host = [record for record in records if record.device_type == "cpu"]
        marks = [r for r in host if r.kind == "user_annotation" and r.name.startswith((PASS, CALL))]
        # Of two that begin together, the longer one is around the other.
        self.marks = sorted(marks, key=lambda mark: (mark.start_ns, -mark.end_ns))
        self._thread = next((mark.thread for mark in self.marks if mark.name.startswith(PASS)), -1)
        self._ops = {record.correlation: record for record in host if record.kind in _OPS}
        self._launches = {record.correlation: record for record in host if record.kind in _LAUNCHES}
        self._times: list[int] = []
        self._places: list[_Place] = []
        self._walk()

    def _walk(self) -> None:
        """Note from which time on the host is in which place."""
        inside: list[tuple[int, _Place]] = []
        for mark in self.marks:
            self._leave(inside, mark.start_ns)
            number = int(mark.name.rpartition("#")[2])
            outer = inside[-1][1] if inside else _NOWHERE
            place = _Place(number, None) if mark.name.startswith(PASS) else _Place(outer.number, number)
            self._note(mark.start_ns, place)
            inside.append((mark.end_ns, place))
        self._leave(inside, None)

    def _leave(self, inside: list[tuple[int, _Place]], until: int | None) -> None:
        """End every annotation that ends by that time."""
        while inside and (until is None or inside[-1][0] <= until):
            end, _ = inside.pop()
            self._note(end, inside[-1][1] if inside else _NOWHERE)

    def _note(self, time: int, place: _Place) -> None:
        self._times.append(time)
        self._places.append(place)

    def at(self, time: int) -> _Place:
        """Where the host was then."""
        index = bisect.bisect_right(self._times, time) - 1
        return self._places[index] if index >= 0 else _NOWHERE

    def place(self, kernel: TraceRecord) -> _Place:
        """Where a kernel was started: by the op that it is linked to, else by its launch.

        In that order, since ops have the clock of the annotations, and launches the driver's. One that neither is known
        of, or that another thread started, belongs to the pass in which it ran, and to no module.
        """
        op = self._ops.get(kernel.linked) if kernel.linked else None
        start = op or self._launches.get(kernel.correlation)
        if start is None:
            return _Place(self._running(kernel.start_ns), None)
        if start.kind in _OPS and start.thread != self._thread:
            return _Place(self.at(start.start_ns).number, None)
        return self.at(start.start_ns)

    def _running(self, time: int) -> int | None:
        """The pass that began last before that time; the device may be at it still when the host has left it."""
        begun = [mark for mark in self.marks if _is_pass(mark) and mark.start_ns <= time]
        return int(begun[-1].name.rpartition("#")[2]) if begun else None

    def check_annotations(self, kept: Sequence[int], calls: int) -> None:
        """Every kept pass is there once, with every run of a module in it.

        Raises:
            CannotMeasure: A pass or a run is missing; the kernels of a lost run would pass for its parent's.
        """
        passes = Counter(int(mark.name.removeprefix(PASS)) for mark in self.marks if _is_pass(mark))
        runs = Counter(self.at(mark.start_ns).number for mark in self.marks if not _is_pass(mark))
        for number in kept:
            if passes[number] != 1:
                raise _invalid(f"pass {number} is in it {passes[number]} times")
            if runs[number] != calls:
                raise _invalid(f"{runs[number]} of the {calls} runs of modules are in pass {number}")


def _is_pass(mark: TraceRecord) -> bool:
    return mark.name.startswith(PASS)


# -- whether it can be believed ------------------------------------------------------------------------------------


def check_span(busy_s: float, span_s: float) -> None:
    """The traced kernels fill at most all, and at least half, of the span that events showed without a trace.

    Only where the queue was held up for both: otherwise the span has the host's launches in it.

    Raises:
        CannotMeasure: The kernels fill more than that, or less.
    """
    if not span_s / 2 <= busy_s <= span_s * 1.05:
        raise _invalid(f"kernels run for {busy_s:.3g} s of a pass that takes {span_s:.3g} s without a trace")


def _check_records(kernels: Sequence[TraceRecord], device: int) -> None:
    if any(kernel.device != device for kernel in kernels):
        raise _invalid(f"kernels on another device than {device}")
    if any(kernel.start_ns <= 0 for kernel in kernels):
        raise _invalid("kernels that begin at time 0")
    if any(kernel.end_ns <= kernel.start_ns for kernel in kernels):
        raise _invalid("kernels that take no time")
    seen = Counter((kernel.correlation, kernel.start_ns, kernel.name) for kernel in kernels)
    if any(count > 1 for count in seen.values()):
        raise _invalid("the same kernel twice")


def _check_passes(passes: Sequence[TracedPass]) -> None:
    if not all(traced.kernels for traced in passes):
        raise _invalid("a pass without kernels")
    if len({tuple((k.stream, k.name, k.owner) for k in traced.kernels) for traced in passes}) > 1:
        raise _invalid("not the same kernels in every pass")


def _check_owners(passes: Sequence[TracedPass]) -> None:
    share = sum(traced.unowned_ns for traced in passes) / sum(traced.total_ns for traced in passes)
    if share > UNOWNED_MOST:
        raise _invalid(f"{share:.0%} of kernel time belongs to no module")


def _invalid(check: str) -> CannotMeasure:
    return CannotMeasure(Reason("CUPTI_INVALID", _text(check)))


def _text(check: str) -> str:
    return f"GPU tracing gave no usable records ({check}); another profiler, such as DCGM or Nsight, may hold CUPTI."
