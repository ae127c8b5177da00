"""``archstat list``."""

import csv
import io
import json

from archstat.registry import architectures


def test_every_architecture_is_listed_with_its_year_counts_and_paper(archstat):
    code, out, err = archstat("list")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()[2:]}
    assert set(lines) == set(architectures)
    assert lines["vgg16"].split("  ")[0] == "vgg16"
    for part in ("2014", "138.4 M", "15.47 G", "Very Deep Convolutional Networks", "Simonyan, Zisserman"):
        assert part in lines["vgg16"]


def test_a_pattern_narrows_the_list(archstat):
    rows = json.loads(archstat("list", "lecun", "--format", "json").out)
    assert [row["architecture"] for row in rows] == ["lenet5", "lenet5_modern"]
    assert (rows[0]["parameters"], rows[0]["macs"], rows[0]["year"]) == (60_000, 325_680, 1998)


def test_a_pattern_that_matches_nothing_says_so(archstat):
    assert archstat("list", "qqq") == (0, "No name, title, author or task holds 'qqq'.\n", "")
    assert archstat("list", "qqq", "--format", "csv").out == "architecture,year,parameters,macs,title\n"


def test_csv_has_base_units(archstat):
    rows = list(csv.DictReader(io.StringIO(archstat("list", "--format", "csv").out)))
    assert {row["architecture"]: int(row["macs"]) for row in rows}["resnet50"] == 3_857_973_248


def test_counts_are_shown_in_full_on_request(archstat):
    assert "3,857,973,248" in archstat("list", "--exact").out
