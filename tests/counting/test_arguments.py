"""Arguments of ops have names, and no rule knows at which place torch takes them."""

import re
from pathlib import Path

import archstat.counting

ROOT = Path(archstat.counting.__file__).parent
BY_PLACE = re.compile(r"\bcall\.args\[|\bop\.args\[")


def files_by_place(root):
    return [path.name for path in sorted(root.rglob("*.py")) if BY_PLACE.search(path.read_text())]


def test_no_other_file_reads_an_argument_by_its_place():
    assert files_by_place(ROOT) == ["arguments.py"]


def test_an_argument_by_its_place_is_found(tmp_path):
    (tmp_path / "rules.py").write_text("stride = call.args[3]\n")
    assert files_by_place(tmp_path) == ["rules.py"]
