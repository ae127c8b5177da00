"""The numbers of a text that people read, a README, a model card or a paper, held against counts.

``markdown.py`` and ``latex.py`` find tables and lines of prose, ``stated.py`` the numbers in them and what each is said
of, ``sidecar.py`` reads what the text leaves open, and ``judging.py`` makes findings.
"""

from archstat.claims.documents.judging import check_document, is_document

__all__ = ["check_document", "is_document"]
