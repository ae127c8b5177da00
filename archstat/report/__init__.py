"""Records → one HTML page: charts, tables and prose.

Everything here works from records, so a page is rebuilt from saved files on a machine without a GPU, and the same
records give the same bytes.
"""
