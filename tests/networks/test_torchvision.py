"""Torchvision is imported before any of its ops is declared: where its compiled part fits torch, it declares them."""

import subprocess
import sys

import pytest

OWN = "(Tensor boxes, Tensor scores, float threshold) -> Tensor"
COMPILED = f"""
import torch
torch.library.define("torchvision::nms", "{OWN}")
torch.library.define("torchvision::qnms", "{OWN}")
"""
UNFIT = """
import torch
if not hasattr(torch.ops.torchvision, "nms"):
    raise RuntimeError("operator torchvision::nms does not exist")
"""
USE = """
from archstat.networks.torchvision_ops import mend_torchvision
mend_torchvision()
import torch, torchvision
print("imported", hasattr(torch.ops.torchvision, "nms"))
"""


def run_beside(tmp_path, package, code=USE):
    """A process that finds a stand-in for torchvision before the real one."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(package)
    command = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"
    return subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", [COMPILED, UNFIT, ""], ids=["declares its ops", "asks for its ops", "has no ops"])
@pytest.mark.sampled(3)
def test_torchvision_can_be_imported_whether_or_not_its_compiled_part_fits(tmp_path, package):
    done = run_beside(tmp_path, package)
    assert (done.returncode, done.stdout.split()[:1]) == (0, ["imported"]), done.stderr


def test_an_op_that_is_declared_before_its_owner_declares_it_ends_the_process(tmp_path):
    early = f'import torch\ntorch.library.define("torchvision::nms", "{OWN}")\nimport torchvision\n'
    assert run_beside(tmp_path, COMPILED, early).returncode != 0
