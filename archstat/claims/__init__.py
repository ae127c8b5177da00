"""What texts claim, and what networks are allowed to cost, checked against counts.

``files.py`` reads them, ``checks.py`` judges them. Nothing here needs torch: whoever checks says where costs come from.
"""

from archstat.claims.checks import Finding, check, check_files, compare, shown, summary
from archstat.claims.files import Claim, ClaimsFile, Operand, Slip, Undecided, decode, read

__all__ = [
    "Claim",
    "ClaimsFile",
    "Finding",
    "Operand",
    "Slip",
    "Undecided",
    "check",
    "check_files",
    "compare",
    "decode",
    "read",
    "shown",
    "summary",
]
