"""What an install without extras does, and what it says where it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from archstat.errors import EXTRAS, MissingPackageError

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
sys.argv = ["archstat", *{args!r}]
from archstat.__main__ import main
main()
"""
HUBS = "diffusers keras open_clip segmentation_models_pytorch timm torchvision transformers ultralytics".split()
PLAIN = (*EXTRAS, "onnx", "pynvml", *HUBS)


def run_without(*args, code=WITHOUT):
    """A command where no extra is installed: importing what they bring fails as for a package that is not there."""
    program = code.format(names=PLAIN, args=args)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "args",
    [
        ("table", "lenet5"),
        ("table", "lenet5", "--format", "csv"),
        ("compare", "lenet5", "alexnet"),
        ("explain", "lenet5", "c1"),
        ("memory", "lenet5", "--training"),
        ("scale", "lenet5"),
        ("list", "lenet*"),
        ("find", "lenet5", "--macs", "<1G"),
        ("pareto", "lenet5", "--y", "parameters"),
        ("cache", "show"),
        ("measure", "lenet5", "--dry-run"),
    ],
    ids=" ".join,
)
@pytest.mark.sampled(18)
def test_counting_and_measuring_need_no_extra(args):
    done = run_without(*args)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(each in done.stdout for each in ("lenet5", "DistanceToCodes", "ARCHSTAT_CACHE"))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("report", "lenet5", "--output", "page.html"), r"pip install 'archstat[report]'."),
        (("table", "lenet5", "--format", "html"), r"pip install 'archstat[report]'."),
        (
            ("table", "timm:resnet18"),
            "'timm' need timm, which is not installed: pip install 'archstat[timm]'.",
        ),
        (("table", "torchvision:resnet18"), "pip install 'archstat[torchvision]'."),
        (("table", "diffusers:VQModel"), "pip install 'archstat[diffusers]'."),
        (("table", "open_clip:RN50"), "pip install 'archstat[open_clip]'."),
        (("table", "smp:Unet"), "pip install 'archstat[smp]'."),
        (("table", "keras:ResNet50"), "pip install 'archstat[keras]'."),
        (("table", "ultralytics:yolo11n"), "pip install 'archstat[ultralytics]'."),
        (("list", "--source", "timm"), "pip install 'archstat[timm]'."),
        (("sweep", "lenet5"), "pip install 'archstat[store]'."),
        (("results", "list"), "pip install 'archstat[store]'."),
        (("find", "lenet5", "--store", "results.db"), "pip install 'archstat[store]'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.sampled(21)
def test_what_needs_an_extra_says_which(args, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_without(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.rstrip().endswith(says)
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_frame_says_what_it_needs():
    program = "import sys; sys.modules['pandas'] = None\nimport archstat\narchstat.count('lenet5').to_frame()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.rstrip().endswith(
        "MissingPackageError: This needs pandas, which is not installed: pip install 'archstat[frame]'."
    )


def test_a_package_that_no_extra_brings_is_not_explained():
    assert MissingPackageError.of(ModuleNotFoundError("no", name="numpy")) is None


def test_every_extra_that_a_message_names_is_one():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
