"""What networks are called where they are read."""

import pytest

from archstat.errors import DataError
from archstat.published.figures import published, refuse_same_names
from archstat.published.names import display_name, display_names
from tests.published.test_figures import ENTRY, decoded


def test_every_architecture_has_a_printed_name_of_its_own_that_a_label_has_room_for():
    names = [display_name(name) for name in published()]
    assert len({name.casefold() for name in names}) == len(published())
    assert max(map(len, names)) <= 28


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("vgg16", "VGG-16"),
        ("se_resnext50_32x4d", "SE-ResNeXt-50 (32×4d)"),
        ("resnet50(classes=10)", "ResNet-50 (classes=10)"),
        ("densenet40_k12(classes=10)", "densenet40_k12(classes=10)"),
        ("shufflenet_v2(width=0.5)", "shufflenet_v2(width=0.5)"),
        ("timm:resnet50", "timm:resnet50"),
        ("./net.py:Net(1)", "./net.py:Net(1)"),
        ("", ""),
        ("(", "("),
        ("<script>", "<script>"),
    ],
)
def test_a_printed_name_is_told_from_others_and_a_name_of_nobody_is_left_alone(name, shown):
    assert display_name(name) == shown


def test_no_two_of_a_chart_are_called_alike():
    names = ["resnet50", "ResNet-50", "vgg16", "VGG-16 (batch_norm=True)", "vgg16(batch_norm=True)"]
    shown = display_names(names)
    assert len(set(shown.values())) == len(names)
    assert shown["resnet50"] == "resnet50"
    assert shown["vgg16"] == "VGG-16"


def test_names_that_nobody_could_tell_apart_are_refused():
    two = decoded(f"{ENTRY}{ENTRY.replace('[net]', '[other]').replace('Net', 'NET', 1)}")
    with pytest.raises(DataError, match=r"calls both 'net' and 'other' 'NET'\."):
        refuse_same_names(two)


@pytest.mark.parametrize("name", ["", " Net", "N\\tet", "N" * 29])
def test_a_name_that_no_label_can_show_is_refused(name):
    with pytest.raises(DataError, match="is no name of 1 to 28 characters"):
        decoded(ENTRY.replace('display = "Net"', f'display = "{name}"'))
