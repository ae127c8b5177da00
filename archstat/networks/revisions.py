"""Networks as they were at a revision of git: ``main:./net.py:Net``, ``HEAD~1:package.module:Net``, ``v1.0:net.onnx``.

What was committed is written into a temporary folder, by git itself and with an index of its own: neither the files
that are worked on nor git's own index are touched, whatever happens meanwhile. Submodules are written with the commit
that they had, where they are checked out here; what was never committed was never part of a revision.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from archstat.errors import AbsentError, SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hub import HUB_NAMES

_FILES = (".pt2", ".pt", ".pth", ".ts", ".onnx")
"""How files end that hold a network by themselves."""


class AtRevision(msgspec.Struct, frozen=True):
    """A network as a revision has it.

    Attributes:
        revision: The revision, as a user writes it: ``"main"``, ``"HEAD~1"``.
        container: The file or the module that the network is in.
        attribute: The name of the network there; ``""``: the file is the network.
    """

    revision: str
    container: str
    attribute: str


def at_revision(place: str) -> AtRevision | None:
    """What a name without its arguments says of a revision; ``None``: nothing, it is of what is worked on.

    >>> at_revision("main:./net.py:Net")
    AtRevision(revision='main', container='./net.py', attribute='Net')
    >>> at_revision("./net.py:Net") or at_revision("timm:resnet50") or at_revision("package.module:Net")
    """
    revision, colon, rest = place.partition(":")
    if not colon or not revision or revision in HUB_NAMES or _is_drive(revision, rest):
        return None
    container, colon, attribute = rest.rpartition(":")
    if os.path.exists(f"{revision}:{container}"):  # noqa: PTH110 - Path.exists() raises on any text
        return None  # a folder or a file with a colon in its name
    if colon and container and attribute:
        return AtRevision(revision, container, attribute)
    if rest.lower().endswith(_FILES) and not os.path.exists(place):  # noqa: PTH110 - Path.exists() raises on any text
        return AtRevision(revision, rest, "")
    return None


def _is_drive(revision: str, rest: str) -> bool:
    r"""Whether what looks like a revision is a drive of Windows: ``C:\net.py:Net``."""
    return len(revision) == 1 and rest[:1] in ("\\", "/")


class CheckedOut(msgspec.Struct, frozen=True):
    """The files of a revision.

    Attributes:
        folder: The files, in a temporary folder.
        working: The folder that is worked in, as it was then.
        file: The file that a network is in.
    """

    folder: Path
    working: Path
    file: Path

    @contextlib.contextmanager
    def worked_in(self) -> Iterator[None]:
        """Work in the folder as it was then: code that opens a file finds the one of its revision."""
        before = Path.cwd()
        os.chdir(self.working if self.working.is_dir() else self.folder)
        try:
            yield
        finally:
            os.chdir(before)


def checked_out(spec: str, wanted: AtRevision) -> CheckedOut:
    """The files of a revision, and among them the one that a network is in.

    Args:
        spec: The whole name, for complaints.
        wanted: What the name says.

    Raises:
        SourceError: Git is not installed, or there is no repository.
        UnknownNameError: The repository has no such revision.
        AbsentError: The revision has no such file.
    """
    top = _repository(spec, wanted)
    folder = _files_of(top, _commit(top, wanted.revision))
    here = Path.cwd().resolve()
    working = folder / here.relative_to(top) if here.is_relative_to(top) else folder
    file = _file_in(folder, working, top, wanted.container)
    if file is None:
        raise AbsentError(f"{quoted(wanted.container)} did not exist at {quoted(wanted.revision)}.")
    return CheckedOut(folder, working, file)


def _repository(spec: str, wanted: AtRevision) -> Path:
    """The top of the repository that is worked in, or of another one that a file lies in.

    A file of a submodule belongs to the repository around it, whose revision says which commit of it is meant.
    """
    start, here = Path.cwd(), Path.cwd().resolve()
    if wanted.container.lower().endswith((".py", *_FILES)):
        start = (here / wanted.container).parent
        while not start.is_dir():
            start = start.parent
        with contextlib.suppress(_GitError):
            own = Path(_git(here, "rev-parse", "--show-toplevel")).resolve()
            if start.resolve().is_relative_to(own):
                return own
    try:
        return Path(_git(start, "rev-parse", "--show-toplevel")).resolve()
    except _GitError as error:
        raise SourceError(
            f"{quoted(spec)} names the revision {quoted(wanted.revision)}, and git says of {start}: {error}."
        ) from error


def _commit(top: Path, revision: str) -> str:
    """The commit that a revision stands for."""
    if not revision.startswith("-"):
        with contextlib.suppress(_GitError):
            return _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    known = _git(top, "for-each-ref", "--format=%(refname:short)").splitlines()
    raise UnknownNameError.of("revision", revision, known, "'git branch --all' and 'git tag' show the names.")


@functools.cache
def _files_of(top: Path, commit: str) -> Path:
    """The files of a commit, in a folder that goes when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="archstat-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _write(top, commit, folder.resolve())
    return folder.resolve()


def _write(top: Path, commit: str, folder: Path) -> None:
    """Have git write the files of a commit, and those of its submodules that are here."""
    with tempfile.TemporaryDirectory(prefix="archstat-") as beside:
        index = {"GIT_INDEX_FILE": str(Path(beside) / "index")}
        git_dir = _git(top, "rev-parse", "--absolute-git-dir")
        own = (f"--git-dir={git_dir}", f"--work-tree={folder}")
        try:
            _git(folder, *own, "read-tree", commit, **index)
            _git(folder, *own, "checkout-index", "--all", "--force", **index)
        except _GitError as error:
            raise SourceError(f"The files of {commit[:10]} could not be read from git: {error}.") from error
    for path, inner in _submodules(top, commit):
        if (top / path / ".git").exists():
            (folder / path).mkdir(parents=True, exist_ok=True)
            _write(top / path, inner, folder / path)


def _submodules(top: Path, commit: str) -> Iterator[tuple[str, str]]:
    """The folders of submodules, and the commit of each."""
    for entry in _git(top, "ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith("160000"):
            yield path, about.split()[2]


def _file_in(folder: Path, working: Path, top: Path, container: str) -> Path | None:
    """The file of a revision that a path or the name of a module leads to."""
    if container.lower().endswith((".py", *_FILES)):
        meant = (Path.cwd() / container).resolve()
        places = [folder / meant.relative_to(top)] if meant.is_relative_to(top) else []
    else:
        inner = Path(*container.split("."))
        roots = dict.fromkeys((working, working / "src", folder, folder / "src"))
        places = [root / each for root in roots for each in (inner.with_suffix(".py"), inner / "__init__.py")]
    return next((place for place in places if place.is_file()), None)


class _GitError(Exception):
    """What git says of what it cannot do."""


def _git(folder: Path, *arguments: str, **more: str) -> str:
    """What git answers; it waits for nobody, and takes no lock that it can do without.

    Raises:
        SourceError: Git is not installed.
        _GitError: Git cannot answer.
    """
    known = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment = {**known, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **more}
    try:
        done = subprocess.run(  # noqa: S603 - arguments of git, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the user works with
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        raise SourceError("A revision is read with git, and git is not installed.") from error
    if done.returncode:
        told = done.stderr.strip().removeprefix("fatal: ") or "it knows no such thing"
        raise _GitError(first_line(ValueError(told)).rstrip("."))
    return done.stdout.rstrip("\n")


_OF_HOOKS = frozenset({"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"})
"""What git tells the hooks that it runs: of another index, or of no more than one repository."""
