"""Conditions in words, and which measurement of several is meant."""

import msgspec
import pytest

from archstat.errors import DataError
from archstat.files.choosing import conditions_text, fitting
from archstat.records import Conditions
from tests.measured import CONDITIONS, measured, times

BATCH_8 = msgspec.structs.replace(CONDITIONS, batch_size=8)
GPU = Conditions("cuda", "Some Board", "tf32", 4, "compiled", "channels_last", None, 300.0)


def at(conditions, name="net", **changes):
    return measured(architecture=name, conditions=conditions, **changes)


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        (CONDITIONS, "Some Processor · 1 thread · fp32 · batch 1 · eager · contiguous"),
        (
            msgspec.structs.replace(BATCH_8, threads=2),
            "Some Processor · 2 threads · fp32 · batch 8 · eager · contiguous",
        ),
        (GPU, "Some Board · tf32 · batch 4 · compiled · channels_last · limited to 300.0 W"),
    ],
)
def test_conditions_are_told_in_full(conditions, shown):
    assert conditions_text(conditions) == shown


def test_the_only_measurement_of_a_network_is_meant():
    made = [at(CONDITIONS, "a"), at(CONDITIONS, "b")]
    assert fitting(made, "b") is made[1]


def test_of_several_the_batch_and_the_element_type_choose():
    half = msgspec.structs.replace(BATCH_8, precision="fp16")
    made = [at(CONDITIONS), at(BATCH_8), at(half)]
    assert fitting(made, "net", batch_size=1) is made[0]
    assert fitting(made, "net", dtype="float16") is made[2]
    assert fitting(made, "net", batch_size=8, dtype="float32") is made[1]


def test_one_with_layers_is_preferred():
    made = [at(CONDITIONS), at(BATCH_8, layers=times())]
    assert fitting(made, "net") is made[1]


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("vgg16", {}, "No measurement is of 'vgg16'; there is net, other."),
        (
            "net",
            {"batch_size": 4},
            "No measurement of 'net' is at batch 4; there is Some Processor · 1 thr",
        ),
        ("net", {"batch_size": 4, "dtype": "float16"}, "No measurement of 'net' is at batch 4 in float16; there is"),
        (
            "net",
            {},
            "2 measurements of 'net' fit: Some .* batch 1 .*; Some .* batch 8 .* Choose a batch size or",
        ),
    ],
)
def test_none_that_fits_and_several_that_do_are_refused(name, asked, says):
    with pytest.raises(DataError, match=says):
        fitting([at(CONDITIONS), at(BATCH_8), at(CONDITIONS, "other")], name, **asked)


def test_the_only_measurement_of_a_file_needs_no_name():
    made = [at(CONDITIONS, "a")]
    assert fitting(made) is made[0]
    with pytest.raises(
        DataError, match=r"2 measurements fit: a on .*; b on .* Choose an architecture, a batch size or"
    ):
        fitting([*made, at(CONDITIONS, "b")])


def test_one_with_layers_is_not_preferred_where_layers_do_not_matter():
    with pytest.raises(DataError, match="2 measurements of 'net' fit"):
        fitting([at(CONDITIONS), at(BATCH_8, layers=times())], "net", by_layer=False)
