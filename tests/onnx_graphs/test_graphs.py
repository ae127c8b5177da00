"""Graphs that are written out: what is counted, what is held, and that what does not fit is one sentence."""

import math
import random
import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from onnx.numpy_helper import from_array

import archstat
from archstat.analysis.graphs import GraphAnalysis
from archstat.analysis.inference import analyse, named_network
from archstat.cli import main
from archstat.errors import ArchstatError, InputError, SourceError, UncountedError
from archstat.networks.input_specs import InputSpec
from archstat.networks.settings import Setting
from archstat.scaling import scaling_of
from tests.onnx_graphs.graphs import INT64, node, save, value


def floats(*shape):
    return np.arange(math.prod(shape), dtype=np.float32).reshape(shape) + 0.5


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(monkeypatch, capsys):
    """What a command line is refused with: one sentence, and nothing else."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["archstat", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out, len(err.strip().splitlines())) == (2, "", 1)
        return err

    return run


def conv(batch="batch", **stored):
    """A padded convolution and a ReLU."""
    attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
    nodes = [
        node("Conv", ["x", "conv.weight", "conv.bias"], ["a"], name="/conv/Conv", **attributes),
        node("Relu", ["a"], ["y"], name="/act/Relu"),
    ]
    stored = {"conv.weight": floats(8, 3, 3, 3), "conv.bias": floats(8), **stored}
    return save("net.onnx", nodes, [value("x", [batch, 3, 16, 16])], [value("y", None)], stored)


def products(**shapes):
    """A product of two inputs with open sizes."""
    x, y = shapes.get("x", ["batch", "rows", 4]), shapes.get("y", ["batch", 4, "columns"])
    return save("net.onnx", [node("MatMul", ["x", "y"], ["z"])], [value("x", x), value("y", y)], [value("z", None)])


def test_a_convolution_costs_what_its_sums_say():
    cost = archstat.count(conv())
    assert (cost.parameters, cost.macs) == (8 * 3 * 3 * 3 + 8, 8 * 8 * 8 * 3 * 3 * 3)
    assert [(row.layer, row.kind, row.detail) for row in cost.layers] == [
        ("conv", "Conv", "3→8 3×3/2"),
        ("act", "Relu", ""),
    ]
    assert cost.peak_activation_bytes == 2 * 8 * 8 * 8 * 4


def test_all_that_follows_from_a_trace_follows_from_a_graph():
    found = analyse(conv(), Setting(batch_size=2))
    assert isinstance(found, GraphAnalysis)
    assert found.memory().parameter_bytes == 4 * 224
    assert found.memory().input_bytes == 2 * 3 * 16 * 16 * 4
    assert found.depth() == 1
    assert found.fields()["conv"].size == (3, 3)
    assert found.tally("conv+linear").number == found.cost.macs
    assert len(found.traffic()) == len(found.cost.layers) == len(found.explanations())
    assert [level.layer for level in found.levels().levels] == ["conv", "act"]
    assert found.cost.input_origin == "known"


def test_a_graph_scales_with_its_batch():
    macs = scaling_of(named_network(conv()), "batch", Setting()).growths[0]
    assert [int(each) for each in macs.coefficients] == [0, 8 * 8 * 8 * 27]


def test_a_fixed_batch_is_kept_and_another_one_refused():
    path = conv(batch=4)
    assert archstat.count(path).input_shapes == ((4, 3, 16, 16),)
    assert analyse(path, Setting((InputSpec((3, 16, 16)),))).cost.input_shapes == ((4, 3, 16, 16),)
    with pytest.raises(InputError, match="fixes the first axis of its input 'x' at 4"):
        analyse(path, Setting(batch_size=3))


def test_tensors_from_python_give_the_sizes():
    products()
    cost = archstat.count("net.onnx", torch.zeros(2, 5, 4), y=torch.zeros(2, 4, 6))
    assert cost.macs == 2 * 5 * 4 * 6


def test_the_gradient_and_the_time_of_a_graph_are_refused_in_a_sentence(refused):
    conv()
    with pytest.raises(SourceError, match=r"'net.onnx' is a graph and no torch network"):
        archstat.count_training("net.onnx")
    assert "is a graph and no torch network" in refused("measure", "net.onnx")


# -- what is held ------------------------------------------------------------------------------------------------------


def test_a_tensor_that_is_used_twice_is_held_once():
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])]
    path = save("net.onnx", nodes, [value("x", [1, 4])], [value("y", None)], {"w": floats(4, 4)})
    assert archstat.count(path).parameters == 16


def test_weights_that_stand_in_nodes_are_parameters_too():
    nodes = [
        node("Constant", [], ["w"], value=from_array(floats(4, 6))),
        node("Constant", [], ["shape"], value=from_array(np.array([-1]))),
        node("MatMul", ["x", "w"], ["a"]),
        node("Reshape", ["a", "shape"], ["y"]),
    ]
    cost = archstat.count(save("net.onnx", nodes, [value("x", [2, 4])], [value("y", None)]))
    assert (cost.parameters, cost.macs, cost.buffers) == (24, 48, 0)


def test_shapes_scalars_and_statistics_are_no_parameters():
    nodes = [
        node("BatchNormalization", ["x", "scale", "shift", "mean", "var"], ["a"]),
        node("Mul", ["a", "half"], ["b"]),
        node("Reshape", ["b", "shape"], ["y"]),
    ]
    stored = {name: floats(3) for name in ("scale", "shift", "mean", "var")}
    stored |= {"half": np.array(0.5, np.float32), "shape": np.array([1, -1], np.int64)}
    cost = archstat.count(save("net.onnx", nodes, [value("x", [1, 3, 4, 4])], [value("y", None)], stored))
    assert (cost.parameters, cost.buffers) == (6, 6)


def test_quantized_weights_are_parameters_and_their_products_count():
    stored = {"w": np.ones((4, 6), np.int8), "scale": np.array(0.1, np.float32), "zero": np.array(0, np.int8)}
    nodes = [node("DequantizeLinear", ["w", "scale", "zero"], ["d"]), node("MatMul", ["x", "d"], ["y"])]
    found = analyse(save("net.onnx", nodes, [value("x", [2, 4])], [value("y", None)], stored), Setting())
    assert (found.cost.parameters, found.cost.trainable_parameters, found.cost.macs) == (24, 0, 48)
    assert found.memory().parameter_bytes == 24


def test_integer_convolutions_and_products_count():
    kind = onnx.TensorProto.UINT8
    nodes = [
        node("ConvInteger", ["x", "w"], ["a"]),
        node("MatMulInteger", ["y", "m"], ["b"]),
    ]
    stored = {"w": np.ones((2, 3, 3, 3), np.uint8), "m": np.ones((5, 7), np.uint8)}
    inputs = [value("x", [1, 3, 6, 6], kind), value("y", [2, 5], kind)]
    cost = archstat.count(save("net.onnx", nodes, inputs, [value("a", None, 6), value("b", None, 6)], stored))
    assert (cost.macs, cost.parameters, cost.uncounted) == (2 * 4 * 4 * 27 + 2 * 5 * 7, 54 + 35, ())


def test_shapes_that_are_computed_are_followed():
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "first"], ["n"]),
        node("Unsqueeze", ["n", "axes"], ["n1"]),
        node("Concat", ["n1", "rest"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["y"]),
    ]
    stored = {"first": np.array(0), "axes": np.array([0]), "rest": np.array([-1])}
    cost = archstat.count(save("net.onnx", nodes, [value("x", [3, 4, 5])], [value("y", None)], stored))
    assert (cost.layers, cost.uncounted, cost.activations) == ((), (), 0)


def test_padding_of_one_end_is_an_op_of_its_own():
    nodes = [node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2], name="c")]
    path = save("net.onnx", nodes, [value("x", [1, 3, 8, 8])], [value("y", None)], {"w": floats(4, 3, 3, 3)})
    found = analyse(path, Setting())
    assert [op.op for op in found.trace.ops] == ["constant_pad_nd", "conv2d"]
    assert found.cost.macs == 4 * 4 * 4 * 27


# -- control flow and functions ----------------------------------------------------------------------------------------


def branches(other):
    then = helper.make_graph([node("MatMul", ["x", "w"], ["t"])], "then", [], [value("t", None)])
    orelse = helper.make_graph([other], "else", [], [value("e", None)])
    nodes = [node("If", ["choice"], ["y"], then_branch=then, else_branch=orelse, name="switch")]
    inputs = [value("choice", [], onnx.TensorProto.BOOL), value("x", [2, 4])]
    return save("net.onnx", nodes, inputs, [value("y", None)], {"w": floats(4, 4), "v": floats(4, 4)})


def test_branches_of_the_same_cost_are_counted():
    cost = archstat.count(branches(node("MatMul", ["x", "v"], ["e"])))
    assert (cost.macs, cost.uncounted, cost.parameters) == (32, (), 32)


def test_branches_of_different_cost_are_named():
    cost = archstat.count(branches(node("Relu", ["x"], ["e"])))
    assert (cost.macs, [each.op for each in cost.uncounted]) == (0, ["onnx::If"])
    with pytest.raises(UncountedError, match="onnx::If"):
        analyse("net.onnx", Setting(strict=True))


def test_a_loop_is_named_and_what_follows_too():
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Relu", ["state"], ["next"])],
        "body",
        [value("i", [], INT64), value("go", [], onnx.TensorProto.BOOL), value("state", None)],
        [value("go_on", [], onnx.TensorProto.BOOL), value("next", None)],
    )
    nodes = [node("Loop", ["n", "", "x"], ["a"], body=body), node("Relu", ["a"], ["y"])]
    cost = archstat.count(save("net.onnx", nodes, [value("n", [], INT64), value("x", [2])], [value("y", None)]))
    assert "onnx::Loop" in [each.op for each in cost.uncounted]


def test_an_operator_that_nobody_knows_is_named():
    nodes = [node("Frob", ["x"], ["a"], domain="my.ops"), node("Relu", ["a"], ["y"])]
    path = save("net.onnx", nodes, [value("x", [1, 3])], [value("y", None)], domains=["my.ops"])
    cost = archstat.count(path)
    assert [each.op for each in cost.uncounted] == ["my.ops::Frob", "onnx::Relu"]
    assert "what follows from it is not counted" in cost.remarks[0]


def test_lists_of_tensors_are_followed():
    nodes = [
        node("SplitToSequence", ["x", "two"], ["parts"], axis=1),
        node("SequenceAt", ["parts", "last"], ["part"]),
        node("MatMul", ["part", "w"], ["y"]),
    ]
    stored = {"two": np.array(2), "last": np.array(-1), "w": floats(1, 3)}
    cost = archstat.count(save("net.onnx", nodes, [value("x", [4, 5])], [value("y", None)], stored))
    assert (cost.macs, cost.uncounted) == (4 * 1 * 3, ())


def test_functions_are_written_out():
    imports = [helper.make_opsetid("", 20)]
    twice = helper.make_function(
        "own",
        "Twice",
        ["a", "b"],
        ["c"],
        [node("MatMul", ["a", "b"], ["m"]), node("MatMul", ["m", "b"], ["c"])],
        imports,
    )
    nodes = [node("Twice", ["x", "w"], ["y"], domain="own")]
    stored = {"w": floats(4, 4)}
    path = save("net.onnx", nodes, [value("x", [2, 4])], [value("y", None)], stored, domains=["own"], functions=[twice])
    assert (archstat.count(path).macs, archstat.count(path).parameters) == (64, 16)


def test_fused_operators_of_a_runtime_are_known():
    domain = "com.microsoft"
    nodes = [
        node("FusedConv", ["x", "w", "b"], ["a"], domain=domain, activation="Relu", kernel_shape=[3, 3]),
        node("Flatten", ["a"], ["f"]),
        node("FusedMatMul", ["f", "m"], ["p"], domain=domain, transB=1),
        node("BiasGelu", ["p", "c"], ["y"], domain=domain),
    ]
    stored = {"w": floats(2, 3, 3, 3), "b": floats(2), "m": floats(5, 32), "c": floats(5)}
    cost = archstat.count(
        save("net.onnx", nodes, [value("x", [1, 3, 6, 6])], [value("y", None)], stored, domains=[domain])
    )
    assert (cost.macs, cost.parameters, cost.uncounted) == (2 * 16 * 27 + 32 * 5, 54 + 2 + 160 + 5, ())


# -- nonsense ----------------------------------------------------------------------------------------------------------


def circle():
    nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
    save("net.onnx", nodes, [value("x", [1, 3])], [value("b", None)])


def written(content):
    return lambda: Path("net.onnx").write_bytes(content)


def truncated():
    content = Path(conv()).read_bytes()
    Path("net.onnx").write_bytes(content[: len(content) // 2])


def relu(shape, **how):
    return lambda: save("net.onnx", [node("Relu", ["x"], ["y"])], [value("x", shape)], [value("y", None)], **how)


def unfit():
    nodes = [node("MatMul", ["x", "w"], ["y"], name="fc")]
    save("net.onnx", nodes, [value("x", [1, 5])], [value("y", None)], {"w": floats(4, 2)})


def without_text():
    conv()
    content = Path("net.onnx").read_bytes()
    Path("net.onnx").write_bytes(content.replace(b"/conv/Conv", b"/conv/Con\xf6"))


def endless():
    """An LSTM that is to run in more directions than there are."""
    shapes = {"x": [5, 1, 3], "w": [2**40, 8, 3], "r": [2**40, 8, 2]}
    inputs = [value(name, shape) for name, shape in shapes.items()]
    save("net.onnx", [node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2)], inputs, [value("y", None)])


def incomplete():
    save("net.onnx", [node("Transpose", [], ["y"], name="turn")], [value("x", [1])], [value("y", None)])


NONSENSE = {
    "names that are no text": (without_text, "its names are no text"),
    "no inputs where there must be some": (incomplete, r"'turn' \(Transpose\)"),
    "nothing": (written(b""), "is empty"),
    "a text": (written(b"hello there"), "is no ONNX file, or a broken one"),
    "half a file": (truncated, "is no ONNX file, or a broken one"),
    "a circle": (circle, "uses 'b', which nothing before it makes"),
    "too large": (relu([1, 2**62, 2**62]), "No tensor can have 1×4611686018427387904×4611686018427387904 elements"),
    "old": (relu([1, 3], opset=7), "is of opset 7, and 11 is the oldest that is read"),
    "of the future": (relu([1, 3], opset=999), "is of opset 999"),
    "without a shape": (relu(None), "does not say which shape its input 'x' has"),
    "unfit": (unfit, r"'fc' \(MatMul\) fails with: Incompatible dimensions"),
    "open": (products, r"Which size has axis 1 of the input 'x' of 'net.onnx', which is batch×rows×4\?"),
}


def test_what_would_take_forever_is_named():
    endless()
    assert [each.op for each in archstat.count("net.onnx").uncounted] == ["onnx::LSTM"]


def changed(content, seed):
    """A file with some bytes changed, left out or put in."""
    chance, content = random.Random(seed), bytearray(content)  # noqa: S311 - the same bytes each time
    for _ in range(chance.randint(1, 6)):
        place, how = chance.randrange(len(content)), chance.random()
        if how < 0.6:
            content[place] = chance.randrange(256)
        elif how < 0.8:
            del content[place : place + chance.randint(1, 20)]
        else:
            content[place:place] = bytes(chance.randrange(256) for _ in range(8))
    return bytes(content)


def test_a_file_with_changed_bytes_is_counted_or_refused_in_a_sentence():
    content = Path(conv()).read_bytes()
    ends, told = set(), []
    for seed in range(200):
        Path("net.onnx").write_bytes(changed(content, seed))
        try:
            analyse("net.onnx", Setting()).explanations()
        except ArchstatError as error:
            told.append(str(error))
            ends.add(type(error))
        else:
            ends.add(None)
    assert {None, SourceError, InputError} <= ends
    assert [text for text in told if "\n" in text] == []


@pytest.mark.parametrize("name", NONSENSE)
def test_a_graph_that_makes_no_sense_is_one_sentence(name, refused):
    make, told = NONSENSE[name]
    make()
    assert re.search(told, refused("table", "net.onnx"))


MISFITS = {
    ("q=4x6",): "has no input 'q': it takes 'x', 'y'",
    ("5x4x1", "4x6"): "which has 3 axes with the batch, and 1×5×4×1 has 4",
    ("5x3", "4x6"): "axis 2 is 4, and not 3",
    ("5x4",): "Which size has axis 2 of the input 'y'",
    ("5x4", "4x6", "3"): "takes 2 inputs, and more are given",
    ("x=5x4", "x=5x4"): "The input 'x' is given twice",
    ("x=5x4:int64", "4x6"): "is of float32, and not of int64",
    ("[5x4]",): "takes tensors alone",
}


@pytest.mark.parametrize("inputs", MISFITS, ids=" ".join)
def test_an_input_that_does_not_fit_is_told_by_name(inputs, refused):
    products()
    given = [word for text in inputs for word in ("--input", text)]
    assert MISFITS[inputs] in refused("table", "net.onnx", *given)


def test_an_axis_of_one_name_has_one_size():
    products(y=["batch", "rows", 4])
    with pytest.raises(InputError, match="is 'rows', which is 5 elsewhere, and not 6"):
        analyse("net.onnx", Setting((InputSpec((5, 4)), InputSpec((6, 4)))))


def test_open_images_and_sequences_take_their_size_from_the_setting():
    image = save("i.onnx", [node("Relu", ["x"], ["y"])], [value("x", ["n", 3, "h", "w"])], [value("y", None)])
    assert analyse(image, Setting(resolution=8)).cost.input_shapes == ((1, 3, 8, 8),)
    words = save("s.onnx", [node("Relu", ["x"], ["y"])], [value("x", ["n", "sequence"])], [value("y", None)])
    assert analyse(words, Setting(sequence=7)).cost.input_shapes == ((1, 7),)


def test_without_onnx_the_message_names_the_extra(monkeypatch):
    conv()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SourceError, match=re.escape("pip install 'archstat[onnx]'")):
        archstat.count("net.onnx")


def test_a_budget_holds_a_graph_without_trust(tmp_path):
    conv()
    budget = '[[budget]]\narchitecture = "net.onnx"\nmacs = 13_824\nparameters = 224\n'
    (tmp_path / "budget.toml").write_text(f'title = "What it may cost"\n\n{budget}')
    assert [finding.verdict for finding in archstat.check(tmp_path / "budget.toml")] == ["exact", "exact"]
