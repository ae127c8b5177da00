"""Kept answers: the same to the last digit, and asked for again once anything that they hang on is another."""

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.analysis.kept import Answers, KeptNetwork
from archstat.counting.conventions import CONVENTIONS
from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.files.cache import Cache
from archstat.networks import ingredients
from archstat.networks.input_specs import parse_input
from archstat.networks.settings import Setting
from archstat.networks.witness import Witness
from archstat.records import Explanation

NETWORKS = {
    "lenet5": {},
    "googlenet": {},
    "se_resnet50(reduction=8)": {},
    "vdsr": {"batch_size": 2},
    "torch.nn:LSTM(3, 4, 2)": {"inputs": (parse_input("5x3"),)},
    "torch.nn:Upsample(scale_factor=3)": {"inputs": (parse_input("3x4x4"),)},
}
QUESTIONS = ("explanations", "fields", "depth", "traffic", "levels")


@pytest.fixture(autouse=True)
def a_fresh_process(monkeypatch, tmp_path):
    """Nobody has watched yet, as code of others may have run in other tests, and nothing was counted ahead."""
    monkeypatch.setattr("archstat.analysis.kept.WITNESS", Witness())
    monkeypatch.setattr("archstat.analysis.ahead.FILE", tmp_path / "counted.zip")


@pytest.fixture
def answers(tmp_path):
    return Answers(Cache(tmp_path))


@pytest.fixture
def silent(monkeypatch):
    """Nobody counts: what is asked for must have been kept."""

    def refuse(*_):
        raise AssertionError("it was counted again")

    return lambda: monkeypatch.setattr("archstat.analysis.inference.analyse", refuse)


@pytest.mark.parametrize(("name", "given"), NETWORKS.items(), ids=NETWORKS)
def test_what_is_kept_is_what_was_counted(answers, silent, name, given):
    setting = Setting(**given)
    counted = analyse(name, setting)
    KeptNetwork(answers, name, setting)
    for question in QUESTIONS:
        getattr(KeptNetwork(answers, name, setting), question)()
    silent()
    kept = KeptNetwork(answers, name, setting)
    assert repr(kept.cost) == repr(counted.cost)
    for question in QUESTIONS:
        assert repr(getattr(kept, question)()) == repr(getattr(counted, question)()), question


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_is_kept(answers, silent, convention):
    counted = analyse("lenet5", Setting()).tally(convention)
    KeptNetwork(answers, "lenet5", Setting()).tally(convention)
    silent()
    assert repr(KeptNetwork(answers, "lenet5", Setting()).tally(convention)) == repr(counted)


SETTINGS = {
    "inputs": (parse_input("1x40x40"),),
    "resolution": 48,
    "batch_size": 2,
    "dtype": "float16",
    "strict": True,
    "sequence": 7,
    "is_test_size": True,
}


def test_every_field_of_a_setting_is_tried():
    assert SETTINGS.keys() == set(Setting.__struct_fields__)


@pytest.mark.parametrize(("field", "value"), SETTINGS.items(), ids=SETTINGS)
def test_another_setting_is_another_answer(field, value):
    changed = msgspec.structs.replace(Setting(), **{field: value})
    assert ingredients.key_of("cost", "lenet5", Setting()) != ingredients.key_of("cost", "lenet5", changed)


def test_another_name_question_or_argument_is_another_answer():
    keys = [
        ingredients.key_of("cost", "lenet5", Setting()),
        ingredients.key_of("cost", "lenet5 ", Setting()),
        ingredients.key_of("cost", "lenet5(classes=9)", Setting()),
        ingredients.key_of("depth", "lenet5", Setting()),
        ingredients.key_of("tally", "lenet5", Setting(), None, "conv"),
        ingredients.key_of("tally", "lenet5", Setting(), None, "canziani2016"),
        ingredients.key_of("cost", "timm:lenet5", Setting()),
    ]
    assert len(set(keys)) == len(keys)


@pytest.fixture
def a_program(monkeypatch, tmp_path):
    """A folder in place of archstat's own, and one in place of torch's."""
    ours, torch = tmp_path / "ours", tmp_path / "torch"
    for folder in (ours, torch):
        folder.mkdir()
    (ours / "rules.py").write_text("N = 1")
    (torch / "__init__.py").write_text("raise SystemExit")
    (torch / "version.py").write_text("__version__ = '2.13.0'")
    monkeypatch.setattr(ingredients, "_OURS", ours)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: type("Found", (), {"origin": str(torch / "__init__.py")}))
    return tmp_path


CHANGES = {
    "a rule of ours": ("ours/rules.py", "N = 2"),
    "a new file of ours": ("ours/published.toml", ""),
    "the version of torch": ("torch/version.py", "__version__ = '2.14.0'"),
    "the commit of torch": ("torch/version.py", "__version__ = '2.13.0'; git_version = 'f00'"),
}


@pytest.mark.parametrize(("path", "text"), CHANGES.values(), ids=CHANGES)
def test_another_program_is_another_answer(a_program, path, text):
    def key():
        ingredients.digest_of_archstat.cache_clear()
        ingredients._of_program.cache_clear()
        return ingredients.key_of("cost", "lenet5", Setting())

    before = key()
    assert key() == before
    (a_program / path).write_text(text)
    after = key()
    ingredients.digest_of_archstat.cache_clear()
    ingredients._of_program.cache_clear()
    assert after != before


def test_another_python_is_another_answer(monkeypatch):
    before = ingredients.key_of("cost", "lenet5", Setting())
    ingredients._of_program.cache_clear()
    monkeypatch.setattr("sys.version", "3.99")
    after = ingredients.key_of("cost", "lenet5", Setting())
    ingredients._of_program.cache_clear()
    assert after != before


def test_a_failure_is_not_kept(answers, tmp_path):
    for _ in range(2):
        with pytest.raises(UnknownNameError, match="lenet55"):
            KeptNetwork(answers, "lenet55", Setting())
        with pytest.raises(SourceError):
            KeptNetwork(answers, "lenet5(classes=classes)", Setting())
        with pytest.raises(InputError):
            KeptNetwork(answers, "lenet5", Setting(resolution=3))
    assert not list(tmp_path.rglob("*.entry"))


def test_what_json_cannot_hold_is_worked_out_each_time(answers):
    calls = []

    def work_out():
        calls.append(1)
        return "\ud800"

    assert [answers.answer("cost", str, work_out, "lenet5", Setting()) for _ in range(2)] == ["\ud800"] * 2
    assert len(calls) == 2


def test_a_number_of_any_size_is_kept(answers):
    assert answers.answer("cost", int, lambda: 2**200, "lenet5", Setting()) == 2**200
    assert answers.answer("cost", int, lambda: 1 / 0, "lenet5", Setting()) == 2**200


def test_without_a_cache_nothing_is_kept():
    found = iter([1, 2])
    answers = Answers(None)
    assert [answers.answer("cost", int, lambda: next(found), "lenet5", Setting()) for _ in range(2)] == [1, 2]


def test_an_answer_of_another_type_is_a_miss(answers):
    answers.answer("cost", int, lambda: 1, "lenet5", Setting())
    assert answers.answer("cost", tuple[Explanation, ...], lambda: (), "lenet5", Setting()) == ()
