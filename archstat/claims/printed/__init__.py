"""The numbers of a text that people read, a README, a model card or a paper, held against counts.

``markdown.py`` and ``latex.py`` find tables and paragraphs, ``stated.py`` the numbers in them and what each is said
of, ``sidecar.py`` reads what the text leaves open, and ``judging.py`` makes findings.
"""

from archstat.claims.printed.judging import check_text, is_text

__all__ = ["check_text", "is_text"]
