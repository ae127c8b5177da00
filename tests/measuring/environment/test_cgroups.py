"""What a container may have of the processor, from both versions of cgroups."""

import pytest

from archstat.measuring.environment.cgroups import quota_cores, times_throttled
from archstat.measuring.environment.procfiles import NotToldError
from tests.measuring.computer import lay_out, version_1, version_2


def test_version_2_tells_the_limit_as_time_in_a_period(tmp_path):
    assert quota_cores(lay_out(tmp_path, version_2({"/app/job": ("150000 100000", 0)}))) == 1.5


def test_version_1_tells_both_in_files_of_their_own(tmp_path):
    assert quota_cores(lay_out(tmp_path, version_1("250000"))) == 2.5


def test_the_tightest_of_the_groups_around_a_process_counts(tmp_path):
    groups = {"/app/job": ("200000 100000", 0), "/app": ("50000 100000", 0), "": ("max 100000", 0)}
    assert quota_cores(lay_out(tmp_path, version_2(groups))) == 0.5


def test_the_stops_of_all_of_them_count(tmp_path):
    groups = {"/app/job": ("max 100000", 2), "/app": ("50000 100000", 5), "": (None, None)}
    assert times_throttled(lay_out(tmp_path, version_2(groups))) == 2 + 5


def test_version_1_counts_stops_too(tmp_path):
    assert times_throttled(lay_out(tmp_path, version_1("-1"))) == 4


def test_a_container_may_be_told_its_path_in_the_whole_tree(tmp_path):
    files = version_2({"/job": ("300000 100000", 1), "": ("max 100000", 0)}, own="/docker/abc/job", part="/docker/abc")
    root = lay_out(tmp_path, files)
    assert (quota_cores(root), times_throttled(root)) == (3, 1)


def test_a_path_beside_what_is_mounted_does_not_lead_out_of_it(tmp_path):
    files = version_2({"": ("200000 100000", 0)}, own="/other", part="/docker")
    assert quota_cores(lay_out(tmp_path, files | {"/sys/fs/other/cpu.max": "50000 100000\n"})) == 2


def test_groups_of_other_controllers_do_not_count(tmp_path):
    tight = "/sys/fs/cgroup/cpu,cpuacct/tight"
    files = version_1("300000") | {f"{tight}/cpu.cfs_quota_us": "50000\n", f"{tight}/cpu.cfs_period_us": "100000\n"}
    files["/proc/self/cgroup"] = files["/proc/self/cgroup"].replace("cpuset:/", "cpuset:/tight")
    assert quota_cores(lay_out(tmp_path, files)) == 3


def test_a_path_above_what_is_mounted_leaves_what_is_mounted(tmp_path):
    assert quota_cores(lay_out(tmp_path, version_2({"": ("200000 100000", 0)}, own="/../other"))) == 2


@pytest.mark.parametrize(
    "files", [version_2({"/app/job": ("max 100000", 0)}), version_1("-1"), version_2({"": ("", 0)})]
)
def test_no_limit_is_told_from_a_limit(tmp_path, files):
    with pytest.raises(NotToldError, match=r"^No limit is set\.$"):
        quota_cores(lay_out(tmp_path, files))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (version_2({"/app/job": ("much", 0)}), "cpu.max says 'much', which is not understood"),
        (version_2({"/app/job": ("100000 0", 0)}), "cpu.max says '100000 0', which"),
        (version_2({"/app/job": ("-5 100000", 0)}), "cpu.max says '-5 100000', which"),
        (version_1("100000", period="0"), "cpu.cfs_quota_us says '100000 0', which"),
        (version_1("100000", period=""), "cpu.cfs_quota_us says '100000 ', which"),
        ({}, "There is no /proc/self/mountinfo here."),
        ({"/proc/self/mountinfo": "31 23\nnonsense - \n", "/proc/self/cgroup": "nonsense\n"}, "cannot be seen"),
        (version_2({"/elsewhere": ("max", 0)}) | {"/proc/self/mountinfo": ""}, "cannot be seen from here"),
    ],
)
def test_nonsense_is_no_limit_and_says_so(tmp_path, files, says):
    with pytest.raises(NotToldError, match=says):
        quota_cores(lay_out(tmp_path, files))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (version_2({"/app/job": ("max", "often")}), "cpu.stat says 'nr_throttled often'"),
        (version_2({"/app/job": ("max", None)}), "No cgroup of this process counts how often it was stopped"),
        (version_1("-1", stat="nr_periods 9\n"), "No cgroup of this process counts"),
    ],
)
def test_a_count_that_is_not_there_is_not_none_at_all(tmp_path, files, says):
    with pytest.raises(NotToldError, match=says):
        times_throttled(lay_out(tmp_path, files))
