"""Colours of ``console`` blocks: what follows ``$`` was typed, and everything else is output as it was printed.

Pygments' own lexer takes ``%`` and ``#`` for prompts too, and so the comments of a LaTeX table for commands.
"""

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Generic, Text
from sphinx.application import Sphinx


class ConsoleLexer(RegexLexer):
    """Commands and what they print."""

    name = "archstat console"
    tokens: ClassVar = {
        "root": [
            (r"^(\$ )(.*\n)", bygroups(Generic.Prompt, Text)),
            (r".*\n", Generic.Output),
        ]
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Use it for ``console``."""
    app.add_lexer("console", ConsoleLexer)
    return {"parallel_read_safe": True}
