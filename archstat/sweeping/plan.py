"""From what a user names to tasks: patterns of names, spaces of arguments, and what else varies."""

from __future__ import annotations

import ast
import functools
import itertools
import re
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
from archstat.published.figures import counted, expand, is_glob
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
    if not (re.fullmatch(r"\d{1,10}", text, re.ASCII) and 0 < int(text) < 2**31):
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
    """The networks that a name stands for.

    Raises:
        ArchstatError: No network is called so.
    """
    name = name.strip()
    hub, colon, pattern = name.partition(":")
    if not name or (name.endswith(".json") and hub not in HUB_NAMES):
        raise InputError(f"{quoted(name)} names no network that can be counted: a saved cost is imported into a store.")
    if "{" in name:
        yield from _of_space(name)
    elif not colon or not is_glob(pattern) or "(" in name:
        yield from _one_or_ours(name)
    elif hub in HUB_NAMES:
        yield from _of_hub(hub, pattern, names_of)
    else:
        raise InputError(f"{quoted(name)} is a form of names, which only archstat and {', '.join(HUB_NAMES)} have.")


def _one_or_ours(name: str) -> list[str]:
    """A network, or those of ours that a form describes.

    Raises:
        UnknownNameError: None of ours has that plain name.
    """
    plain = name.partition("(")[0].strip()
    if re.fullmatch(r"\w+", plain) and plain not in counted():
        raise UnknownNameError.of("architecture", plain, counted(), "'archstat list' shows every name.")
    return expand([name])


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
    """The values that an argument takes; what Python reads as an empty dictionary is a space of none."""
    if isinstance(node, ast.Dict) and not node.keys:
        raise InputError("A space has no values between its braces: write them as '{16,32}'.")
    return node.elts if isinstance(node, ast.Set) else [node]


# -- versions ----------------------------------------------------------------------------------------------------------

_PACKAGES = {"hf": "transformers", "smp": "segmentation_models_pytorch"}
"""The packages of hubs that are not called as the hub is."""


def versions_for(network: str) -> Versions:
    """The programs that count a network, told without importing any.

    Of what lies in files of the user's, digests of their content stand beside the library.

    Args:
        network: The network, as a user writes it.
    """
    source = source_of(network)
    place, args, kwargs = parse_call(network)
    named = [place.partition(":")[2] if source else place.rpartition(":")[0] or place, *args, *kwargs.values()]
    digests = [found for each in named if isinstance(each, str) and (found := _digest(each))]
    library = [_library(_PACKAGES.get(source, source))] if source else []
    return Versions(__version__, version_of_torch(), " ".join([*library, *digests]))


@functools.cache
def _digest(named: str) -> str:
    """A digest of the file, the folder or the module of the user's that a name leads to; ``""``: it leads to none.

    Of a file of Python, of those beside it as well: it may import them. What they import from elsewhere is not in it.
    """
    try:
        path = Path(named) if Path(named).exists() else _module(named)
        if path is None:
            return ""
        folder = path if path.is_dir() else path.parent
        beside = folder.glob("*.py" if path.suffix == ".py" or path.is_dir() else path.name)
        files = sorted({*beside, *([] if path.is_dir() else [path]), *(folder.glob("*.json") if path.is_dir() else [])})
        told = [f"{each.name} {digest_of(each.read_bytes())}" for each in files]
    except (OSError, ValueError):
        return ""
    return f"{path.name} {digest_of(repr(told).encode(errors='surrogatepass'))[:12]}"


def _module(named: str) -> Path | None:
    """The file of a module that lies in the folder that is worked in."""
    parts = named.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    base = Path(*parts)
    return next((each for each in (base.with_suffix(".py"), base / "__init__.py") if each.is_file()), None)


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
