"""``archstat report``, and tables as HTML."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import archstat as archstat_package
from tests.report.folders import report
from tests.report.test_page import unzipped

REPORTS = Path(__file__).parents[2] / "reports"
RESULTS = REPORTS / "cnn-architectures" / "results"


def charts_of(path):
    return re.findall(r'data-chart="(\w+)"', path.read_text(encoding="utf-8"))


def test_a_page_is_written_whole_and_said_so(archstat, tmp_path):
    path = tmp_path / "report.html"
    assert archstat("report", "lenet5", "--output", str(path)) == (0, "", f"Wrote {path}\n")
    assert "layers" in charts_of(path)
    assert "<title>LeNet-5</title>" in path.read_text(encoding="utf-8")


def test_without_a_file_the_page_goes_to_stdout(archstat):
    code, out, err = archstat("report", "lenet5")
    assert (code, err) == (0, "")
    assert out.startswith("<!DOCTYPE html>")
    assert out.endswith("</html>\n")


def test_the_same_page_twice_is_the_same_bytes(archstat, tmp_path):
    for name in ("a", "b"):
        archstat("report", "lenet5", "lenet5_modern", "--output", str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_measurements_bring_their_networks_and_their_charts(archstat, tmp_path):
    path = tmp_path / "report.html"
    assert archstat("report", str(RESULTS / "alexnet-cpu-fp32-b1.json"), "--output", str(path)).code == 0
    assert {"layers", "layer_latency", "roofline"} <= set(charts_of(path))
    assert "As it ran" in path.read_text(encoding="utf-8")


def test_charts_and_title_are_chosen(archstat, tmp_path):
    path = tmp_path / "report.html"
    arguments = ["--charts", " layers , icicle", "--title", "<Mine>", "--cdn", "--output", str(path)]
    assert archstat("report", "lenet5", *arguments).code == 0
    assert charts_of(path) == ["layers", "icicle"]
    assert "<title>&lt;Mine&gt;</title>" in path.read_text(encoding="utf-8")
    assert path.stat().st_size < 1_500_000


def test_a_page_of_a_saved_cost_has_no_sums_and_says_what_else_it_lacks(archstat, tmp_path):
    cost, path = tmp_path / "cost.json", tmp_path / "report.html"
    archstat("table", "lenet5", "--format", "json", "--output", str(cost))
    assert archstat("report", str(cost), "--output", str(path)).code == 0
    assert "layers" in charts_of(path)
    assert 'class="open"' not in path.read_text(encoding="utf-8")
    code, out, err = archstat("report", str(cost), "--charts", "memory")
    assert (code, out) == (2, "")
    assert "holds no ops" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report"], "Missing argument 'NAME|RESULT.json...'."),
        (["report", "lenet55"], "No architecture is named 'lenet55'. Did you mean 'lenet5'"),
        (["report", "lenet5", "--charts", "cake"], "No chart is named 'cake'. The charts are "),
        (["report", "lenet5", "--charts", "roofline"], "No measurement of 'lenet5' is given"),
        (["report", "lenet5", "--image", "gif"], "'gif' is not one of 'svg', 'png', 'pdf'."),
        (
            ["report", "lenet5", "--image", "svg", "--size", "0x0"],
            "'0x0' is no size of a picture: write slide, column, ",
        ),
        (["report", "lenet5", "--size", "slide"], "'--size' is of pictures: add '--image svg', or png or pdf."),
        (["report", "lenet5", "--caption"], "'--caption' is of pictures: add '--image svg', or png or pdf."),
        (
            ["report", "lenet5_modern", "--image", "svg", "--size", "200x150", "--caption"],
            "has no room in a picture of",
        ),
        (["report", "lenet5", "--output", "/nowhere/report.html"], "/nowhere/report.html cannot be written"),
        (["report", "nothing.json"], "nothing.json cannot be read"),
        (["report", "alexnet", "vgg16", "--evaluation", "me"], "No evaluation is named 'me'."),
        (["report", "lenet5", "--charts", "layers", "--evaluation", "me"], "No evaluation is named 'me'."),
        (["report", "build"], "Missing argument 'FOLDER...'."),
        (["report", "build", "/nowhere"], "/nowhere"),
    ],
)
def test_wrong_use_is_one_clear_sentence(archstat, arguments, says):
    code, out, err = archstat(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_page_that_somebody_else_made_is_not_written_over(archstat, tmp_path):
    folder, start = tmp_path / "a", tmp_path / "index.html"
    folder.mkdir()
    (folder / "report.toml").write_text('title = "a"\nsummary = "s"\n')
    (folder / "text.md").write_text("Nothing.")
    start.write_text("<!DOCTYPE html><title>Mine</title>")
    code, _, err = archstat("report", "build", str(folder))
    assert (code, "index.html was not made by archstat" in err) == (2, True)
    assert start.read_text() == "<!DOCTYPE html><title>Mine</title>"
    assert not (folder / "index.html").exists()
    start.unlink()
    assert [archstat("report", "build", str(folder)).code for _ in range(2)] == [0, 0]


def test_nothing_is_written_where_one_of_the_pages_cannot_be(archstat, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.toml").write_text(f'title = "{name}"\nsummary = "s"\n')
        (tmp_path / name / "text.md").write_text("Nothing.")
    (tmp_path / "b" / "index.html").mkdir()
    code, _, err = archstat("report", "build", str(tmp_path / "a"), str(tmp_path / "b"))
    assert code == 2
    assert not (tmp_path / "a" / "index.html").exists()
    assert "b/index.html cannot be written: Is a directory" in err


def test_the_examples_of_its_help_and_of_its_document_run(archstat, tmp_path, monkeypatch):
    """Those that need no file of the user's; as they stand there."""
    page = (REPORTS.parent / "docs" / "reports.md").read_text(encoding="utf-8")
    told = " ".join(archstat("report", "--help").out.split()).partition("Example: ")[2]
    found = [re.match(r"archstat (report .*? --output report.html)", told)[1]]
    found += re.findall(r"^archstat (report [^#\n]*? --output report.html)", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(each) for each in found if "results/" not in each]
    assert len(commands) >= 4
    for command in commands:
        code, out, err = archstat(*command)
        assert (code, out) == (0, "")
        assert err.splitlines()[-1] == "Wrote report.html"
        assert all(line.startswith("Note: no chart of accuracy has ") for line in err.splitlines()[:-1])
        assert charts_of(tmp_path / "report.html"), command


def test_help_is_that_of_the_page_and_names_the_other_verb(archstat):
    code, out, _ = archstat("report", "--help")
    assert code == 0
    assert "archstat report build FOLDER..." in " ".join(out.split())
    assert "FOLDER" in archstat("report", "build", "--help").out


@pytest.mark.parametrize(
    "arguments", [["table", "lenet5"], ["compare", "lenet5"], ["diff", "lenet5", "lenet5_modern"], ["list"]]
)
def test_every_table_can_be_a_page(archstat, arguments):
    code, out, err = archstat(*arguments, "--format", "html")
    assert (code, err) == (0, "")
    rows = json.loads(archstat(*arguments, "--format", "json").out)
    count = len(rows["layers"] if arguments[0] == "table" else rows)
    is_difference = arguments[0] == "diff"  # whose totals are a table of their own, and a row for programs
    assert out.count("<table") == 1 + is_difference
    assert out.rpartition("<tbody>")[2].count("<tr>") == count - is_difference


def test_the_layers_of_a_table_open_their_sums(archstat):
    page = archstat("table", "lenet5", "--format", "html").out
    assert "(5·5·1 + 1)·6 = 156" in json.loads(unzipped(re.search(r'class="packed-sums">([^<]*)<', page)[1]))[0]
    assert 'class="open"' not in archstat("table", "lenet5", "--by", "stage", "--format", "html").out


def test_a_page_is_not_poured_on_a_terminal(archstat, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    code, out, err = archstat("report", "lenet5")
    assert (code, out) == (2, "")
    assert "'--output report.html'" in err


def test_a_page_is_the_same_bytes_whatever_the_hashes(tmp_path):
    results = [str(path) for path in sorted(RESULTS.glob("*.json"))]
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "archstat", "report", "alexnet", "vgg16", *results, "--output", f"{seed}.html"]
        subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


@pytest.mark.parametrize("kind", ["pipe", "loop", "folder"])
def test_a_page_goes_into_no_pipe_and_no_link_to_itself(fails, tmp_path, kind):
    path = report(tmp_path / "own") / "index.html"
    {"pipe": os.mkfifo, "loop": lambda path: path.symlink_to(path), "folder": lambda path: path.mkdir()}[kind](path)
    assert "index.html cannot be written: " in fails("report", "build", tmp_path / "own")
    assert not (tmp_path / "index.html").exists()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of eight networks, with a file of accuracies."""
    from archstat.store.records import StoredResult, Versions
    from archstat.store.store import Store

    monkeypatch.chdir(tmp_path)
    cost = archstat_package.count("lenet5")
    with Store("results.db", is_made=True) as filled:
        for number in range(1, 9):
            counted = msgspec.structs.replace(cost, macs=number * 10**6, parameters=number * 1000)
            filled.add([StoredResult(f"timm:net_{number}", "", Versions(), counted)])
    rows = "\n".join(f"net_{number},{60 + number % 3 * 10 + number}" for number in range(1, 9))
    (tmp_path / "acc.csv").write_text(f"model,top1\n{rows}\n")
    return tmp_path


def test_the_results_of_a_store_are_a_dot_each_and_a_table(archstat, store):
    path = store / "report.html"
    given = ("report", "--store", "results.db", "--accuracy", "acc.csv", "--output", str(path))
    assert archstat(*given).code == 0
    page = path.read_text(encoding="utf-8")
    assert charts_of(path) == ["best", "cloud"]
    assert "<h1>8 networks</h1>" in page
    assert "Accuracy: acc.csv." in page
    assert archstat(*given, "--where", "macs<=6M", "--where", "top1>75").code == 0
    *_, networks, methods = path.read_text(encoding="utf-8").split("<h2")
    found = re.findall(r"<td[^>]*>(timm:net_\d)</td>", networks)
    assert found == ["timm:net_5", "timm:net_2"], "the most accurate first"
    assert "The counts of timm:net_" in methods


def test_a_network_that_no_chart_of_accuracy_has_is_named(archstat, tmp_path):
    given = ("report", "alexnet", "vgg16", "googlenet", "lenet5", "--output", str(tmp_path / "a.html"))
    told = "Note: no chart of accuracy has lenet5: canziani2016 has not evaluated them."
    assert told in archstat(*given).err
    assert "Note" not in archstat(*given, "--charts", "totals").err
    assert "Note" not in archstat("report", "lenet5", "lenet5_modern", "--output", str(tmp_path / "b.html")).err


def test_a_store_with_nothing_that_fits_is_said_beside_a_network(archstat, store):
    made = archstat("report", "lenet5", "--store", "results.db", "--where", "macs=0", "--output", "a.html")
    assert made.code == 0
    assert "Note: The store results.db has no result that fits." in made.err
    assert "best" not in charts_of(store / "a.html")


def test_a_store_without_accuracies_shows_what_its_networks_cost(archstat, store):
    path = store / "report.html"
    assert archstat("report", "lenet5", "--store", "results.db", "--output", str(path)).code == 0
    assert {"cloud", "layers"} <= set(charts_of(path))
    assert "best" not in charts_of(path)


def test_the_accuracy_of_an_own_network_stands_beside_those_of_a_source(archstat, tmp_path):
    given = ("vgg16", "vgg19", "lenet5_modern", "--charts", "accuracy", "--output", str(tmp_path / "page.html"))
    code, _, err = archstat("report", *given)
    assert (code, "lenet5_modern" in err) == (0, True), "who is in no chart is named"
    code, _, err = archstat("report", *given, "--accuracy", "lenet5_modern=42.5,my thesis")
    assert (code, "Note:" in err) == (0, False)
    assert "Accuracy of LeNet-5 (dense C3): my thesis." in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("lenet5", "--where", "macs<1"), "add '--store FILE'"),
        (("lenet5", "--accuracy", "none.csv"), "none.csv cannot be read"),
        (("lenet5", "--accuracy", "mine=76"), "No network with an accuracy to state is named 'mine'"),
        (("lenet5", "--accuracy", "lenet5=760"), "'760' is no accuracy in percent"),
        (("--store", "none.db"), "There is no store 'none.db'"),
        (("--store", "results.db", "--where", "mac<1"), "No quantity is named 'mac'"),
        (("--store", "results.db", "--where", "macs"), "'macs' is no limit"),
        (("--store", "results.db", "--accuracy", "acc.csv", "--evaluation", "canziani2016"), "not both"),
        (("--store", "results.db", "--charts", "best"), "Accuracies are known of 0 of 8 networks"),
        (("--store", "results.db", "--charts", "layers"), "none is counted here"),
        (("--store", "results.db", "--where", "macs=0"), "The store results.db has no result that fits"),
        (("lenet5", "--charts", "best"), "one of the networks in a store, and none is given"),
    ],
)
@pytest.mark.usefixtures("store")
def test_what_a_store_has_not_is_one_sentence(fails, arguments, says):
    assert says in fails("report", *arguments)


def test_a_gallery_is_a_start_page_a_page_for_each_and_one_file_of_scripts(archstat, store):
    code, out, err = archstat("report", "gallery", "site", "lenet5*", "--store", "results.db", "--accuracy", "acc.csv")
    assert (code, out, err) == (0, "", f"Wrote {Path('site/index.html')}\n")
    files = {str(path.relative_to(store / "site")) for path in (store / "site").rglob("*.*")}
    assert files == {
        *("index.html", "layer.html", "libraries.js"),
        *("architectures/lenet5.html", "architectures/lenet5_modern.html"),
    }
    assert charts_of(store / "site/index.html")[0] == "best"
    before = (store / "site/index.html").read_bytes()
    assert archstat("report", "gallery", "site", "lenet5*", "--store", "results.db", "--accuracy", "acc.csv").code == 0
    assert (store / "site/index.html").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("site", "lenet55"), "No architecture is named 'lenet55'"),
        (("site", "timm:resnet50"), "No architecture is named 'timm:resnet50'"),
        (("site", "resnex?"), "No architecture is named like"),
        (("site", "lenet5", "--accuracy", "none.csv"), "none.csv cannot be read"),
        (("site", "--store", "none.db"), "There is no store"),
        (("acc.csv/site", "lenet5"), "cannot be made"),
        (("mine", "lenet5"), "was not made by archstat"),
        (("site", "lenet5", "alexnet", "--evaluation", "me"), "No evaluation is named 'me'"),
    ],
)
def test_a_gallery_that_cannot_be_is_one_sentence(fails, store, arguments, says):
    (store / "mine").mkdir()
    (store / "mine/index.html").write_text("<p>Mine")
    assert says in fails("report", "gallery", *arguments)
    assert (store / "mine/index.html").read_text() == "<p>Mine"


def test_pages_and_pictures_are_made_in_the_language_that_is_asked_for(archstat, tmp_path):
    for command in (["lenet5"], ["play"], ["gallery"]):
        path = tmp_path / command[0]
        asked = [*command, str(path), "lenet5"] if command == ["gallery"] else [*command, "--output", str(path)]
        assert archstat("report", *asked, "--lang", "ko")[0] == 0
        page = path / "index.html" if path.is_dir() else path
        assert '<html lang="ko">' in page.read_text(encoding="utf-8")


def test_a_language_without_a_catalogue_is_refused_by_the_page_of_a_layer(archstat):
    code, out, err = archstat("report", "play", "--lang", "xx")
    assert (code, out) == (2, "")
    assert "The languages are en, ko." in err
