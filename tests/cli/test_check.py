"""``archstat check``."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from archstat.files.results import measurements_to_json
from tests.measured import measured

LECTURE = Path(__file__).parents[2] / "reports/lenet-to-vgg/claims.toml"
CLAIMS = """
title = "A lecture"

[[claim]]
id = "slide 55"
text = "Total: 358M ops"
source = "slide 55"
architecture = "inception_module_bottleneck"
quantity = "macs"
stated = "358M"
expect = "slip"
slip = { expression = "271351808 + 28*28*192*9*64", why = "the 3×3 reads 128 channels instead of 64" }

[[claim]]
id = "vgg"
architecture = "vgg16"
quantity = "parameters"
stated = "138M"

[[undecided]]
id = "first"
text = "the first"
why = "history"
"""
WRONG = """
[[claim]]
id = "5% of, all"
architecture = "googlenet"
quantity = "parameters"
stated = "5 million"
"""


@pytest.fixture
def claims(tmp_path, monkeypatch):
    """Two files in the folder: one that is as it expects, and one that is not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(WRONG, encoding="utf-8")


@pytest.mark.usefixtures("claims")
def test_claims_as_expected_end_with_0(archstat):
    code, out, err = archstat("check", "good.toml")
    assert (code, err) == (0, "")
    assert "358,055,936 appears when the 3×3 reads 128 channels instead of 64" in out
    assert "3 claims: rounds 1, slip 1, undecided 1. All as expected." in out
    assert "✗" not in out


@pytest.mark.usefixtures("claims")
def test_a_claim_that_is_not_as_expected_ends_with_1(archstat):
    code, out, err = archstat("check", "good.toml", "wrong.toml")
    assert (code, err) == (1, "")
    (line,) = [line for line in out.splitlines() if "✗" in line]
    assert line.startswith("5% of, all")
    assert "\n5% of, all: does not hold; stated less by 1,998,552, 28.6 %.\n" in out
    assert [line for line in out.splitlines() if line.endswith(".toml")] == ["good.toml", "wrong.toml"]


@pytest.mark.usefixtures("claims")
def test_only_the_unexpected_can_be_shown_and_the_sums_are_of_all(archstat):
    code, out, _ = archstat("check", "good.toml", "wrong.toml", "--only-unexpected")
    assert code == 1
    assert "138M" not in out
    assert "4 claims: " in out
    assert archstat("check", "good.toml", "--only-unexpected").out.startswith("3 claims: ")


@pytest.mark.usefixtures("claims")
def test_json_has_the_text_and_where_it_stands(archstat):
    code, out, _ = archstat("check", "good.toml", "wrong.toml", "--format", "json")
    assert code == 1
    slip, vgg, first, wrong = json.loads(out)
    assert (slip["text"], slip["source"], slip["line"], slip["expected"]) == ("Total: 358M ops", "slide 55", 4, "slip")
    assert (vgg["verdict"], vgg["is_as_expected"], vgg["computed"]) == ("rounds", True, "138,357,544")
    assert (first["verdict"], first["message"]) == ("undecided", "history")
    assert (wrong["verdict"], wrong["is_as_expected"], wrong["file"]) == ("does not hold", False, "wrong.toml")


@pytest.mark.usefixtures("claims")
def test_junit_has_a_suite_for_each_file_and_a_failure_for_each_surprise(archstat):
    code, out, _ = archstat("check", "good.toml", "wrong.toml", "--format", "junit")
    assert code == 1
    good, wrong = ET.fromstring(out)  # noqa: S314 - written above
    assert (good.get("tests"), good.get("failures"), wrong.get("failures")) == ("3", "0", "1")
    assert [case.get("name") for case in good] == ["slide 55", "vgg", "first"]
    assert [child.tag for case in good for child in case] == ["skipped"]
    assert "expected holds: computed 6,998,552" in wrong.find("testcase/failure").get("message")


@pytest.mark.usefixtures("claims")
def test_github_gets_errors_for_surprises_and_notices_for_slips(archstat):
    lines = archstat("check", "good.toml", "wrong.toml", "--format", "github").out.splitlines()
    assert lines[0].startswith(
        "::notice file=good.toml,line=4,title=slide 55::358M slip, expected slip: computed 271,351"
    )
    assert lines[1].startswith("::error file=wrong.toml,line=2,title=5%25 of%2C all::5 million does not hold, expected")
    assert lines[1].endswith("28.6 %25.")
    assert len(lines) == 2


@pytest.mark.usefixtures("claims")
def test_a_report_goes_into_a_file(archstat):
    code, out, err = archstat("check", "good.toml", "--format", "junit", "--output", "report.xml")
    assert (code, out, err) == (0, "", "Wrote report.xml\n")
    assert ET.parse("report.xml").getroot().tag == "testsuites"  # noqa: S314 - written above


def test_a_budget_of_a_network_of_ones_own(archstat, net, tmp_path):
    (tmp_path / "budget.toml").write_text(f"[[budget]]\narchitecture='{net}'\ninput='3x32x32'\nparameters='<= 304'\n")
    code, out, err = archstat("check", "--trust", "budget.toml")
    assert code == 0
    assert "304" in out
    assert "imported" in err, "what the network's code prints is no result"
    (tmp_path / "budget.toml").write_text(f"[[budget]]\narchitecture='{net}'\ninput='3x32x32'\nparameters='< 304'\n")
    assert archstat("check", "--trust", "budget.toml").code == 1


def test_a_saved_cost_is_checked_without_its_network(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archstat("table", "lenet5", "--format", "json", "--output", "cost.json")
    (tmp_path / "a.toml").write_text("[[budget]]\narchitecture='cost.json'\nparameters=60_000\n")
    assert archstat("check", "a.toml").code == 0
    (tmp_path / "a.toml").write_text("[[budget]]\narchitecture='cost.json'\ndepth=5\n")
    assert archstat("check", "a.toml").err.endswith("holds no ops, so no depth: name the network itself.\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[claim]]\nid='a'\nstated='3'\narchitecture='vgg17'\nquantity='macs'", "No architecture is named 'vgg17'."),
        ("x", "is no TOML"),
        ("[[claim]]\nid='a'", "missing required field `stated`"),
    ],
)
def test_what_cannot_run_ends_with_2(fails, tmp_path, text, says):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert says in fails("check", path)


@pytest.mark.usefixtures("claims")
def test_claims_of_another_file_are_counted(archstat, fails, tmp_path):
    text = "[[claim]]\nid = 'sum'\nclaims = 'good.toml'\nquantity = 'claims_that_hold'\nstated = '1'"
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    code, out, _ = archstat("check", "own.toml", "--format", "csv")
    assert code == 0
    assert "tallied: claims_that_hold of good.toml" in out
    (tmp_path / "own.toml").write_text(text.replace("good", "own"), encoding="utf-8")
    assert "own.toml counts the claims of other files itself" in fails("check", "own.toml")


@pytest.mark.usefixtures("claims")
def test_a_slip_of_a_bound_ends_with_2(fails, tmp_path):
    text = CLAIMS.replace('stated = "358M"', 'stated = "> 350M"')
    (tmp_path / "bound.toml").write_text(text, encoding="utf-8")
    assert "claim 'slide 55': '> 350M' is a bound, which many numbers meet" in fails("check", "bound.toml")


def test_a_file_that_is_missing_ends_with_2(fails):
    assert fails("check", "nothing.toml") == "Error: nothing.toml cannot be read: No such file or directory.\n"


MEASURED = """
[[claim]]
id = "time"
measured = "results/net.json"
quantity = "latency_s"
stated = "12 ms"

[[claim]]
id = "error"
architecture = "googlenet"
protocol = "ImageNet val, 144-crop, 7 networks"
quantity = "top5_error"
stated = "6.67 %"
"""


@pytest.fixture
def measurements(tmp_path, monkeypatch):
    """A file that claims 12 ms of a network that takes 10, in a folder below the one that is worked in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report" / "results").mkdir(parents=True)
    (tmp_path / "report" / "claims.toml").write_text(MEASURED, encoding="utf-8")
    (tmp_path / "report" / "results" / "net.json").write_text(measurements_to_json([measured()]))


@pytest.mark.usefixtures("measurements")
def test_what_was_measured_is_found_from_the_claims_file(archstat):
    code, out, err = archstat("check", "report/claims.toml")
    assert (code, err) == (1, "")
    (line,) = [line for line in out.splitlines() if "✗" in line]
    assert line.split()[:5] == ["time", "12", "ms", "10", "ms"]
    assert "\ntime: does not hold; stated more by 2 ms, 20 %.\n" in out


@pytest.mark.usefixtures("measurements")
def test_other_formats_say_what_was_measured_and_what_a_claim_was_compared_with(archstat):
    time, error = json.loads(archstat("check", "report/claims.toml", "--format", "json").out)
    assert (time["computed"], time["basis"]) == ("10 ms", "measured: latency_s, in results/net.json")
    assert error["basis"] == "published: googlenet, top5_error, ImageNet val, 144-crop, 7 networks"
    assert ",basis\n" in archstat("check", "report/claims.toml", "--format", "csv").out.splitlines(keepends=True)[0]
    message = "12 ms does not hold, expected holds: computed 10 ms; stated more by 2 ms, 20 %25."
    assert message in archstat("check", "report/claims.toml", "--format", "github").out
    assert message.replace("%25", "%") in archstat("check", "report/claims.toml", "--format", "junit").out


def test_a_missing_measurement_ends_with_2(fails, tmp_path):
    (tmp_path / "claims.toml").write_text(MEASURED, encoding="utf-8")
    assert "claim 'time': " in (err := fails("check", tmp_path / "claims.toml"))
    assert err.endswith("results/net.json cannot be read: No such file or directory.\n")


def test_a_claim_that_does_not_hold_is_told_with_its_sentence_and_its_source(archstat):
    out = archstat("check", str(LECTURE)).out
    assert "“253,440” (Krizhevsky et al. 2012, caption of Fig. 2, first layer)" in out.replace("\n  ", " ")


def test_a_page_of_claims_shows_the_text_its_source_and_the_verdict_in_its_colour(archstat, tmp_path):
    assert archstat("check", str(LECTURE), "--format", "html", "--output", str(tmp_path / "a.html")).code == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<h1>From LeNet-5 to VGG-16" in page
    assert re.search(r'<td data-tone="wrong">slip</td>', page)
    assert "LeCun et al. 1998, §II-B" in page
    assert ">156 trainable parameters<" in page
    assert "is_as_expected" not in page


def test_claims_of_several_files_say_of_which_text_they_are(archstat, tmp_path):
    other = LECTURE.parent.parent / "cs231n-notes/claims.toml"
    given = ("check", str(LECTURE), str(other), "--format", "html", "--output", str(tmp_path / "a.html"))
    assert archstat(*given).code == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<h1>Claims" in page
    assert ">From LeNet-5 to VGG-16" in page


def test_any_column_of_claims_can_be_asked_for(archstat):
    out = archstat("check", str(LECTURE), "--columns", "id,source", "--format", "csv").out
    assert out.splitlines()[:2] == ["id,source", 'c1,"LeCun et al. 1998, §II-B"']
