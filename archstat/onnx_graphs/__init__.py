"""ONNX graphs → :class:`~archstat.records.Trace`: the records of a torch network, so that all that follows works."""
