"""Named networks whose results are kept: a second look at one imports no torch, and says the same to the last digit."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from archstat.analysis.ahead import counted_ahead
from archstat.analysis.network import Fields
from archstat.files.cache import Cache
from archstat.networks.ingredients import Ingredients, digest_of, key_of, key_of_parts
from archstat.networks.revisions import at_revision
from archstat.networks.settings import Setting
from archstat.networks.trust import Reach
from archstat.networks.witness import WITNESS
from archstat.records import Explanation, LayerGraph, MemoryLevels, ModelCost, ReceptiveField, Tally

if TYPE_CHECKING:
    from archstat.analysis.network import Network

_Result = TypeVar("_Result")


class Answers(msgspec.Struct, frozen=True):
    """Answers questions about named networks, each once.

    Attributes:
        cache: Where answers are kept; ``None``: nowhere.
    """

    cache: Cache | None

    def answer(
        self,
        question: str,
        kind: Any,
        work_out: Callable[[], _Result],
        name: str,
        setting: Setting,
        *more: object,
        reach: Reach | None = None,
    ) -> _Result:
        """What was kept, or is worked out now and kept then.

        Args:
            question: What is asked of the network.
            kind: The type of the answer, as msgspec decodes it.
            work_out: Finds the answer; what a network's code prints meanwhile goes to stderr.
            name: The network.
            setting: The input that it is counted on.
            more: What else the answer depends on.
            reach: The code that the name may lead to, if a file holds it.

        Raises:
            ArchstatError: As ``work_out`` does; a failure is not kept.
        """
        return self.found(question, kind, work_out, name, setting, *more, reach=reach)[0]

    def found(
        self,
        question: str,
        kind: Any,
        work_out: Callable[[], _Result],
        name: str,
        setting: Setting,
        *more: object,
        reach: Reach | None = None,
    ) -> tuple[_Result, str | None]:
        """An answer, and what tells it from every other one; ``None``: it is not kept, and may be another next time.

        The arguments and errors are those of :meth:`answer`.
        """
        with contextlib.redirect_stdout(sys.stderr):
            if self.cache is None or at_revision(name.partition("(")[0]) is not None:  # a branch moves
                return work_out(), None
            key = key_of(question, name, setting, reach, *more)
            kept = _read(self.cache.get(key), key, kind)
            if kept is None and not more and setting == Setting():
                kept = _read(counted_ahead(question, name), key, kind)
            if kept is not None:
                return kept
            with WITNESS.watching(name, setting):
                made = work_out()
            return made, _keep(self.cache, key, WITNESS.ingredients(name, setting), made)

    def text(self, question: str, networks: Iterable[Network], work_out: Callable[[], str], *more: object) -> str:
        """A text that is made of several networks, such as a page.

        Args:
            question: The kind of the text.
            networks: The networks that it is made of; it is kept if all that is known of them is kept.
            work_out: Makes the text.
            more: What else it depends on.
        """
        parts = [network.identity if isinstance(network, KeptNetwork) else None for network in networks]
        known = [part for part in parts if part is not None]
        if self.cache is None or len(known) < len(parts):
            return work_out()
        key = key_of_parts(question, known, *more)
        kept = _read(self.cache.get(key), key, str)
        if kept is not None:
            found: str = kept[0]
            return found
        made = work_out()
        _keep(self.cache, key, Ingredients(), made)
        return made


def _read(entry: bytes | None, key: str, kind: Any) -> tuple[Any, str] | None:
    """The answer in an entry, if all that it was made from is as it was; ``None``: there is none that can be used."""
    if entry is None:
        return None
    with contextlib.suppress(ValueError, RecursionError):  # written by another version, or by somebody else
        kept = msgspec.json.decode(entry, type=_Kept)
        if kept.ingredients.hold():
            return msgspec.json.decode(kept.answer, type=kind, dec_hook=_decoded), _identity(key, kept.ingredients)
    return None


def _keep(cache: Cache, key: str, ingredients: Ingredients | None, made: object) -> str | None:
    """Keep an answer, where it can be told what it depends on, and JSON can hold it.

    Returns:
        What tells it from every other answer; ``None``: it is not kept.
    """
    if ingredients is None:
        return None
    entry = entry_of(ingredients, made)
    if entry is None:
        return None
    cache.put(key, entry)
    return _identity(key, ingredients)


def entry_of(ingredients: Ingredients, made: object) -> bytes | None:
    """What is kept of an answer; ``None``: JSON cannot hold it."""
    with contextlib.suppress(ValueError, TypeError, NotImplementedError, RecursionError):
        answer = msgspec.Raw(msgspec.json.encode(made, enc_hook=_encoded))
        return msgspec.json.encode(_Kept(ingredients, answer))
    return None


def _identity(key: str, ingredients: Ingredients) -> str:
    return digest_of(key.encode() + msgspec.json.encode(ingredients, order="deterministic"))


class _Kept(msgspec.Struct, frozen=True):
    """An answer, and what it was made from."""

    ingredients: Ingredients
    answer: msgspec.Raw


def _encoded(value: Any) -> str | int:
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON.")


def _decoded(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise NotImplementedError(f"{kind.__name__} has no JSON.")


class KeptNetwork:
    """What is known of a named network: kept answers, and the network itself once one is missing.

    Attributes:
        identity: What tells this network, on this input and with all that it is made from, from every other one;
            ``None``: nothing is kept of it.
    """

    def __init__(self, answers: Answers, name: str, setting: Setting, reach: Reach | None = None) -> None:
        """A network that nobody has looked for yet.

        Raises:
            ArchstatError: The network cannot be counted: what it costs is always asked first.
        """
        self._answers, self._name, self._setting, self._reach = answers, name, setting, reach
        self._found: Network | None = None
        self._cost, self.identity = answers.found(
            "cost", ModelCost, lambda: self._network().cost, name, setting, reach=reach
        )

    @property
    def cost(self) -> ModelCost:
        """What the network costs."""
        return self._cost

    def explanations(self) -> tuple[Explanation, ...]:
        """The sums behind each row of its cost."""
        found: tuple[Explanation, ...] = self._answer(
            "explanations", tuple[Explanation, ...], lambda network: network.explanations()
        )
        return found

    def tally(self, convention: str) -> Tally:
        """The count of the network by a convention.

        Raises:
            UnknownNameError: There is no such convention.
        """
        found: Tally = self._answer("tally", Tally, lambda network: network.tally(convention), convention)
        return found

    def fields(self) -> Fields:
        """The receptive fields of its layers."""
        found: Fields = self._answer("fields", dict[str, ReceptiveField | None], lambda network: network.fields())
        return found

    def depth(self) -> int:
        """The layers with weights on the longest way through it."""
        found: int = self._answer("depth", int, lambda network: network.depth())
        return found

    def traffic(self) -> Sequence[int]:
        """The bytes that each row of its cost must move at least."""
        found: Sequence[int] = self._answer("traffic", tuple[int, ...], lambda network: network.traffic())
        return found

    def levels(self) -> MemoryLevels:
        """The activation memory of the network over time."""
        found: MemoryLevels = self._answer("levels", MemoryLevels, lambda network: network.levels())
        return found

    def graph(self) -> LayerGraph:
        """Which row of its cost feeds which."""
        found: LayerGraph = self._answer("graph", LayerGraph, lambda network: network.graph())
        return found

    def _answer(self, question: str, kind: Any, ask: Callable[[Network], Any], *more: object) -> Any:
        def work_out() -> Any:
            return ask(self._network())

        return self._answers.answer(question, kind, work_out, self._name, self._setting, *more, reach=self._reach)

    def _network(self) -> Network:
        """The network itself, found and traced once."""
        if self._found is None:
            from archstat.analysis.inference import analyse  # noqa: PLC0415 - imports torch, which what is kept does without

            self._found = analyse(self._name, self._setting, self._reach)
        return self._found
