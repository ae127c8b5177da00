"""How templates are rendered: whatever is put into one is text."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from archstat.report.drawing import theme


def templates(*, keeps_last_line: bool = False) -> Environment:
    """The templates of pages and pictures; what is put in is escaped, and readable whatever its letters.

    Args:
        keeps_last_line: Keep the line break at the end of a template.
    """
    return Environment(
        loader=PackageLoader("archstat.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=theme.readable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keeps_last_line,
    )
