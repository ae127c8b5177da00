"""Who imports whom: no circle anywhere, and every module can be the first that is imported."""

import pkgutil
import subprocess
import sys

import grimp
import networkx as nx
import pytest

import archstat
from tests.sampling import IS_WHOLE

MODULES = sorted(found.name for found in pkgutil.walk_packages(archstat.__path__, "archstat."))


def circles(imports):
    """The sets of modules that lead back to each other, of pairs of who imports and who is imported."""
    return [sorted(found) for found in nx.strongly_connected_components(nx.DiGraph(imports)) if len(found) > 1]


def test_no_module_leads_back_to_itself_imports_in_functions_counted():
    graph = grimp.build_graph("archstat", cache_dir=None)
    imports = [(name, other) for name in graph.modules for other in graph.find_modules_directly_imported_by(name)]
    assert len(imports) > len(MODULES)
    assert circles(imports) == []


def test_a_circle_would_be_found():
    assert circles([("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]) == [["b", "c"]]


FIRST = """
import importlib, os, sys, traceback
import click, jinja2, msgspec, pandas, plotly.graph_objects, rich.progress, sqlalchemy.dialects.sqlite, torch
import alembic.command, distributed, markdown_it, onnx, torch._dynamo  # so that each module costs what it is itself
failed = 0
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    failed += bool(os.waitpid(child, 0)[1])
sys.exit(min(failed, 1))
"""


@pytest.mark.skipif(
    not hasattr(__import__("os"), "fork"), reason="a process per module takes minutes where none is forked"
)
def test_every_module_can_be_imported_first():
    names = [name for name in MODULES if name != "archstat.__main__"][:: 1 if IS_WHOLE else 40]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST, *names], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
