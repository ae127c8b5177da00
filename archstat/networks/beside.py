"""Names of networks in a file: their paths begin at the folder of that file, or at the one that is worked in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from archstat.networks.hub import HUB_NAMES
from archstat.networks.input_specs import AnyInput, InputMaker
from archstat.networks.settings import Setting

_OF_FILE = re.compile(r"(?P<before>)(?P<path>.*?\.(?:py(?=:)|(?:json|onnx|pt2|pt|pth|ts)\Z))(?P<rest>.*)", re.DOTALL)
_OF_HUB = re.compile(rf"(?P<before>(?:{'|'.join(HUB_NAMES)}):)(?P<path>\.{{1,2}}/[^#(]*)(?P<rest>.*)", re.DOTALL)


def from_folder(name: str, folder: Path) -> str:
    """A name as it is found from the folder that is worked in.

    A path that is there from the file's own folder is that one; any other is left as it is, and so begins at the folder
    that is worked in.

    Args:
        name: A network, as a file names it: ``"./net.py:Net(width=2)"``.
        folder: The folder of that file.
    """
    if _is_here(folder):
        return name
    return _with_path(name, lambda path: _if_there(folder / path))


def for_folder(name: str, folder: Path) -> str:
    """A name as a user types it, the way a file in that folder has to write it: the reverse of :func:`from_folder`."""
    if _is_here(folder):
        return name
    return _with_path(name, lambda path: os.path.relpath(path, folder) if is_there(path) else None)


def setting_from_folder(setting: Setting, folder: Path) -> Setting:
    """A setting whose functions that make inputs are found as :func:`from_folder` finds networks."""
    return msgspec.structs.replace(setting, inputs=_inputs_from(setting.inputs, folder))


def absolute_name(name: str, folder: Path) -> str:
    """A name with the whole path of its file, so that names out of two files can be told to be one."""
    return _with_path(from_folder(name, folder), os.path.realpath)


def _inputs_from(inputs: Sequence[AnyInput], folder: Path) -> tuple[AnyInput, ...]:
    return tuple(
        InputMaker(from_folder(each.place, folder), each.name) if isinstance(each, InputMaker) else each
        for each in inputs
    )


def _is_here(folder: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(".")


def _with_path(name: str, change: Callable[[str], str | None]) -> str:
    """A name with another path, if it has one and there is another."""
    match = _OF_HUB.fullmatch(name) or _OF_FILE.fullmatch(name)
    if match is None or Path(match["path"]).is_absolute():
        return name
    changed = change(match["path"])
    if changed is None:
        return name
    is_plain = not match["before"] or Path(changed).is_absolute() or changed.startswith("..")
    return f"{match['before']}{changed if is_plain else f'./{changed}'}{match['rest']}"


def _if_there(path: Path) -> str | None:
    """A path without its detours, if something is there."""
    return os.path.normpath(path) if is_there(path) else None


def is_there(path: str | Path) -> bool:
    """Whether something is at a path, which may be any text."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists() raises on some texts


def beside(path: str, folder: Path) -> Path:
    """The file that another one names: from the folder of that one, or else from the folder that is worked in."""
    return Path(path) if is_there(path) and not is_there(folder / path) else folder / path
