"""Formats of files that hold a network: one file here is one format; see :mod:`archstat.networks.file_formats`."""
