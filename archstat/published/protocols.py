"""Published errors beside each other: those of one protocol, since unlike protocols do not compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archstat.errors import InputError, UnknownNameError, quoted
from archstat.published.figures import ErrorRate, Published, Variant

Abouts = Iterable[Published | Variant | None]


def protocols_of(abouts: Abouts) -> list[str]:
    """The protocols that errors of these networks were published under, that of most networks first.

    Of several with as many, the one comes first that the first network lists first.
    """
    listed = [dict.fromkeys(each.protocol for each in about.errors) for about in abouts if about is not None]
    counts = Counter(protocol for each in listed for protocol in each)
    order = list(dict.fromkeys(protocol for each in listed for protocol in each))
    return sorted(order, key=lambda protocol: (-counts[protocol], order.index(protocol)))


def protocol_for(abouts: Sequence[Published | Variant | None], wanted: str = "") -> str:
    """The protocol under which networks compare.

    Args:
        abouts: What was published of each.
        wanted: A protocol, or a part of one, or the end of one: ``"10-crop"``; ``""``: the one that most share.

    Returns:
        The protocol; ``""``: no error of any of them was published.

    Raises:
        UnknownNameError: No error of these networks is by such a protocol.
        InputError: Several protocols are meant.
    """
    known = protocols_of(abouts)
    if not wanted:
        return known[0] if known else ""
    if wanted in known:
        return wanted
    parts = [each for each in known if wanted.lower() in each.lower()]
    ends = [each for each in parts if each.lower().rpartition(", ")[2] == wanted.lower()]
    if len(ends or parts) == 1:
        return (ends or parts)[0]
    if parts:
        raise InputError(f"{quoted(wanted)} is part of {len(parts)} protocols: {'; '.join(parts)}. Name one of them.")
    listed = f"The protocols are {'; '.join(known)}." if known else "No errors of these networks were published."
    raise UnknownNameError.of("protocol", wanted, known, listed)


def error_under(about: Published | Variant | None, protocol: str) -> ErrorRate | None:
    """The first error that was published of a network under a protocol; ``None``: there is none."""
    errors = () if about is None else about.errors
    return next((each for each in errors if each.protocol == protocol), None)
