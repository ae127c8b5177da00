"""The roof of a GPU: laws that hold on any of them."""

import pytest
import torch

from archstat.measuring.environment.devices import find_device
from archstat.measuring.environment.record import numerics, switches
from archstat.measuring.peaks import measure_peaks

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def device():
    return find_device("cuda")


def test_half_the_bits_are_at_least_as_fast_and_change_neither_copies_nor_the_shortest_kernel(device):
    single, half = measure_peaks(device, "fp32"), measure_peaks(device, "fp16")
    assert half.flops_per_s >= single.flops_per_s
    assert half.bytes_per_s == pytest.approx(single.bytes_per_s, rel=0.1), "a copy does not know what it copies"
    assert half.call_s == pytest.approx(single.call_s, rel=0.3)


def test_a_kernel_is_shorter_than_its_launch_from_python(device):
    assert 1e-7 < measure_peaks(device, "fp32").call_s < 1e-5


def test_memory_is_left_as_it_was(device):
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    measure_peaks(device, "fp16")
    assert torch.cuda.memory_allocated(device) == before


def test_fp32_is_more_exact_than_tf32_in_a_product(device):
    if torch.cuda.get_device_capability(device) < (8, 0):
        return
    left, right = torch.randn(2, 1024, 1024, device=device, generator=torch.Generator(device).manual_seed(0))
    exact = left.double() @ right.double()
    errors = {}
    for precision in ("fp32", "tf32"):
        with switches(device, precision):
            errors[precision] = ((left @ right).double() - exact).abs().max()
            assert numerics(device, "no_grad").tf32_matmul == (precision == "tf32")
    assert 20 * errors["fp32"] < errors["tf32"]


def test_fp32_is_more_exact_than_tf32_in_a_convolution(device):
    if torch.cuda.get_device_capability(device) < (8, 0):
        return
    generator = torch.Generator(device).manual_seed(0)
    image = torch.randn(4, 64, 56, 56, device=device, generator=generator)
    weight = torch.randn(64, 64, 3, 3, device=device, generator=generator)
    exact = torch.nn.functional.conv2d(image.double(), weight.double(), padding=1)
    errors = {}
    for precision in ("fp32", "tf32"):
        with switches(device, precision):
            errors[precision] = (torch.nn.functional.conv2d(image, weight, padding=1).double() - exact).abs().max()
    assert 5 * errors["fp32"] < errors["tf32"]
