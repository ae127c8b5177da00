"""From what a user names to tasks."""

import pytest

from archstat.errors import InputError, SourceError, UnknownNameError
from archstat.networks.settings import MeasureSetting, Setting
from archstat.sweeping import plan
from archstat.sweeping.plan import settings_over, tasks_of, versions_for
from archstat.version import __version__


def names_of(hub):
    return {"timm": ["resnet18", "resnet34", "vit_tiny"]}[hub]


def networks(*names, over=(), measured=()):
    bundles = tasks_of(names, over, names_of, Setting(), measured)
    assert all(len({task.network for task in bundle}) == 1 for bundle in bundles)
    return [bundle[0].network for bundle in bundles]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["lenet5"], ["lenet5"]),
        (["timm:resnet*"], ["timm:resnet18", "timm:resnet34"]),
        (["timm:resnet18", "timm:*"], ["timm:resnet18", "timm:resnet34", "timm:vit_tiny"]),
        (["./n.py:Net(w={16,32}, d={2,4})"], [f"./n.py:Net(w={w}, d={d})" for w in (16, 32) for d in (2, 4)]),
        (["lenet5(classes={3,5})"], ["lenet5(classes=3)", "lenet5(classes=5)"]),
        (["n.py:Net({'a','b'}, k=[1, 2])"], ["n.py:Net('a', k=[1, 2])", "n.py:Net('b', k=[1, 2])"]),
        (["n.py:Net(w={7})"], ["n.py:Net(w=7)"]),
        (["lenet?"], ["lenet5"]),
    ],
)
def test_a_name_stands_for_its_networks(names, found):
    assert networks(*names) == found


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("timm:nothing*", UnknownNameError, r"timm has no network like 'nothing\*'"),
        ("nothing*", UnknownNameError, "No architecture is named like"),
        ("n.py:Net(w={16,32)", SourceError, "is no space of networks"),
        ("n.py:Net(w={})", InputError, "no values between its braces"),
        ("", InputError, "'' names no network"),
        ("cost.json", InputError, "a saved cost is imported into a store"),
        ("bogus:*", InputError, "is a form of names, which only archstat and"),
        ("./n.py:*", InputError, "is a form of names"),
        ("LENET5", UnknownNameError, "No architecture is named 'LENET5'"),
        ("lenet55(classes=3)", UnknownNameError, "Did you mean 'lenet5'"),
        ("n.py:Net{16}", SourceError, "is no space of networks"),
        ("n.py:Net(**{1})", SourceError, "is no space of networks"),
        (
            "n.py:Net(" + ", ".join(f"a{n}={{{','.join(map(str, range(20)))}}}" for n in range(6)) + ")",
            InputError,
            "more",
        ),
    ],
)
def test_a_name_of_none_is_refused(name, error, says):
    with pytest.raises(error, match=says):
        networks(name)


def test_everything_that_varies_is_combined():
    settings = settings_over(Setting(), ["resolution=224, 288", "batch_size=1,8,8", "dtype=float16"])
    assert [(each.resolution, each.batch_size) for each in settings] == [(224, 1), (224, 8), (288, 1), (288, 8)]
    assert {each.dtype for each in settings} == {"float16"}


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ("resolution", "has no values"),
        ("resolution=", "has no values"),
        ("resolution=224,,288", "has no values"),
        ("resolution=0", "'0' is no resolution"),
        ("batch_size=-1", "is no batch_size"),
        ("batch_size=²", "is no batch_size"),
        ("batch_size=99999999999", "is no batch_size"),
        pytest.param(f"batch_size={'9' * 5000}", "is no batch_size", id="many digits"),
        ("dtype=int3", "is no dtype: there is float32"),
        ("width=3", "'width=3' is nothing that varies"),
        ("", "is nothing that varies"),
        ("input=3x", "3x"),
    ],
)
def test_what_does_not_vary_is_refused(over, says):
    with pytest.raises(InputError, match=says):
        settings_over(Setting(), [over])


def test_what_varies_twice_is_refused():
    with pytest.raises(InputError, match="'resolution' varies twice"):
        settings_over(Setting(), ["resolution=1", "resolution=2"])


def test_too_many_tasks_are_refused():
    over = [f"resolution={','.join(map(str, range(1, 1200)))}", f"batch_size={','.join(map(str, range(1, 1200)))}"]
    with pytest.raises(InputError, match="1,437,601 tasks"):
        networks("lenet5", over=over)


def test_every_way_to_measure_is_a_task():
    ways = [MeasureSetting(threads=1), MeasureSetting(threads=2)]
    [bundle] = tasks_of(["lenet5"], [], names_of, Setting(), ways)
    assert [task.measured for task in bundle] == ways
    assert len({task.key for task in bundle}) == 2
    assert bundle[0].told == '{"measured":{"threads":1}}'


def test_versions_are_those_of_what_counts(tmp_path, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    plain = versions_for("lenet5")
    assert (plain.archstat, plain.library) == (__version__, "")
    assert torch.__version__.startswith(plain.torch)
    assert versions_for("timm:resnet18").library.startswith("timm ")
    assert versions_for("hf:bert").library.startswith("transformers ")


WHAT_IS_READ = {
    "the file": ("{}/net.py:Net", "net.py"),
    "a file beside it": ("{}/net.py:Net", "blocks.py"),
    "a file that an argument names": ("{}/net.py:Net(path='{}/n.txt')", "n.txt"),
    "a folder of a library": ("hf:{}", "config.json"),
}


@pytest.mark.parametrize(("name", "changed"), WHAT_IS_READ.values(), ids=WHAT_IS_READ)
def test_another_content_of_what_a_name_leads_to_is_another_version(tmp_path, name, changed):
    for each in ("net.py", "blocks.py", "n.txt", "config.json"):
        (tmp_path / each).write_text("1")
    name = name.replace("{}", str(tmp_path))
    before = versions_for(name)
    plan._digest.cache_clear()
    assert versions_for(name) == before
    (tmp_path / changed).write_text("2")
    plan._digest.cache_clear()
    assert versions_for(name) != before


def test_another_content_of_a_module_is_another_version(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "net.py").write_text("1")
    before = versions_for("pack.net:Net")
    assert before.library.startswith("net.py ")
    plan._digest.cache_clear()
    (tmp_path / "pack" / "net.py").write_text("2")
    assert versions_for("pack.net:Net") != before
    assert versions_for("torch.nn:Linear(2, 3)").library == ""


def test_another_content_of_a_file_is_another_version(tmp_path):
    for name, text in (("a", "x = 1"), ("b", "x = 2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.py").write_text(text)
    found = {versions_for(f"{tmp_path / name}/net.py:Net(w=3)").library for name in ("a", "b")}
    assert len(found) == 2
    assert all(each.startswith("net.py ") for each in found)
