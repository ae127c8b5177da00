"""The verdicts that a claim can get, and those that a file can expect."""

from typing import Literal

ClaimVerdict = Literal["exact", "rounds", "holds", "truncated", "slip", "does not hold", "undecided", "error"]
Expected = Literal["holds", "exact", "rounds", "truncated", "slip", "does not hold"]
