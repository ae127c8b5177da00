"""The device that was asked for, with torch's answers in its place."""

import warnings
from types import SimpleNamespace

import pytest
import torch

from archstat.errors import InputError
from archstat.measuring.environment.devices import check_precision, device_name, find_device
from archstat.measuring.environment.host import processor


@pytest.fixture
def gpus(monkeypatch):
    """Have torch see GPUs: ``gpus(2, current=1)``."""

    def see(count, current=0, capability=(8, 0), warning=""):
        def is_available():
            if warning:
                warnings.warn(warning, UserWarning, stacklevel=2)
            return count > 0

        monkeypatch.setattr(torch.version, "cuda", "12.9")
        monkeypatch.setattr(torch.cuda, "is_available", is_available)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: current)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Board {device.index}")

    return see


def test_a_cpu_is_always_there():
    device = find_device("cpu")
    assert device == torch.device("cpu")
    assert device_name(device) == processor()


def test_cuda_is_the_current_gpu_and_others_have_numbers(gpus):
    gpus(3, current=2)
    assert find_device("cuda") == torch.device("cuda", 2)
    assert find_device(" cuda:1 ") == torch.device("cuda", 1)
    assert device_name(find_device("cuda:1")) == "Board 1"


@pytest.mark.parametrize("text", ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "CPU:0", "cpu0", "mps", "cuda:1234"])
def test_what_is_no_device_is_refused(text):
    with pytest.raises(InputError, match="is no device: write 'cpu', 'cuda' or 'cuda:1'"):
        find_device(text)


def test_a_gpu_that_is_not_there_is_refused(gpus):
    gpus(2)
    with pytest.raises(InputError, match=r"no GPU 'cuda:2': PyTorch sees 2, from 'cuda:0' to 'cuda:1'\.$"):
        find_device("cuda:2")


def test_without_a_gpu_the_reason_is_the_build_the_driver_or_what_torch_warns_of(gpus, monkeypatch):
    gpus(0)
    with pytest.raises(InputError, match="no CUDA device; there is no driver or no GPU, or CUDA_VISIBLE_DEVICES hides"):
        find_device("cuda")
    gpus(0, warning="The NVIDIA driver on your system\nis too old")
    with pytest.raises(InputError, match="it says 'The NVIDIA driver on your system is too old'"):
        find_device("cuda")
    monkeypatch.setattr(torch, "version", SimpleNamespace(cuda=None, hip=None))
    with pytest.raises(InputError, match=r"is built for CPUs only: install .* for CUDA, or use the CPU\.$") as raised:
        find_device("cuda")
    assert raised.value.helps == {"device": "cpu"}


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_device_has_these_numbers(precision):
    check_precision(torch.device("cpu"), precision)


def test_tf32_is_refused_where_torch_would_compute_in_fp32_and_not_say_so(gpus):
    with pytest.raises(InputError, match=r"TF32 is a format of GPUs: on a CPU use fp32\.$") as raised:
        check_precision(torch.device("cpu"), "tf32")
    assert raised.value.helps == {"precision": "fp32"}
    gpus(1, capability=(7, 5))
    with pytest.raises(InputError, match=r"Board 0 \(compute capability 7\.5\) has no TF32: use fp32\.$"):
        check_precision(torch.device("cuda", 0), "tf32")
    gpus(1, capability=(8, 0))
    check_precision(torch.device("cuda", 0), "tf32")
