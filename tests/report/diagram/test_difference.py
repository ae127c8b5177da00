"""Two networks in one diagram: each layer of either stands in it once, with what became of it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archstat
from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.report.diagram.difference import difference_of
from archstat.report.diagram.folding import boxes_of, leaves
from archstat.report.diagram.merging import NO_NETWORK, Side, merged


class Block(nn.Module):
    def __init__(self, width, has_skip):
        super().__init__()
        self.conv, self.norm, self.has_skip = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), has_skip

    def forward(self, x):
        y = self.norm(self.conv(x)).relu()
        return x + y if self.has_skip else y


def net(*, width=4, blocks=3, has_skip=True, head=True):
    parts = [nn.Conv2d(3, width, 1), *(Block(width, has_skip) for _ in range(blocks))]
    return nn.Sequential(*parts, *([nn.Conv2d(width, 2, 1)] if head else []))


def network(**options):
    return analyse_model(net(**options), torch.empty(1, 3, 8, 8))


def marks(diagram):
    """What became of the boxes with nothing inside, by title."""
    return {box.title: box.mark for box in diagram.content.boxes if not box.has_parts and box.title}


def test_a_network_beside_itself_is_the_network():
    diagram = difference_of(network(), network())
    alone = archstat.draw(net(), torch.empty(1, 3, 8, 8))
    assert {box.mark for box in diagram.content.boxes} == {"="}
    assert [box.texts for box in diagram.content.boxes] == [box.texts for box in alone.content.boxes]
    assert [edge[:3] for edge in diagram.content.edges] == [edge[:3] for edge in alone.content.edges]


def test_what_came_and_what_went_is_told():
    assert marks(difference_of(network(), network(head=False)))["4"] == "-"
    assert marks(difference_of(network(head=False), network()))["4"] == "+"
    assert marks(difference_of(network(), network()))["4"] == "="


def test_a_changed_layer_tells_what_it_was_and_both_amounts():
    diagram = difference_of(network(width=4), network(width=8))
    first = next(box for box in diagram.content.boxes if box.title == "0")
    assert first.mark == "~"
    assert first.lines == ("Conv2d 3→8 1×1", "before: Conv2d 3→4 1×1")
    assert first.texts["macs"] == "768 → 1,536"


def test_other_ways_between_equal_layers_are_a_change():
    diagram = difference_of(network(has_skip=True), network(has_skip=False))
    blocks = [box for box in diagram.content.boxes if box.has_parts]
    assert {box.mark for box in blocks} == {"~"}
    assert {mark for *_, mark in diagram.content.edges} == {"=", "-", "+"}


def test_only_what_changed_is_open():
    diagram = difference_of(analyse("resnet50", Setting()), analyse("resnet50_v1_5", Setting()))
    boxes = diagram.content.boxes
    opened = {boxes[place].title for place in diagram.look.opened}
    assert opened == {"conv3_x", "conv4_x", "conv5_x", "conv3_1", "conv4_1", "conv5_1", "residual"}
    assert all(boxes[place].mark == "~" for place in diagram.look.opened)


def test_all_of_a_network_that_was_not_there_is_new():
    assert {box.mark for box in difference_of(None, network()).content.boxes if box.lines} <= {"+", "="}
    assert set(marks(difference_of(None, network())).values()) == {"+", "="}
    assert set(marks(difference_of(network(), None)).values()) == {"-", "="}
    with pytest.raises(archstat.DataError, match="no networks"):
        difference_of(None, None)


def test_what_only_one_network_can_show_is_refused():
    with pytest.raises(archstat.UnknownNameError, match="macs, parameters, activation_bytes"):
        difference_of(network(), network(), show="latency")


def test_the_key_says_what_the_marks_mean():
    svg = difference_of(network(), network(head=False)).svg()
    assert "− only in A" in svg
    assert "~ changed" not in svg
    assert 'stroke-dasharray="5 3"' in svg


NETS = st.fixed_dictionaries(
    {"width": st.sampled_from([4, 6]), "blocks": st.integers(1, 4), "has_skip": st.booleans(), "head": st.booleans()}
)


@settings(max_examples=25, deadline=None)
@given(NETS, NETS, st.booleans())
def test_every_row_and_every_way_of_either_network_is_in_the_graph_once(one, other, is_folded):
    a, b = network(**one), network(**other)
    both = merged(Side(a.graph(), a.cost.layers), Side(b.graph(), b.cost.layers))
    rows = [node.index for node in both.graph.nodes if node.kind == "row"]
    for side, whole in enumerate((a, b)):
        drawn = {whole.cost.layers[node.index] for node in whole.graph().nodes if node.kind == "row"}
        found = [both.pairs[row][side] for row in rows if both.pairs[row][side] in drawn]
        assert len(found) == len(drawn) == len(set(found))
        ways = {(edge.source, edge.target) for edge in whole.graph().edges}
        assert len(ways) == sum(origin in ("=", "-+"[side]) for origin in both.origins.values())
    boxes = boxes_of(both.graph, both.rows, is_folded=is_folded, apart=both.apart).boxes
    covered = [node for box in leaves(boxes) for unit in box.units for node in unit]
    if not is_folded:
        assert sorted(covered) == list(range(len(both.graph.nodes)))


def test_a_block_keeps_its_layers_though_they_are_called_otherwise():
    pairs = merged(*(Side(n.graph(), n.cost.layers) for n in (analyse(m, Setting()) for m in ("resnet34", "plain34"))))
    for a, b in pairs.pairs:
        if a is not None and b is not None and a.layer.count(".") > 1:
            assert a.layer.split(".")[:2] == b.layer.split(".")[:2]


def test_nothing_beside_nothing_is_nothing():
    assert merged(NO_NETWORK, NO_NETWORK).graph.nodes == ()
