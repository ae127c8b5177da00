import ast
import sys
from pathlib import Path

import pytest

import archstat.frameworks
from archstat.errors import MissingPackageError
from archstat.frameworks.libraries import framework

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

ROOT = Path(archstat.frameworks.__file__).parent


def test_a_framework_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    for name in ("lightning", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        MissingPackageError, match=r"needs lightning, which is not installed: pip .*archstat\[lightning\]"
    ):
        framework("lightning", "lightning.pytorch", "pytorch_lightning")


def test_of_two_names_the_one_that_is_imported_is_taken(monkeypatch):
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    assert framework("x", "wave", "json") is sys.modules["json"]
    assert framework("x", "no_such_framework", "wave").__name__ == "wave"


def test_every_extra_that_a_module_names_is_one():
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text())["project"]
    calls = [node for path in ROOT.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    named = [
        call.args[0].value
        for call in calls
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "framework"
    ]
    assert len(named) == 3
    assert set(named) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("name", ["batches", "libraries", "peak", "rates", "steps", "watch", "timm", "ultralytics"])
def test_what_frameworks_share_knows_none(name):
    text = (ROOT / f"{name}.py").read_text()
    found = {line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert found.isdisjoint({"keras", "lightning", "pytorch_lightning", "timm", "transformers", "ultralytics"})
