"""Numbers of READMEs, cards and papers, held against counts."""

import functools

import pytest

import archstat
from archstat.analysis.inference import analyse
from archstat.claims import check_files
from archstat.claims.printed import check_text
from archstat.errors import ArchstatError, DataError, SourceError

once = functools.cache(analyse)
SIDECAR = '[networks]\n"LeNet" = "lenet5"\n"Big Net" = "resnet20"\n'


@pytest.fixture
def checked(tmp_path):
    def check(text, sidecar=SIDECAR, name="README.md"):
        (tmp_path / name).write_text(text)
        if sidecar:
            (tmp_path / "README.archstat.toml").write_text(sidecar)
        return check_text(tmp_path / name, once)

    return check


def told(findings):
    return [(each.line, each.id, each.stated, each.verdict) for each in findings]


def test_numbers_of_a_table_hold_or_do_not_and_what_is_not_known_is_not_checked(checked):
    found = checked(
        "| Model | Params (k) | MFLOPs | Error |\n|---|---|---|---|\n"
        "| LeNet | 60 | 0.65 | 0.8 |\n| LeNet | 61 | 0.65 | 0.8 |\n| Other | 3 | - | 1 |\n"
    )
    assert told(found) == [
        (3, "LeNet: Params (k)", "60 k params", "exact"),
        (3, "LeNet: MFLOPs", "0.65 M FLOPs", "rounds"),
        (3, "Error", "0.8", "undecided"),
        (4, "LeNet: Params (k)", "61 k params", "does not hold"),
        (4, "LeNet: MFLOPs", "0.65 M FLOPs", "rounds"),
        (5, "Other: Params (k)", "3 k params", "undecided"),
    ]
    assert found[1].message == "by conv+linear, in FLOPs of which a MAC is two"
    assert found[2].message == "not checked, what the 3 numbers of this column count is not known"
    assert found[3].message.startswith("off by ")
    assert found[5].message == "not checked, it names no network that is known"
    assert [each.is_as_expected for each in found] == [True, True, True, False, True, True]


def test_prose_is_checked_by_the_sentence(checked):
    found = checked("LeNet has 60k parameters. Another one has 5M parameters.\n\nBig Net: 0.27M params, LeNet: less.\n")
    assert told(found) == [
        (1, "lenet5", "60k parameters", "exact"),
        (1, "line 1", "5M parameters", "undecided"),
        (3, "line 3", "0.27M params", "undecided"),
    ]
    assert found[2].message == "not checked, it names several networks"


def test_of_names_in_one_another_the_longest_is_meant(checked):
    (finding,) = checked("Net Big has 60k params.\n", '[networks]\n"Net" = "resnet20"\n"Net Big" = "lenet5"\n')
    assert finding.verdict == "exact"


def test_a_column_of_sizes_says_the_input(checked):
    found = checked(
        "| Model | Input size | MACs |\n|---|---|---|\n| Big Net | 64x64 | 162M |\n| Big Net | 32 | 162M |\n"
    )
    assert [each.verdict for each in found] == ["rounds", "does not hold"]
    assert "resnet20 at 64×64 prints so, by conv+linear, in MACs" in found[1].message


CARD = """# Model card for LeNet
- **Model Stats:**
  - Params (k): 60
  - MMACs: 0.3 (on paper)
  - Learning rate: 0.1
## Big Net
* Parameters: 0.27M
* MACs: 9M
* LeNet: 60k params
## LeNet and Big Net
1. Params: 60k
## Another
- Params: 60k
"""


def test_a_list_is_checked_of_what_it_belongs_to(checked):
    found = checked(CARD)
    assert told(found) == [
        (3, "Model Stats: Params (k)", "60 k params", "exact"),
        (4, "Model Stats: MMACs", "0.3 (on paper)", "undecided"),
        (7, "Big Net: Parameters", "0.27M", "exact"),
        (8, "Big Net: MACs", "9M", "does not hold"),
        (9, "lenet5", "60k params", "exact"),
        (11, "LeNet and Big Net: Params", "60k", "undecided"),
        (13, "Another: Params", "60k", "undecided"),
    ]
    assert found[-1].message == "not checked, the network may be a part of what the row is of, Another"


def test_a_sidecar_says_what_a_column_counts(checked):
    columns = '[columns]\n"Size" = "k params"\n"Ops" = { unit = "MACs", convention = "conv" }\n'
    ours, conv = (archstat.reconcile("lenet5")[name].number for name in ("conv+linear", "conv"))
    table = f"| Model | Size | Ops |\n|---|---|---|\n| LeNet | 60 | {conv:,} |\n| LeNet | 60 | {ours:,} |\n"
    found = checked(table, SIDECAR + columns)
    assert [each.verdict for each in found] == ["exact", "exact", "exact", "does not hold"]
    assert found[1].message == "by conv"


def test_a_number_without_its_thousands_is_not_guessed(checked):
    found = checked("| Model | Params |\n|---|---|\n| LeNet | 60.0 |\n| LeNet | 60,000 |\n")
    assert [each.verdict for each in found] == ["undecided", "exact"]
    assert "whether it is in thousands, millions or billions is not said" in found[0].message


def test_a_table_of_latex_is_checked(checked):
    rows = ["Model & {MACs (M)} \\\\", "\\midrule", "\\multirow{2}{*}{LeNet} & 0.33 \\\\", " & \\num{0.34} \\\\"]
    text = "\n".join(["\\begin{tabular}{l S}", *rows, "\\end{tabular}", ""])
    found = checked(text, name="README.tex")
    assert [(each.line, each.verdict) for each in found] == [(4, "rounds"), (5, "does not hold")]


def test_a_network_of_a_library_is_known_by_its_name_and_one_that_is_not_there_is_not_checked(tmp_path):
    def installed(name, setting):
        if name != "timm:resnet20":
            raise SourceError(f"{name} is not on this machine.")
        return once("resnet20", setting)

    text = "| Model | Params |\n|---|---|\n| [card](x/y) timm/resnet20 | 0.27M |\n| nobody/no-such-net | 3M |\n"
    (tmp_path / "card.md").write_text(text)
    found = check_text(tmp_path / "card.md", installed)
    assert [each.verdict for each in found] == ["rounds", "undecided"]
    assert (
        found[1].message
        == "not checked, hf:nobody/no-such-net cannot be counted, hf:nobody/no-such-net is not on this machine"
    )


@pytest.mark.parametrize(
    "text", ["", "# Nothing\n", "| A | Params |\n|---|---|\n| 網路 | 3M |\n", "<script>alert(1)</script>\n"]
)
def test_a_text_of_which_nothing_is_known_is_told_what_to_write(checked, text):
    with pytest.raises(DataError, match=r"README\.md: .*write README\.archstat\.toml beside it") as caught:
        checked(text, "")
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    ("sidecar", "says"),
    [
        ("[network]\n", "'network' is none of networks, columns"),
        ('[networks]\n"LeNet" = 3\n', "Expected"),
        ('[networks]\n"LeNet" = { network = "lenet5", size = 3 }\n', "unknown field `size`"),
        ("networks = 3\n", "'networks' is no table: write '[networks]'"),
        ('[networks]\n"LeNet" = ["lenet5"]\n', "'LeNet': Expected"),
        ('[networks]\n"LeNet" = { network = "lenet5", resolution = -3 }\n', "'LeNet': Expected `int` >= 1"),
        ('[networks]\n"LeNet" = ""\n', "'LeNet' = '' names nothing"),
        ('[networks]\n" " = "lenet5"\n', "' ' = 'lenet5' names nothing"),
        ('[columns]\n"A" = "bananas"\n', "'A': 'bananas' is no unit; write it like 'M params'"),
        ("[networks]\n<<<<<<< HEAD\n", "README.archstat.toml:2: '<<<<<<<' marks a conflict of a merge"),
        ('[columns]\n"A" = { convention = "fvcor" }\n', "No convention is named 'fvcor'"),
        ("nonsense", "is no TOML"),
    ],
)
def test_a_sidecar_that_does_not_hold_together_is_refused(checked, sidecar, says):
    with pytest.raises(ArchstatError) as caught:
        checked("LeNet has 60k parameters.\n", sidecar)
    assert says in str(caught.value)


def test_a_folder_in_the_place_of_the_sidecar_is_told(checked, tmp_path):
    (tmp_path / "README.archstat.toml").mkdir()
    with pytest.raises(DataError, match=r"README\.archstat\.toml cannot be read"):
        checked("timm:resnet50 has 25.6M parameters.\n", "")


def test_code_runs_for_no_text_that_is_not_trusted(tmp_path):
    (tmp_path / "net.py").write_text("raise SystemExit('it ran')\n")
    (tmp_path / "README.md").write_text("LeNet has 60k parameters.\n")
    (tmp_path / "README.archstat.toml").write_text('[networks]\n"LeNet" = "net.py:Net"\n')
    (finding,) = check_files([tmp_path / "README.md"], analyse, keeps_going=True)
    assert finding.is_error
    assert "net.py" in finding.message


def test_what_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "README.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "paper.tex").write_text("x" * (5 * 2**20))
    found = check_files([tmp_path / "README.md", tmp_path / "paper.tex"], once, keeps_going=True)
    assert [each.is_error for each in found] == [True, True]
    assert "no UTF-8 text" in found[0].message
    assert "more than 4 MiB" in found[1].message


@pytest.mark.parametrize("name", ["README.md", "README.tex"])
def test_a_sentence_goes_on_in_the_next_line_and_ends_before_another_network(checked, name):
    found = checked("LeNet has 60k\nparameters and 0.65M\nFLOPs. Big Net has 270k parameters.\n", name=name)
    assert told(found) == [
        (1, "lenet5", "60k parameters", "exact"),
        (2, "lenet5", "0.65M FLOPs", "rounds"),
        (3, "resnet20", "270k parameters", "exact"),
    ]


def test_what_follows_a_stop_is_of_no_network_until_it_names_one(checked):
    first, second = checked("LeNet is small. ournet has 999k parameters; LeNet has 60k parameters.\n")
    assert (first.verdict, second.verdict) == ("undecided", "exact")


def test_macs_that_are_flops_do_not_hold(checked):
    found = checked("| Model | kMACs | kFLOPs |\n|---|---|---|\n| LeNet | 651.4 | 651.4 |\n| LeNet | 325.7 | 325.7 |\n")
    assert [each.verdict for each in found] == ["does not hold", "rounds", "rounds", "rounds"]
    assert "in FLOPs of which a MAC is two; FLOPs called MACs" in found[0].message


def test_a_table_of_html_is_checked(checked):
    row = "<tr><td>LeNet</td><td>60</td></tr>\n<tr><td>LeNet</td><td>61</td></tr>"
    found = checked(f"<table>\n<tr><th>Model</th><th>Params (k)</th></tr>\n{row}\n</table>\n")
    assert told(found) == [
        (3, "LeNet: Params (k)", "60 k params", "exact"),
        (4, "LeNet: Params (k)", "61 k params", "does not hold"),
    ]


def test_a_number_is_held_against_the_input_that_its_sentence_says(checked):
    first, second = checked("Big Net needs 162M MACs at 64x64. Big Net needs 162M MACs.\n")
    assert (first.verdict, second.verdict) == ("rounds", "does not hold")


def test_what_is_rounded_to_tens_holds(checked):
    found = checked("Net has 140M params. Net has 130M params.\n", '[networks]\n"Net" = "vgg16"\n')
    assert [each.verdict for each in found] == ["rounds", "does not hold"]
    assert found[0].message == "all parameters; rounded to tens"
