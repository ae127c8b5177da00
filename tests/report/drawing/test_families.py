"""Families of networks."""

from archstat.published.figures import counted
from archstat.report.drawing import theme
from archstat.report.drawing.families import OTHER, families, family_of


def test_every_family_has_a_colour_of_its_own():
    found = {family_of(name) for name in counted()}
    assert len({colour for _, colour in found}) == len(found)
    assert {colour for _, colour in found} <= set(theme.CYCLE)


def test_families_come_in_one_order_whatever_the_names():
    names = ["senet154", "vgg16", "vgg19", "lenet5"]
    assert families(names) == families(reversed(names))
    assert [title for title, _ in families(names)] == ["VGG", "SENet", "Other"]


def test_a_network_that_is_none_of_ours_is_other():
    assert family_of("timm:vgg16") == OTHER
