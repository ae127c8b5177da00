"""``archstat list``."""

import csv
import io
import json

import pytest

from archstat.registry import architectures


def test_every_architecture_is_listed_with_its_year_task_input_and_counts(archstat):
    code, out, err = archstat("list")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()[2:] if line and " · " not in line}
    assert set(lines) == set(architectures)
    for part in ("2014", "ImageNet classification", "3×224×224", "138.4 M", "15.47 G"):
        assert part in lines["vgg16"]


def test_families_stand_under_their_paper(archstat):
    lines = archstat("list", "--task", "imagenet").out.splitlines()
    heading = "vgg · Very Deep Convolutional Networks for Large-Scale Image Recognition · Simonyan, Zisserman"
    place = lines.index(heading)
    assert lines[place - 1] == ""
    assert [line.split()[0] for line in lines[place + 1 : place + 3]] == ["vgg11", "vgg11_lrn"]


def test_years_and_tasks_narrow_the_list(archstat):
    rows = json.loads(archstat("list", "--year", "2012-2014", "--task", "imagenet", "--format", "json").out)
    assert {2012, 2014} <= {row["year"] for row in rows} <= {2012, 2013, 2014}
    assert {row["task"] for row in rows} == {"ImageNet classification"}
    assert {"alexnet", "vgg16", "googlenet"} <= {row["architecture"] for row in rows}


@pytest.mark.parametrize("years", ["20x", "2015-2012", "-", "", "2015-2016-2017", "15"])
def test_what_is_no_year_is_refused(fails, years):
    assert fails("list", "--year", years) == (f"Error: {years!r} is no year: write 2015, 2012-2015, 2015- or -2015.\n")


def test_a_pattern_narrows_the_list(archstat):
    rows = json.loads(archstat("list", "lecun", "--format", "json").out)
    assert [row["architecture"] for row in rows] == ["lenet5", "lenet5_modern"]
    assert (rows[0]["parameters"], rows[0]["macs"], rows[0]["year"]) == (60_000, 325_680, 1998)


def test_a_pattern_that_matches_nothing_says_so(archstat):
    assert archstat("list", "qqq") == (0, "No architecture fits. 'archstat list' shows all of them.\n", "")
    header = "architecture,year,task,input_shape,parameters,macs,arguments,family,title,authors\n"
    assert archstat("list", "qqq", "--format", "csv").out == header


def test_csv_has_base_units(archstat):
    rows = list(csv.DictReader(io.StringIO(archstat("list", "--format", "csv").out)))
    assert {row["architecture"]: int(row["macs"]) for row in rows}["resnet50"] == 3_857_973_248


def test_counts_are_shown_in_full_on_request(archstat):
    assert "3,857,973,248" in archstat("list", "--exact").out
