"""ONNX operators in torch's words: one entry of :mod:`~archstat.onnx_graphs.operators.table` is one operator."""
