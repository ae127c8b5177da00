"""What the tests of charts share: networks, counted once, and what stands in a figure."""

import functools

import torch
from torch import nn

from archstat.analysis.inference import analyse, analyse_model
from archstat.networks.settings import Setting
from archstat.report.material import Subject
from tests.measured import PEAKS, measured, time, times


@functools.cache
def network(name):
    """A registered network on its registered input."""
    return analyse(name, Setting())


def subject(name):
    """It, without a measurement."""
    return Subject(network(name))


@functools.cache
def small():
    """A convolution of 6,912 MACs and 14,080 FLOPs on 2,672 bytes, a ReLU, a layer that does nothing, a linear one."""
    layers = (nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2))
    return analyse_model(nn.Sequential(*layers), torch.ones(1, 3, 10, 10))


def timed(*, conv=20e-6, relu=10e-6, flatten=1e-6, linear=5e-6, peaks=PEAKS, **changes):
    """The small network with times for its layers; what is flattened is too short to be told."""
    rows = (
        time("", 0.0, kind="Sequential", is_leaf=False, is_resolved=False),
        time("0", conv),
        time("1", relu, kind="ReLU"),
        time("2", flatten, kind="Flatten", is_resolved=False),
        time("3", linear, kind="Linear"),
    )
    measurement = measured(small().cost, times(*rows, resolution_s=2e-6), peaks=peaks, **changes)
    return Subject(small(), measurement, small())


def drawn_texts(layout):
    """The texts of all annotations of a layout."""
    return [each["text"] for each in layout["annotations"]]


def layout_of(view):
    """The layout of a view as plain values."""
    return view.figure.to_plotly_json()["layout"]
