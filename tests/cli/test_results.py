"""Stores at the command line: lists, one result, files, mistakes."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

import archstat
from archstat.files.results import cost_to_json
from archstat.store.records import Failure, StoredResult, Versions
from archstat.store.store import Store

MEASURED = Path(__file__).parents[2] / "reports" / "cnn-architectures" / "results" / "alexnet-cpu-fp32-b1.json"
COST = archstat.count("lenet5")
VERSIONS = Versions("0.1.0", "2.13.0", "timm 1.0")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a store in it."""
    monkeypatch.chdir(tmp_path)
    with Store("results.db", is_made=True) as store:
        store.add(
            [
                StoredResult("lenet5", "", VERSIONS, COST),
                StoredResult("lenet5", '{"batch_size":2}', VERSIONS, archstat.count("alexnet")),
                StoredResult("timm:alexnet", "", VERSIONS, archstat.count("alexnet")),
                StoredResult("timm:broken", "", VERSIONS, None, Failure("timeout", "It took longer than 1 s.")),
            ]
        )
    return tmp_path


def rows(archstat, *arguments):
    return json.loads(archstat("results", "list", *arguments, "--format", "json").out)


def test_results_are_listed(archstat):
    out = archstat("results", "list").out
    assert "lenet5        batch_size 2" in out
    assert out.endswith("\n\n4 results\n1 of them failed and have no numbers.\n")


def test_failures_have_a_table_of_their_own(archstat):
    out = archstat("results", "list", "--failed").out
    assert "timm:broken" in out
    assert "It took longer than 1 s." in out
    assert "MACs" not in out


def test_limits_sort_and_limit_choose(archstat):
    found = rows(archstat, "*", "--where", "macs>1M", "--where", "source=timm", "--sort", "macs", "--limit", "1")
    assert [row["network"] for row in found] == ["timm:alexnet"]


def test_every_column_is_in_csv_and_json(archstat):
    [row] = rows(archstat, "timm:alexnet")
    assert (row["macs"], row["library"], row["setting"]) == (archstat_macs(), "timm 1.0", "")
    text = archstat("results", "list", "timm:alexnet", "--format", "csv").out
    assert next(csv.DictReader(io.StringIO(text))).keys() == row.keys()


def archstat_macs():
    return archstat.count("alexnet").macs


def test_one_result_is_shown_as_a_table_and_saved(archstat, folder):
    shown = archstat("results", "show", "timm:alexnet", "--depth", "1")
    assert shown.code == 0
    assert "MACs %" in shown.out
    archstat("results", "show", "timm:alexnet", "--format", "json", "--output", "cost.json")
    assert (folder / "cost.json").read_text() == cost_to_json(archstat_cost()).rstrip("\n") + "\n"


def archstat_cost():
    return archstat.count("alexnet")


def test_one_of_several_results_is_chosen(archstat, fails):
    assert "2 results of 'lenet5' are stored: by default, torch 2.13.0; {" in fails("results", "show", "lenet5")
    limit = ("--where", "macs<1M")
    assert archstat("results", "show", "lenet5", *limit).code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "resnet50"), "The store results.db holds no cost of 'resnet50'."),
        (("show", "timm:broken"), "holds no cost of 'timm:broken'. It failed: It took longer than 1 s."),
        (("list", "--where", "mac<1G"), "No quantity is named 'mac'. Did you mean 'macs'"),
        (("list", "--where", "macs"), "'macs' is no limit"),
        (("list", "--sort", "mac"), "No column is named 'mac'"),
        (("list", "--store", "nowhere.db"), "There is no store 'nowhere.db'"),
        (("list", "--measured", "--failed"), "'--failed' and '--counted' are of counts: leave out '--measured'."),
        (("import", "nothing.json"), "nothing.json cannot be read"),
        (("export", "--output", "no/x.csv"), "no/x.csv cannot be written"),
        (("list", "--store", "nothing://x"), "is no store: write a file as 'results.db'"),
    ],
)
def test_what_cannot_be_is_one_sentence(fails, arguments, says):
    assert says in fails("results", *arguments)


@pytest.mark.parametrize("format_", ["csv", "json", "parquet"])
def test_an_export_has_every_column(archstat, folder, format_):
    path = folder / f"out.{format_}"
    assert archstat("results", "export", "--format", format_, "--output", path).err == f"Wrote {path}\n"
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[format_]
    frame = read(path)
    assert list(frame["network"]) == ["lenet5", "lenet5", "timm:alexnet", "timm:broken"]
    assert list(frame.columns) == list(rows(archstat)[0])


def test_files_are_imported_once(archstat, folder):
    (folder / "cost.json").write_text(cost_to_json(COST))
    first = archstat("results", "import", "cost.json", MEASURED, "--store", "new.db")
    assert first.out == "new.db: 1 of 1 cost new, 1 of 1 measurement new\n"
    again = archstat("results", "import", "cost.json", MEASURED, "--store", "new.db")
    assert again.out == "new.db: 0 of 1 cost new, 0 of 1 measurement new\n"
    listed = json.loads(archstat("results", "list", "--measured", "--store", "new.db", "--format", "json").out)
    assert [row["network"] for row in listed] == ["alexnet"]


def test_nothing_is_imported_if_one_file_is_none(fails, folder, archstat):
    (folder / "cost.json").write_text(cost_to_json(COST))
    (folder / "other.json").write_text("{}")
    assert "other.json holds neither a cost nor measurements" in fails(
        "results", "import", "cost.json", "other.json", "--store", "new.db"
    )
    assert archstat("results", "list", "--store", "new.db").out == "0 results\n"
