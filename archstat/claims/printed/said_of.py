"""Whether a number is said of a network as a whole, and on which input; where that is not plain, it is not checked.

A number that is held against another network, or against a part of one, is called wrong where it is right. So what
may stand between a name and a number is listed here, and anything else leaves it open.
"""

from __future__ import annotations

import re

import msgspec

from archstat.language import recorded


class Naming(msgspec.Struct, frozen=True):
    """Where some words name a network.

    Attributes:
        start: The place of the first letter.
        end: The place behind the last one.
    """

    start: int
    end: int


_WORD = re.compile(r"[^\W_][\w.'\u2019-]*")
_LINKS = frozenset(
    "a about an and approx approximately are around at ca complexity computation computational contain contains cost"
    " costs count counts flops forward for gflops gmacs had has have image images in inference input inputs is its macs"
    " model needs need needed network number of only overall parameter parameters params pass performs pixels px"
    " require required requires resolution roughly s single size take takes the total use used uses"
    " was which with".split()
)
"""The words that may stand between a name and its number."""

_BEFORE = frozenset(
    "a an and architecture baseline for model network original our plain standard that the vanilla".split()
)
_BEFORE_BRACKETS = _BEFORE | frozenset(
    "as by compare compared consider evaluate from in like of on over than to train trained use uses using with".split()
)
"""The words that may stand before a name, where its number follows in brackets."""

_BEHIND = frozenset("and are at but has have is model network on was were which while".split())
_FIRST = frozenset("a about all an approximately around its roughly the".split())
_LEADING = re.compile(r"^[\W_]*(?:(?:a|an|for|our|the|with)\b[\W_]*){0,3}$", re.IGNORECASE)
_COMES_TO = re.compile(r"\b(?:comes?|amounts?|adds? up) to\b", re.IGNORECASE)
_CITED = re.compile(r"\[[\d,; –-]{1,40}\]|\((?:[^()]{0,60}\b)?(?:19|20)\d\d[a-z]?\)")
_AMOUNT = (
    r"[~≈]?\d[\d.,'\u2019\u00a0\u2009\u202f ×^]{0,40}(?:[kKMGBT]|[mb]illion|thousand)?\s?"
    r"(?:params?|parameters|MACs?|FLOP[sS]?|[mM]ult-?[aA]dds?)"
)
_AMOUNTS = re.compile(rf"(?<![\w.,])(?:{_AMOUNT})(?!\w)")
_SIZE = re.compile(r"(?<![\w.])\d{1,4}(?:\s?(?:[x×]|\\times)\s?\d{1,4}){1,3}(?![\w.]\w)(?:\s?(?:px|pixels))?")
_SIDE = re.compile(r"(?:@\s?|↑\s?)(?P<at>\d{2,4})\b|\b(?P<px>\d{2,4})\s?(?:px|pixels)\b|\((?P<alone>\d{3})\)")
_SMALLEST_SIDE = 20
"""What is smaller is a kernel or a patch."""

_OF_A_PART = re.compile(
    r"^[\W_]*(?:per (?!image|input|inference|forward|sample|picture|pass|example)|in (?:its|the|each|every|one)\b|apart"
    r"|without|exclud|except|less|more|fewer|smaller|larger|saved|each|than|for (?:its|each|every)|added|extra"
    r"|at a? ?batch|additional|of (?:its|the|which|them)|on (?:a|an|one|the)\b|trainable|frozen|active|below|above"
    r"|at least|at most)",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"^[\W_]*(?:(?:of|for|by|from|in|with) (?!(?:an? |one |the )?(?:input|image|picture|forward|inference|total|all\b"
    r"|float|fp\d|comput|imagenet|resolution|batch|\d))|vs\b|versus\b)",
    re.IGNORECASE,
)
"""What makes a number that follows a name one of something else, as in ``5M parameters for OurNet``."""

_BATCH = re.compile(
    r"batch(?:es)?(?: size)?s?(?: of|:| =|=)? ?(?!1\b)\d"
    r"|(?<![\w.])(?!1 )\d[\d,]* (?:tokens|images|frames|crops|views|clips|words)"
    r"|(?:sequence|context|prompt)s?(?: length)?(?: of|:| =|=)? ?\d",
    re.IGNORECASE,
)
_DECORATION = re.compile(
    r"\[\d[\d,; –-]*\]|\((?:[^()]{0,60}\b)?(?:19|20)\d\d[a-z]?\)|\((?:ours?|baseline|official|reproduced)\)|et al\.?"
)
_HARMLESS = frozenset(
    "architecture baseline card checkpoint ckpt code config details download for hf huggingface imagenet imagenet-1k"
    " in1k keras link model network of official original our ours paper pretrained pytorch reference reproduced"
    " standard tensorflow tf the timm torchvision vanilla weights".split()
)
_OF_A_CARD = _HARMLESS | frozenset(
    "and complexity computation computational compute cost costs count counts efficiency info information metrics"
    " overview parameters properties size spec specification specifications specs stat statistics stats summary"
    " technical".split()
)


def is_said_of(words: str, naming: Naming, start: int, end: int) -> bool:
    """Whether a sentence says a number of all of a network that it names.

    Args:
        words: The sentence.
        naming: Where the network is named.
        start: The place where the number begins.
        end: The place behind the number and its unit.

    >>> is_said_of("ResNet-50 has 26M params", Naming(0, 9), 14, 24)
    True
    >>> is_said_of("ResNet-50 saves 26M params", Naming(0, 9), 16, 26)
    False
    """
    if _OF_A_PART.match(words[end:]):
        return False
    if naming.end <= start:
        return _OF_ANOTHER.match(words[end:]) is None and _leads_to(words[: naming.start], words[naming.end : start])
    before, between = _words(words[:start])[-1:], words[end : naming.start]
    behind = _words(re.split(r"[,;:.()!?]", words[naming.end :])[0])[:1]
    return (
        (not before or before[0] in _FIRST or _ends_in_a_mark(words[:start]))
        and not _strange(between, frozenset({"of", "for", "in", *_BEFORE}))
        and (not behind or behind[0] in _BEHIND)
    )


def _leads_to(before: str, between: str) -> bool:
    """Whether what stands before a name and behind it leads to a number."""
    last = [] if _ends_in_a_mark(before) else _words(before)[-1:]
    is_in_brackets = re.match(r"\s*\([^)]*$", between) is not None
    if last and last[0] not in (_BEFORE_BRACKETS if is_in_brackets else _BEFORE):
        return False
    between = re.sub(r"# */", "", _AMOUNTS.sub("#", _SIZE.sub(" ", _CITED.sub(" ", _COMES_TO.sub("has", between)))))
    first = _words(between)[:1]
    if first in (["with"], ["and"]) and not _LEADING.match(before):
        return False
    return not _strange(between, _LINKS)


def _words(text: str) -> list[str]:
    return [word.casefold().rstrip(".'\u2019-") for word in _WORD.findall(text)]


def _ends_in_a_mark(text: str) -> bool:
    return re.search(r"[,:;(|–—\n]\s*$|[-*\u2022]\s+$|\d\.\s+$", text) is not None


def _strange(text: str, known: frozenset[str]) -> bool:
    """Whether a text has words or marks that may make a number one of something else."""
    return any(word not in known for word in _words(text)) or re.search(r"[;&+/→>≥≤−<]", text) is not None


def more_than_a_name(cell: str, naming: Naming) -> str:
    """What a cell says besides the name of a network, which may make it another one; ``""`` for what does not.

    Args:
        cell: The words of the cell.
        naming: Where the network is named.

    >>> more_than_a_name("ResNet-50 [12] (ours)", Naming(0, 9)), more_than_a_name("ResNet-50 + SE", Naming(0, 9))
    ('', '+ SE')
    """
    rest = f"{cell[: naming.start]} {cell[naming.end :]}"
    left = _SIDE.sub(" ", _SIZE.sub(" ", _DECORATION.sub(" ", rest)))
    strange = [word for word in _words(left) if word not in _HARMLESS] or re.findall(r"[+→]", left)
    return " ".join(rest.split()) if strange else ""


def is_of_a_card(heading: str) -> bool:
    """Whether a heading names nothing of its own, so that what stands below is of the network of the whole text.

    Args:
        heading: The words of the heading.

    >>> is_of_a_card("Model Details"), is_of_a_card("Our Decoder")
    (True, False)
    """
    return not _strange(heading, _OF_A_CARD)


def sides_in(words: str) -> list[int]:
    """The sides of images that some words say, each once; 0 for one that is no square.

    Args:
        words: The words.

    >>> sides_in("at 320×320"), sides_in("3x224x224, 16x16 patches"), sides_in("@384"), sides_in("800x1333")
    ([320], [224], [384], [0])
    """
    found: dict[int, None] = {}
    for size in _SIZE.finditer(words):
        sides = [int(each) for each in re.findall(r"\d+", size[0])]
        sides = sides[1:] if len(sides) > 2 and sides[0] in (1, 3) else sides[:-1] if len(sides) > 2 else sides
        sides = sides[1:] if len(sides) > 2 and sides[0] in (1, 3) else sides
        if max(sides) >= _SMALLEST_SIDE:
            found[sides[0] if len(set(sides)) == 1 else 0] = None
    for side in _SIDE.finditer(words):
        found[int(side["at"] or side["px"] or side["alone"])] = None
    return list(found)


def doubt_of_input(words: str) -> str:
    """Why the input cannot be told that some words say, or ``""``.

    Args:
        words: The words.
    """
    sides = sides_in(words)
    if len(sides) > 1:
        return recorded("it names several inputs")
    if sides == [0]:
        return recorded("its input is no square, which the file beside the text can say")
    return (
        recorded("it names a batch or a sequence, which the file beside the text can say")
        if _BATCH.search(words)
        else ""
    )
