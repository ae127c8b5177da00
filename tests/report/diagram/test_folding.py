"""Boxes in boxes: what stands together, what is folded, and that nothing is lost or made up on the way."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.published.figures import published
from archstat.report.diagram.folding import boxes_of, leaves


def folded(model, *inputs, **options):
    network = analyse_model(model, *inputs)
    return network, boxes_of(network.graph(), network.cost.layers, **options)


class Block(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)

    def forward(self, x, mask=None):
        out = self.norm(self.conv(x))
        out = out if mask is None else out * mask
        return functional.relu(x + out)


def times(boxes):
    return [box.times for box in boxes]


def test_equal_blocks_behind_each_other_are_one():
    _, found = folded(nn.Sequential(*(Block() for _ in range(6))), torch.zeros(1, 4, 8, 8))
    assert times(found.boxes) == [1, 6, 1]
    assert [len(box.units[0]) for box in leaves(found.boxes)] == [1, 2, 1, 1, 1]  # the norm stands with its conv


def test_unfolded_they_are_six():
    _, found = folded(nn.Sequential(*(Block() for _ in range(6))), torch.zeros(1, 4, 8, 8), is_folded=False)
    assert times(found.boxes) == [1] * 8


def test_another_cost_is_another_box():
    blocks = [Block(), Block(), nn.Conv2d(4, 8, 1), Block(8), Block(8), Block(8)]
    _, found = folded(nn.Sequential(*blocks), torch.zeros(1, 4, 8, 8))
    assert times(found.boxes) == [1, 2, 1, 3, 1]


class Masked(nn.Module):
    def __init__(self, skips=()):
        super().__init__()
        self.blocks, self.skips = nn.ModuleList(Block() for _ in range(5)), skips

    def forward(self, x, mask):
        kept = x
        for place, block in enumerate(self.blocks):
            x = block(x, mask)
            kept = x if place in self.skips else kept
        return x + kept


def test_what_comes_to_all_of_them_alike_parts_none():
    x = torch.zeros(1, 4, 8, 8)
    _, found = folded(Masked(), x, x)
    assert 5 in times(found.boxes)


def test_what_leaves_in_the_middle_parts_them():
    x = torch.zeros(1, 4, 8, 8)
    _, found = folded(Masked(skips=(2,)), x, x)
    assert sorted(times(found.boxes))[-2:] == [2, 3]


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.towers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        return torch.cat([tower(x) for tower in self.towers])


def test_branches_beside_each_other_are_not_folded():
    _, found = folded(Towers(), torch.zeros(1, 4))
    assert set(times(found.boxes)) == {1}


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.gate = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        for _ in range(50):
            x = self.cell(x) * 0.5
            x = self.gate(x).exp()
        return x


def test_a_loop_over_shared_layers_is_one_round_fifty_times():
    _, found = folded(Loop(), torch.zeros(1, 4))
    assert times(found.boxes) == [1, 50, 1]
    assert len(found.boxes[1].parts) == 4


def test_dense_blocks_of_growing_width_are_not_folded():
    network = analyse("densenet121", Setting())
    found = boxes_of(network.graph(), network.cost.layers)
    assert {box.times for box in leaves(found.boxes)} == {1}


def every_node(boxes):
    for box in boxes:
        yield from (node for unit in box.units for node in unit)


def looks(graph, rows, node):
    """What a node is, wherever it stands."""
    about = graph.nodes[node]
    row = rows[about.index] if about.kind == "row" else None
    return about.kind if row is None else (row.kind, row.detail, row.output_shape)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", published())
def test_every_node_is_in_one_box_and_every_edge_between_boxes_is_one_of_the_graph(name):
    network = analyse(name, Setting())
    graph, rows = network.graph(), network.cost.layers
    found = boxes_of(graph, rows)
    assert sorted(every_node(found.boxes)) == list(range(len(graph.nodes)))
    known = {(looks(graph, rows, edge.source), looks(graph, rows, edge.target), edge.shape) for edge in graph.edges}
    for source, target, shape, _ in found.edges:
        ends = itertools.product(source.units[0], target.units[0])
        assert any((looks(graph, rows, s), looks(graph, rows, t), shape) in known for s, t in ends)
    whole = sum(
        rows[graph.nodes[node].index].macs for node in every_node(found.boxes) if graph.nodes[node].kind == "row"
    )
    assert whole == network.cost.macs


def test_resnet152_is_a_page_and_not_a_wall():
    network = analyse("resnet152", Setting())
    found = boxes_of(network.graph(), network.cost.layers)
    stages = [box for box in found.boxes if len(box.parts) == 2]
    assert [tuple(part.times for part in stage.parts) for stage in stages] == [(1, 2), (1, 7), (1, 35), (1, 2)]
