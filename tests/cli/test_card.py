"""``archstat card``: the block of a model card, on its own and put into a card."""

import json

from huggingface_hub import ModelCard

from tests.cli.test_main import MEASURED

CARD = """---
license: mit  # mine
---
# A
<!-- archstat: begin -->
old
<!-- archstat: end -->
tail\x20
"""


def test_a_card_is_changed_where_it_says_so_and_stays_when_that_is_done_again(archstat, tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(CARD.replace("\n", "\r\n").encode())
    assert archstat("card", "lenet5", "--into", path) == (0, "", f"Wrote {path}\n")
    after = path.read_bytes()
    assert after.startswith(b"---\r\nlicense: mit  # mine\r\narchstat:\r\n")
    assert after.endswith(b"<!-- archstat: end -->\r\ntail \r\n")
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert ModelCard.load(path).data.archstat["networks"][0]["macs"] == 325_680
    assert archstat("card", "lenet5", "--into", path) == (0, "", f"{path} is up to date.\n")
    assert path.read_bytes() == after
    assert [each.name for each in tmp_path.iterdir()] == ["README.md"]


def test_a_card_that_cannot_take_it_stays_as_it_was_and_nothing_is_counted(fails, tmp_path, monkeypatch):
    monkeypatch.setattr("archstat.cli.card.evidence_named", None)
    path = tmp_path / "README.md"
    assert "cannot be read: No such file or directory." in fails("card", "lenet5", "--into", path)
    for text in (b"", b"no lines", b"<!-- archstat: end -->\n<!-- archstat: begin -->\n"):
        path.write_bytes(text)
        assert "<!-- archstat: begin -->" in fails("card", "lenet5", "--into", path)
        assert path.read_bytes() == text
    path.write_bytes(b"\xff<!-- archstat: begin -->\n<!-- archstat: end -->\n")
    assert "it is no UTF-8 text." in fails("card", "lenet5", "--into", path)


def test_a_file_of_measurements_adds_what_was_measured(archstat):
    code, out, err = archstat("card", MEASURED, "--format", "json")
    assert (code, err) == (0, "")
    (network,) = json.loads(out)["networks"]
    assert network["name"] == "alexnet"
    assert network["measurements"][0]["latency_s"] > 0


def test_measurements_of_others_are_said_to_be_left_out(archstat):
    code, out, err = archstat("card", "lenet5", MEASURED)
    assert (code, err) == (0, "Note: measurements of networks that are not named are left out: alexnet.\n")
    assert "measurements:" not in out


def test_a_saved_cost_is_a_card_too(archstat, tmp_path):
    path = tmp_path / "cost.json"
    archstat("table", "lenet5", "--format", "json", "--output", path)
    code, out, err = archstat("card", path)
    assert (code, err) == (0, "")
    assert "in a version that is not recorded" in out


def test_wrong_use_is_refused(archstat, tmp_path):
    for line, says in (
        ([], "Missing argument 'NAME|RESULT.json...'"),
        (["lenet5", "--into", tmp_path / "a", "--output", tmp_path / "b"], "leave out '--output' and '--format'"),
        (["lenet5", "--into", tmp_path / "a", "--format", "json"], "leave out '--output' and '--format'"),
    ):
        code, out, err = archstat("card", *line)
        assert (code, out) == (2, "")
        assert says in err


def test_a_network_of_ones_own_and_what_its_code_prints_is_no_part_of_the_card(archstat, net):
    code, out, err = archstat("card", net, "--input", "3x32x32")
    assert code == 0
    assert "built" in err
    assert ModelCard(out).data.archstat["networks"][0]["parameters"] == 304
