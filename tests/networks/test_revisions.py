"""Networks as a revision of git has them; what is worked on is never touched."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archstat.analysis.inference import analyse
from archstat.errors import AbsentError, SourceError, UnknownNameError
from archstat.networks.revisions import AtRevision, at_revision, checked_out
from archstat.networks.settings import Setting

GIT = shutil.which("git")
NET = """
from torch import nn
from pkg.blocks import WIDTH

class Net(nn.Module):
    def __init__(self, width=WIDTH):
        super().__init__()
        with open("width.txt") as file:
            self.fc = nn.Linear(4, width * int(file.read()))

    def forward(self, x):
        return self.fc(x)
"""


def git(folder, *arguments):
    own = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run([GIT, "-C", str(folder), *own, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A package of two files and a text at the tag v1; all of it is changed since, and nothing of that committed."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    write(tmp_path, pkg__net_py=NET, pkg__blocks_py="WIDTH = 2", width_txt="3")
    (tmp_path / "pkg/__init__.py").touch()
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    git(tmp_path, "tag", "v1")
    write(tmp_path, pkg__blocks_py="WIDTH = 5", width_txt="7")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def macs(spec, setting=None):
    return analyse(spec, setting or setting_of_four()).cost.macs


def setting_of_four():
    from archstat.networks.input_specs import parse_input

    return Setting(inputs=(parse_input("4"),))


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("main:./net.py:Net", AtRevision("main", "./net.py", "Net")),
        ("HEAD~1:pkg.net:Net.small", AtRevision("HEAD~1", "pkg.net", "Net.small")),
        ("feature/x:net.py:Net", AtRevision("feature/x", "net.py", "Net")),
        ("v1.0:model.onnx", AtRevision("v1.0", "model.onnx", "")),
        ("./net.py:Net", None),
        ("pkg.net:Net", None),
        ("timm:resnet50", None),
        ("resnet50", None),
        ("hf:./folder:x", None),
        ("C:\\nets\\net.py:Net", None),
        (":net.py:Net", None),
    ],
)
def test_a_revision_stands_before_a_file_or_a_module(place, found):
    assert at_revision(place) == found


@pytest.mark.parametrize("spec", ["v1:./pkg/net.py:Net", "main:pkg/net.py:Net", "HEAD:pkg.net:Net", "@:pkg.net:Net"])
@pytest.mark.usefixtures("repository")
def test_a_network_is_built_of_the_files_of_its_revision(spec):
    assert macs(spec) == 4 * 2 * 3
    assert macs(spec.partition(":")[2]) == 4 * 5 * 7, "what is worked on"
    assert macs(spec) == 4 * 2 * 3, "again, after the other one was imported"


@pytest.mark.usefixtures("repository")
def test_arguments_are_handed_on_and_the_name_stays_as_it_was_written():
    network = analyse("v1:pkg/net.py:Net(width=1)", setting_of_four())
    assert (network.cost.architecture, network.cost.macs) == ("v1:pkg/net.py:Net(width=1)", 4 * 1 * 3)


def test_a_folder_below_is_the_folder_that_is_worked_in(repository, monkeypatch):
    write(repository, sub__width_txt="1", sub__net_py=NET.replace("from pkg.blocks import WIDTH", "WIDTH = 9"))
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "two")
    write(repository, sub__width_txt="100")
    monkeypatch.chdir(repository / "sub")
    assert macs("HEAD:./net.py:Net") == 4 * 9
    assert macs("v1:../pkg/net.py:Net") == 4 * 2 * 3


def test_a_package_may_lie_in_a_folder_of_sources(repository):
    write(repository, src__own__net_py="from torch import nn\nmake = lambda: nn.Linear(4, 8)")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "two")
    assert macs("HEAD:own.net:make") == 4 * 8


def state_of(folder):
    """Every file, git's own too, with its content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_nothing_of_the_repository_is_touched(repository, monkeypatch):
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git/index"))  # as git has it for hooks
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    status = git(repository, "status", "--porcelain")
    before = state_of(repository)
    assert macs("v1:pkg/net.py:Net") == 24
    assert state_of(repository) == before
    assert git(repository, "status", "--porcelain") == status
    assert Path.cwd() == repository


KILLED = """
import os, signal
from archstat.networks import revisions
def killed(folder, *arguments, real=revisions._git, **more):
    if "checkout-index" in arguments:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(folder, *arguments, **more)
revisions._git = killed
revisions.checked_out("v1:pkg/net.py:Net", revisions.AtRevision("v1", "pkg/net.py", "Net"))
"""


def test_a_process_that_is_killed_meanwhile_leaves_the_repository_as_it_was(repository):
    before = state_of(repository)
    done = subprocess.run([sys.executable, "-c", KILLED], check=False, cwd=repository, capture_output=True)
    assert done.returncode == -9
    assert state_of(repository) == before


def test_a_submodule_has_the_commit_that_it_had(repository, tmp_path_factory):
    inner = tmp_path_factory.mktemp("inner")
    git(inner, "init", "--quiet", "--initial-branch=main")
    write(inner, net_py="from torch import nn\nmake = lambda: nn.Linear(4, 2)")
    git(inner, "add", "--all")
    git(inner, "commit", "--quiet", "--message", "one")
    git(repository, "submodule", "--quiet", "add", str(inner), "inner")
    git(repository, "commit", "--quiet", "--message", "with it")
    write(repository / "inner", net_py="from torch import nn\nmake = lambda: nn.Linear(4, 3)")
    git(repository / "inner", "commit", "--quiet", "--all", "--message", "two")
    assert macs("HEAD:inner/net.py:make") == 8, "the commit of the submodule that the revision names"


# -- what is not there -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("v1:pkg/later.py:Net", AbsentError, r"^'pkg/later.py' did not exist at 'v1'\.$"),
        ("v1:pkg.later:Net", AbsentError, r"^'pkg.later' did not exist at 'v1'\.$"),
        ("v1:pkg/net.py:Later", AbsentError, r"^'pkg/net.py' had no 'Later' at 'v1'\.$"),
        ("mian:pkg/net.py:Net", UnknownNameError, "No revision is named 'mian'. Did you mean 'main'"),
        ("--help:pkg/net.py:Net", UnknownNameError, "No revision is named '--help'"),
        ("v1:/etc/net.py:Net", SourceError, "not a git repository"),
        ("v1:pkg/net.py:Net(3, 4)", SourceError, "does not fit"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_is_not_there_is_one_sentence(spec, error, says):
    with pytest.raises(error, match=says):
        analyse(spec, setting_of_four())


def test_a_network_that_fails_at_its_revision_says_so(repository):
    write(repository, pkg__broken_py="raise RuntimeError('not yet')")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "broken")
    with pytest.raises(SourceError, match="could not be imported: RuntimeError: not yet"):
        analyse("HEAD:pkg/broken.py:Net", setting_of_four())


def test_a_folder_without_a_repository_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SourceError, match=r"names the revision 'main', and git says of .*: not a git repository"):
        checked_out("main:net.py:Net", AtRevision("main", "net.py", "Net"))


def test_without_git_there_are_no_revisions(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(SourceError, match="git is not installed"):
        analyse("v1:pkg/net.py:Net", setting_of_four())


@pytest.mark.rare
def test_what_a_branch_had_is_never_kept(repository, monkeypatch):
    monkeypatch.setenv("ARCHSTAT_CACHE", str(repository / "cache"))
    program = [sys.executable, "-m", "archstat", "table", "main:pkg/net.py:Net", "--input", "4", "--format", "csv"]

    def counted():
        return subprocess.run(program, check=True, capture_output=True, text=True, cwd=repository).stdout

    before = counted()
    git(repository, "commit", "--quiet", "--all", "--message", "two")
    assert counted() != before
    assert os.environ["ARCHSTAT_CACHE"]
