"""Computers that tests lay out: the files that Linux has under ``/proc`` and ``/sys``."""

V2_MOUNT = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
CPUINFO = (
    "processor\t: 0\nmodel name\t: Some(R)  Processor @ 2.60GHz\nflags\t\t: fpu sse2 hypervisor avx2\n\n"
    "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu sse2\n"
)
CPU = "/sys/devices/system/cpu"


def lay_out(root, files):
    """A computer with these files."""
    for path, text in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


def cores(*siblings):
    """The files of logical cores, each given by those that share its physical one: ``"0,2", "1,3", "0,2", "1,3"``."""
    return {f"{CPU}/cpu{core}/topology/thread_siblings_list": f"{text}\n" for core, text in enumerate(siblings)}


def version_2(limits, own="/app/job", part="/"):
    """Groups of version 2, by their path, with what ``cpu.max`` and ``cpu.stat`` of each say."""
    files = {"/proc/self/cgroup": f"0::{own}\n", "/proc/self/mountinfo": V2_MOUNT.replace(" / /", f" {part} /", 1)}
    for path, (limit, stopped) in limits.items():
        group = f"/sys/fs/cgroup{path}"
        files |= {f"{group}/cgroup.procs": ""}
        files |= {f"{group}/cpu.max": f"{limit}\n"} if limit else {}
        files |= {f"{group}/cpu.stat": f"usage_usec 5\nnr_throttled {stopped}\n"} if stopped is not None else {}
    return files


def version_1(quota, period="100000", own="/docker/abc", stat="nr_periods 9\nnr_throttled 4\n"):
    """A group of version 1 with a limit."""
    group = f"/sys/fs/cgroup/cpu,cpuacct{own}".rstrip("/")
    return {
        "/proc/self/cgroup": f"4:cpuset:/\n3:cpu,cpuacct:{own}\n1:name=systemd:/\n0::/\n",
        "/proc/self/mountinfo": V1_MOUNTS,
        f"{group}/cpu.cfs_quota_us": f"{quota}\n",
        f"{group}/cpu.cfs_period_us": f"{period}\n",
        f"{group}/cpu.stat": stat,
    }


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.ns = 1_000_000_000

    def now_ns(self):
        return self.ns

    def sleep(self, seconds):
        self.ns += round(seconds * 1e9)
