"""Where a network comes from: ``resnet50``, ``./net.py:Net(width=2)``, ``torchvision.models:resnet50``.

Arguments are Python literals; nothing is evaluated. A network is built on the meta device, so it takes no memory and no
initialiser runs; a constructor that needs values is run again on the CPU.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archstat.errors import QUOTED_MOST, SourceError, first_line, quoted, shortened
from archstat.networks.makers import check_maker
from archstat.networks.trust import Reach, is_standard_module
from archstat.published.figures import published
from archstat.registry import Architecture, architectures, arguments_of, parse_call


class Source(msgspec.Struct, frozen=True):
    """A network and what is known of it.

    Attributes:
        name: As the user wrote it.
        build: Makes the network; ``build()`` may be called more than once.
        input_shape: The shape of one input without the batch dimension, if that is known.
        note: What a reader must know about it.
        paper: Where the structure of the network was published.
    """

    name: str
    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...] | None = None
    note: str = ""
    paper: str = ""


def find(spec: str, reach: Reach | None = None) -> Source:
    """The network that a text names; a file and a module are imported, which runs them.

    Args:
        spec: An architecture of ours, ``FILE.py:NAME`` or ``PACKAGE.MODULE:NAME``, with or without ``(arguments)``.
        reach: The code that it may lead to, if a file names it; ``None``: a user does, and may name any.

    Raises:
        UnknownNameError: No architecture has that name.
        SourceError: There is no such file, module or name, or the arguments do not fit.
    """
    place, args, kwargs = parse_call(spec)
    container, colon, attribute = place.rpartition(":")
    if not colon and not place.endswith(".py"):
        return _own(spec, architectures.get(place), args, kwargs)
    if not container or not attribute:
        raise SourceError(
            f"{quoted(spec)} names no network: write it as './net.py:Net' or 'torchvision.models:resnet50'."
        )
    module = _module(spec, container, reach)
    function = _attribute(module, container, attribute)
    if not isinstance(function, nn.Module):
        check_maker(spec, function, reach)
    return Source(spec, _checked_call(spec, function, args, kwargs))


def _module(spec: str, container: str, reach: Reach | None) -> ModuleType:
    """Import a file or a module."""
    if container.endswith(".py"):
        if reach is not None and not reach.has(container):
            raise reach.refusal(spec)
        return _load_file(Path(container))
    _check_module(container)
    if reach is not None:
        reach.check_module(spec, container)
    return _load_module(container)


def _own(spec: str, entry: Architecture, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """An architecture of ours; its arguments are checked against its annotations."""
    build = _checked_call(spec, entry.build, args, kwargs)
    hints = typing.get_type_hints(entry.build, include_extras=True)
    for name, value in kwargs.items():
        misfit = _misfit(value, hints[name])
        if misfit:
            raise SourceError(f"{quoted(spec)} does not fit: {name}: {misfit}. {_usage(entry.build)}")
    about = published().get(entry.name)
    if about is None:
        return Source(spec, build, entry.input_shape)
    return Source(spec, build, entry.input_shape, about.note, about.paper)


def _misfit(value: Any, hint: Any) -> str:
    """What is wrong with a value of an annotated argument; ``""``: nothing."""
    if typing.get_origin(hint) is typing.Literal:
        valid = typing.get_args(hint)
        is_valid = any(value == each and type(value) is type(each) for each in valid)
        said = quoted(value) if isinstance(value, str) else shortened(repr(value), QUOTED_MOST)
        return "" if is_valid else f"{said} is none of {', '.join(map(repr, valid))}"
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _checked_call(spec: str, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Callable[[], nn.Module]:
    """The call without running it, once its arguments fit."""
    if isinstance(function, nn.Module):
        if args or kwargs:
            raise SourceError(f"{quoted(spec)} does not fit: the network is made already, so it takes no arguments.")
        return lambda: function
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise SourceError(f"{quoted(spec)} does not fit: {error}. {_usage(function)}") from error
    except ValueError:
        pass  # written in C: it checks its arguments itself

    def build() -> nn.Module:
        model = function(*args, **kwargs)
        if not isinstance(model, nn.Module):
            raise SourceError(
                f"{quoted(spec)} makes no torch.nn.Module: what it returns is of type {type(model).__name__}."
            )
        return model

    return build


def _usage(function: Any) -> str:
    """The arguments that would fit."""
    arguments = arguments_of(function)
    return f"Its arguments are ({arguments})." if arguments else "It takes no arguments."


def _attribute(module: ModuleType, container: str, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
            has = f"It defines {', '.join(own)}." if own else "It defines nothing itself."
            raise SourceError(f"{quoted(container)} has no {quoted(name)}. {has}")
        value = getattr(value, part)
    return value


def _check_module(name: str) -> None:
    """Refuse what is no module, or has no networks, before it is imported."""
    if re.search(r"[^\w.]", name) or not all(name.split(".")):
        raise SourceError(
            f"{quoted(name)} is no module: write a file as './net.py:Net', a module as 'package.module:Net'."
        )
    if is_standard_module(name):
        raise SourceError(f"{quoted(name)} has no networks: it is of Python's standard library.")


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise SourceError(
                f"No module is named {quoted(name)}. Is it installed? A file is written './net.py:Net'."
            ) from error
        raise _import_failure(name, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failure(name, error) from error


def _load_file(path: Path) -> ModuleType:
    """Import a file under a name of its own; files beside it can be imported by it."""
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file() raises if the name is too long or has a NUL
        raise SourceError(f"There is no file {quoted(str(path))}.")
    spec = importlib.util.spec_from_file_location(f"archstat_source_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SourceError(f"{quoted(str(path))} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    folder = path.parent.resolve()
    _forget_neighbours()
    known = set(sys.modules)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _import_failure(str(path), error) from error
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        new = set(sys.modules) - known - {spec.name}
        _neighbours.update(name for name in new if _is_in(folder, name.partition(".")[0]))
    return module


_neighbours: set[str] = set()
"""The modules that the last file imported from beside it."""


def _forget_neighbours() -> None:
    """Let the next file import its own ``blocks.py``, and not that of another folder."""
    for name in _neighbours:
        sys.modules.pop(name, None)
    _neighbours.clear()


def _is_in(folder: Path, name: str) -> bool:
    """Whether a module of that name is a file or a package of the folder."""
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _import_failure(name: str, error: BaseException) -> SourceError:
    return SourceError(f"{quoted(name)} could not be imported: {_said(error)}")


def _said(error: BaseException) -> str:
    """An error in one line, with the line of the user's own code that raised it."""
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {first_line(error) or 'without a message'}{line}"


# -- building ----------------------------------------------------------------------------------------------------------


def build_on_meta(source: Source) -> nn.Module:
    """The network without memory; on the CPU where its constructor needs values.

    Raises:
        SourceError: The constructor of the network raised.
    """
    try:
        with MetaConstruction():
            return source.build()
    except SourceError:
        raise
    except (Exception, SystemExit):  # noqa: BLE001 - whatever the constructor could not do without values
        return build_on_cpu(source)


def build_on_cpu(source: Source, seed: int | None = None) -> nn.Module:
    """The network with values; the random number generator is left as it was.

    Args:
        source: The network.
        seed: What the weights are drawn with; ``None``: the generator as it is.

    Raises:
        SourceError: The constructor of the network raised.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed)
            return source.build()
    except SourceError:
        raise
    except (Exception, SystemExit) as error:
        raise SourceError(f"{quoted(source.name)} could not be built: {_said(error)}") from error


_ON_META = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.empty_strided})
_FILLING = frozenset(
    {
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.constant_,
        torch.Tensor.fill_,
        torch.Tensor.zero_,
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
    }
)


class MetaConstruction(TorchFunctionMode):
    """While it is active, floating-point tensors are made on the meta device, and filling them takes no time.

    Tensors of whole numbers, and those that list or count values (``arange``, ``linspace``, ``tensor``), are real: a
    constructor may need them.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Run one function of torch's."""
        kwargs = kwargs or {}
        if func in _ON_META:
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            if kwargs.get("device") is None and dtype.is_floating_point:
                kwargs = {**kwargs, "device": "meta"}
        elif func in _FILLING:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)
