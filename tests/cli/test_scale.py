"""``archstat scale``."""

import csv
import io
import json

import pytest


def test_resnet50_has_its_law(archstat):
    code, out, err = archstat("scale", "resnet50")
    assert (code, err) == (0, "")
    assert "MACs(s) = 76,848·s² + 2,048,000 on multiples of 32; fitted on 32, 64, 96, verified on 128, 160, …" in out
    assert out.startswith("resnet50 · input 1×3×s×s · float32\n")


def test_a_network_of_one_size_has_a_clear_sentence(archstat):
    code, out, _ = archstat("scale", "vgg11")
    assert code == 0
    assert "No law: of 20 sizes the network takes 224 alone; choose others." in out
    assert "Not taken: 32, 64, …, 640 (19 of them). At 32: The forward pass failed in layer 'fc6'" in out


def test_the_batch_gives_straight_lines(archstat):
    assert (
        "MACs(b) = 325,680·b; fitted on 1, 2, verified on 4, 8, 16, 32, 64."
        in archstat("scale", "lenet5", "--over", "batch").out
    )


@pytest.mark.parametrize(
    ("sizes", "says"), [("20,52,84", "where s = 32·k + 20"), ("30,31", "too few sizes for one (30, 31)")]
)
def test_sizes_can_be_named(archstat, sizes, says):
    assert says in archstat("scale", "resnet20", "--sizes", sizes).out


def test_csv_has_the_points_in_base_units(archstat):
    out = archstat("scale", "resnet20", "--sizes", "32,16", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["size"], row["macs"]) for row in rows] == [("16", "10138240"), ("32", "40551040")]


def test_json_is_an_object_with_points_and_laws(archstat):
    data = json.loads(archstat("scale", "resnet20", "--over", "batch", "--format", "json").out)
    assert (data["over"], data["inputs"]) == ("batch", ["b×3×32×32"])
    assert len(data["points"]) == 7


@pytest.mark.usefixtures("net")
def test_what_a_network_prints_is_no_result(archstat):
    code, out, err = archstat("scale", "net.py:Net", "--input", "3x32x32")
    assert (code, "run" in err, "run" in out) == (0, True, False)
    # 4 filters of 3·5·5 at (s − 4)² places
    assert "MACs(s) = 300·s² − 2,400·s + 4,800; fitted on" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnet20", "--sizes", "1,x"], "'1,x' are no sizes: write them as '64,96,128'."),
        (["resnet20", "--sizes", ""], "'' are no sizes"),
        (["resnet20", "--sizes", "-4"], "'-4' are no sizes"),
        (["resnet20", "--sizes", "0,4"], "'0,4' has a size of 0"),
        (["cost.json"], "'cost.json' is a saved cost, of one input and without its tensors: name the network itself."),
        (["resnet20", "--sizes", "999999999"], "No tensor can have 1×3×999999999×999999999 elements"),
        (
            ["resnet20", "--resolution", "64"],
            "A resolution fixes what is to vary: give the sizes to count at instead ('--sizes').",
        ),
        (["resnet20", "--over", "sequence"], "or vectors, such as 128x768 ('--input 128:int64')."),
        (["resnet5"], "No architecture is named 'resnet5'."),
    ],
)
def test_nonsense_is_refused_in_one_line(fails, arguments, says):
    assert says in fails("scale", *arguments)
