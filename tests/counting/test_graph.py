"""What feeds what: the edges of a trace, against a NaN that finds its own way through the network."""

import random
from collections import defaultdict

import pytest
import torch
from torch import nn
from torch.nn import functional

import archstat
from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.published.figures import published


def graph_of(model, *inputs):
    """The graph of a network, and the names of its nodes."""
    network = analyse_model(model, *inputs)
    graph, rows = network.graph(), network.cost.layers

    def name(node):
        if node.kind != "row":
            return node.kind
        row = rows[node.index]
        return row.layer if row.is_layer else row.kind

    return graph, [name(node) for node in graph.nodes]


def edges_of(model, *inputs):
    graph, names = graph_of(model, *inputs)
    return {(names[edge.source], names[edge.target]) for edge in graph.edges}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return functional.relu(x + self.two(functional.relu(self.one(x), inplace=True)))


def test_a_residual_block_adds_what_came_in():
    assert edges_of(nn.Sequential(Residual()), torch.zeros(1, 4, 8, 8)) == {
        ("input", "0.one"),
        ("0.one", "relu"),
        ("relu", "0.two"),
        ("0.two", "add"),
        ("input", "add"),
        ("add", "relu"),
        ("relu", "output"),
    }


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Linear(4, 6), nn.Linear(3, 2), nn.Linear(3, 5)

    def forward(self, x):
        left, right = self.first(x).chunk(2, -1)
        return torch.cat([self.left(left), self.right(right)], -1).reshape(-1)


def test_edges_go_through_views_and_have_the_shape_that_is_taken():
    graph, names = graph_of(Halves(), torch.zeros(1, 4))
    found = {(names[edge.source], names[edge.target]): edge.shape for edge in graph.edges}
    assert found == {
        ("input", "first"): (1, 4),
        ("first", "left"): (1, 3),
        ("first", "right"): (1, 3),
        ("left", "cat"): (1, 2),
        ("right", "cat"): (1, 5),
        ("cat", "output"): (7,),
    }


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, a, b):
        a, b = self.tower(a), self.tower(b)
        return self.head(a - b), a, b


def test_a_siamese_pair_has_two_inputs_two_runs_of_one_tower_and_three_outputs():
    graph, names = graph_of(Several(), torch.zeros(1, 4), torch.zeros(1, 4))
    assert names == ["input", "input", "tower", "tower", "sub", "head", "output"]
    assert [node.layer for node in graph.nodes][2:4] == [1, 1]
    assert sum(edge.target == names.index("output") for edge in graph.edges) == 3


class Positions(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(9, 4), nn.Embedding(5, 4)

    def forward(self, ids):
        positions = torch.arange(ids.shape[-1])
        assert (positions + 1).sum() is not None  # a check of something that no input has a part in
        return self.tokens(ids) + self.places(positions)


def test_what_no_input_reaches_is_left_out_unless_it_holds_parameters():
    assert edges_of(Positions(), torch.zeros(1, 5, dtype=torch.long)) == {
        ("input", "tokens"),
        ("tokens", "add"),
        ("places", "add"),
        ("add", "output"),
    }


class Random(nn.Module):
    """A network of layers, sums, joins and halves that follow from a seed."""

    def __init__(self, seed):
        super().__init__()
        self.draw = random.Random(seed)  # noqa: S311 - of examples
        self.plan = [self.draw.choice(["layer", "layer", "add", "mul", "cat", "half", "relu"]) for _ in range(14)]
        self.seed = seed
        self.layers = nn.ModuleList(nn.Linear(4, 4) for kind in self.plan if kind in ("layer", "cat", "half"))
        for place, kind in enumerate(kind for kind in self.plan if kind in ("layer", "cat", "half")):
            self.layers[place] = nn.Linear({"layer": 4, "cat": 8, "half": 2}[kind], 4)

    def forward(self, x):
        draw = random.Random(self.seed + 1)  # noqa: S311
        values, layers = [x], iter(self.layers)
        for kind in self.plan:
            one, other = draw.choice(values), draw.choice(values)
            if kind == "layer":
                values.append(next(layers)(one))
            elif kind == "cat":
                values.append(next(layers)(torch.cat([one, other], -1)))
            elif kind == "half":
                values.append(next(layers)(one.chunk(2, -1)[1]))
            elif kind == "relu":
                values.append(one.clone().relu_())
            else:
                values.append(one + other if kind == "add" else one * other)
        return values[-1], values[-3]


def reached(graph, start):
    """The nodes that a node leads to."""
    feeds = defaultdict(list)
    for edge in graph.edges:
        feeds[edge.source].append(edge.target)
    found, left = set(), [start]
    while left:
        for target in feeds[left.pop()]:
            if target not in found:
                found.add(target)
                left.append(target)
    return found


def poisoned(model, x, layer):
    """The layers that get a NaN when this one puts out nothing else."""
    got = set()
    hooks = [layer.register_forward_hook(lambda *seen: torch.full_like(seen[-1], float("nan")))]
    for name, each in model.named_modules():
        if isinstance(each, nn.Linear) and each is not layer:

            def look(_, args, name=name):
                if args[0].isnan().any():
                    got.add(name)

            hooks.append(each.register_forward_pre_hook(look))
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return got


@pytest.mark.parametrize("seed", range(40))
def test_a_nan_comes_to_just_the_layers_that_the_graph_leads_to(seed):
    model = Random(seed)
    graph, names = graph_of(model, torch.zeros(2, 4))
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for name, layer in layers.items():
        led_to = {names[node] for node in reached(graph, names.index(name))}
        assert led_to & layers.keys() == poisoned(model, torch.ones(2, 4), layer)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", published())
def test_every_row_that_costs_something_is_a_node_and_every_edge_leads_on(name):
    network = analyse(name, Setting())
    graph, rows = network.graph(), network.cost.layers
    drawn = {node.index for node in graph.nodes if node.kind == "row"}
    assert {place for place, row in enumerate(rows) if row.call and (row.macs or row.parameters)} <= drawn
    assert sum(rows[place].macs for place in drawn) == network.cost.macs
    assert all(edge.source < edge.target for edge in graph.edges)
    fed = {edge.target for edge in graph.edges}
    assert {place for place, node in enumerate(graph.nodes) if node.kind != "input"} - fed == set()


def test_what_goes_in_can_come_out():
    assert edges_of(nn.Identity(), torch.zeros(1, 3)) == {("input", "output")}


def test_a_network_without_inputs_is_drawn_whole():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self):
            return self.layer(torch.ones(1, 3))

    assert ("layer", "output") in edges_of(Table())


def test_a_network_that_is_one_layer_has_a_node_for_it():
    assert edges_of(nn.Linear(3, 2), torch.zeros(1, 3)) == {("input", ""), ("", "output")}


def test_a_saved_cost_knows_no_graph(tmp_path):
    cost = archstat.count("lenet5")
    archstat.save_cost(cost, tmp_path / "cost.json")
    from archstat.analysis.network import Saved

    with pytest.raises(archstat.DataError, match="holds no ops, so no graph"):
        Saved(cost).graph()


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.gamma = nn.Linear(4, 4), nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x + self.layer(x) * self.gamma.view(1, 4)


def test_a_view_of_a_parameter_feeds_what_takes_it():
    assert {("view", "mul"), ("layer", "mul")} <= edges_of(Scaled(), torch.zeros(1, 4))
