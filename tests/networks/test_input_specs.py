"""Inputs as users write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archstat.errors import InputError
from archstat.networks.input_specs import (
    InputGroup,
    InputLiteral,
    InputMaker,
    InputSpec,
    at_resolution,
    parse_input,
    tensor_specs,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3x224x224", InputSpec((3, 224, 224))),
        ("3,224,224", InputSpec((3, 224, 224))),
        ("128:int64", InputSpec((128,), "int64")),
        ("int64:128", InputSpec((128,), "int64")),
        (":int64", InputSpec((), "int64")),
        ("ids=int64:128", InputSpec((128,), "int64", "ids")),
        (" mask = bool:128=1 ", InputSpec((128,), "bool", "mask", 1.0)),
        ("t=:int64=-3", InputSpec((), "int64", "t", -3.0)),
        ("scale:=0.5", InputLiteral(0.5, "scale")),
        (":=None", InputLiteral(None)),
        ("size:=(7, 8)", InputLiteral((7, 8), "size")),
        ("@inputs.py:make", InputMaker("inputs.py:make")),
        ("(3x4,5:int64)", InputGroup("tuple", (InputSpec((3, 4)), InputSpec((5,), "int64")))),
        ("(3x4,)", InputGroup("tuple", (InputSpec((3, 4)),))),
        ("[3x8x9,3x6x7]", InputGroup("list", tuple(InputSpec(s, has_batch=False) for s in ((3, 8, 9), (3, 6, 7))))),
        (
            "{image:3x8x8,text:int64:77}",
            InputGroup("dict", (InputSpec((3, 8, 8)), InputSpec((77,), "int64")), ("image", "text")),
        ),
        (
            "batch={pair:(3x4,5),flag::=True}",
            InputGroup(
                "dict",
                (InputGroup("tuple", (InputSpec((3, 4)), InputSpec((5,)))), InputLiteral(value=True)),
                ("pair", "flag"),
                "batch",
            ),
        ),
    ],
)
def test_an_input_is_read(text, expected):
    assert parse_input(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ids=", "write its sizes"),
        ("ids=float", "write its sizes"),
        ("int64:5:int32", "write its sizes"),
        ("[3x4", "is not closed by ']'"),
        ("[3x4]x", "is not closed by ']'"),
        ("[]", "between two commas stands nothing"),
        ("(3x4,,5)", "between two commas stands nothing"),
        ("{3x4}", "in braces stand keys"),
        ("{a:3,a:4}", "a key stands twice"),
        ("x:=os.system('ls')", "stands a Python literal"),
        ("x:=", "stands a Python literal"),
        ("mask=bool:3=yes", "is no number to fill it with"),
        ("(" * 50 + "3" + ")" * 50, "nested more than 20 deep"),
        ("a b=3x4", "write its sizes"),
        ("{image:floaty:3}", "'floaty' in .* is none of float32"),
    ],
)
def test_what_is_no_input_is_refused_in_one_sentence(text, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_input(text)
    assert "\n" not in str(caught.value)


@given(st.text("0123456789xint64bool:=,.[](){}@- ", max_size=24))
def test_any_text_is_an_input_or_refused(text):
    try:
        made = parse_input(text)
    except InputError:
        return
    assert hash(made) == hash(parse_input(text))


def test_the_tensors_of_structures_are_found_in_order():
    inputs = [parse_input("3x4"), parse_input("x:=1"), parse_input("{a:(5,6),b:[7]}")]
    assert [spec.shape for spec in tensor_specs(inputs)] == [(3, 4), (5,), (6,), (7,)]


def test_images_and_clips_have_another_resolution_and_all_else_keeps_its_size():
    inputs = [parse_input("3x224x224"), parse_input("77:int64"), parse_input("[3x16x112x112]")]
    assert [spec.shape for spec in tensor_specs(at_resolution(inputs, 64))] == [(3, 64, 64), (77,), (3, 16, 64, 64)]
    assert at_resolution(inputs, None) == tuple(inputs)
