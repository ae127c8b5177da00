"""Every operator on the test cases of ONNX's own: what comes out has the shapes of the case, and nothing breaks."""

import warnings

import numpy as np
import onnx
import pytest
from onnx.backend.test.case.node import collect_testcases
from onnx.numpy_helper import from_array

from archstat.analysis.graphs import GraphAnalysis
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import ArchstatError
from archstat.networks.settings import Setting
from archstat.onnx_graphs.graph import OnnxGraph
from archstat.onnx_graphs.operators.table import OPERATORS
from archstat.onnx_graphs.reading import OLDEST

UNTESTED = {
    "BitCast": "newer than the cases of some versions",
    "Optional": "makes no tensor",
    "OptionalGetElement": "takes what is no tensor",
    "RandomNormal": "has no case, as its numbers are random",
    "RandomNormalLike": "has no case, as its numbers are random",
    "RandomUniform": "has no case, as its numbers are random",
    "RandomUniformLike": "has no case, as its numbers are random",
    "Scatter": "replaced by ScatterElements in opset 11",
    "SimplifiedLayerNormalization": "of a runtime, in ONNX's domain",
    "Upsample": "replaced by Resize in opset 10",
}


@pytest.fixture(scope="module")
def cases():
    """The cases of one node each, or of its function written out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers of some cases do not fit their types
        return [case for case in collect_testcases(None) if case.model is not None]


def shapes_of(values):
    return [None if isinstance(value, list) else np.asarray(value).shape for value in values]


def settled(case):
    """The model of a case, its axes, sizes and the like as constants, as exporters store them."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    for each in model.opset_import:
        each.version = max(each.version, OLDEST) if not each.domain else each.version
    given = case.data_sets[0][0]
    for info, data in list(zip(model.graph.input, given, strict=False))[1:]:
        if isinstance(data, np.ndarray | np.generic) and data.ndim < 2 and data.dtype.kind in "iuf":
            model.graph.initializer.append(from_array(np.asarray(data), info.name))
    return model


@pytest.fixture(scope="module")
def found(cases, tmp_path_factory):
    """Of each case by name what was counted, or why it was refused."""
    path = tmp_path_factory.mktemp("cases") / "case.onnx"
    results = {}
    for case in cases:
        onnx.save(settled(case), path)
        try:
            results[case.name] = GraphAnalysis(OnnxGraph(str(path)), Setting())
        except ArchstatError as error:
            results[case.name] = str(error)
    return results


def test_a_case_is_counted_or_refused_in_a_sentence(found):
    refusals = [result for result in found.values() if isinstance(result, str)]
    expected = "opset", "no tensor", "cannot take that input", "Which size has axis", "does not hold together"
    assert [told for told in refusals if not any(each in told for each in expected)] == []
    assert len(refusals) < len(found) / 10


def test_what_comes_out_has_the_shapes_of_the_case(cases, found):
    wrong = {}
    for case in cases:
        result = found[case.name]
        if isinstance(result, str) or result.cost.uncounted:
            continue
        expected = shapes_of(case.data_sets[0][1])
        shapes = [spec.shape for spec in result.trace.calls[0].outputs]
        is_told = any(expected) and all(0 not in shape for shape in expected if shape)
        if is_told and shapes != expected:
            wrong[case.name] = (shapes, expected)
    assert wrong == {}


@pytest.mark.rare
def test_all_that_follows_from_a_trace_can_be_worked_out_of_each_case(found):
    for result in found.values():
        if not isinstance(result, str):
            result.explanations(), result.fields(), result.depth(), result.traffic(), result.levels(), result.memory()
            assert all(result.tally(name).convention == name for name in CONVENTIONS)


def test_every_operator_is_met_and_counted_in_a_case(cases, found):
    met = set()
    for case in cases:
        result = found[case.name]
        if not isinstance(result, str) and not result.cost.uncounted:
            met |= {node.op_type for node in case.model.graph.node}
    own = {name for name in OPERATORS if "::" not in name}
    assert own - met - set(UNTESTED) == set()
