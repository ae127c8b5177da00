"""Text → TeX: any text as pdfLaTeX sets it, and how wide it becomes in Computer Modern."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping

from archstat.language import language

# The widths of Computer Modern at 10 pt, in units of 10 pt, from the metrics that come with TeX; where the fonts of T1
# are wider than those of OT1, as the underscore is, theirs.
_WIDTHS_OF: Mapping[float, str] = {
    0.278: "!',.:;[]`il",
    0.306: "fj",
    0.333: "-",
    0.37: " ",  # behind a full stop it is wider than elsewhere
    0.361: "I",
    0.389: "()t",
    0.394: "rs",
    0.444: "cez",
    0.472: "?",
    0.5: "$*/0123456789ago{}\\|",
    0.514: "J",
    0.528: '"kqvxy',
    0.556: "Sbdhnpu",
    0.625: "LZ^",
    0.681: "EFP",
    0.708: "B",
    0.736: "CRTw",
    0.764: "ADHNUVXY",
    0.785: "_~&+<=>@GKOQ",
    0.833: "#%m",
    0.917: "M",
    1.028: "W",
}
_WIDTHS = {character: width for width, characters in _WIDTHS_OF.items() for character in characters}
_TYPEWRITER = 0.525

_COMMANDS = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "$\\sim$",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "`": "\\textquoteleft{}",
    '"': "{\\ttfamily\\char34}",
    "[": "{[}",  # behind \\ it would begin an argument
    "*": "{*}",  # and this a form of \\
}

_SYMBOLS: Mapping[str, tuple[str, float]] = {
    "×": ("$\\times$", 0.78),
    "÷": ("$\\div$", 0.78),
    "·": ("$\\cdot$", 0.28),
    "⋅": ("$\\cdot$", 0.28),
    "±": ("$\\pm$", 0.78),
    "−": ("$-$", 0.78),
    "→": ("$\\to$", 1.0),
    "←": ("$\\leftarrow$", 1.0),
    "↓": ("$\\downarrow$", 0.5),
    "↑": ("$\\uparrow$", 0.5),
    "⇄": ("$\\rightleftharpoons$", 1.0),
    "↔": ("$\\leftrightarrow$", 1.0),
    "≠": ("$\\neq$", 0.78),
    "≤": ("$\\leq$", 0.78),
    "≥": ("$\\geq$", 0.78),
    "≈": ("$\\approx$", 0.78),
    "≃": ("$\\simeq$", 0.78),
    "†": ("$\\dagger$", 0.45),
    "‡": ("$\\ddagger$", 0.45),
    "∞": ("$\\infty$", 1.0),
    "√": ("$\\surd$", 0.84),
    "⊗": ("$\\otimes$", 0.78),
    "⌊": ("$\\lfloor$", 0.45),
    "⌋": ("$\\rfloor$", 0.45),
    "⌈": ("$\\lceil$", 0.45),
    "⌉": ("$\\rceil$", 0.45),
    "ᵀ": ("$^\\top$", 0.68),
    "✗": ("$\\times$", 0.78),
    "✓": ("$\\surd$", 0.84),
    "–": ("--", 0.5),
    "—": ("---", 1.0),
    "…": ("\\dots{}", 1.4),
    "\u2018": ("\\textquoteleft{}", 0.28),
    "\u2019": ("'", 0.28),
    "\u201c": ("\\textquotedblleft{}", 0.5),
    "\u201d": ("\\textquotedblright{}", 0.5),
    "§": ("$\\mathsection$", 0.45),
    "¶": ("$\\mathparagraph$", 0.62),
    "©": ("\\copyright{}", 1.12),
    "°": ("$^\\circ$", 0.47),
    "µ": ("$\\mu$", 0.61),
    "½": ("$\\frac12$", 0.65),
    "¼": ("$\\frac14$", 0.65),
    "¾": ("$\\frac34$", 0.65),
    "⅓": ("$\\frac13$", 0.65),
    "⅔": ("$\\frac23$", 0.65),
    "ß": ("\\ss{}", 0.5),
    "æ": ("\\ae{}", 0.73),
    "Æ": ("\\AE{}", 0.91),
    "œ": ("\\oe{}", 0.78),
    "Œ": ("\\OE{}", 1.02),
    "ø": ("\\o{}", 0.5),
    "Ø": ("\\O{}", 0.78),
    "ł": ("\\l{}", 0.34),
    "Ł": ("\\L{}", 0.63),
    "�": ("?", 0.48),
}

_GREEK_SMALL = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega".split()
)
_GREEK_CAPITAL = frozenset("Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split())
"""The letters that TeX has; the others look Latin."""

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip

_LIGATURES = re.compile("(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)")
"""Where two characters would become one."""


def tex(text: str) -> str:
    r"""A text as TeX prints it; Hangul stays where Korean is spoken, for the package that sets it.

    >>> tex("50% of a_b → 3×3"), tex("modèle"), tex("层")
    ('50\\% of a\\_b $\\to$ 3$\\times$3', 'mod\\`{e}le', '{\\ttfamily U+5C42}')
    """
    letters = _LIGATURES.sub("\0", unicodedata.normalize("NFC", text))
    return "".join(c if _is_spoken(c) else _one(c) for c in letters)


PACKAGES = {"ko": "\\usepackage[hangul]{kotex}"}
"""What sets the letters of a language that no LaTeX has by itself, and the words that LaTeX puts in: Table, Page."""

_HANGUL = re.compile(r"[\uac00-\ud7a3\u3131-\u318e]")
_WIDE = 1.0
"""The width of a letter of Hangul."""


def _is_spoken(character: str) -> bool:
    """Whether a letter is one of the language that is spoken, which a package sets."""
    return not character.isascii() and language() == "ko" and _HANGUL.fullmatch(character) is not None


def width_of(text: str) -> float:
    """How wide a text becomes, in units of the size of its letters; no less than it is.

    >>> round(width_of("MiB"), 3)
    1.903
    """
    return _width_in(text, language())


@functools.lru_cache(maxsize=2**14)
def _width_in(text: str, _: str) -> float:
    """How wide a text becomes in the language that is spoken."""
    if text.isascii():
        return sum(map(_width, text))
    return sum(_WIDE if _is_spoken(c) else _width(c) for c in unicodedata.normalize("NFC", text))


def unknown_in(text: str) -> Iterator[str]:
    """The characters that stand as their numbers, each once."""
    characters = () if text.isascii() else dict.fromkeys(unicodedata.normalize("NFC", text))
    return (c for c in characters if not _is_spoken(c) and _one(c).startswith(_BY_NUMBER))


_BY_NUMBER = "{\\ttfamily U+"


@functools.lru_cache(maxsize=2**12)
def _one(character: str) -> str:
    """One character in TeX; the place between two that would become one is ``{}``."""
    if character == "\0":
        return "{}"
    if character in _SYMBOLS:
        return _SYMBOLS[character][0]
    if character.isascii():
        return _COMMANDS.get(character, character)
    return _greek(character) or _raised(character) or _accented(character) or f"{_BY_NUMBER}{ord(character):04X}}}"


def _greek(character: str) -> str:
    """A Greek letter."""
    name = unicodedata.name(character, "").replace("LAMDA", "LAMBDA")
    script, _, letter = name.rpartition(" LETTER ")
    known = {"GREEK SMALL": (letter.lower(), _GREEK_SMALL), "GREEK CAPITAL": (letter.capitalize(), _GREEK_CAPITAL)}
    spelt, letters = known.get(script, ("", frozenset()))
    return f"$\\{spelt}$" if spelt in letters else ""


def _raised(character: str) -> str:
    """A superscript or a subscript."""
    kind, _, code = unicodedata.decomposition(character).partition(" ")
    if kind not in ("<super>", "<sub>") or " " in code:
        return ""
    plain = chr(int(code, 16)).replace("−", "-")
    return f"${'^' if kind == '<super>' else '_'}{{{plain}}}$" if plain.isascii() and plain not in "\\%&~#{}$^_" else ""


def _accented(character: str) -> str:
    """A Latin letter with an accent."""
    parts = unicodedata.normalize("NFD", character)
    letter, mark = parts[0], parts[1:]
    return f"\\{_ACCENTS[mark]}{{{letter}}}" if mark in _ACCENTS and letter.isascii() and letter.isalpha() else ""


@functools.lru_cache(maxsize=2**12)
def _width(character: str) -> float:
    if character in _SYMBOLS:
        return _SYMBOLS[character][1]
    if character.isascii():
        return _WIDTHS.get(character, 1.1)
    set_as = _one(character)
    if set_as.startswith(_BY_NUMBER):
        return _TYPEWRITER * (len(set_as) - len("{\\ttfamily }"))
    return 1.0 if _greek(character) else _WIDTHS.get(unicodedata.normalize("NFD", character)[0], 0.8)
