"""Small graphs, written and saved."""

import onnx
from onnx import TensorProto, helper
from onnx.numpy_helper import from_array

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def save(path, nodes, inputs, outputs, stored=None, *, opset=20, domains=(), functions=()):
    """A graph in a file: nodes, its inputs and outputs, and what it stores by name."""
    tensors = [from_array(array, name) for name, array in (stored or {}).items()]
    graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), tensors)
    imports = [helper.make_opsetid("", opset), *[helper.make_opsetid(domain, 1) for domain in domains]]
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=list(functions)), path)
    return str(path)


node = helper.make_node
