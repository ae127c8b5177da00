"""The verdicts that a claim can get, and those that a file can expect."""

from collections.abc import Sequence
from typing import Literal

from archstat.language import message

ClaimVerdict = Literal["exact", "rounds", "holds", "truncated", "slip", "does not hold", "undecided", "error"]
Expected = Literal["holds", "exact", "rounds", "truncated", "slip", "does not hold"]

CLAIM_VERDICTS: Sequence[str] = (
    *(message("exact"), message("rounds"), message("holds"), message("truncated")),
    *(message("slip"), message("does not hold"), message("undecided"), message("error")),
)
"""The verdicts in the order in which they are told, the best first."""
