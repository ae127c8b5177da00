"""CUDA's side of the seam, as far as it can be seen without a GPU: torch's functions are stood in for."""

import contextlib
import inspect
import warnings
import weakref

import pytest
import torch

from archstat.measuring.cuda.device import WARM_UPS, CudaDevice, CudaGraph
from archstat.measuring.reasons import CannotMeasure

GPU = torch.device("cuda", 1)


def test_the_installed_torch_has_every_function_that_is_called():
    names = "CUDAGraph Event Stream _sleep current_device current_stream device graph stream synchronize".split()
    for name in [*names, "get_sync_debug_mode", "set_sync_debug_mode"]:
        assert callable(getattr(torch.cuda, name))
    assert {"stream", "capture_error_mode"} <= set(inspect.signature(torch.cuda.graph.__init__).parameters)
    assert {"activities", "acc_events"} <= set(inspect.signature(torch.profiler.profile.__init__).parameters)


class FakeCuda:
    """The current device and stream, and a capture that may fail as torch's does."""

    def __init__(self, monkeypatch):
        self.devices, self.streams, self.modes = [0], ["main"], ["default"]
        self.waits, self.error, self.warning, self.spins = [], None, None, []
        self.patch = monkeypatch
        self.put("device", self.on_device)
        self.put("stream", self.on_stream)
        self.put("Stream", lambda device: FakeStream(self, f"side of {device}"))
        self.put("current_stream", lambda _device=None: FakeStream(self, self.streams[-1]))
        self.put("CUDAGraph", lambda: "graph")
        self.put("graph", self.graph)
        self.put("synchronize", lambda _device=None: None)
        self.put("_sleep", lambda cycles: self.spins.append((self.devices[-1], cycles)))
        self.put("get_sync_debug_mode", lambda: self.modes[-1])
        self.put("set_sync_debug_mode", self.modes.append)

    def put(self, name, value):
        self.patch.setattr(torch.cuda, name, value)

    @contextlib.contextmanager
    def on_device(self, device):
        self.devices.append(device.index)
        yield
        self.devices.pop()

    @contextlib.contextmanager
    def on_stream(self, stream):
        before = list(self.streams)
        self.streams.append(stream.name)
        try:
            yield
        finally:
            self.streams = before

    @contextlib.contextmanager
    def graph(self, _graph, stream, capture_error_mode):
        assert capture_error_mode == "thread_local"
        self.streams.append(stream.name)
        self.streams.append("capturing")
        try:
            yield
        finally:
            if self.error is not None:
                raise self.error  # and the stream stays, as torch leaves it
        if self.warning is not None:
            warnings.warn(self.warning, UserWarning, stacklevel=2)
        del self.streams[-2:]


class FakeStream:
    def __init__(self, cuda, name):
        self.cuda, self.name = cuda, name
        self.cuda_stream = 99

    def wait_stream(self, other):
        self.cuda.waits.append((self.name, other.name))


@pytest.fixture
def cuda(monkeypatch):
    return FakeCuda(monkeypatch)


def test_a_capture_follows_three_calls_on_a_side_stream_that_waits_for_ours(cuda):
    seen = []
    graph = CudaDevice(GPU).capture(lambda: seen.append(cuda.streams[-1]))
    assert seen == ["side of cuda:1"] * WARM_UPS + ["capturing"]
    assert cuda.waits == [("side of cuda:1", "main")]
    assert not graph.is_empty
    assert cuda.streams == ["main"]
    assert cuda.devices == [0]


def test_a_failed_capture_gives_our_stream_back(cuda):
    cuda.error = RuntimeError("operation not permitted when stream is capturing")
    with pytest.raises(RuntimeError, match="not permitted"):
        CudaDevice(GPU).capture(lambda: None)
    assert cuda.streams == ["main"]


def test_of_a_failed_capture_the_first_error_is_told(cuda):
    """What the network raised; that the capture cannot end after that says nothing."""
    calls = []

    def fails_in_the_capture():
        calls.append(None)
        if len(calls) > WARM_UPS:
            raise ValueError("not while capturing")

    cuda.error = RuntimeError("capture invalidated")
    with pytest.raises(ValueError, match="not while capturing"):
        CudaDevice(GPU).capture(fails_in_the_capture)
    assert cuda.streams == ["main"]


def test_a_graph_that_torch_warns_to_be_empty_is_one(cuda):
    cuda.warning = "The CUDA Graph is empty. This usually means that the graph was captured on the wrong stream."
    graph = CudaDevice(GPU).capture(lambda: None)
    assert graph.is_empty
    graph.replay()  # the stand-in for a graph has no replay: an empty one is not started


def test_another_warning_does_not_make_a_graph_empty(cuda):
    cuda.warning = "Something else."
    assert not CudaDevice(GPU).capture(lambda: None).is_empty


def test_a_stall_spins_on_its_own_device(cuda):
    CudaDevice(GPU).sleep(1000)
    assert cuda.spins == [(1, 1000)]


@pytest.mark.usefixtures("cuda")
def test_a_torch_without_the_kernel_that_spins_is_told(monkeypatch):
    monkeypatch.delattr(torch.cuda, "_sleep")
    with pytest.raises(CannotMeasure, match=r"no torch\.cuda\._sleep") as caught:
        CudaDevice(GPU).sleep(1000)
    assert caught.value.reason.code == "QUEUE_RAN_DRY"


def raising(error):
    def work():
        raise error

    return work


def test_torch_s_own_check_tells_a_network_that_waits_inside(cuda):
    device = CudaDevice(GPU)
    assert device.waits_inside(raising(RuntimeError("called a synchronizing CUDA operation")))
    assert not device.waits_inside(lambda: None)
    assert cuda.modes == ["default", "error", "default", "error", "default"]


def test_that_the_check_is_a_prototype_is_no_news(cuda):
    def sets_and_warns(mode):
        cuda.modes.append(mode)
        text = "Synchronization debug mode is a prototype feature and does not yet detect all synchronizing operations"
        warnings.warn(text, UserWarning, stacklevel=2)

    cuda.put("set_sync_debug_mode", sets_and_warns)
    assert not CudaDevice(GPU).waits_inside(lambda: None)
    assert cuda.modes == ["default", "error", "default"]


def test_the_mode_is_put_back_also_if_setting_it_raises(cuda):
    def sets_and_raises(mode):
        cuda.modes.append(mode)
        if mode == "error":
            raise UserWarning("something else")

    cuda.put("set_sync_debug_mode", sets_and_raises)
    with pytest.raises(UserWarning, match="something else"):
        CudaDevice(GPU).waits_inside(lambda: None)
    assert cuda.modes == ["default", "error", "default"]


def test_another_error_is_not_taken_for_waiting(cuda):
    with pytest.raises(RuntimeError, match="shapes"):
        CudaDevice(GPU).waits_inside(raising(RuntimeError("shapes differ")))
    assert cuda.modes[-1] == "default"


def test_a_torch_without_gpu_tracing_is_told(cuda, monkeypatch):
    monkeypatch.setattr(torch.profiler, "supported_activities", lambda: {torch.profiler.ProfilerActivity.CPU})
    with pytest.raises(CannotMeasure, match="built without GPU tracing") as caught:
        CudaDevice(GPU).trace(lambda: None)
    assert caught.value.reason.code == "CUPTI_UNAVAILABLE"
    assert cuda.spins == []


@pytest.mark.usefixtures("cuda")
def test_a_gpu_without_a_number_is_the_current_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    assert CudaDevice(torch.device("cuda")).device == torch.device("cuda", 3)


def test_a_graph_keeps_what_was_captured_in_it_as_its_kernels_read_it():
    class Tensors:
        pass

    tensors = Tensors()
    alive = weakref.ref(tensors)
    graph = CudaGraph(GPU, None, lambda tensors=tensors: tensors, is_empty=True)
    replay = graph.replay
    del tensors, graph
    assert alive() is not None
    del replay
    assert alive() is None
