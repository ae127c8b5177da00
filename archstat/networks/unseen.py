"""What no audit hook tells of, looked for in the source of a module: clocks, chance, whether a file is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

_OF_PYTHON = frozenset({"exec", "eval", "input"})
_UNSEEN_MODULES = frozenset(
    {
        *("time", "timeit", "random", "secrets", "uuid", "numpy.random", "getpass", "socket", "glob", "ctypes"),
        *("h5py", "safetensors", "platform", "torchvision.io", "numpy.memmap", "numpy.fromfile", "cv2.imread"),
        *("torch.jit.load", "torch.seed", "torch.initial_seed", "torch.ops.load_library", "torch.classes.load_library"),
        *("pandas.read_parquet", "pandas.read_hdf", "sys.argv", "sys.stdin", "shutil.which", *_OF_PYTHON),
        *("os.urandom", "os.getrandom", "os.getpid", "os.getppid", "os.getuid", "os.getlogin", "os.uname", "os.times"),
        *("os.cpu_count", "os.process_cpu_count", "os.sched_getaffinity", "os.getloadavg", "os.stat", "os.lstat"),
        *("os.access", "os.readlink", "os.path.exists", "os.path.lexists", "os.path.isfile", "os.path.isdir"),
        *("os.path.islink", "os.path.ismount", "os.path.getmtime", "os.path.getctime", "os.path.getatime"),
        *("os.path.getsize", "os.path.realpath", "os.path.samefile", "datetime.datetime.now", "datetime.date.today"),
        *("datetime.datetime.today", "datetime.datetime.utcnow"),
    }
)
"""Modules and functions that read what no hook sees: clocks, chance, the machine, whether a file is there."""

_UNSEEN_METHODS = frozenset(
    {
        *("exists", "is_file", "is_dir", "is_symlink", "is_mount", "stat", "lstat", "samefile", "readlink", "resolve"),
        *("glob", "rglob", "iterdir", "walk", "now", "today", "utcnow", "load_library", "LoadLibrary", "memmap"),
        *("fromfile", "safe_open", "load_file", "imread", "read_image", "read_parquet"),
    }
)
"""Names of methods that do, of whatever object: most are those of paths."""


def reads_unseen(path: str) -> bool:
    """Whether a module has a name that reads what no hook sees; what only runs as a program does not matter."""
    try:
        nodes = list(_walked(ast.parse(Path(path).read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return True
    imported = dict(pair for node in nodes for pair in _imports(node))
    return any(_is_unseen(node, imported) for node in nodes)


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that a statement imports, and what each stands for in full."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            full = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or full, full
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _is_unseen(node: ast.AST, imported: Mapping[str, str]) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in _UNSEEN_METHODS:
        return not (isinstance(node.value, ast.Name) and node.value.id == "self")
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    full = _full_name(node, imported)
    parts = full.split(".")
    return any(".".join(parts[:count]) in _UNSEEN_MODULES for count in range(1, len(parts) + 1))


def _full_name(node: ast.expr, imported: Mapping[str, str]) -> str:
    """A name as the module that it comes from has it, ``"numpy.random.choice"``; ``""``: it is the module's own."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    if node.id in _OF_PYTHON and not names:
        return node.id
    return ".".join([imported[node.id], *names]) if node.id in imported else ""


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    """Every node, without what is done only where the module runs as a program."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in _AS_PROGRAM:
            for other in child.orelse:
                yield other
                yield from _walked(other)
            continue
        yield child
        yield from _walked(child)


_AS_PROGRAM = frozenset({"__name__ == '__main__'", "'__main__' == __name__"})
