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
    code, out, err = archstat("check", "a.toml")
    assert code == 2
    assert "budget 1: depth: error; The saved cost of 'lenet5' holds no ops" in out
    assert err.endswith("holds no ops, so no depth: name the network itself\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "is no TOML"),
        ("[[claim]]\nid='a'", "missing required field `stated`"),
    ],
)
def test_what_cannot_run_ends_with_2(fails, tmp_path, text, says):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert says in fails("check", path)


@pytest.mark.usefixtures("claims")
def test_claims_of_another_file_are_counted(archstat, tmp_path):
    text = "[[claim]]\nid = 'sum'\nclaims = 'good.toml'\nquantity = 'claims_that_hold'\nstated = '1'"
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    code, out, _ = archstat("check", "own.toml", "--format", "csv")
    assert code == 0
    assert "tallied: claims_that_hold of good.toml" in out
    (tmp_path / "own.toml").write_text(text.replace("good", "own"), encoding="utf-8")
    code, out, err = archstat("check", "own.toml")
    assert code == 2
    assert "sum: error; own.toml counts the claims of other files itself" in out
    assert "own.toml counts the claims of other files itself" in err


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


def test_a_missing_measurement_ends_with_2_and_the_rest_is_checked(archstat, tmp_path):
    (tmp_path / "claims.toml").write_text(MEASURED, encoding="utf-8")
    code, out, err = archstat("check", tmp_path / "claims.toml")
    assert code == 2
    assert "2 claims: exact 1, error 1. 1 not as expected." in out
    assert "claims.toml:2: time: " in err
    assert err.endswith("results/net.json cannot be read: No such file or directory\n")


BROKEN = """
[[budget]]
id = "wrong"
architecture = "resnet50"
macs = "<= 3.5G"
peak_activation_bytes = "<= 9 MiB"
weighted_layers = "<= 50"

[[budget]]
id = "gone"
architecture = "vgg17"
macs = "<= 4G"

[[budget]]
id = "right"
architecture = "lenet5"
parameters = 60_000
"""


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A file with a budget that is broken, one that cannot be checked, and one that holds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(BROKEN, encoding="utf-8")


@pytest.mark.usefixtures("broken")
def test_a_budget_that_cannot_be_checked_is_one_error_and_the_others_are_checked(archstat):
    code, out, err = archstat("check", "a.toml", "--format", "junit")
    (suite,) = ET.fromstring(out)  # noqa: S314 - written above
    assert code == 2
    assert [suite.get(key) for key in ("tests", "failures", "errors")] == ["5", "3", "1"]
    (error,) = suite.findall("testcase/error")
    assert error.get("message").startswith("could not be checked: No architecture is named 'vgg17'. Did you mean")
    assert all(re.fullmatch(r"\d+\.\d{3}", each.get("time")) for each in (suite, *suite))
    assert float(suite.get("time")) >= max(float(case.get("time")) for case in suite)
    assert err.startswith("Error: 1 of 5 could not be checked. a.toml:9: gone: macs: No architecture is named 'vgg17'.")
    assert err.count("\n") == 1
    lines = archstat("check", "a.toml", "--format", "github").out.splitlines()
    assert lines[-1].startswith("::error file=a.toml,line=9,title=gone%3A macs::could not be checked: No architecture")


def test_a_broken_limit_says_of_what_by_how_much_in_its_own_unit_and_what_spends_it(archstat, tmp_path):
    limits = "macs='<= 300k'\nparameters='>= 60k'\nactivation_bytes='<= 0.05 MiB'\nweighted_layers='<= 4'\n"
    (tmp_path / "a.toml").write_text(f"[[budget]]\narchitecture='lenet5'\n{limits}")
    code, out, _ = archstat("check", tmp_path / "a.toml", "--format", "json")
    macs, parameters, memory, layers = (each["message"] for each in json.loads(out))
    assert code == 1
    c1, c3, c5, f6 = 28 * 28 * 6 * 25, 10 * 10 * (6 * 3 + 9 * 4 + 6) * 25, 120 * 400, 84 * 120
    over = c1 + c3 + c5 + f6 - 300_000
    assert macs.startswith(f"lenet5 is {over / 3_000:.1f} % ({over / 1_000}k) over the limit; ")
    assert macs.endswith("; most is spent by c1 (117.6 k), c3.four (90,000), c5 (48,000)")
    assert parameters == ""
    assert re.fullmatch(r"lenet5 is 35\.6 % \(0\.01782 MiB\) over the limit; most is spent by c1 \(.*", memory)
    assert layers == "lenet5 is 50.0 % (2) over the limit"


def test_files_that_cannot_be_read_are_errors_of_a_report(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("x")
    code, out, _ = archstat("check", "good.toml", "bad.toml", "nothing.toml", "--format", "junit", "--output", "a.xml")
    suites = {suite.get("name"): suite for suite in ET.parse("a.xml").getroot()}  # noqa: S314 - written above
    assert (code, out) == (2, "")
    assert [suites[name].get("errors") for name in ("good.toml", "bad.toml", "nothing.toml")] == ["0", "1", "1"]
    assert archstat("check", "bad.toml", "--format", "github").out.startswith("::error file=bad.toml,line=1,title=bad")


def test_a_budget_takes_several_named_and_structured_inputs(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(TWO_INPUTS)
    budget = "[[budget]]\narchitecture='net.py:Net'\nmacs=1_600\ninput="
    for given in ("['8', 'more=:int64', 'pair=(8,8)']", "['more=:int64', '8', 'pair=(8,8)', 'scale:=2.0']"):
        (tmp_path / "a.toml").write_text(f"{budget}{given}\nbatch_size=20\ndtype='float16'\n")
        assert archstat("check", "--trust", "a.toml").code == 0
    (tmp_path / "a.toml").write_text(f"{budget}['8', 'other=8']\n")
    assert archstat("check", "--trust", "a.toml").code == 2


TWO_INPUTS = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 10)

    def forward(self, x, more, pair, scale=1.0):
        return self.fc(x) * scale
"""


@pytest.mark.usefixtures("net")
def test_paths_begin_at_the_folder_of_the_file_or_else_at_the_one_that_is_worked_in(archstat, tmp_path):
    folder = tmp_path / "ci"
    folder.mkdir()
    budget = "[[budget]]\narchitecture='net.py:Net'\ninput='3x32x32'\nparameters="
    (folder / "a.toml").write_text(f"{budget}304\n")
    (tmp_path / "pyproject.toml").write_text("[tool.archstat]\ntrust=['ci']")
    assert archstat("check", "ci/a.toml").code == 0, "the one that is worked in"
    (folder / "net.py").write_text((tmp_path / "net.py").read_text().replace("width: int = 4", "width: int = 8"))
    assert archstat("check", "ci/a.toml").code == 1
    (folder / "a.toml").write_text(f"{budget}608\n")
    assert archstat("check", "ci/a.toml").code == 0, "that of the file"


GROWTH = """
[[budget]]
architecture = "net.py:Net"
input = "3x32x32"
baseline = "{baseline}"
growth = {growth}
"""


@pytest.mark.parametrize("baseline", ["base.json", "archstat.lock"])
def test_a_network_may_grow_by_so_much_over_a_saved_cost_or_a_lock(archstat, net, tmp_path, baseline):
    archstat("table", net, "--input", "3x32x32", "--format", "json", "--output", "base.json")
    archstat("lock", net, "--input", "3x32x32", "--output", "archstat.lock")

    def checked(growth):
        (tmp_path / "a.toml").write_text(GROWTH.format(baseline=baseline, growth=growth))
        return archstat("check", "--trust", "a.toml")

    assert checked("'0'").code == 0
    (tmp_path / "net.py").write_text((tmp_path / "net.py").read_text().replace("width: int = 4", "width: int = 5"))
    code, out, _ = checked("'3 %'")
    assert code == 1
    assert "net.py:Net: parameters 304 → 380 (+25.0 %), moved most by conv (+76)" in out
    assert out.count("does not hold") > 3
    assert checked("'25 %'").code == 0
    assert checked("{ parameters = '76' }").code == 0
    assert checked("{ parameters = '75' }").code == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("growth='3 %'", "'growth' and 'baseline', a saved cost or a lock, go together"),
        ("baseline='a.json'", "'growth' and 'baseline', a saved cost or a lock, go together"),
        ("baseline='a.json'\ngrowth=3", "'growth' is a text for all totals, as '3 %', or a table of totals"),
        ("baseline='a.json'\ngrowth='x'", "'x' allows no growth that is known"),
        ("baseline='a.json'\ngrowth={flops='3 %'}", "'flops' is no total that can grow"),
        ("baseline='a.json'\ngrowth={macs=[3]}", "got `array`"),
        ("baseline='a.json'\ngrowth='3 %'\nbatch_size=0", "are whole numbers from 1 on"),
    ],
)
def test_a_growth_that_does_not_hold_together_ends_with_2(fails, tmp_path, lines, says):
    (tmp_path / "a.toml").write_text(f"[[budget]]\narchitecture='lenet5'\n{lines}\n")
    assert says in fails("check", tmp_path / "a.toml")


def test_a_growth_over_another_input_or_over_nothing_is_an_error(archstat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archstat("table", "resnet18", "--format", "json", "--output", "a.json")
    archstat("lock", "lenet5", "--output", "a.lock")
    for baseline, says in (
        ("a.json", "it was counted on 1×3×224×224 then and on 1×3×64×64 now"),
        ("a.lock", "a.lock locks no 'resnet18' that is counted on this input"),
        ("b.json", "b.json cannot be read: No such file or directory"),
    ):
        text = f"[[budget]]\narchitecture='resnet18'\nresolution=64\nbaseline='{baseline}'\ngrowth={{macs='1 %'}}\n"
        (tmp_path / "a.toml").write_text(text)
        code, out, err = archstat("check", "a.toml")
        assert code == 2
        assert says in out.replace("\n  ", " ")
        assert says in err


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
