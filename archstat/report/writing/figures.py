"""Which numbers of a text are names (ResNet-50, 3×3, slide 55, 2015), and which are figures that need a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator

GAP = "\ufffc"
"""What stands in a text where a claim is cited."""

_PLACE = r"\d{1,3}(?:\.\d+)*[a-z]?(?!\w|[.,]\d| ?[×%])"
_REFERENCES = (
    "table figure fig section sec chapter appendix part lecture week session exercise homework slide equation eq page "
    "pp p line"
)
_ONE = rf"\b(?i:{'|'.join(_REFERENCES.split())})\.?\s?\(?{_PLACE}"
_SEVERAL = (
    r"\b(?i:(?:tables|figures|figs|sections|chapters|lectures|weeks|sessions|parts|exercises|slides|equations|eqs|pages|pp|lines)\.?)\s"
    rf"{_PLACE}(?:(?:,\s| ?[-–] ?|,?\s(?:and|to|or)\s){_PLACE})*"
)

NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\barXiv:\d{4}\.\d{4,5}(?:v\d+)?\b",
        # Kernels, maps, inputs: 3×3, 7×7/2, 28 × 28 × 192.
        r"(?<![\w.,])\d+(?: ?[×x] ?\d+)+(?:/\d)?(?!\w|[.,]\d)",
        _SEVERAL,
        _ONE,
        rf"§\s?{_PLACE}",
        # A word that begins with a digit is a figure (138M, 22-layer) unless it is one of these.
        r"(?<![\w.,])\d+(?:D\b|-(?:bit|crop)\b)",
        # A word that begins with a letter, and what is joined to it: VGG-16, conv2_x, layer1.0.conv1, ILSVRC'14.
        # But x2 is a factor.
        r"(?<![\w.,])(?!x\d)[A-Za-z]\w*(?:[-–./'\u2019]\w+)*",
        # A year; 2048 is the width of many a layer, and none.
        r"(?<![\w.,])(?!2048)(?:19|20)\d\ds?(?!\w|[.,]\d| ?[×%])",
    )
)
"""What a number may be a part of without being a figure; each is taken out before the next is looked for."""

_NUMBER = re.compile(r"[\d½¼¾⅓⅔](?:[\d.,]*\d)?(?: ?[%×]|[A-Za-z]+)?")


def figures(text: str) -> Iterator[tuple[int, str]]:
    """Where the figures of a text begin, and what they are.

    >>> list(figures("In 2015 ResNet-50 (Table 1) needs 4.09 G for 224×224, 25 % of VGG-16."))
    [(34, '4.09'), (54, '25 %')]
    """
    for name in NAMES:
        text = name.sub(lambda match: GAP * len(match[0]), text)
    for match in _NUMBER.finditer(text):
        yield match.start(), match[0]
