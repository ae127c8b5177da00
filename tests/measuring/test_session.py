"""What is measured of which network in which order, and what is kept when something cannot be."""

import contextlib

import msgspec
import pytest
import torch

from archstat.errors import ForwardError, InputError, UnknownNameError
from archstat.measuring import job
from archstat.measuring import session as sessions
from archstat.measuring.api import measure
from archstat.measuring.energy.layers import LayerResult
from archstat.measuring.metering import MeterError
from archstat.measuring.reasons import CannotMeasure, reason_of
from archstat.measuring.session import Session
from archstat.networks.settings import MeasureSetting, Setting
from archstat.records import Energy, Gpu, GpuTimes, LayerEnergy, LayerTimes, Reason
from tests.measured import PEAKS
from tests.measuring.support import FakeClock

QUICK = MeasureSetting(threads=1, max_s=1.0)


class Ticking(FakeClock):
    """Whatever is timed takes 10 ms."""

    def now_ns(self):
        self.advance(0.01)
        return super().now_ns()


@pytest.fixture(autouse=True)
def _quick_peaks(monkeypatch):
    monkeypatch.setattr(sessions, "measure_peaks", lambda *_: PEAKS)


def session(*names, setting=None, **how):
    return Session.of(names or ("lenet5",), setting or Setting(), msgspec.structs.replace(QUICK, **how), Ticking())


def measured(*names, **how):
    return list(session(*names, **how).measurements())


def codes(measurement):
    return [reason.code for reason in measurement.reasons if not reason.code.startswith(("HOST", "CPU_QUOTA"))]


def test_a_network_is_measured_and_counted_on_the_same_input():
    (found,) = measured()
    assert (found.architecture, found.input_shapes) == ("lenet5", ((1, 1, 32, 32),))
    assert (found.counted.parameters, found.counted.macs) == (60_000, 325_680)
    assert found.latency.median_s == pytest.approx(0.01)
    assert found.memory.peak_bytes >= found.counted.peak_activation_bytes > 0
    assert (found.layers, found.energy, found.gpu, found.peaks) == (None, None, None, None)
    assert found.environment.host.threads == 1
    assert codes(found) == []


def test_each_batch_size_is_a_measurement_of_its_own():
    found = measured("lenet5", "lenet5_modern", batch_sizes=(1, 4))
    assert [(each.architecture, each.conditions.batch_size) for each in found] == [
        ("lenet5", 1),
        ("lenet5_modern", 1),
        ("lenet5", 4),
        ("lenet5_modern", 4),
    ]
    assert found[2].counted.macs == 4 * found[0].counted.macs
    assert found[2].input_shapes == ((4, 1, 32, 32),)


def test_a_name_that_is_given_twice_is_measured_once():
    assert len(measured("lenet5", "lenet5")) == 1


@pytest.mark.rare
def test_another_precision_and_resolution_are_counted_so_too():
    (found,) = session("resnet20", setting=Setting(resolution=48), precision="bf16").measurements()
    assert found.input_shapes == ((1, 3, 48, 48),)
    assert found.conditions.precision == "bf16"
    assert found.memory.parameter_bytes == 2 * found.counted.parameters


def test_layers_come_with_the_roof():
    (found,) = measured(layers=True)
    assert isinstance(found.layers, LayerTimes)
    assert {"c1", "s2", "c3"} <= {row.layer for row in found.layers.rows}
    assert found.peaks == PEAKS


@pytest.mark.parametrize("names", [("resnet5",), ("lenet5", "resnet5")])
def test_a_name_that_leads_nowhere_is_found_out_before_anything_is_measured(names):
    with pytest.raises(UnknownNameError, match="resnet5"):
        session(*names)


def test_an_input_that_does_not_fit_is_found_out_before_anything_is_measured():
    with pytest.raises(InputError, match="An image of"):
        session("alexnet", setting=Setting(resolution=20))
    with pytest.raises(InputError, match="Which input"):
        session("torch.nn:ReLU()")


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="is no device"):
        session(device="gpu")
    with pytest.raises(InputError, match="TF32 is a format of GPUs"):
        session(precision="tf32")


def test_a_network_that_fails_only_when_it_is_run_is_named(monkeypatch):
    class Fails(torch.nn.Module):
        def forward(self, x):
            if not x.is_meta and torch.is_inference_mode_enabled():
                raise ValueError("out of tea\nand of milk")
            return x

    monkeypatch.setattr("archstat.measuring.job.build_for_device", lambda *_: Fails())
    (found,) = measured(layers=True)
    assert (found.latency, found.layers, codes(found)) == (None, None, ["FAILED"])
    assert found.reasons[0].text == "lenet5 failed while it ran: ValueError: out of tea"


def test_a_network_that_cannot_be_brought_to_its_device_is_an_error_and_not_nothing(monkeypatch):
    def refuse(*_):
        raise InputError("It cannot be brought there.")

    monkeypatch.setattr(job, "build_for_device", refuse)
    with pytest.raises(InputError, match="cannot be brought there"):
        measured()


def test_memory_that_a_computer_does_not_have_is_missing_memory():
    (found,) = measured(batch_sizes=(10**9,))
    assert (found.latency, codes(found)) == (None, ["OOM"])
    assert (
        "Out of memory at batch 1000000000: take a smaller batch, or fewer networks at once. Torch says: "
        in found.reasons[0].text
    )


def test_what_does_not_fit_into_memory_leaves_a_reason_and_the_others_are_measured(monkeypatch):
    real = job.build_for_device

    def build(source, how, device):
        if source.name == "lenet5":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried much\nsecond line")
        return real(source, how, device)

    monkeypatch.setattr("archstat.measuring.job.build_for_device", build)
    small, other = measured("lenet5", "lenet5_modern", layers=True)
    assert (small.latency, small.memory, small.layers) == (None, None, None)
    assert codes(small) == ["OOM"]
    assert small.reasons[0].text == (
        "Out of memory at batch 1: take a smaller batch, or fewer networks at once. Torch says: CUDA out of memory. "
        "Tried much"
    )
    assert other.latency is not None


def test_a_part_that_cannot_be_measured_leaves_a_reason_and_the_rest_is_there(monkeypatch):
    def refuse(*_, **__):
        raise CannotMeasure(Reason("COMPILED_NO_LAYERS", "No."))

    monkeypatch.setattr(sessions, "time_layers", refuse)
    (found,) = measured(layers=True)
    assert (found.layers, codes(found)) == (None, ["COMPILED_NO_LAYERS"])
    assert found.memory.peak_bytes


@pytest.mark.parametrize("error", [RuntimeError("CUDA error\nmore"), AttributeError("no such name"), MemoryError()])
def test_a_part_that_fails_takes_nothing_else_along(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sessions, "time_layers", fail)
    monkeypatch.setattr(sessions, "open_meter", fail)
    (found,) = measured(layers=True, energy=True)
    assert found.latency is not None
    assert found.memory is not None
    assert codes(found) == ["OOM" if isinstance(error, MemoryError) else "PART_FAILED"] * 2
    assert found.reasons[0].text == reason_of("The layers", error).text
    assert "energy" in found.reasons[1].text


def test_a_network_that_changes_its_input_is_told():
    class Shrinks(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x.mul_(0.5))

    x = torch.ones(2, 8)
    found = measure(Shrinks(8, 4), x, how=QUICK)
    assert "INPUT_CHANGED" in codes(found)
    assert torch.equal(x, torch.ones(2, 8))
    assert "INPUT_CHANGED" not in codes(measure(torch.nn.Linear(8, 4), x.fill_(float("nan")), how=QUICK))
    assert "INPUT_CHANGED" not in codes(measure(torch.nn.Flatten(), x > 0, how=QUICK))


# -- interruptions -----------------------------------------------------------------------------------------------------


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_an_interruption_keeps_what_is_finished_and_begins_nothing_new(monkeypatch):
    monkeypatch.setattr(sessions, "time_layers", interrupt)
    made = session("lenet5", "lenet5_modern", layers=True, batch_sizes=(1, 8))
    found = list(made.measurements())
    assert made.is_interrupted
    assert [each.conditions.batch_size for each in found] == [1, 1]
    assert all(each.latency and each.memory for each in found)
    assert ["INTERRUPTED" in codes(each) for each in found] == [True, False]


def test_an_interruption_while_samples_are_taken_keeps_them(monkeypatch):
    runs = []

    class Impatient(sessions.Prepared):
        def run(self):
            runs.append(1)
            if len(runs) == 90:
                raise KeyboardInterrupt
            super().run()

    monkeypatch.setattr(job, "Prepared", Impatient)
    made = session()
    (found,) = made.measurements()
    assert made.is_interrupted
    assert found.latency.stopped_by == "interrupted"
    assert codes(found) == ["INTERRUPTED"]
    assert found.memory is None


def test_an_interruption_before_the_first_sample_leaves_no_latency(monkeypatch):
    monkeypatch.setattr(sessions.Prepared, "run", interrupt)
    made = session()
    (found,) = made.measurements()
    assert made.is_interrupted
    assert (found.latency, codes(found)) == (None, ["INTERRUPTED"])


@pytest.mark.parametrize(
    "place", ["archstat.measuring.job.build_for_device", "archstat.measuring.session.Surroundings"]
)
def test_an_interruption_while_a_group_is_made_ready_leaves_the_groups_before(monkeypatch, place):
    module, _, name = place.rpartition(".")
    real, asked = getattr(sessions if "session" in module else job, name), []

    def later(*args, **options):
        asked.append(1)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(place, later)
    made = session(batch_sizes=(1, 2))
    found = list(made.measurements())
    assert made.is_interrupted
    assert [each.conditions.batch_size for each in found] == [1]


def test_an_interruption_while_the_meter_is_looked_at_keeps_the_latency(monkeypatch):
    monkeypatch.setattr(sessions, "open_meter", interrupt)
    made = session(energy=True, batch_sizes=(1, 2))
    (found,) = made.measurements()
    assert made.is_interrupted
    assert found.latency is not None
    assert codes(found) == ["INTERRUPTED"]


# -- what a GPU has besides, its parts being played -----------------------------------------------------------------


class Watch:
    """A board that computes confidentially and is limited to 300 W."""

    is_confidential = True

    def __init__(self, *_):
        pass

    def finish(self):
        return Gpu("a board", power_limit_w=300.0, processes=1), {"ecc": "It would not say."}


@pytest.fixture
def gpu(monkeypatch):
    """What is asked of a GPU."""
    asked = []

    def times(prepared, device, _, plan):
        asked.append(("times", prepared.name, device, plan.is_confidential))
        return GpuTimes(pipelined_s=0.004), (Reason("GRAPH_FAILED", "No."),)

    def layers(prepared, device, _, plan):
        asked.append(("layers", prepared.name, device, plan.is_confidential))
        return LayerTimes("kernels", (), 0.01, 0.01, 20, reasons=(Reason("MODEL_SYNCS", "It does."),))

    monkeypatch.setattr(Session, "_is_gpu", True)
    for name, played in [
        ("GpuWatch", Watch),
        ("CudaDevice", str),
        ("gpu_times", times),
        ("time_layers_on_gpu", layers),
    ]:
        monkeypatch.setattr(sessions, name, played)
    return asked


def test_a_gpu_is_watched_and_its_own_times_are_taken(gpu):
    (found,) = measured(layers=True)
    assert gpu == [("times", "lenet5", "cpu", True), ("layers", "lenet5", "cpu", True)]
    assert (found.gpu.pipelined_s, found.layers.method, found.throughput) == (0.004, "kernels", 250.0)
    assert (found.conditions.power_limit_w, found.environment.gpu.name) == (300.0, "a board")
    assert found.environment.unknown["gpu.ecc"] == "It would not say."
    assert codes(found) == ["GRAPH_FAILED", "OTHER_GPU_PROCESSES"]
    assert [reason.code for reason in found.layers.reasons] == ["MODEL_SYNCS"]


def test_layers_of_a_compiled_network_are_not_those_of_the_eager_one(gpu, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    (found,) = measured(layers=True, compiled=True)
    assert [kind for kind, *_ in gpu] == ["times"]
    assert "COMPILED_NO_LAYERS" in codes(found)


# -- energy ------------------------------------------------------------------------------------------------------------


def test_without_a_meter_energy_is_missing_with_its_reason(monkeypatch):
    def refuse(*_):
        raise MeterError("RAPL_ABSENT", "No RAPL zones.")

    monkeypatch.setattr(sessions, "open_meter", refuse)
    (found,) = measured(energy=True)
    assert (found.energy, codes(found)) == (None, ["RAPL_ABSENT"])


def test_energies_are_those_of_their_networks(monkeypatch):
    asked = []

    def measure(loads, meter, *_, **__):
        asked.extend((load.name, load.mode, load.batch_size) for load in loads)
        return [Energy(meter, "a box", load.mode, load.batch_size, pass_j=float(at)) for at, load in enumerate(loads)]

    monkeypatch.setattr(sessions, "open_meter", lambda *_: "a meter")
    monkeypatch.setattr(sessions, "measure_energy", measure)
    first, second = measured("lenet5", "lenet5_modern", energy=True, batch_sizes=(2,))
    assert asked == [("lenet5", "latency", 2), ("lenet5_modern", "latency", 2)]
    assert (first.energy.pass_j, second.energy.pass_j, second.energy.source) == (0.0, 1.0, "a meter")


def layer_energies(monkeypatch, *reasons):
    """Played energies of networks, and of their layers with these reasons."""
    asked = []

    def layers(prepared, *_, **options):
        asked.append((prepared.name, options["whole"].pass_j))
        return LayerResult((LayerEnergy("c1", 1, 0.5),), tuple(reasons))

    monkeypatch.setattr(sessions, "open_meter", lambda *_: "a meter")
    monkeypatch.setattr(sessions, "measure_energy", lambda *_, **__: [Energy("m", "b", "latency", 1, pass_j=1.0)])
    monkeypatch.setattr(sessions, "measure_layer_energy", layers)
    return asked


def test_the_energy_of_layers_is_part_of_that_of_the_network(monkeypatch):
    asked = layer_energies(monkeypatch, Reason("LAYER_CLOSURE", "Nearly."))
    (found,) = measured(energy=True, layers=True)
    assert asked == [("lenet5", 1.0)]
    assert found.energy.layers == (LayerEnergy("c1", 1, 0.5),)
    assert [reason.code for reason in found.energy.reasons] == ["LAYER_CLOSURE"]


def test_an_interruption_in_the_energy_of_layers_ends_the_session(monkeypatch):
    layer_energies(monkeypatch, Reason("INTERRUPTED", "Enough."))
    made = session(energy=True, layers=True, batch_sizes=(1, 2))
    (found,) = made.measurements()
    assert made.is_interrupted
    assert found.energy.layers


def test_without_layers_there_is_no_energy_of_them(monkeypatch):
    asked = layer_energies(monkeypatch)
    monkeypatch.setattr(sessions, "time_layers", interrupt)
    measured(energy=True, layers=True)
    assert asked == []


# -- plans -------------------------------------------------------------------------------------------------------------


def test_the_plan_names_every_part_and_a_time_that_grows_with_what_is_asked_for():
    assert [part.what for part in session().plan()] == ["latency", "memory"]
    everything = session("lenet5", "alexnet", layers=True, energy=True, batch_sizes=(1, 2)).plan()
    whats = ["latency", "memory", "layers", "energy", "energy of layers"]
    assert [part.what for part in everything] == whats * 4
    longest = [part.longest_s for part in session(max_s=60.0).plan()]
    assert longest[0] > 60 > sum(part.longest_s for part in session().plan())


def test_a_plan_measures_nothing(monkeypatch):
    monkeypatch.setattr(sessions, "time_passes", interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        session().plan()
        return
    pytest.fail("it ran")


# -- a network of one's own --------------------------------------------------------------------------------------------


def test_a_network_of_ones_own_is_measured_where_it_is_and_left_as_it_was():
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Dropout(), torch.nn.BatchNorm1d(4)).bfloat16()
    model[1].eval()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = measure(model, torch.ones(3, 8, dtype=torch.bfloat16), how=QUICK)
    assert (found.architecture, found.conditions.precision, found.conditions.batch_size) == ("Sequential", "bf16", 3)
    assert found.counted.macs == 3 * 32
    assert found.latency.median_s > 0
    assert [module.training for module in model] == [True, False, True]
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_a_network_of_ones_own_that_fails_raises():
    with pytest.raises(ForwardError, match="forward pass failed"):
        measure(torch.nn.Linear(8, 4), torch.ones(3, 5), how=QUICK)


def test_a_network_that_fails_only_for_real_raises_too():
    class Fails(torch.nn.Linear):
        def forward(self, x):
            if not x.is_meta:
                raise ValueError("out of tea")
            return super().forward(x)

    model = Fails(8, 4)
    with pytest.raises(ForwardError, match=r"^Fails failed while it ran: ValueError: out of tea$"):
        measure(model, torch.ones(3, 8), how=QUICK)
    assert model.training


def test_a_network_of_doubles_is_refused():
    with pytest.raises(InputError, match="A network of float64 cannot be measured"):
        measure(torch.nn.Linear(8, 4).double(), torch.ones(3, 8, dtype=torch.float64))


@pytest.mark.rare
def test_the_memory_format_is_that_of_the_input():
    model, x = torch.nn.Conv2d(3, 4, 3), torch.ones(1, 3, 8, 8)
    last = x.contiguous(memory_format=torch.channels_last)
    how = msgspec.structs.replace(QUICK, channels_last=True)
    assert measure(model, x, how=how).conditions.memory_format == "contiguous"
    assert measure(model, last, how=QUICK).conditions.memory_format == "channels_last"


def test_a_network_without_numbers_with_points_is_measured_too():
    found = measure(torch.nn.Flatten(), torch.ones(2, 3, 4, dtype=torch.int64), how=QUICK)
    assert (found.conditions.precision, found.conditions.batch_size) == ("fp32", 2)


def test_an_empty_batch_is_refused():
    with pytest.raises(InputError, match="nothing to measure"):
        measure(torch.nn.Linear(8, 4), torch.ones(0, 8), how=QUICK)


def test_an_interruption_of_ones_own_network_goes_on(monkeypatch):
    monkeypatch.setattr(sessions.Prepared, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        measure(torch.nn.Linear(8, 4), torch.ones(1, 8), how=QUICK)


class Takes(torch.nn.Module):
    """Takes what networks take besides tensors."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 4)

    def forward(self, batch, parts=(), *, times=1, extra=None):
        x = batch["x"] if isinstance(batch, dict) else batch
        for part in parts:
            x = x + part
        return self.layer(x) * times if extra is None else self.layer(x) + extra["bias"]


X = torch.ones(3, 8)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        (({"x": X},), {}),
        ((X, [X, X]), {}),
        ((X, (X,)), {"times": 2}),
        ((), {"batch": X}),
        (({"x": X, "n": 3},), {"extra": {"bias": torch.ones(4)}}),
        ((X, []), {"times": 3}),
    ],
)
@pytest.mark.sampled(3)
def test_a_network_of_ones_own_takes_whatever_it_takes(inputs, named):
    found = measure(Takes(), *inputs, how=QUICK, **named)
    assert (found.latency.n > 0, found.conditions.batch_size, found.counted.macs) == (True, 3, 3 * 8 * 4)


@pytest.mark.parametrize("layers", [True, False])
@pytest.mark.sampled(2)
def test_measuring_leaves_the_random_numbers_as_they_were(layers):
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU())
    before = torch.random.get_rng_state()
    measure(model, X, how=msgspec.structs.replace(QUICK, layers=layers))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_without_values_is_not_measured():
    with pytest.raises(InputError, match="on the meta device has no values to run with"):
        measure(torch.nn.Linear(8, 4, device="meta"), X, how=MeasureSetting(threads=1))
    with pytest.raises(InputError, match="on the meta device has no values to run with"):
        measure(torch.nn.Linear(8, 4), X.to("meta"), how=QUICK)
