"""The documents tell the truth: their examples are run, and what they list is what there is."""

import re
import shlex
import typing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import archstat
from archstat.analysis.inference import analyse
from archstat.claims import MEASURED, RATES, TALLIES, check, check_files, claims_of
from archstat.claims.printed.sidecar import sidecar_in
from archstat.claims.verdicts import ClaimVerdict
from archstat.cli import cli
from archstat.cli._commands import COMMANDS
from archstat.counting.conventions import CONVENTIONS
from archstat.files.results import MEASUREMENTS_SCHEMA, cost_to_json
from archstat.published.accuracies import evaluations
from archstat.published.figures import FigureConvention, published
from archstat.quantities import QUANTITIES
from archstat.records import REASONS, Measurement
from archstat.report.chart import CHARTS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / f"{name}.md" for name in ("README", "SECURITY", "CONTRIBUTING")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def console_examples():
    """Every command of a ``console`` block with the output that stands under it."""
    for document in DOCUMENTS:
        for block in re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL):
            for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = example.partition("\n")
                yield pytest.param(command, output, id=f"{document.name}: {command}")


@pytest.mark.parametrize(("command", "output"), list(console_examples()))
def test_a_command_prints_what_the_document_shows(command, output):
    result = CliRunner().invoke(cli, shlex.split(command, comments=True)[1:])

    assert result.exit_code == int(command.endswith("# exit code 1"))
    assert result.stdout.strip() == output.strip()


def test_there_are_console_examples():
    assert list(console_examples())


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_stands_in_the_documents(command):
    assert f"archstat {command}" in (ROOT / "docs/getting-started.md").read_text()


def test_the_json_page_lists_every_key():
    page = (ROOT / "docs/json.md").read_text()
    cost = msgspec.json.decode(cost_to_json(archstat.count("lenet5")))
    keys = {*cost, *cost["layers"][0], *cost["ops"][0]}

    assert {key for key in keys if f"`{key}`" not in page and f"`{key}," not in page} == set()


COUNTED = {
    r"(\d+) architectures": lambda: len(published()),
    r"(\d+) networks, each built as its paper": lambda: len(published()),
    r"(\d+) conventions": lambda: len(CONVENTIONS),
    r"(\d+) charts": lambda: len(CHARTS.all()),
}
"""What the documents count, as they write it, and what there is."""


@pytest.mark.parametrize("counted", COUNTED)
def test_a_document_that_counts_what_there_is_counts_right(counted):
    pages = [page.read_text() for page in (*DOCUMENTS, ROOT / "CHANGELOG.md")]
    said = [int(number) for page in pages for number in re.findall(counted, page)]
    assert set(said) == {COUNTED[counted]()}, "no document counts them, or one does so wrongly"


def test_no_document_installs_archstat_from_an_index_that_does_not_have_it():
    assert not [page.name for page in DOCUMENTS if re.search(r"pip install '?archstat", page.read_text())]


NUMBERS = "no one two three four five six seven eight nine ten".split()


def test_the_picture_of_the_start_page_has_as_many_networks_as_its_source_and_its_text():
    names = list(evaluations()["canziani2016"].top1)
    drawn = re.findall(r"<text[^>]*>(?:<[^>]*>)*(\w+)", (ROOT / "docs/pictures/accuracy.svg").read_text())
    assert set(names) <= set(drawn)
    assert {"vgg19", "resnet34"}.isdisjoint(drawn), "the picture is old: renew it with 'make reports'"
    assert f"against MACs of {NUMBERS[len(names)]} networks" in (ROOT / "docs/index.md").read_text()


def test_the_start_page_counts_the_written_reports():
    reports = list(ROOT.glob("reports/*/report.toml"))
    assert f"{NUMBERS[len(reports)].capitalize()} written ones are" in (ROOT / "docs/index.md").read_text().replace(
        "\n", " "
    )


@pytest.mark.parametrize("name", ["README.md", "docs/claims.md", "docs/written-reports.md", "docs/getting-started.md"])
def test_a_page_that_names_networks_of_others_says_that_their_code_runs(name):
    page = (ROOT / name).read_text()
    assert re.search(r"runs? (its )?code|code runs|is code", page)
    assert "SECURITY.md" in page


@pytest.mark.parametrize("command", [[], ["check"], ["report", "build"]], ids=["root", "check", "build"])
def test_help_says_that_naming_code_runs_it(command):
    shown = " ".join(CliRunner().invoke(cli, [*command, "--help"]).output.split())
    assert "runs its code" in shown or "import and run code" in shown


def test_the_changelog_counts_the_architectures():
    assert f"{len(published())} architectures" in (ROOT / "CHANGELOG.md").read_text()


def test_the_page_on_other_tools_lists_every_convention():
    page = (ROOT / "docs/reconcile.md").read_text()
    assert {name for name in CONVENTIONS if f"| `{name}` |" not in page} == set()
    assert f"by {len(CONVENTIONS)} conventions" in page


def test_the_claim_on_that_page_holds():
    block = re.search(r"```toml\n(.*?)```", (ROOT / "docs/reconcile.md").read_text(), re.DOTALL)[1]
    (finding,) = check(claims_of(block, "docs/reconcile.md"), analyse)
    assert (finding.verdict, finding.computed) == ("rounds", "4,111,512,576")


CLAIMS_PAGE = (ROOT / "docs/claims.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", CLAIMS_PAGE, re.DOTALL))
def test_the_claims_and_budgets_of_the_page_can_be_read(block):
    if "[networks]" in block:
        assert sidecar_in(block, "docs/claims.md").networks
        return
    assert "[tool.archstat]" in block or (found := claims_of(block, "docs/claims.md")).claims or found.growths


def test_the_claim_of_the_page_is_the_slip_that_it_says():
    block = re.search(r"```toml\n(.*?)```", CLAIMS_PAGE, re.DOTALL)[1]
    (finding,) = check(claims_of(block, "docs/claims.md"), analyse)
    assert (finding.verdict, finding.computed) == ("slip", "271,351,808")
    assert finding.message in published()["inception_module_bottleneck"].macs.why, "the table says the same"


@pytest.mark.parametrize("section", ["## What was measured", "## What was published", "## Claims about claims"])
@pytest.mark.sampled(3)
def test_what_the_page_says_of_measurements_publications_and_claims_holds(section):
    block = re.search(r"```toml\n(.*?)```", CLAIMS_PAGE.partition(section)[2], re.DOTALL)[1]
    findings = check(claims_of(block, str(ROOT / "reports/cnn-architectures/claims.toml")), analyse)
    assert [finding.id for finding in findings if not finding.is_as_expected] == []
    assert len(findings) > 1


def test_the_claims_page_lists_every_quantity_verdict_and_convention():
    names = {*QUANTITIES, *MEASURED, *RATES, *TALLIES, *typing.get_args(FigureConvention)}
    assert {name for name in names if f"`{name}`" not in CLAIMS_PAGE} == set()
    assert {verdict for verdict in typing.get_args(ClaimVerdict) if f"| {verdict} |" not in CLAIMS_PAGE} == set()


def test_a_lecture_and_the_table_explain_a_famous_number_in_the_same_words():
    findings = check_files([ROOT / "reports/cs231n-notes/claims.toml"], analyse)
    (slip,) = [finding for finding in findings if finding.id == "bottleneck-358m"]
    assert slip.verdict == "slip"
    assert slip.message in published()["inception_module_bottleneck"].macs.why


def test_the_page_on_measuring_has_every_reason_and_no_other():
    page = (ROOT / "docs" / "measuring.md").read_text().partition("## Reasons")[2].partition("## The file")[0]
    rows = [f"| `{code}` | {each.group} | {each.meaning} | {each.advice} |" for code, each in REASONS.items()]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


def test_every_reason_is_given_somewhere():
    text = "".join(path.read_text() for path in (ROOT / "archstat" / "measuring").rglob("*.py"))
    assert [code for code in REASONS if f'"{code}"' not in text] == []


def test_the_page_on_measuring_names_every_key_of_a_measurement():
    page = (ROOT / "docs" / "measuring.md").read_text()
    assert all(f"`{key}`" in page for key in Measurement.__struct_fields__)
    assert MEASUREMENTS_SCHEMA in page


def test_the_page_on_reports_has_every_chart_and_every_source_of_accuracies():
    page = (ROOT / "docs" / "reports.md").read_text()
    for name, kind in CHARTS.all().items():
        assert f"| `{name}` | {kind.about.rstrip('.')} |" in page
    assert page.count("\n| `") == len(CHARTS.all())
    assert all(f"`{name}`" in page for name in evaluations())
