"""Accuracies of one evaluation, or of one file; a structure has those of its best weights."""

from pathlib import Path

import pytest

from archstat.errors import ArchstatError, DataError, UnknownNameError
from archstat.finding.ratings import RatedBy, Rating, is_stated, of_evaluation, of_file, stated, together
from archstat.published.accuracies import evaluations

RESULTS = """model,top1,top1_err,top5,top5_err,param_count,img_size
resnet50.a1_in1k,80.2,19.8,95.0,5.0,25.56,224
resnet50.tv_in1k,76.1,23.9,92.9,7.1,25.56,224
vit_tiny_patch16_224.augreg_in21k_ft_in1k,75.4,24.6,92.8,7.2,5.72,224
eva_giant.clip,89.5,10.5,,,1014,448
eva_giant.clip,88.9,11.1,98.0,2.0,1014,336
"""
FILE = "results-imagenet.csv"
AT_224 = ((1, 3, 224, 224),)


@pytest.fixture
def rated(tmp_path):
    path = tmp_path / "results-imagenet.csv"
    path.write_text(RESULTS)
    return of_file(path)


@pytest.mark.parametrize(
    ("network", "shapes", "found"),
    [
        ("timm:vit_tiny_patch16_224", AT_224, (75.4, 92.8)),
        ("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", AT_224, (75.4, 92.8)),
        ("vit_tiny_patch16_224.augreg_in21k_ft_in1k", AT_224, (75.4, 92.8)),
        ("vit_tiny_patch16_224", AT_224, None),  # one of ours by that name would be another network
        ("timm:resnet50.a1_in1k", AT_224, (80.2, 95.0)),
        ("timm:resnet50", AT_224, (80.2, 95.0)),
        ("timm:resnet50.a1_in1k", ((1, 3, 288, 288),), None),
        ("timm:resnet50.a1_in1k", ((8, 224, 224, 3),), None),
        ("timm:eva_giant.clip", ((1, 3, 448, 448),), (89.5, None)),
        ("timm:eva_giant.clip", ((1, 3, 336, 336),), (88.9, 98.0)),
        ("timm:eva_giant", ((2, 3, 336, 336),), (88.9, 98.0)),
        ("timm:nothing", AT_224, None),
        ("timm:resnet50.a1_in1k", (), (80.2, 95.0)),
    ],
)
def test_a_network_has_the_accuracy_of_its_name_and_size(rated, network, shapes, found):
    rating = rated.of(network, shapes)
    assert (None if rating is None else (rating.top1, rating.top5)) == found


def test_a_name_without_a_tag_has_the_best_of_its_weights_and_says_which(rated):
    assert rated.of("timm:resnet50", AT_224) == Rating(80.2, 95.0, 224, "a1_in1k", FILE)
    assert rated.of("timm:resnet50.tv_in1k", AT_224) == Rating(76.1, 92.9, 224, source=FILE)
    assert "the most accurate count" in rated.source


def test_a_file_is_named_and_not_where_it_lies(rated, tmp_path):
    assert rated.source.startswith("Accuracy: results-imagenet.csv. ")
    assert str(tmp_path) not in rated.source, "where it lies on a machine is nobody's business"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no accuracies: it needs the columns 'network' and 'top1', and has none"),
        ("a,b\n1,2\n", "and has a, b"),
        ("network,top1\nx,\n", ":2: there is no accuracy 'top1'"),
        ("network,top1\nx,0.7\ny,0.73\n", "has no accuracies in percent: no 'top1' in it is more than 1"),
        ("network,top1\nx,high\n", ":2: 'high' is no accuracy in percent"),
        ("network,top1\nx,1\ny,101\n", ":3: '101' is no accuracy in percent"),
        ("network,top1\nx,nan\n", "'nan' is no accuracy"),
        ("network,top1,img_size\nx,1,big\n", "'big' is no size of an image"),
        (f"network,top1\n{'x' * 200_000},1\n", "cannot be read: field larger than"),
    ],
)
def test_a_file_without_accuracies_is_refused(tmp_path, text, says):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        of_file(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        of_file(tmp_path / "a.csv")


def test_an_evaluation_is_chosen_by_name_or_by_how_many_it_has():
    canziani = evaluations()["canziani2016"]
    rated = of_evaluation("", ["alexnet", "googlenet", "vgg16"])
    assert canziani.source in rated.source
    assert rated.of("alexnet", ((1, 3, 227, 227),)).top1 == canziani.top1["alexnet"]
    assert rated.of("vgg16", ((8, 3, 224, 224),)).top1 == canziani.top1["vgg16"]
    assert rated.of("vgg16", ((1, 3, 288, 288),)) is None, "nobody has evaluated it so"
    assert rated.of("timm:vgg16", ((1, 3, 224, 224),)) is None, "what was evaluated is our structure"
    assert of_evaluation("", ["nothing"]).source == ""
    with pytest.raises(UnknownNameError, match="No evaluation is named 'canzani'"):
        of_evaluation("canzani", [])


# -- what a user states ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "rating"),
    [
        ("my=76.4", "my", Rating(76.4, source="as stated by hand")),
        ("my=76.4/93.1", "my", Rating(76.4, 93.1, source="as stated by hand")),
        ("my=76.4,my thesis, a=b", "my", Rating(76.4, source="my thesis, a=b")),
        ("Net=50", "./net.py:Net", Rating(50.0, source="as stated by hand")),
        ("./net.py:Net=50", "./net.py:Net", Rating(50.0, source="as stated by hand")),
        ("N(width=(1,2), depth=3)=50", "N(width=(1,2), depth=3)", Rating(50.0, source="as stated by hand")),
    ],
)
def test_an_accuracy_can_be_stated(text, name, rating):
    names = ["my", "./net.py:Net", "N(width=(1,2), depth=3)"]
    assert is_stated(text)
    assert stated(text, names).of(name, ()) == rating


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("other=5", r"named 'other'. The networks are my, a:Net, b:Net\."),
        ("Net=5", "named 'Net'"),
        ("my=", "The accuracy of my is missing"),
        ("my=high", "'high' is no accuracy in percent"),
        ("my=-1", "'-1' is no accuracy"),
        ("my=101", "'101' is no accuracy"),
        ("my=nan", "'nan' is no accuracy"),
        ("my=50/40", "not right less often than one"),
        ("my", "states no accuracy: write NAME=PERCENT"),
    ],
)
def test_what_states_no_accuracy_is_refused(text, says):
    with pytest.raises(ArchstatError, match=says):
        stated(text, ["my", "a:Net", "b:Net"])


def test_a_file_is_no_statement(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run=3.csv").write_text("network,top1,source\nmy,70,our run\n")
    assert not is_stated("run=3.csv")
    assert of_file(Path("run=3.csv")).of("my", ()) == Rating(70.0, source="our run")


def test_of_several_sources_the_first_counts():
    first, second = stated("a=1", ["a"]), RatedBy("Accuracy: b.", {"a": (Rating(2.0),), "b": (Rating(3.0),)})
    both = together([first, second])
    assert both.of("a", ()).top1 == 1.0
    assert both.of("b", ()).top1 == 3.0
    assert both.source == "Accuracy of a: as stated by hand. Accuracy: b."
