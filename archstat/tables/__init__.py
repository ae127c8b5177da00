"""Records → tables: which columns there are, and what stands in them.

A :class:`Table` holds plain values in base units; :mod:`archstat.tables.formats` turns it into text, Markdown, CSV,
JSON or LaTeX. Text shows numbers in four digits and a prefix, or in full on request; the other formats keep base units.
"""

from archstat.tables.cache import cache_table
from archstat.tables.claims import claims_page_table, claims_page_tables, claims_table
from archstat.tables.columns import Column, Table
from archstat.tables.difference import diff_table
from archstat.tables.explanation import chosen, explanation_table, sums_table
from archstat.tables.identification import identification_table
from archstat.tables.measurements import measured_compare_table
from archstat.tables.measuring import latency_table, plan_table, selftest_table
from archstat.tables.memory import memory_table, step_memory_table, training_table
from archstat.tables.network import layer_table, op_table
from archstat.tables.networks import compare_table, hub_table, list_table
from archstat.tables.peaks import peaks_table
from archstat.tables.reconciliation import reconcile_table
from archstat.tables.roofline import measured_table
from archstat.tables.scaling import scale_table

__all__ = [
    "Column",
    "Table",
    "cache_table",
    "chosen",
    "claims_page_table",
    "claims_page_tables",
    "claims_table",
    "compare_table",
    "diff_table",
    "explanation_table",
    "hub_table",
    "identification_table",
    "latency_table",
    "layer_table",
    "list_table",
    "measured_compare_table",
    "measured_table",
    "memory_table",
    "op_table",
    "peaks_table",
    "plan_table",
    "reconcile_table",
    "scale_table",
    "selftest_table",
    "step_memory_table",
    "sums_table",
    "training_table",
]
