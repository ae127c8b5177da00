"""Why a measurement lacks something, or what a reader must know of it, in the language that is spoken."""

from __future__ import annotations

from archstat.language import ENGLISH, language, retold, say
from archstat.records import Reason
from archstat.records.reasons import REASONS


def reason_told(reason: Reason) -> str:
    """A reason with its values; where its sentence is known in English alone, what it means, and then the sentence.

    Args:
        reason: The reason, as the record has it.
    """
    told = retold(reason.text)
    if told != reason.text or language() == ENGLISH:
        return told
    return say("{meaning} ({text})", meaning=say(REASONS[reason.code].meaning), text=reason.text)
