"""From the folders of written reports to their pages."""

import re

import pytest

from archstat.errors import ArchstatError, DataError, InputError, UnknownNameError
from archstat.files.results import measurements_to_json
from archstat.networks.settings import Setting
from archstat.report.blocks import Errata, Heading, Link, Links, Prose, Sheet
from archstat.report.chart import CHARTS, Chart, Kind
from archstat.report.layer_pictures.layer_picture import LayerPicture
from archstat.report.material import Mark
from archstat.report.page import render
from archstat.report.writing.reports import pages_of
from tests.measured import measured, time, times
from tests.report.folders import CLAIMS, REPORT, counted, report

COST = counted("lenet5", Setting()).cost


def page_of(folder):
    """The page of one report."""
    (_, page), _ = pages_of([folder], counted)
    return page


@pytest.fixture
def seen(monkeypatch):
    """What charts were drawn of: one for all networks, that draws nothing."""
    materials = []

    def draw(material):
        materials.append(material)
        return Chart("nothing", "Nothing", ())

    monkeypatch.setitem(CHARTS.all(), "nothing", Kind("nothing", "networks", "Nothing.", draw, ("evaluation", "marks")))
    return materials


def test_a_report_is_a_page_with_its_title_summary_and_text(tmp_path):
    (path, page), _ = pages_of([report(tmp_path / "own", text="## A\n\nIt has {{parameters}}.")], counted)
    assert path == tmp_path / "own" / "index.html"
    assert (page.title, page.subtitle) == ("A report", "What a lecture says.")
    assert page.blocks[0] == Heading("A")
    assert isinstance(page.blocks[1], Prose)
    assert page.back == Link("./../index.html", "All reports", "")
    assert page.notes[-1] == "4 claims: exact 2, slip 1, undecided 1. All as expected."
    assert not path.exists(), "nothing is written"


def test_a_page_is_the_same_wherever_it_is_built(tmp_path, monkeypatch):
    text = "{{slide}}\n\n{{figure bars}}\n\n{{table sums}}\n\n{{claims}}\n\n{{errata}}"
    contents = REPORT + 'errata = ["claims.toml"]\n[figure.bars]\nchart = "layers"\n[table.sums]\nof = "explained"\n'
    first = render(page_of(report(tmp_path / "a" / "own", contents=contents, text=text)))
    monkeypatch.chdir(report(tmp_path / "b" / "own", contents=contents, text=text))
    assert render(page_of(".")) == first
    assert str(tmp_path) not in first


def test_the_title_and_the_summary_may_cite_and_may_have_no_numbers(tmp_path):
    contents = REPORT.replace("What a lecture says.", "It has {{parameters}}.")
    assert page_of(report(tmp_path / "own", contents=contents)).subtitle == "It has 60,000."
    contents = REPORT.replace("What a lecture says.", "It has 60,000.")
    with pytest.raises(DataError, match=r"own/report\.toml:2: the number '60,000' is no claim"):
        page_of(report(tmp_path / "own", contents=contents))


def test_a_claim_that_fails_makes_no_page_even_if_the_text_never_cites_it(tmp_path):
    folder = report(tmp_path / "own", claims=CLAIMS.replace("60,000", "61,000"))
    with pytest.raises(DataError, match=r"no page is made of claims that fail: 'parameters' \(line 4\)"):
        page_of(folder)


def test_a_claim_of_another_report_that_fails_makes_no_page_either(tmp_path):
    report(tmp_path / "lecture", claims=CLAIMS.replace("60,000", "61,000"))
    with pytest.raises(DataError, match=r"own/text\.md:1: .*lecture/claims\.toml: no page is made of claims that fail"):
        page_of(report(tmp_path / "own", text="{{lecture/conv}}"))


def test_a_report_needs_no_claims_of_its_own(tmp_path):
    assert page_of(report(tmp_path / "own", claims=None)).blocks == (Prose("<p>Nothing.</p>\n"),)
    with pytest.raises(DataError, match=r"text\.md:1: .*claims\.toml cannot be read"):
        page_of(report(tmp_path / "own", claims=None, text="{{claims}}"))


@pytest.mark.parametrize("place", ["a" * 5000, "a\\u0000b"])
def test_a_name_that_no_file_system_takes_is_refused_in_a_sentence(tmp_path, place):
    table = '\n[table.all]\nof = "measured"\n'
    for key, text in (("results", "{{table all}}"), ("errata", "{{errata}}")):
        folder = report(tmp_path / "own", contents=REPORT + f'{key} = ["{place}"]' + table, text=text)
        with pytest.raises(DataError, match=r"text\.md:1: "):
            page_of(folder)
    with pytest.raises(DataError, match=r"report\.toml cannot be read: "):
        page_of(tmp_path / place.replace("\\u0000", "\0"))


def test_a_report_needs_its_text(tmp_path):
    folder = report(tmp_path / "own")
    (folder / "text.md").unlink()
    with pytest.raises(DataError, match=r"own/text\.md cannot be read: No such file"):
        page_of(folder)


@pytest.mark.parametrize("option", ['evaluation = "cadene2018"', 'marks = ["parameters"]'])
def test_what_a_chart_does_not_take_is_refused(tmp_path, option):
    contents = f'{REPORT}[figure.bars]\nchart = "layers"\n{option}\n'
    with pytest.raises(DataError, match=rf"the chart 'layers' takes no {option.split()[0]}: leave it out\."):
        page_of(report(tmp_path / "own", contents=contents, text="{{figure bars}}"))


def test_what_is_no_report_is_passed_over_so_that_a_star_names_all(tmp_path):
    own = report(tmp_path / "own")
    (tmp_path / "lecture").mkdir()
    (tmp_path / "index.html").touch()
    pages = pages_of([tmp_path / "index.html", tmp_path / "lecture", own], counted)
    assert [path for path, _ in pages] == [own / "index.html", tmp_path / "index.html"]
    with pytest.raises(InputError, match=r"No report is named: give a folder with a report\.toml"):
        pages_of([tmp_path / "lecture"], counted)
    with pytest.raises(DataError, match="nowhere"):
        pages_of([own, tmp_path / "nowhere"], counted)


# -- figures -----------------------------------------------------------------------------------------------------------


def test_a_figure_is_the_chart_of_the_networks_of_the_report_under_its_title(tmp_path):
    contents = REPORT + '[figure.bars]\nchart = "layers"\ntitle = "What {{parameters}} are"\n'
    (chart,) = page_of(report(tmp_path / "own", contents=contents, text="{{figure bars}}")).blocks
    assert (chart.name, chart.title) == ("layers", "What 60,000 are")
    plain = contents.replace('title = "What {{parameters}} are"\n', "")
    (chart,) = page_of(report(tmp_path / "own", contents=plain, text="{{figure bars}}")).blocks
    assert chart.title == "What each layer of LeNet-5 costs"


def test_a_figure_can_be_of_other_networks_with_an_evaluation(tmp_path, seen):
    contents = REPORT + '[figure.a]\nchart = "nothing"\nnetworks = ["alexnet", "lenet5"]\nevaluation = "canziani2016"\n'
    page_of(report(tmp_path / "own", contents=contents, text="{{figure a}}"))
    assert [(material.names, material.evaluation) for material in seen] == [(["alexnet", "lenet5"], "canziani2016")]


def test_printed_figures_are_drawn_with_what_is_wrong_with_them(tmp_path, seen):
    contents = REPORT + '[figure.a]\nchart = "nothing"\nmarks = ["slide", "parameters"]\n'
    page_of(report(tmp_path / "own", contents=contents, text="{{figure a}}"))
    assert seen[0].marks == (
        Mark("inception_module_bottleneck", "macs", 358e6, "printed 358M, a slip"),
        Mark("lenet5", "parameters", 60_000, "printed 60,000"),
    )


@pytest.mark.parametrize("name", ["conv", "error"])
def test_what_is_no_figure_of_a_network_cannot_be_drawn(tmp_path, seen, name):
    contents = REPORT + f'[figure.a]\nchart = "nothing"\nmarks = ["{name}"]\n'
    with pytest.raises(DataError, match=rf"\[figure\.a\] in line 4 of report\.toml: claim '{name}' cannot be drawn"):
        page_of(report(tmp_path / "own", contents=contents, text="{{figure a}}"))
    assert not seen


@pytest.mark.parametrize("show", ["receptive_field", "arithmetic"])
def test_a_picture_of_one_layer_is_placed(tmp_path, show):
    contents = f'{REPORT}[figure.c1]\nchart = "{show}"\npart = "c1"\n'
    (picture,) = page_of(report(tmp_path / "own", contents=contents, text="{{figure c1}}")).blocks
    assert isinstance(picture, LayerPicture)
    assert picture.subject == "c1 of LeNet-5"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('part = "c1"\nwrap = true', r"a picture of a layer takes no wrap: leave it out\."),
        ('part = "c1"\ntitle = "C1"', r"a picture of a layer takes no title: leave it out\."),
        ('part = "c1"\nnetworks = ["lenet5", "alexnet"]', "a picture of a layer is one of a single network"),
        ('part = "c9"', r"\[figure\.c1\] in line \d+ of report\.toml: No layer is named 'c9'"),
        ("", "Of which layer is the picture to be"),
    ],
)
def test_a_picture_of_no_layer_is_refused(tmp_path, lines, message):
    contents = f'{REPORT}[figure.c1]\nchart = "arithmetic"\n{lines}\n'
    with pytest.raises(ArchstatError, match=message):
        page_of(report(tmp_path / "own", contents=contents, text="{{figure c1}}"))


@pytest.mark.parametrize(
    ("networks", "error", "message"),
    [
        ('["lenet5", "alexnet"]', DataError, "the chart 'layers' is one of a single network"),
        ("[]", DataError, "no networks are named"),
        ('["lenet6"]', UnknownNameError, "No architecture is named 'lenet6'"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused_with_its_place(tmp_path, networks, error, message):
    contents = REPORT.replace('["lenet5"]', networks) + '[figure.bars]\nchart = "layers"\n'
    folder = report(tmp_path / "own", contents=contents, text="a\n\n{{figure bars}}")
    with pytest.raises(error, match=rf"text\.md:3: \[figure\.bars\] in line 4 of report\.toml: .*{re.escape(message)}"):
        page_of(folder)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{{figure bar}}", UnknownNameError, "No figure is named 'bar'. Did you mean 'bars'?"),
        ("{{table bars}}", UnknownNameError, "No table is named 'bars'."),
        ("{{figure}}", UnknownNameError, "No figure is named ''."),
        ("{{claims all}}", DataError, "'{{claims all}}' takes no name"),
        ("{{errata}}", DataError, "report.toml names no errata"),
    ],
)
def test_what_the_report_does_not_have_cannot_be_placed(tmp_path, text, error, message):
    folder = report(tmp_path / "own", contents=REPORT + '[figure.bars]\nchart = "layers"\n', text=f"a\n\n{text}")
    with pytest.raises(error, match=re.escape(f"own/text.md:3: {message}")):
        page_of(folder)


# -- tables ------------------------------------------------------------------------------------------------------------


def sheets(folder, of, **more):
    """The sheets of a table that the report has."""
    contents = f'[table.a]\nof = "{of}"\n' + "".join(f"{key} = {value}\n" for key, value in more.items())
    blocks = page_of(report(folder, contents=REPORT + contents, text="{{table a}}")).blocks
    assert all(isinstance(block, Sheet) for block in blocks)
    return blocks


def column(sheet, key):
    place = [column.key for column in sheet.table.columns].index(key)
    return [row[place] for row in sheet.table.rows]


def test_a_table_sets_networks_beside_each_other(tmp_path):
    (sheet,) = sheets(tmp_path / "own", "compare", networks='["lenet5", "alexnet"]')
    assert column(sheet, "architecture") == ["lenet5", "alexnet"]
    assert column(sheet, "parameters")[0] == 60_000


def test_a_table_of_layers_is_one_for_each_network_and_has_its_sums_on_request(tmp_path):
    first, second = sheets(tmp_path / "own", "layers", networks='["lenet5", "alexnet"]')
    assert (first.name, second.name, first.sums) == ("Layers of lenet5", "Layers of alexnet", ())
    assert sum(column(first, "parameters")) == 60_000
    (explained,) = sheets(tmp_path / "own", "explained", title='"Sums of {{parameters}}"')
    assert explained.table.title.splitlines() == ["Sums of 60,000", first.table.title]
    assert explained.sums[0][1].formula == "(5·5·1 + 1)·6"
    assert len(explained.sums) == len(explained.table.rows)


def test_a_table_of_claims_shows_no_files(tmp_path):
    (sheet,) = sheets(tmp_path / "own", "claims", title='"Claims"')
    assert column(sheet, "id") == ["parameters", "conv", "slide", "error"]
    assert column(sheet, "verdict") == ["exact", "exact", "slip", "undecided"]
    assert column(sheet, "basis")[0] == "counted: lenet5, parameters"
    assert "claims.toml" not in str(sheet.table.rows)
    assert page_of(report(tmp_path / "b", text="{{claims}}")).blocks[0].table.rows == sheet.table.rows


def test_a_table_of_measured_layers_needs_saved_measurements(tmp_path):
    with pytest.raises(DataError, match=r"\[table\.a\] in line 4 of report\.toml: No measurement of 'lenet5' is given"):
        sheets(tmp_path / "own", "measured")
    (tmp_path / "lenet5.json").write_text(
        measurements_to_json([measured(COST, times(time("c1", 0.25), time("f6", 0.75)))])
    )
    contents = REPORT + 'results = ["../*.json"]\n[table.a]\nof = "measured"\n'
    (sheet,) = page_of(report(tmp_path / "own", contents=contents, text="{{table a}}")).blocks
    told = dict(zip(column(sheet, "layer"), column(sheet, "time_share"), strict=True))
    assert (told["c1"], told["f6"]) == (0.25, 0.75)


@pytest.mark.parametrize(
    ("pattern", "message"), [("*.json", "no file fits '*.json'"), ("/x/*.json", "is no pattern"), ("", "is no")]
)
def test_results_that_are_not_there_are_refused(tmp_path, pattern, message):
    contents = REPORT + f'results = ["{pattern}"]\n[table.a]\nof = "compare"\n'
    with pytest.raises(DataError, match=re.escape(message)):
        page_of(report(tmp_path / "own", contents=contents, text="{{table a}}"))


def test_errata_are_listed_by_text(tmp_path):
    report(tmp_path / "lecture", claims=CLAIMS.replace("A lecture", "Another lecture"))
    contents = REPORT + 'errata = ["claims.toml", "../lecture/claims.toml"]\n'
    blocks = page_of(report(tmp_path / "own", contents=contents, text="{{errata}}")).blocks
    assert [(type(block), block.title) for block in blocks] == [(Errata, "A lecture"), (Errata, "Another lecture")]
    assert [len(block.corrections) for block in blocks] == [1, 1]


# -- the start page ----------------------------------------------------------------------------------------------------


def test_the_start_page_links_all_reports_in_their_order(tmp_path):
    contents = 'title = "{}"\nsummary = "About {{{{parameters}}}}."\norder = {}\n'
    folders = [
        report(tmp_path / name, contents=contents.format(name, place)) for name, place in (("a", 2), ("b", 1), ("c", 1))
    ]
    *_, (path, page) = pages_of(folders, counted)
    assert path == tmp_path / "index.html"
    assert page.blocks == (
        Links(
            (
                Link("./b/index.html", "b", "About 60,000."),
                Link("./c/index.html", "c", "About 60,000."),
                Link("./a/index.html", "a", "About 60,000."),
            )
        ),
    )


def test_a_report_that_was_built_before_stays_on_the_start_page(tmp_path):
    first, second, third = (report(tmp_path / name, contents=REPORT.replace("A report", name)) for name in "abc")
    (first / "index.html").touch()
    made = pages_of([second], counted)
    assert [path for path, _ in made] == [second / "index.html", tmp_path / "index.html"]
    assert [link.title for link in made[-1][1].blocks[0].links] == ["a", "b"]
    assert third.exists()


def test_reports_of_several_folders_have_a_start_page_over_them(tmp_path):
    folders = [report(tmp_path / "x" / "a"), report(tmp_path / "y" / "z" / "b")]
    (_, first), (_, second), (path, start) = pages_of(folders, counted)
    assert path == tmp_path / "index.html"
    assert [link.address for link in start.blocks[0].links] == ["./x/a/index.html", "./y/z/b/index.html"]
    assert (first.back.address, second.back.address) == ("./../../index.html", "./../../../index.html")


def test_a_folder_that_is_named_twice_is_one_report(tmp_path, monkeypatch):
    monkeypatch.chdir(report(tmp_path / "own").parent)
    made = pages_of(["own", "./own/"], counted)
    assert [str(path) for path, _ in made] == ["own/index.html", "index.html"]


def test_no_report_is_refused():
    with pytest.raises(InputError, match="No report is named"):
        pages_of([], counted)
