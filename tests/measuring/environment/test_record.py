"""What a number depends on, and torch's switches: set, and set back."""

import subprocess
import sys
import types

import msgspec
import pytest
import torch

from archstat.measuring.environment import record
from archstat.measuring.environment.record import Surroundings, numerics, software, switches
from archstat.records import Environment, Gpu
from tests.measuring.computer import Clock, lay_out, version_2

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
BACKENDS = torch.backends
PARTS = {
    "products": BACKENDS.cuda.matmul,
    "convolutions": BACKENDS.cudnn.conv,
    "recurrences": BACKENDS.cudnn.rnn,
    "cpu products": BACKENDS.mkldnn.matmul,
    "cpu convolutions": BACKENDS.mkldnn.conv,
    "cpu recurrences": BACKENDS.mkldnn.rnn,
}


def state():
    """Every switch that can be read."""
    readers = {name: lambda part=part: part.fp32_precision for name, part in PARTS.items()}
    readers |= {
        "all": lambda: BACKENDS.fp32_precision,
        "older products": torch.get_float32_matmul_precision,
        "older convolutions": lambda: BACKENDS.cudnn.allow_tf32,
        "threads": torch.get_num_threads,
    }
    return {name: read_or_not(read) for name, read in readers.items()}


def read_or_not(read):
    try:
        return read()
    except RuntimeError:
        return "cannot be read"


def set_all(precision):
    BACKENDS.fp32_precision = precision


USERS = {
    "nobody": lambda: None,
    "older products": lambda: torch.set_float32_matmul_precision("medium"),
    "older convolutions": lambda: setattr(BACKENDS.cudnn, "allow_tf32", False),
    "newer products": lambda: setattr(BACKENDS.cuda.matmul, "fp32_precision", "tf32"),
    "newer convolutions": lambda: setattr(BACKENDS.cudnn.conv, "fp32_precision", "ieee"),
    "a CPU's products": lambda: setattr(BACKENDS.mkldnn.matmul, "fp32_precision", "bf16"),
    "everything in TF32": lambda: set_all("tf32"),
    "nothing in TF32": lambda: set_all("ieee"),
}


@pytest.fixture(autouse=True)
def _as_delivered():
    """Torch's switches as they are at first, before and after each test."""
    threads = torch.get_num_threads()
    yield
    set_all("none")
    torch.set_float32_matmul_precision("highest")
    BACKENDS.cudnn.allow_tf32 = True
    for name in ("products", "cpu products", "cpu convolutions", "cpu recurrences"):
        PARTS[name].fp32_precision = "none"
    torch.set_num_threads(threads)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_fp32_means_fp32_whatever_was_set_before(user, precision):
    USERS[user]()
    with switches(GPU, precision):
        assert {name: state()[name] for name in PARTS} == dict.fromkeys(PARTS, "ieee")
        assert (state()["older products"], state()["older convolutions"]) == ("highest", False)
    with switches(CPU, precision):
        assert {state()[name] for name in PARTS if name.startswith("cpu")} == {"ieee"}


@pytest.mark.parametrize("user", USERS)
def test_tf32_means_tf32_in_products_and_convolutions(user):
    USERS[user]()
    with switches(GPU, "tf32"):
        assert {name: state()[name] for name in PARTS} == dict.fromkeys(PARTS, "tf32")
        assert (state()["older products"], state()["older convolutions"]) == ("high", True)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(("device", "precision"), [(CPU, "fp32"), (GPU, "fp32"), (GPU, "tf32")])
def test_everything_is_as_it_was_afterwards_also_after_a_failure(user, device, precision):
    USERS[user]()
    before = state()
    with pytest.raises(ZeroDivisionError):
        fail_within(device, precision, before)
    assert state() == before


def fail_within(device, precision, before):
    with switches(device, precision, before["threads"] + 1):
        assert state() != before
        raise ZeroDivisionError


def test_a_switch_that_followed_a_more_general_one_follows_it_again():
    set_all("tf32")
    with switches(GPU, "fp32"):
        pass
    set_all("ieee")
    assert state()["products"] == state()["cpu products"] == state()["convolutions"] == "ieee"


def test_a_failure_while_they_are_set_leaves_nothing_behind(monkeypatch):
    before = state()
    monkeypatch.setattr(torch, "set_num_threads", fail_for(99, torch.set_num_threads))
    with pytest.raises(RuntimeError, match="99 threads"), switches(GPU, "tf32", 99):
        pytest.fail("it must not begin")
    assert state() == before


def fail_for(number, call):
    def checked(threads):
        if threads == number:
            raise RuntimeError(f"{threads} threads")
        call(threads)

    return checked


UNTOUCHED = """
import torch
from archstat.measuring.environment.record import switches
with switches(torch.device("cpu"), "fp32"):
    assert torch.backends.cudnn.allow_tf32
torch.backends.fp32_precision = "ieee"
print(torch.backends.cudnn.conv.fp32_precision)
"""


def test_on_a_cpu_the_switches_of_cudnn_are_left_alone_so_that_they_still_follow_a_more_general_one():
    done = subprocess.run([sys.executable, "-c", UNTOUCHED], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ieee\n", "")


def test_threads_are_set_within_and_else_left():
    before = torch.get_num_threads()
    with switches(CPU, "fp32", before + 1):
        assert torch.get_num_threads() == before + 1
    with switches(CPU, "fp32"):
        assert torch.get_num_threads() == before


def test_numerics_are_the_switches_of_the_device():
    with switches(GPU, "tf32"):
        assert numerics(GPU, "no_grad").tf32_convolution
        assert numerics(GPU, "no_grad").tf32_matmul
    with switches(GPU, "fp32"):
        assert not numerics(GPU, "no_grad").tf32_convolution
        assert not numerics(GPU, "no_grad").tf32_matmul
    assert numerics(GPU, "no_grad").tf32_convolution, "as torch delivers it"
    assert not numerics(CPU, "no_grad").tf32_convolution


def test_numerics_read_every_switch(monkeypatch):
    found = numerics(CPU, "inference_mode")
    assert found.grad_mode == "inference_mode"
    assert found.attention == ("flash", "efficient", "cudnn", "math")
    assert (found.cudnn_benchmark, found.deterministic, found.fused_encoder, found.mkldnn) == (False, False, True, True)
    monkeypatch.setattr(BACKENDS.mha, "_is_fastpath_enabled", False)
    with (
        BACKENDS.cudnn.flags(benchmark=True, deterministic=True),
        BACKENDS.mkldnn.flags(enabled=False, allow_tf32=None),
    ):
        found = numerics(CPU, "inference_mode")
    assert (found.cudnn_benchmark, found.deterministic, found.fused_encoder, found.mkldnn) == (True, True, False, False)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert numerics(CPU, "no_grad").attention == ("math",)


def test_software_has_the_versions_of_what_is_imported_and_imports_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", types.SimpleNamespace(__version__="1.2.3"))
    monkeypatch.setitem(sys.modules, "torchvision", types.SimpleNamespace(__version__=None))
    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    ran, _ = software()
    assert ran.libraries["timm"] == "1.2.3"
    assert not {"torchvision", "transformers"} & {*ran.libraries}
    assert "transformers" not in sys.modules
    assert (ran.torch, ran.archstat) == (torch.__version__, "0.1.0")


def test_what_torch_is_built_without_is_none_with_a_reason(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(BACKENDS.cudnn.m, "version", lambda: None)
    monkeypatch.delitem(sys.modules, "numpy")
    ran, unknown = software()
    assert (ran.cuda, ran.cudnn, ran.numpy) == (None, None, None)
    assert "is built without CUDA" in unknown["cuda"]
    assert "is built without cuDNN" in unknown["cudnn"]
    assert unknown["numpy"] == "NumPy is not imported."


@pytest.mark.parametrize(("number", "text"), [(91002, "9.10.2"), (90100, "9.1.0"), (8907, "8.9.7")])
def test_cudnn_is_named_as_its_makers_do(monkeypatch, number, text):
    monkeypatch.setattr(BACKENDS.cudnn.m, "version", lambda: number)
    monkeypatch.setattr(torch.version, "cuda", "12.9")
    ran, unknown = software()
    assert (ran.cudnn, ran.cuda, unknown) == (text, "12.9", {})


def test_a_cudnn_that_does_not_fit_says_why(monkeypatch):
    def refuse():
        raise RuntimeError("cuDNN version incompatibility:\n  9 and 8")

    monkeypatch.setattr(BACKENDS.cudnn.m, "version", refuse)
    ran, unknown = software()
    assert ran.cudnn is None
    assert unknown["cudnn"] == "cuDNN cannot be used: cuDNN version incompatibility: 9 and 8"


def test_surroundings_are_watched_from_begin_to_end(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(record, "utc_now", lambda: "2026-11-22T09:00:00Z")
    files = version_2({"/app/job": ("max 100000", 3)})
    watched = Surroundings(7, root=lay_out(tmp_path, files), clock=clock)
    clock.sleep(12.5)
    lay_out(tmp_path, version_2({"/app/job": ("max 100000", 8)}))
    gpu = Gpu("a board")
    found = watched.finish(CPU, "no_grad", gpu, {"ecc": "The driver does not tell."})
    assert (found.started, found.elapsed_s, found.seed) == ("2026-11-22T09:00:00Z", 12.5, 7)
    assert found.noise.throttled == 8 - 3
    assert (found.host.threads, found.gpu) == (torch.get_num_threads(), gpu)
    assert found.unknown["gpu.ecc"] == "The driver does not tell."
    assert found.unknown["noise.pressure"] == "There is no /proc/pressure/cpu here."
    assert found.unknown["host.quota_cores"] == "No limit is set."
    assert msgspec.json.decode(msgspec.json.encode(found), type=Environment) == found


def test_every_field_that_is_none_is_explained():
    found = Surroundings(0).finish(CPU, "inference_mode")
    for part in ("software", "host", "noise"):
        record = getattr(found, part)
        for field in record.__struct_fields__:
            assert (getattr(record, field) is None) == (f"{part}.{field}" in found.unknown), f"{part}.{field}"


def test_the_date_is_in_utc():
    assert record.utc_now()[10::9] == "TZ"
    assert len(record.utc_now()) == len("2026-11-22T09:00:00Z")
