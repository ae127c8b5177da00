"""From what a user names to tasks: patterns of names, spaces of arguments, and what else varies."""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import msgspec

from archstat.errors import InputError, SourceError, UnknownNameError, quoted
from archstat.networks.hub import HUB_NAMES
from archstat.networks.ingredients import digest_of, version_of_torch
from archstat.networks.input_specs import parse_input
from archstat.networks.settings import MeasureSetting, Setting
from archstat.published.figures import expand, is_glob
from archstat.registry import parse_call
from archstat.store.records import Versions, source_of
from archstat.sweeping.tasks import Task
from archstat.version import __version__

NamesOf = Callable[[str], Sequence[str]]
"""From a hub to the names of its networks."""

_DTYPES = ("float32", "float16", "bfloat16", "float64")
MOST_TASKS = 1_000_000
"""More is a slip of the pen, and would fill the memory before the first is counted."""


def tasks_of(
    names: Iterable[str],
    over: Iterable[str],
    names_of: NamesOf,
    setting: Setting,
    measured: Sequence[MeasureSetting] = (),
) -> list[list[Task]]:
    """The tasks of a sweep, those of one network beside each other.

    Args:
        names: Networks: names, patterns of ours (``"resnet*"``) and of libraries (``"timm:*"``), and spaces of
            arguments (``"./space.py:Net(width={16,32}, depth={2,4})"``).
        over: What varies besides: ``"resolution=224,288"``.
        names_of: The names of a hub's networks.
        setting: What does not vary.
        measured: How each network is to be measured, one after the other; none: it is counted.

    Raises:
        ArchstatError: A name is none, a pattern fits none, or what varies does not.
    """
    settings = settings_over(setting, over)
    networks = list(dict.fromkeys(network for name in names for network in _networks(name, names_of)))
    if len(networks) * len(settings) > MOST_TASKS:
        raise InputError(f"These are {len(networks) * len(settings):,} tasks: name less than {MOST_TASKS:,}.")
    ways: Sequence[MeasureSetting | None] = measured or (None,)
    return [
        [Task(network, each, versions, way) for each in settings for way in ways]
        for network in networks
        for versions in (versions_for(network),)
    ]


def settings_over(setting: Setting, over: Iterable[str]) -> list[Setting]:
    """Every combination of what varies, each once.

    >>> [each.resolution for each in settings_over(Setting(), ["resolution=224,288"])]
    [224, 288]

    Raises:
        InputError: Something does not vary, or comes twice.
    """
    axes: dict[str, list[Any]] = {}
    for text in over:
        name, values = _axis(text)
        if name in axes:
            raise InputError(f"{quoted(name)} varies twice: name all of its values at once.")
        axes[name] = values
    found = [
        msgspec.structs.replace(setting, **dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    ]
    return list(dict.fromkeys(found))


def _axis(text: str) -> tuple[str, list[Any]]:
    name, sign, values = text.partition("=")
    name, said = name.strip(), [value.strip() for value in values.split(",")]
    if name not in _READERS:
        known = ", ".join(_READERS)
        raise InputError(f"{quoted(text)} is nothing that varies: write it as 'resolution=224,288', of {known}.")
    if not sign or not all(said):
        raise InputError(f"{quoted(text)} has no values: write it as 'resolution=224,288'.")
    field, read = _READERS[name]
    return field, [read(name, value) for value in said]


def _size(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise InputError(f"{quoted(text)} is no {name}: write whole numbers from 1 on.")
    return int(text)


def _dtype(name: str, text: str) -> str:
    if text not in _DTYPES:
        raise InputError(f"{quoted(text)} is no {name}: there is {', '.join(_DTYPES)}.")
    return text


_READERS: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "batch_size": ("batch_size", _size),
    "dtype": ("dtype", _dtype),
    "input": ("inputs", lambda _, text: (parse_input(text),)),
    "resolution": ("resolution", _size),
    "sequence": ("sequence", _size),
}


# -- names -------------------------------------------------------------------------------------------------------------


def _networks(name: str, names_of: NamesOf) -> Iterator[str]:
    """The networks that a name stands for."""
    hub, colon, pattern = name.partition(":")
    if colon and hub in HUB_NAMES and "(" not in name and is_glob(pattern):
        yield from _of_hub(hub, pattern, names_of)
    elif "{" in name:
        yield from _of_space(name)
    else:
        yield from expand([name])


def _of_hub(hub: str, pattern: str, names_of: NamesOf) -> Iterator[str]:
    import fnmatch  # noqa: PLC0415 - of a pattern alone

    found = [each for each in names_of(hub) if fnmatch.fnmatchcase(each, pattern)]
    if not found:
        raise UnknownNameError(f"{hub} has no network like {quoted(pattern)}.")
    yield from (f"{hub}:{each}" for each in found)


def _of_space(name: str) -> Iterator[str]:
    """Every network of a space: ``Net(width={16,32})`` is ``Net(width=16)`` and ``Net(width=32)``.

    Raises:
        SourceError: The arguments cannot be read.
    """
    place, bracket, rest = name.partition("(")
    wrong = f"{quoted(name)} is no space of networks: write it as './space.py:Net(width={{16,32}}, depth=2)'."
    try:
        call = ast.parse(f"_{bracket}{rest}", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise SourceError(wrong) from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise SourceError(wrong)
    arguments = [("", each) for each in call.args] + [(f"{each.arg}=", each.value) for each in call.keywords]
    if any(start == "None=" for start, _ in arguments):
        raise SourceError(wrong)
    choices = [[f"{start}{ast.unparse(value)}" for value in _choices(node)] for start, node in arguments]
    if functools.reduce(lambda count, each: count * len(each), choices, 1) > MOST_TASKS:
        raise InputError(f"{quoted(name)} is a space of more than {MOST_TASKS:,} networks.")
    yield from (f"{place}({', '.join(chosen)})" for chosen in itertools.product(*choices))


def _choices(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Set) else [node]


# -- versions ----------------------------------------------------------------------------------------------------------

_PACKAGES = {"hf": "transformers", "smp": "segmentation_models_pytorch"}
"""The packages of hubs that are not called as the hub is."""


def versions_for(network: str) -> Versions:
    """The programs that count a network, told without importing any.

    Of a file of the user's, the name and a digest of its content stand for the library.

    Args:
        network: The network, as a user writes it.
    """
    source = source_of(network)
    if source:
        return Versions(__version__, version_of_torch(), _library(_PACKAGES.get(source, source)))
    place, _, _ = parse_call(network)
    path = Path(place if Path(place).suffix != "" and ":" not in place else place.rpartition(":")[0])
    return Versions(__version__, version_of_torch(), _of_file(path))


@functools.cache
def _of_file(path: Path) -> str:
    try:
        return f"{path.name} {digest_of(path.read_bytes())[:12]}" if path.is_file() else ""
    except (OSError, ValueError):
        return ""


@functools.cache
def _library(package: str) -> str:
    name = next(iter(_distributions().get(package, ())), package)
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return package


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()
