"""Files are data: what of them may run code, and that nothing else does, however it is written."""

import json
import os

import pytest

from archstat.analysis.inference import analyse
from archstat.claims import check_files
from archstat.cli._networks import analyse_quietly
from archstat.errors import ArchstatError, DataError, SourceError
from archstat.networks import trust
from archstat.networks.settings import Setting
from archstat.networks.sources import find
from archstat.networks.trust import Trust, names_code
from archstat.report.writing.reports import pages_of
from tests.report.folders import REPORT, report

NET = """
import contextlib, functools, json, os, subprocess
from pathlib import Path
import torch
from torch import nn

Path(__file__).with_name("imported").touch()

class Net(nn.Module):
    def __init__(self, width: int = 3):
        super().__init__()
        self.layer = nn.Linear(width, 1)

    def forward(self, x):
        return self.layer(x)

    @classmethod
    def from_config(cls, width=3):
        return cls(width)

class Plain:
    pass

class Called:
    def __call__(self, command=""):
        os.system(command)

@functools.cache
def cached():
    return Net()

@torch.no_grad()
def decorated():
    return Net()

@functools.wraps(os.getcwd)
def wrapping():
    return Net()

@contextlib.contextmanager
def managed():
    return Net()

tiny = functools.partial(Net, 3)
shell = functools.partial(os.system, "touch ran")
called = Called()
short = lambda: Net()
run = subprocess.run
"""
BUDGET = "[[budget]]\narchitecture = {}\ninput = '3'\nparameters = '< 100'\n"
SHELL = 'os:system("touch ran")'


def claims(path, name):
    """A file with a budget for that network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BUDGET.format(json.dumps(name)))
    return path


def checked(*paths, trust=()):
    """Check files as the command does, ``--trust`` being said of some."""
    return [finding.verdict for finding in check_files(paths, analyse, Trust.of(trust))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder that is worked in, of no project, with a file of networks."""
    monkeypatch.setattr(trust, "_project", _project_below(tmp_path))
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / "ran").exists(), "a command was run"


def _project_below(root):
    """The search for a pyproject.toml, which ends at a folder: what lies over it is not ours to say."""
    search = trust._project
    return lambda start: found if (found := search(start)) and found.is_relative_to(root) else None


def trusting(folder, *folders):
    """Make it a project that trusts some of its folders."""
    (folder / "pyproject.toml").write_text(f"[tool.archstat]\ntrust = {json.dumps(folders)}\n")


# -- which names need trust --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lenet5", "resnet18(classes=10)", "cost.json", "torch.json", "a/b.py/cost.json"])
def test_architectures_and_saved_costs_are_no_code(name):
    assert not names_code(name)


@pytest.mark.parametrize(
    "name", [SHELL, "net.py:Net", "net.py", " net.py : Net ", "a.b:c(1)", ":", "x.py:f('.json')", "torch.nn:Linear"]
)
def test_whatever_is_imported_is_code(name):
    assert names_code(name)


@pytest.mark.parametrize(
    "name", ["diffusers:./folder#unet", "diffusers:UNet2DModel", "open_clip:ViT-B-32", "open_clip:./folder", "smp:Unet"]
)
def test_what_a_library_has_is_no_code(name):
    assert not names_code(name)


@pytest.mark.parametrize(
    "name", ["diffusers:utils", "open_clip:create_model('ViT-B-32')", "timm:create_model('resnet18')"]
)
def test_a_function_of_a_library_is_code(name):
    assert names_code(name)


NAMES = [SHELL, "net.py:Net", "./net.py:Net()", "torchvision.models:resnet18", "net.py:shell", "torch:load('x.pt')"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_trusted_imports_nothing(folder, name):
    path = claims(folder / "claims.toml", name)
    says = r"names code, and .*claims\.toml may not run any unless you trust it: .*say that you trust this file\.$"
    with pytest.raises(DataError, match=says) as raised:
        checked(path)
    assert raised.value.helps == {"trusts_files": ""}
    assert not (folder / "imported").exists()


@pytest.mark.parametrize("key", ["minus", "per", "slip"])
def test_no_part_of_a_claim_may_name_code(folder, key):
    (folder / "claims.toml").write_text(_claim(key))
    with pytest.raises(DataError, match="names code"):
        checked(folder / "claims.toml")


def _claim(key):
    why = ", why = 'x'" if key == "slip" else ""
    return (
        "[[claim]]\nid='a'\nstated='7'\narchitecture='lenet5'\nquantity='macs'\n"
        f"{key} = {{ architecture = '{SHELL}', quantity = 'macs'{why} }}\n"
    )


@pytest.mark.parametrize("name", ["torch.nn:Linear(3, 4)", " torch.nn:Linear( 3, 4 ) ", "torch.nn:Identity"])
def test_layers_of_torch_need_no_trust(folder, name):
    assert checked(claims(folder / "claims.toml", name)) == ["holds"]


def test_a_builder_of_ours_needs_no_trust(folder):
    path = claims(folder / "claims.toml", "archstat.architectures.lenet:lenet5")
    path.write_text(path.read_text().replace("'3'", "'1x32x32'").replace("< 100", "60000"))
    assert checked(path) == ["exact"]


@pytest.mark.parametrize(
    "name", ["torch.nn:init", "torch.nn:functional.linear", "torch.nn:Parameter", "torch.nn:modules"]
)
def test_nothing_else_of_torch_or_of_ours_is_free(folder, name):
    with pytest.raises(DataError, match=r"names code|no layer|neither a network|none of networks"):
        checked(claims(folder / "claims.toml", name))


# -- what trust reaches ------------------------------------------------------------------------------------------------

OWN = ["net.py:Net", "net.py:Net(width=3)", "net.py:Net.from_config", "net.py:cached", "net.py:decorated"]
OWN += ["net.py:wrapping", "net.py:tiny", "net.py:short"]


@pytest.mark.parametrize("name", OWN)
def test_a_trusted_file_may_name_the_networks_beside_it(folder, name):
    path = claims(folder / "claims.toml", name)
    assert checked(path, trust=[path]) == ["holds"]


def test_a_project_can_trust_a_folder_of_its_own(folder):
    path = claims(folder / "budgets" / "deep" / "claims.toml", "net.py:Net")
    trusting(folder, "reports")
    with pytest.raises(DataError, match="names code"):
        checked(path)
    trusting(folder, "reports", "budgets")
    assert checked(path) == ["holds"]


def test_the_project_is_found_from_a_folder_in_it(folder, monkeypatch):
    path = claims(folder / "budgets" / "claims.toml", f"{folder}/net.py:Net")
    trusting(folder, "budgets")
    monkeypatch.chdir(path.parent)
    assert checked(path) == ["holds"]


def test_trust_in_one_file_is_none_in_another(folder):
    first, second = claims(folder / "a.toml", "net.py:Net"), claims(folder / "b.toml", "net.py:Net")
    with pytest.raises(DataError, match=r"b\.toml may not run any"):
        checked(first, second, trust=[first])


def test_a_project_of_somebody_else_trusts_nothing(folder, monkeypatch):
    path = claims(folder / "budgets" / "claims.toml", "net.py:Net")
    trusting(folder, "budgets")
    monkeypatch.setattr(trust, "belongs_to_user", lambda _: False)
    with pytest.raises(DataError, match="names code"):
        checked(path)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owners there")
def test_a_file_of_another_user_in_a_folder_of_ours_is_not_ours(folder, monkeypatch):
    (folder / "pyproject.toml").touch()
    assert trust.belongs_to_user(folder / "pyproject.toml")
    stat = os.stat_result((0o100644, 1, 1, 1, 4242, 0, 0, 0, 0, 0))
    original = type(folder).stat
    monkeypatch.setattr(type(folder), "stat", lambda p, **k: stat if p.name == "pyproject.toml" else original(p, **k))
    assert not trust.belongs_to_user(folder / "pyproject.toml")


@pytest.mark.parametrize("text", ["trust = 'reports'", "trust = [3]", "trust = {}"])
def test_a_project_that_cannot_be_understood_is_refused(folder, text):
    (folder / "pyproject.toml").write_text(f"[tool.archstat]\n{text}\n")
    with pytest.raises(DataError, match=r"\[tool.archstat\] trust is a list of folders"):
        checked(claims(folder / "claims.toml", "net.py:Net"))


# -- ways around it ----------------------------------------------------------------------------------------------------


@pytest.fixture
def below(folder):
    """A trusted file in a folder without a project, with a network outside of it and links to that."""
    path = folder / "inner" / "claims.toml"
    (folder / "inner").mkdir()
    (folder / "inner" / "linked.py").symlink_to(folder / "net.py")
    (folder / "inner" / "up").symlink_to(folder)
    (folder / "inner" / "venv" / "site-packages").mkdir(parents=True)
    (folder / "inner" / "venv" / "site-packages" / "net.py").write_text(NET)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "net.py:Net",
        "inner/../net.py:Net",
        "inner/linked.py:Net",
        "inner/up/net.py:Net",
        f"{os.__file__}:system('x')",
        "inner/venv/site-packages/net.py:Net",
    ],
)
def test_trust_does_not_reach_out_of_the_folder(folder, below, name):
    claims(below, name)
    with pytest.raises(DataError, match=r"leads to code that .*claims\.toml may not name: its own lies below"):
        checked(below, trust=[below])
    assert not (folder / "imported").exists()


def test_a_link_in_a_trusted_folder_is_not_trusted(folder, monkeypatch):
    (folder / "mine" / "reports").mkdir(parents=True)
    trusting(folder / "mine", "reports")
    outside = claims(folder / "outside.toml", "net.py:Net")
    (folder / "mine" / "reports" / "claims.toml").symlink_to(outside)
    monkeypatch.chdir(folder / "mine")
    with pytest.raises(DataError, match="names code"):
        checked(folder / "mine" / "reports" / "claims.toml")


AROUND = [
    SHELL,
    'builtins:exec("open(1)")',
    'subprocess:run(["touch", "ran"])',
    'functools:partial("x")',
    "posix:system('touch ran')",
    "importlib:import_module('net')",
    "net.py:os.system('touch ran')",
    "net.py:subprocess.run(['touch', 'ran'])",
    "net.py:run(['touch', 'ran'])",
    "net.py:json.loads('1')",
    "net.py:shell",
    "net.py:called('touch ran')",
    "net.py:Plain",
    "net.py:Path('x')",
    "net.py:Net.forward.__call__()",
    "net.py:__loader__.exec_module('x')",
    "net.py:__builtins__",
    "net.py:functools.partial('x')",
    "pickle:loads(b'x')",
    "_posixsubprocess:fork_exec()",
]


@pytest.mark.parametrize("name", AROUND)
def test_what_makes_no_network_is_not_called_anywhere(folder, name):
    says = "standard library|neither a network nor makes one|none of networks"
    with pytest.raises(SourceError, match=says):
        find(name)
    path = claims(folder / "claims.toml", name)
    with pytest.raises(ArchstatError, match=f"{says}|may not name"):
        checked(path, trust=[path])


@pytest.mark.parametrize("name", ["torch:load('x.pt')", "torch.hub:load('x', 'y')", "torch.jit:load('x.pt')"])
def test_loading_is_for_a_prompt_and_not_for_files(folder, name):
    assert find(name).name == name
    for written in (name, f"net.py:{name.replace(':', '.')}"):
        path = claims(folder / "claims.toml", written)
        with pytest.raises(DataError, match=r"may not name"):
            checked(path, trust=[path])


@pytest.mark.parametrize(
    "name", ["pip:main(['--version'])", "pytest:main([])", "setuptools:setup()", "archstat.cli:main"]
)
def test_a_trusted_file_may_name_no_tools(folder, name):
    path = claims(folder / "claims.toml", name)
    with pytest.raises(DataError, match="may not name"):
        checked(path, trust=[path])


@pytest.mark.usefixtures("torchvision")
def test_a_trusted_file_may_name_an_installed_network(folder):
    path = claims(folder / "claims.toml", "torchvision.models:resnet18")
    path.write_text(path.read_text().replace("'3'", "'3x64x64'").replace("< 100", "> 100"))
    assert checked(path, trust=[path]) == ["holds"]


def test_a_module_of_the_trusted_folder_may_be_named_and_another_may_not(folder, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "net_of_another.py").write_text(NET)
    (folder / "net_of_ours.py").write_text(NET)
    monkeypatch.syspath_prepend(elsewhere)
    monkeypatch.syspath_prepend(folder)
    path = claims(folder / "claims.toml", "net_of_ours:Net")
    assert checked(path, trust=[path]) == ["holds"]
    claims(path, "net_of_another:Net")
    with pytest.raises(DataError, match="may not name"):
        checked(path, trust=[path])
    assert not (elsewhere / "imported").exists()


# -- written reports ---------------------------------------------------------------------------------------------------


@pytest.fixture
def reports(folder):
    """Ours, and theirs beside it, whose claims and networks are commands, and which has a page."""
    ours = report(folder / "reports" / "ours")
    theirs = report(
        folder / "reports" / "theirs",
        contents='title = "{{a}} ops, 12 of them"\nsummary = "x"\nnetworks = [\'os:system("touch ran")\']\n',
        claims=_claim("per"),
    )
    (theirs / "index.html").touch()
    return ours, theirs


def test_a_report_beside_the_one_that_is_built_is_read_for_its_title_alone(reports):
    *_, (_, start) = pages_of(reports[:1], analyse)
    assert [link.title for link in start.blocks[0].links] == ["A report", "… ops, … of them"]


@pytest.mark.parametrize("text", ["", "not TOML", 'title = 3\norder = "x"\n', "title = ''", "a." * 200 + "a = 1"])
def test_a_report_beside_it_cannot_stop_the_build(reports, text):
    ours, theirs = reports
    (theirs / "report.toml").write_text(text)
    *_, (_, start) = pages_of([ours], analyse)
    assert [link.title for link in start.blocks[0].links] == ["A report"]


def test_a_report_that_names_code_is_not_built(reports):
    with pytest.raises(ArchstatError, match="names code"):
        pages_of(reports[1:], analyse)


@pytest.mark.parametrize("place", ["networks", "figure", "table"])
def test_no_part_of_a_report_may_name_code(folder, place):
    entry = {
        "networks": REPORT.replace('"lenet5"', '"net.py:Net"') + '[table.a]\nof = "compare"\n',
        "figure": f'{REPORT}[figure.a]\nchart = "layers"\nnetworks = ["net.py:Net"]\n',
        "table": f'{REPORT}[table.a]\nof = "compare"\nnetworks = ["net.py:Net"]\n',
    }[place]
    own = report(folder / "own", contents=entry, text="{{figure a}}" if place == "figure" else "{{table a}}")
    with pytest.raises(ArchstatError, match="names code"):
        pages_of([own], analyse)


def test_a_trusted_report_trusts_no_claims_of_others(folder):
    (folder / "lecture").mkdir()
    claims(folder / "lecture" / "claims.toml", "net.py:Net")
    cited = report(folder / "cited", text="{{lecture/budget 1: parameters}}")
    listed = report(folder / "listed", contents=REPORT + 'errata = ["../lecture/claims.toml"]\n', text="{{errata}}")
    for own in (cited, listed):
        with pytest.raises(ArchstatError, match=r"names code, and .*lecture/claims\.toml may not run any"):
            pages_of([own], analyse, Trust.of([own]))


@pytest.mark.usefixtures("folder")
def test_a_saved_cost_runs_nothing():
    with pytest.raises(ArchstatError, match="cannot be read"):
        Trust().within("a.toml", analyse_quietly)("net.py:Net.json", Setting())
