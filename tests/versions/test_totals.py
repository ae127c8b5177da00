"""The totals of all networks are those of a committed table, with every torch that archstat runs on."""

import inspect
import os
from pathlib import Path

import msgspec
import pytest
from torch.nn import functional

import archstat
from archstat.registry import architectures
from tests.versions.models import MODELS

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:FutureWarning")

FILE = Path(__file__).parent / "totals.json"
COLUMNS = ("parameters", "macs", "flops", "activations", "peak_activation_bytes")
HOLDING = [1088, 11840, 25680, 2050, 4640]
"""What was found of "attention" with torch 2.6.0, 2.8.0 and 2.10.0."""

TRAINED = ("lenet5", "resnet18", "densenet121", "mobilenet_v1")
NETWORKS = sorted(architectures.all())


def totals(cost):
    return [getattr(cost, column) for column in COLUMNS]


def of_network(name):
    return totals(archstat.count(name))


def of_model(name):
    build, inputs = MODELS[name]
    return totals(archstat.count(build().eval(), *inputs))


def of_step(name):
    cost = archstat.memory(name, training=archstat.TrainingSetting("adam"))
    return [cost.parameter_bytes, cost.gradient_bytes, cost.optimizer_bytes, cost.peak_bytes]


PARTS = {"networks": (of_network, NETWORKS), "models": (of_model, list(MODELS)), "steps": (of_step, list(TRAINED))}


@pytest.fixture(scope="module")
def table():
    if os.environ.get("ARCHSTAT_RENEW_GOLDEN"):
        made = {part: {name: compute(name) for name in names} for part, (compute, names) in PARTS.items()}
        parts = [
            f' "{part}": {{\n' + ",\n".join(f'  "{name}": {row}' for name, row in rows.items()) + "\n }"
            for part, rows in made.items()
        ]
        parts.append(f' "holding": {{"models": {{"attention": {HOLDING}}}}}')
        FILE.write_text(f'{{\n "columns": {msgspec.json.encode(COLUMNS).decode()},\n' + ",\n".join(parts) + "\n}\n")
    return msgspec.json.decode(FILE.read_bytes())


def letting_go():
    """Whether torch's own attention lets go early of what it has used: in 2.10 it does not."""
    return "del q_scaled" in inspect.getsource(functional.multi_head_attention_forward)


def expected(table, part):
    return table[part] | ({} if letting_go() else table["holding"].get(part, {}))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.sampled(3)
def test_the_totals_are_those_of_the_table(part, table):
    (compute, names), rows = PARTS[part], expected(table, part)
    differing = {name: row for name in names if (row := compute(name)) != rows.get(name)}
    assert differing == {}


@pytest.mark.parametrize("part", PARTS)
def test_the_table_names_what_there_is_and_nothing_else(part, table):
    assert sorted(table[part]) == sorted(PARTS[part][1])


def test_a_changed_total_is_found(table):
    changed = [number + 1 for number in table["models"]["lstm"]]
    assert of_model("lstm") != changed


def test_no_row_is_empty(table):
    assert all(any(row) for part in PARTS for row in table[part].values())
