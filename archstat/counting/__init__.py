"""A :class:`~archstat.records.Trace` → what it costs: rows and totals, sums, receptive fields, others' conventions."""
