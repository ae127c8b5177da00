"""Run Python with another torch than the environment's: ``python tools/with_torch.py 2.6.0 -m pytest``.

Everything but torch comes from the environment that runs this. A torch is installed once per machine, in the user's
folder for caches, and shared by all checkouts. PyPI's builds for Linux need CUDA's libraries to be imported at all, a
GPU they do not need: these are installed once for all versions that take them. What cannot be installed fails.

In place of the version, ``ends`` stands for the oldest and the newest one, and ``all`` for every one. Without arguments
after it: what all versions have to pass, :data:`CHECKS`; with ``--install`` they are installed and nothing is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

VERSIONS = ("2.6.0", "2.7.1", "2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.1", "2.14.1")
"""The oldest, the newest, and the last release of every minor version between; 2.13.0 is that of ``make test``."""

CUDA_12 = (
    "nvidia-cublas-cu12==12.8.4.1",
    "nvidia-cuda-cupti-cu12==12.8.90",
    "nvidia-cuda-nvrtc-cu12==12.8.93",
    "nvidia-cuda-runtime-cu12==12.8.90",
    "nvidia-cudnn-cu12==9.10.2.21",
    "nvidia-cufft-cu12==11.3.3.83",
    "nvidia-cufile-cu12==1.13.1.3",
    "nvidia-curand-cu12==10.3.9.90",
    "nvidia-cusolver-cu12==11.7.3.90",
    "nvidia-cusparse-cu12==12.5.8.93",
    "nvidia-cusparselt-cu12==0.7.1",
    "nvidia-nccl-cu12==2.27.5",
    "nvidia-nvjitlink-cu12==12.8.93",
    "nvidia-nvshmem-cu12==3.4.5",
)
"""What torch 2.10.0 names; older versions find in them what they need."""

CUDA_13 = (
    "nvidia-cublas==13.1.1.3",
    "nvidia-cuda-cupti==13.0.85",
    "nvidia-cuda-nvrtc==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cudnn-cu13==9.24.0.43",
    "nvidia-cufft==12.0.0.61",
    "nvidia-cufile==1.15.1.6",
    "nvidia-curand==10.4.0.35",
    "nvidia-cusolver==12.0.4.66",
    "nvidia-cusparse==12.6.3.3",
    "nvidia-cusparselt-cu13==0.8.1",
    "nvidia-nccl-cu13==2.30.7",
    "nvidia-nvjitlink==13.4.92",
    "nvidia-nvshmem-cu13==3.4.5",
)
"""What torch 2.14.1 names."""

TESTS = (
    "tests/versions/test_totals.py",
    "tests/networks/test_prototypes.py",
    "tests/tracing/test_forward.py",
    "tests/tracing/test_leaves.py",
    "tests/tracing/test_training.py",
    "tests/tracing/test_autocast.py",
    "tests/tracing/test_unsharded.py",
    "tests/counting/test_training_memory.py",
    "tests/analysis/test_training.py",
    # Of a torch that was built without CUDA:
    "--deselect=tests/tracing/test_training.py::test_a_device_that_torch_has_not_is_refused",
)
"""The totals of all networks and of their training steps, and those tests that ask most of torch."""

CHECKS = (
    ("-m", "archstat", "table", "resnet50"),
    ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses", "logical", *TESTS),
)
"""The README's first command, and the tests."""


def main(arguments: list[str]) -> int:
    """Run what was asked for, or the checks, with every version that was named."""
    if not arguments:
        sys.exit(__doc__)
    named, *command = arguments
    versions = {"all": VERSIONS, "ends": (VERSIONS[0], VERSIONS[-1])}.get(named, (named,))
    if command == ["--install"]:
        for each in versions:
            prepared(each)
        return 0
    runs = [tuple(command)] if command else list(CHECKS)
    for each in versions:
        environment = prepared(each)
        for run in runs:
            started = time.monotonic()
            code = subprocess.run([sys.executable, *run], cwd=ROOT, env=environment, check=False).returncode
            _tell(each, f"{' '.join(run)}: {time.monotonic() - started:.0f} s, exit code {code}")
            if code:
                return code
    return 0


def prepared(version: str) -> dict[str, str]:
    """The variables of a process that imports this version of torch, which is installed if it is not yet."""
    libraries = CUDA_12 if _minor(version) < (2, 11) else CUDA_13
    torch = _installed(f"torch-{version}", f"torch=={version}")
    cuda = _installed("cuda-12" if libraries is CUDA_12 else "cuda-13", *libraries)
    folders = sorted({str(found.parent) for found in cuda.glob("nvidia/**/*.so*")})
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(torch), str(ROOT)]),
        "LD_LIBRARY_PATH": os.pathsep.join([*folders, os.environ.get("LD_LIBRARY_PATH", "")]).rstrip(os.pathsep),
        "OMP_NUM_THREADS": "1",
    }


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def cache() -> Path:
    """Where the versions are: one folder for each Python, as torch is compiled for one."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "archstat-torch" / f"python-{sys.version_info.major}.{sys.version_info.minor}"


def _installed(name: str, *requirements: str) -> Path:
    """A folder with these packages and nothing that they require; a half installed one never has the name."""
    folder = cache() / name
    if folder.exists():
        return folder
    started = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{name}-") as parts:
        # pip unpacks into the folder for temporary files first, and moving is quick on one disk only.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-cache-dir"]
        target = Path(parts) / "target"
        environment = {**os.environ, "TMPDIR": parts, "PYTHONPATH": ""}
        subprocess.run([*pip, "--target", target, *requirements], env=environment, check=True)
        try:
            target.rename(folder)
        except OSError:  # somebody else was quicker
            if not folder.exists():
                raise
            shutil.rmtree(target, ignore_errors=True)
    _tell(name, f"installed in {time.monotonic() - started:.0f} s")
    return folder


def _tell(subject: str, text: str) -> None:
    sys.stdout.write(f"-- {subject}: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
