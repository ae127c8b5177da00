"""Arguments of ops have names, and no rule knows at which place torch takes them."""

import ast
import itertools
import re
from collections import defaultdict
from pathlib import Path

import pytest
import torch
import torch.nn.modules.linear_cross_entropy  # registers its ops when it is imported

import archstat.counting
import archstat.tracing.higher_order
import archstat.tracing.jagged  # likewise, as the one above
from archstat.counting.arguments import SIGNATURES

ROOT = Path(archstat.counting.__file__).parent
BY_PLACE = re.compile(r"\bcall\.args\[|\bop\.args\[")

NOT_REGISTERED = {
    "torchvision::": "they are registered where its compiled part can be loaded",
    "quantized::conv": "a trace has them with their weights unpacked, and torch with what is packed",
    "archstat::complex_convolution_rest": "a name that the tracer gives to an op of torch's",
}
"""What has no schema to be held to, and why."""


def schemas():
    """The arguments of every form of every op that is registered, by the names that traces have for ops."""
    found = defaultdict(list)
    for schema in torch._C._jit_get_all_schemas():
        namespace, _, name = schema.name.partition("::")
        found[name.strip("_").removeprefix("native_") if namespace == "aten" else schema.name].append(schema.arguments)
    return found


SCHEMAS = schemas()


def is_same(place, name, argument):
    torchs = name.rpartition(":")[2]
    if name == "x" and place == 0:
        return True
    if name in ("x", "a", "b"):
        return "Tensor" in str(argument.type)
    return argument.name.startswith("grad") if name == "dy" else argument.name == torchs


def pairs(signature, arguments):
    """Each argument that a signature names, with torch's at that place or, behind the star, of that name."""
    by_place, _, by_name = signature.partition(" *")
    named = {argument.name: argument for argument in arguments}
    words = by_place.split()
    given = [*itertools.zip_longest(words, arguments[: len(words)])]
    given += [(word, named.get(word.partition("=")[0])) for word in by_name.split()]
    return [(place, *word.partition("=")[::2], argument) for place, (word, argument) in enumerate(given)]


def fits(signature, arguments):
    """Whether all names stand where torch has them."""
    return all(argument and is_same(place, name, argument) for place, name, _, argument in pairs(signature, arguments))


def torchs_default(argument):
    """Lists as they stand in traces; what torch must be given has ``None`` here, as where that is the default."""
    value = argument.default_value if argument.has_default_value() else None
    if value == "valid":  # a convolution's padding in words
        return 0
    return tuple(value) if isinstance(value, list) else value


def stands_for(declared, value):
    """Whether a default that is declared is torch's; one number stands for all axes."""
    if isinstance(declared, tuple) and len(declared) == 1:
        return value == declared[0] or (isinstance(value, tuple) and set(value) == set(declared))
    return declared == value and type(declared) is type(value)


def other_defaults(signature, arguments):
    """The arguments whose defaults are not torch's."""
    return [
        name
        for _, name, default, argument in pairs(signature, arguments)
        if not stands_for(ast.literal_eval(default or "None"), torchs_default(argument))
    ]


EACH = [
    pytest.param(op, signature, id=op)
    for ops, signature in SIGNATURES.items()
    for op in ops.split()
    if not op.startswith(tuple(NOT_REGISTERED))
]


@pytest.mark.parametrize(("op", "signature"), EACH)
def test_a_signature_is_one_that_torch_has_registered(op, signature):
    assert any(fits(signature, arguments) for arguments in SCHEMAS[op])


@pytest.mark.parametrize(("op", "signature"), EACH)
def test_defaults_are_those_of_torch_in_every_form_of_an_op_with_these_names(op, signature):
    forms = [arguments for arguments in SCHEMAS[op] if fits(signature, arguments)]
    assert [other_defaults(signature, arguments) for arguments in forms] == [[]] * len(forms)


def test_a_signature_with_a_wrong_name_or_place_is_found():
    for wrong in ("x weight bias=None padding=(0,)", "x weight stride=(1,) bias=None", f"x {'weight ' * 9}"):
        assert not any(fits(wrong, arguments) for arguments in SCHEMAS["conv2d"])
    assert not any(fits("x a b * gamma=1", arguments) for arguments in SCHEMAS["addmm"])


@pytest.mark.parametrize(
    ("op", "signature", "wrong"),
    [
        ("conv2d", "x weight bias=None stride=(2,) padding=(0,) dilation=1", ["stride", "dilation"]),
        ("conv2d", "x weight bias=None stride", ["stride"]),
        ("avg_pool2d", "x kernel_size stride=(0,) padding=(0,) ceil_mode=0", ["stride", "ceil_mode"]),
        ("addmm", "x a b * beta=0", ["beta"]),
        ("slice", "x dim=1 start=None end=None step=1", ["dim"]),
    ],
)
def test_a_wrong_default_is_found(op, signature, wrong):
    forms = [arguments for arguments in SCHEMAS[op] if fits(signature, arguments)]
    assert forms
    assert all(other_defaults(signature, arguments) == wrong for arguments in forms)


def files_by_place(root):
    return [path.name for path in sorted(root.rglob("*.py")) if BY_PLACE.search(path.read_text())]


def test_no_other_file_reads_an_argument_by_its_place():
    assert files_by_place(ROOT) == ["arguments.py"]


def test_an_argument_by_its_place_is_found(tmp_path):
    (tmp_path / "rules.py").write_text("stride = call.args[3]\n")
    assert files_by_place(tmp_path) == ["rules.py"]
