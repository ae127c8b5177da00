"""What texts claim, and what networks are allowed to cost, checked against what is counted, measured and published.

``files.py`` reads claims, made of ``operands.py``; ``measured.py``, ``rates.py`` and ``tallies.py`` hold what can be
named of measurements, of publications and of other claims files, and ``values.py`` works it out; ``statements.py``
compares that with what is stated, and ``checks.py`` judges. ``locks.py`` reads and writes what networks did cost,
``growth.py`` says how they have grown, ``spending.py`` what breaks a limit, and ``growth_checks.py`` and
``lock_checks.py`` judge that. Nothing here needs torch: whoever checks says where costs come from.
"""

from archstat.claims.checks import check, check_files
from archstat.claims.files import Claim, ClaimsFile, Slip, Undecided, claims_of, read_claims
from archstat.claims.findings import Finding, summary
from archstat.claims.measured import MEASURED
from archstat.claims.operands import Operand
from archstat.claims.rates import RATES
from archstat.claims.statements import shown_value, verdict_on
from archstat.claims.tallies import TALLIES

__all__ = [
    "MEASURED",
    "RATES",
    "TALLIES",
    "Claim",
    "ClaimsFile",
    "Finding",
    "Operand",
    "Slip",
    "Undecided",
    "check",
    "check_files",
    "claims_of",
    "read_claims",
    "shown_value",
    "summary",
    "verdict_on",
]
