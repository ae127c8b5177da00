"""Time, throughput, power and energy over the batch size: values by hand, and what does not belong together."""

import msgspec
import pytest

from archstat.errors import DataError
from archstat.records import Reason
from archstat.report.charts.batch import batch as draw
from archstat.report.charts.batch import series
from archstat.report.material import Material
from tests.measured import CONDITIONS, ENERGY, latency, measured
from tests.report.charts.support import drawn_texts, layout_of


def one(name, size, time_s, **changes):
    """A network that takes so long for a batch of that size."""
    conditions = msgspec.structs.replace(CONDITIONS, batch_size=size, **changes.pop("conditions", {}))
    shapes = changes.pop("input_shapes", ((size, 3, 8, 8),))
    taken = latency(time_s, 1e-5)
    return measured(architecture=name, conditions=conditions, input_shapes=shapes, latency=taken, **changes)


def of(*measurements):
    """The chart of them."""
    return draw(Material((), measurements))


TWO = (one("a", 4, 8e-3), one("a", 1, 4e-3))


def test_the_time_of_an_input_is_that_of_the_pass_over_the_batch():
    time, throughput = of(*TWO).views
    line = time.figure.data[0]
    assert (line.x, line.y) == ((1, 4), (4e-3, 2e-3))
    assert line.error_y.array == pytest.approx((1e-5, 1e-5 / 4))
    assert throughput.figure.data[0].y == (pytest.approx(250), pytest.approx(500))
    assert [view.label for view in (time, throughput)] == ["Time", "Throughput"]


def test_power_and_energy_are_views_where_they_were_measured():
    energies = [msgspec.structs.replace(each, energy=ENERGY) for each in TWO]
    views = {view.label: view for view in of(*energies).views}
    assert views["Power"].figure.data[0].y == (300.0, 300.0)
    assert views["Energy"].figure.data[0].y == (0.5, 0.5)  # 2 J for 4 inputs
    assert "Power and energy are those of the GPU board, idle power included." in of(*energies).caption
    assert {view.label for view in of(energies[0], TWO[1]).views} == {"Time", "Throughput"}
    assert of(*energies).title == "Time and power over the batch size"
    assert of(*TWO).title == "Time and throughput over the batch size"


def test_each_line_has_its_name_at_its_end():
    chart = of(*TWO, one("b", 1, 1e-3), one("b", 2, 1.5e-3))
    assert drawn_texts(layout_of(chart.views[0])) == ["a", "b"]
    assert [line.marker.symbol for line in chart.views[0].figure.data] == ["circle", "square"]


def test_networks_with_one_batch_size_and_other_conditions_are_left_out_and_said():
    others = (one("b", 1, 1e-3), one("a", 8, 1e-2, conditions={"threads": 4}))
    chart = of(*TWO, *others)
    assert len(chart.views[0].figure.data) == 1
    assert "2 other measurements are of one batch size, or of other conditions." in chart.caption
    assert "other measurement" not in of(*TWO).caption


def test_inputs_of_other_sizes_are_lines_of_their_own():
    other = [one("a", size, 1e-2, input_shapes=((size, 3, 16, 16),)) for size in (1, 2)]
    assert [len(line) for line in series((*TWO, *other))] == [2, 2]
    names = [text for text in drawn_texts(layout_of(of(*TWO, *other).views[0])) if text.startswith("a")]
    assert len(set(names)) == 2
    assert "a, 3×16×16" in names


def test_of_several_conditions_those_with_most_measurements_are_drawn():
    more = [one("b", size, 1e-2, conditions={"threads": 4}) for size in (1, 2, 4)]
    assert [each.architecture for line in series((*TWO, *more)) for each in line] == ["b"] * 3


def test_the_caption_names_the_conditions_without_the_batch():
    assert of(*TWO).caption.startswith("Some Processor · 1 thread · fp32 · eager · contiguous.")


def test_a_disturbed_time_is_marked_in_the_hover():
    noisy = msgspec.structs.replace(TWO[0], reasons=(Reason("HOST_NOISY", "Noisy."),))
    chart = of(noisy, TWO[1])
    assert "Time of an input: <b>~2.000 ms</b>" in chart.views[0].figure.data[0].hovertext[1]
    assert "were disturbed." in chart.caption
    assert "marks times that were disturbed with ~" in chart.handling


def test_hostile_names_come_out_escaped_and_cut():
    name = "<script>" + "x" * 10_000
    chart = of(one(name, 1, 1e-3), one(name, 2, 1e-3))
    told = [*drawn_texts(layout_of(chart.views[0])), *chart.views[0].figure.data[0].hovertext]
    assert not any("<script" in text for text in told)
    assert max(map(len, (*told, chart.views[0].alt))) < 500


@pytest.mark.parametrize(
    "measurements",
    [(), TWO[:1], (one("a", 1, 1e-3), one("b", 2, 1e-3)), (TWO[0], one("a", 1, 1e-3, conditions={"threads": 4}))],
)
def test_without_two_batch_sizes_of_one_network_nothing_is_drawn(measurements):
    with pytest.raises(DataError, match="No network was measured with two batch sizes"):
        of(*measurements)
