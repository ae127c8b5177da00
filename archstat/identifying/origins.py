"""Where a number comes from, as records: one answer, and the whole search."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from archstat.identifying.asked import Asked
from archstat.language import recorded
from archstat.records.above import above

FLOPS_CALLED_MACS = recorded("FLOPs called MACs")
"""The assumption that a text has the wrong word for its number, which makes it twice as large as it is said to be."""


class Origin(msgspec.Struct, frozen=True):
    """One way in which a number comes about.

    Attributes:
        network: The network, as a user types it.
        size: The input of the network, as ``"224×224"``; ``""`` where it makes no difference.
        what: What is counted, and how, in words; other ways to the same number come after the first one.
        value: The count.
        verdict: How the count relates to the number: ``"exact"``, ``"rounds"``, ``"truncated"`` or ``"differs"``.
        assumptions: What has to be so besides what was asked, the fewer the likelier.
        strain: How far from the usual the assumptions are; 0 for the first thing that one would think of.
        shown_by: The command that shows the count: ``"reconcile"``.
        how: How the network is counted for that, where it is not as usual: ``{"resolution": 288}``.
        off: How much more the count is than the number, in parts of the number.
    """

    network: str
    size: str
    what: tuple[str, ...]
    value: Fraction
    verdict: str
    assumptions: tuple[str, ...]
    strain: int
    shown_by: str
    how: Mapping[str, int]
    off: float


class Identification(msgspec.Struct, frozen=True):
    """Where a number comes from, and how much that is worth.

    Attributes:
        asked: The number.
        network: The network that it is said to be of.
        origins: The answers, the likeliest first; none: nothing prints so.
        nearest: The nearest counts, where there is no answer.
        hypotheses: How many combinations of network, input, quantity and way to count were tried.
        numbers: How many different numbers they come to.
        nearby: How many of these lie between half and twice the number that was asked about.
        chance: How many of those a random number between half and twice, printed with as many digits, meets on average.
        is_whole: Whether everything was searched; else the search ended when it had an answer.
    """

    asked: Asked
    network: str
    origins: tuple[Origin, ...]
    nearest: tuple[Origin, ...]
    hypotheses: int
    numbers: int
    nearby: int
    chance: float
    is_whole: bool

    def __repr__(self) -> str:
        """The answers, as :meth:`table` shows them."""
        return self.table()

    @property
    def is_found(self) -> bool:
        """Whether something prints so."""
        return bool(self.origins)

    def table(self, format: str = "text", *, limit: int = 8) -> str:  # noqa: A002 - as pandas calls it
        """The answers as the table that ``archstat identify`` prints, with calls of Python in place of commands.

        Args:
            format: ``"text"``, ``"markdown"``, ``"csv"``, ``"json"`` or ``"latex"``.
            limit: The most answers.

        Raises:
            UnknownNameError: There is no such format.
        """
        text: str = above("tables.identification", "identification_as")(self, format, limit=limit)
        return text
