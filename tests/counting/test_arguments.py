"""Arguments of ops have names, and no rule knows at which place torch takes them."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
import torch

import archstat.counting
from archstat.counting.arguments import SIGNATURES

ROOT = Path(archstat.counting.__file__).parent
BY_PLACE = re.compile(r"\bcall\.args\[|\bop\.args\[")

NOT_REGISTERED = ("torchvision::", "torch_nn::", "archstat::")
"""Namespaces whose ops are registered only while their library is loaded, or never."""


def schemas():
    found = defaultdict(list)
    for schema in torch._C._jit_get_all_schemas():
        namespace, _, name = schema.name.partition("::")
        if namespace == "aten":
            found[name.strip("_").removeprefix("native_")].append(schema.arguments)
    return found


SCHEMAS = schemas()


def is_same(place, word, argument):
    name, _, _ = word.partition("=")
    torchs = name.rpartition(":")[2]
    if name == "x" and place == 0:
        return True
    if name in ("x", "a", "b"):
        return "Tensor" in str(argument.type)
    return argument.name.startswith("grad") if name == "dy" else argument.name == torchs


def fits(signature, arguments):
    by_place, _, by_name = signature.partition(" *")
    words = by_place.split()
    named = {argument.name for argument in arguments}
    return (
        len(words) <= len(arguments)
        and all(is_same(place, word, arguments[place]) for place, word in enumerate(words))
        and all(word.partition("=")[0] in named for word in by_name.split())
    )


EACH = [(op, signature) for ops, signature in SIGNATURES.items() for op in ops.split()]


@pytest.mark.parametrize(("op", "signature"), [each for each in EACH if not each[0].startswith(NOT_REGISTERED)])
def test_a_signature_is_one_that_torch_has_registered(op, signature):
    assert any(fits(signature, arguments) for arguments in SCHEMAS[op])


def test_a_signature_with_a_wrong_name_is_found():
    assert not any(fits("x weight bias=None padding=(0,)", arguments) for arguments in SCHEMAS["conv2d"])


def files_by_place(root):
    return [path.name for path in sorted(root.rglob("*.py")) if BY_PLACE.search(path.read_text())]


def test_no_other_file_reads_an_argument_by_its_place():
    assert files_by_place(ROOT) == ["arguments.py"]


def test_an_argument_by_its_place_is_found(tmp_path):
    (tmp_path / "rules.py").write_text("stride = call.args[3]\n")
    assert files_by_place(tmp_path) == ["rules.py"]
