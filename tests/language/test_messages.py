"""Messages: said in a language, kept in records in English and told again, complete in every catalogue."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import archstat
from archstat.analysis.inference import explain
from archstat.errors import UnknownNameError
from archstat.language import LOCALE, language, languages, listed, recorded, retold, say, speak, speaking
from archstat.published.figures import published
from archstat.tables.networks import TASKS
from tests.language.outside import in_full_width, outside

ROOT = Path(__file__).parents[2]


def test_a_language_holds_within_a_block_and_ends_with_it():
    with speaking("ko"):
        assert (language(), say("Layer")) == ("ko", "층")
        with speaking("en"):
            assert say("Layer") == "Layer"
        assert say("Layer") == "층"
    assert (language(), say("Layer")) == ("en", "Layer")


def test_a_language_holds_from_python_until_another_one_is_spoken():
    try:
        archstat.speak("ko")
        assert archstat.count("lenet5").table().startswith("lenet5 · 입력 1×1×32×32")
    finally:
        speak("en")
    with archstat.speaking("ko"):
        assert "파라미터" in archstat.count("lenet5").table("markdown")
    assert "파라미터" not in archstat.count("lenet5").table("markdown")


@pytest.mark.parametrize("name", ["", "KO", "ko_KR", "../ko", "<script>", "한국어", "e" * 10_000])
def test_what_is_no_language_is_refused(name):
    with pytest.raises(UnknownNameError, match="The languages are en, ko"):
        speak(name)
    assert language() == "en"


def test_a_message_without_a_translation_is_said_in_english_and_braces_of_names_are_no_places():
    with speaking("ko"):
        assert say("No catalogue has {this}.", this="{that}") == "No catalogue has {that}."
        assert say("input {shapes}", shapes="{0}") == "입력 {0}"


def test_what_a_record_holds_is_english_and_is_told_again():
    with speaking("ko"):
        held = recorded("rounded up: the last window reaches {things} over the edge", things="2 rows and columns")
        assert held == "rounded up: the last window reaches 2 rows and columns over the edge"
        assert retold(held) == "올림: 마지막 창이 가장자리를 넘어감 (행과 열 2개씩)"
        assert retold("6×28×28; from 14") == "6×28×28; 입력 14"
        assert retold("Conv2d 96→256 5×5, 2 groups, run 2") == "Conv2d 96→256 5×5, 그룹 2개, 2회째 실행"
    assert retold("6×28×28; from 14") == "6×28×28; from 14"


@pytest.mark.parametrize(
    "prose",
    [
        *("", "from the paper", "the network is not the one of Table 1", "padding is the same", "12.3 G is printed"),
        *(
            "stride",
            "run away",
            "a; b: c, d × e",
            "{count} rows",
            "\x1b[31m",
            "층",
            "<script>alert(1)</script>",
            ";" * 999,
        ),
    ],
)
def test_prose_of_others_is_left_as_it_is(prose):
    with speaking("ko"):
        assert retold(prose) == prose


def test_names_are_listed():
    assert [listed(names) for names in ([], ["a"], ["a", "b"], iter(["a", "b", "c"]))] == [
        "",
        "a",
        "a and b",
        "a and b and c",
    ]


@pytest.mark.parametrize("network", ["lenet5", "alexnet", "googlenet", "densenet121", "resnet20"])
def test_no_word_of_a_sum_is_outside_of_the_messages(network):
    explained = explain(network)
    with in_full_width():
        told = {retold(each) for row in explained for step in row.steps for each in (step.quantity, step.remark)}
        edges = {retold(row.edges) for row in explained}
    names = {"MACs", "coefficient", "weight", "bias"}
    assert {each: found for each in told | edges if (found := outside(each, names))} == {}


def test_every_task_is_a_message():
    assert {each.task for each in published().values()} <= set(TASKS)


def test_recorded_messages_do_not_match_each_other():
    """A text that comes of one message is told by that one: no other that says as much fits it."""
    texts = json.loads((LOCALE / "recorded.json").read_text())
    with in_full_width():
        for text in texts:
            values = dict.fromkeys(
                ("count", "number", "size", "stride", "padding", "value", "share", "first", "second"), "7"
            )
            held = text.format_map(_Places(values))
            assert retold(held) == say(text).format_map(_Places(values)), text


class _Places(dict):
    """Numbers in the places of numbers, a name in all others."""

    def __missing__(self, key):
        return "名"


def test_the_catalogues_are_complete_and_up_to_date():
    pytest.importorskip("babel")
    run = [sys.executable, str(ROOT / "tools" / "messages.py"), "--check"]
    ended = subprocess.run(run, cwd=ROOT, check=False, capture_output=True, encoding="utf-8")
    assert (ended.stdout, ended.returncode) == ("", 0)


def test_every_language_has_a_folder_and_what_is_compiled_is_there():
    assert languages() == ["en", "ko"]
    assert (LOCALE / "ko" / "LC_MESSAGES" / "archstat.mo").stat().st_size > 10_000
