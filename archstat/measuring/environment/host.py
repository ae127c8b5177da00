"""The computer that something is measured on: what it is, and how many threads suit it.

Nothing that names it or its user is kept: no host name, no path, no serial number.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from archstat.measuring.environment.cgroups import quota_cores
from archstat.measuring.environment.procfiles import ROOT, NotToldError, asked_system, fields, file_text, gather_fields
from archstat.records import Host

_CPUINFO = "/proc/cpuinfo"
_HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
_CPU = "/sys/devices/system/cpu/cpu"

#: They steer threads, kernels or precision; none of them holds a path.
_VARIABLES = (
    "OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_DYNAMIC OMP_SCHEDULE OMP_PROC_BIND OMP_PLACES OMP_WAIT_POLICY "
    "GOMP_CPU_AFFINITY GOMP_SPINCOUNT KMP_AFFINITY KMP_BLOCKTIME MKL_NUM_THREADS MKL_DYNAMIC MKL_ENABLE_INSTRUCTIONS "
    "OPENBLAS_NUM_THREADS ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA ONEDNN_DEFAULT_FPMATH_MODE ATEN_CPU_CAPABILITY "
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE NVIDIA_TF32_OVERRIDE CUDA_LAUNCH_BLOCKING CUDA_DEVICE_ORDER "
    "CUDA_SCALE_LAUNCH_QUEUES PYTORCH_ALLOC_CONF PYTORCH_CUDA_ALLOC_CONF"
).split()

_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
_CONTAINER_GROUPS = re.compile(r"/(docker|kubepods|lxc|libpod|containerd|crio)\b|\b(docker|libpod|crio)-[0-9a-f]{12}")


def default_threads(root: Path = ROOT) -> int:
    """One thread for each physical core that this process may use, within its quota of time; at least 1.

    Two threads on one core share what it computes with; more threads than the quota has cores are stopped together.

    Args:
        root: The directory that stands for ``/``.
    """
    cores = _usable_cores(root)
    try:
        return max(1, min(cores, int(quota_cores(root))))
    except NotToldError:
        return cores


def read_host(threads: int, interop_threads: int, root: Path = ROOT) -> tuple[Host, dict[str, str]]:
    """The computer, and why some of it is not told, by the name of the field.

    Args:
        threads: Threads that work on one op.
        interop_threads: Threads that ops are spread over.
        root: The directory that stands for ``/``.
    """
    mask = affinity()
    told, unknown = gather_fields(_readers(root, mask))
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    host = Host(
        processor=processor(root),
        architecture=platform.machine(),
        threads=threads,
        interop_threads=interop_threads,
        variables=variables,
        **told,
    )
    return host, unknown


def _readers(root: Path, mask: tuple[int, ...] | None) -> dict[str, Callable[[], Any]]:
    """How each field is read that need not be told."""
    return {
        "physical_cores": lambda: asked_system(lambda: psutil.cpu_count(logical=False), "its physical cores"),
        "logical_cores": lambda: asked_system(psutil.cpu_count, "its logical cores"),
        "affinity": lambda: asked_system(lambda: mask, "which cores a process may use"),
        "quota_cores": lambda: quota_cores(root),
        "frequency_mhz": lambda: asked_system(lambda: psutil.cpu_freq().current, "the clock of its processor"),
        "max_frequency_mhz": lambda: asked_system(lambda: psutil.cpu_freq().max, "the highest clock of its processor"),
        "governor": lambda: _governor(root, mask or (0,)),
        "is_virtual": lambda: _is_virtual(root),
        "in_container": lambda: _in_container(root),
        "memory_bytes": lambda: asked_system(lambda: psutil.virtual_memory().total, "its main memory"),
        "huge_pages": lambda: _huge_pages(root),
    }


def affinity() -> tuple[int, ...] | None:
    """The logical cores that this process may use; ``None`` where the system has no such choice, as macOS."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    try:
        return tuple(psutil.Process().cpu_affinity())
    except (AttributeError, OSError, psutil.Error):
        return None


def processor(root: Path = ROOT) -> str:
    """The processor in its maker's words; where Linux on Arm tells numbers only, these."""
    try:
        told = fields(root, _CPUINFO)
    except NotToldError:
        told = {}
    if told.get("model name"):
        return " ".join(told["model name"].split())
    if told.get("CPU part"):
        return f"{platform.machine()}, implementer {told.get('CPU implementer', 'unknown')}, part {told['CPU part']}"
    return platform.processor() or platform.machine() or "unknown"


def cache_bytes(root: Path = ROOT) -> int:
    """All of the last-level caches that this process may use, together: a processor of several dies has several.

    Raises:
        NotToldError: The sizes are not told, as in some virtual machines, and outside of Linux.
    """
    # Cores that share a cache name it by the same list, so that a dictionary has it once.
    return sum(dict(_last_cache(root, core) for core in affinity() or (0,)).values())


def _last_cache(root: Path, core: int) -> tuple[str, int]:
    """The last-level cache of a core, named by the cores that share it, and its size."""
    number = 0
    while (root / f"{_CPU}{core}/cache/index{number + 1}/size".lstrip("/")).is_file():
        number += 1  # instructions and data of the first level come first, then level by level
    path = f"{_CPU}{core}/cache/index{number}"
    text = file_text(root, f"{path}/size")
    size = re.fullmatch(r"(\d{1,12})([KM])", text)
    if size is None:
        raise NotToldError.of(f"{path}/size", text)
    return file_text(root, f"{path}/shared_cpu_list"), int(size[1]) * {"K": 2**10, "M": 2**20}[size[2]]


def _usable_cores(root: Path) -> int:
    """Physical cores with at least one logical core that this process may use."""
    mask = affinity()
    physical: int = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    if mask is None:
        return physical
    try:
        return len({_siblings(root, core) for core in mask})
    except NotToldError:
        return min(len(mask), physical)


def _siblings(root: Path, core: int) -> str:
    """The logical cores of the physical one that a logical core belongs to: ``0,4``."""
    path = f"{_CPU}{core}/topology/thread_siblings_list"
    text = file_text(root, path)
    if not re.fullmatch(r"\d+([-,]\d+)*", text):
        raise NotToldError.of(path, text)
    return text


def _governor(root: Path, cores: Iterable[int]) -> str:
    """How the clock of those cores is chosen."""
    return ", ".join(sorted({file_text(root, f"{_CPU}{core}/cpufreq/scaling_governor") for core in cores}))


def _is_virtual(root: Path) -> bool:
    """The processor says that a hypervisor is below; x86 alone has a flag for that."""
    told = fields(root, _CPUINFO)
    if "flags" not in told:
        raise NotToldError(f"{_CPUINFO} has no flags to tell it by.")
    return "hypervisor" in told["flags"].split()


def _in_container(root: Path) -> bool:
    groups = file_text(root, "/proc/self/cgroup")
    marks = any((root / mark.lstrip("/")).exists() for mark in _CONTAINER_MARKS)
    return marks or _CONTAINER_GROUPS.search(groups) is not None


def _huge_pages(root: Path) -> str:
    """``madvise`` of ``always [madvise] never``."""
    text = file_text(root, _HUGE_PAGES)
    chosen = re.search(r"\[(\w+)\]", text)
    if chosen is None:
        raise NotToldError.of(_HUGE_PAGES, text)
    return chosen[1]
