"""What may be called to make a network: a class of networks, or a function that somebody wrote for that."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

from torch import nn

from archstat.errors import SourceError, quoted
from archstat.networks.trust import Reach, is_in_standard_library, is_standard_module


def check_maker(spec: str, value: Any, reach: Reach | None = None) -> None:
    """Refuse what makes no network, before it is called: ``os:system``, ``net.py:json.loads``, ``builtins:exec``.

    Args:
        spec: The name, as the user wrote it.
        value: What the name leads to.
        reach: What code it may lead to; ``None``: any that is not Python's own.

    Raises:
        SourceError: The value is neither a class of networks nor a function, or it is a function of Python's own.
    """
    steps = list(_steps(value))
    functions = [step for step in steps if isinstance(step, FunctionType) and not _is_standard(step)]
    if isinstance(steps[-1], type) and issubclass(steps[-1], nn.Module):
        return
    if functions and reach is not None:
        reach.check_functions(spec, functions)
    if not functions:
        raise SourceError(f"{quoted(spec)} {_fault(steps[-1])}")


def _fault(inner: Any) -> str:
    """What is wrong with something that is no function of its own."""
    if isinstance(inner, type):
        return "is a class, and none of networks: those derive from torch.nn.Module."
    if isinstance(inner, FunctionType):
        return "makes no network: it is a function of Python's standard library."
    return (
        f"is neither a network nor makes one: it is of type {type(inner).__name__}. Name a class of networks, or a "
        "function written in Python that returns one."
    )


def _steps(value: Any) -> Iterator[Any]:
    """What is called, and then what is behind it: with arguments that are fixed, a cache, a method, a decorator."""
    seen: set[int] = set()
    while id(value) not in seen:
        seen.add(id(value))
        yield value
        if isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, MethodType):
            value = value.__func__
        elif isinstance(value, (FunctionType, _CACHED)):
            value = vars(value).get("__wrapped__", value)


_CACHED = type(functools.cache(lambda: None))


def _is_standard(function: FunctionType) -> bool:
    """Whether a function is Python's own; its globals tell, which a decorator does not change as it does the name."""
    file = function.__code__.co_filename
    if os.path.isfile(file):  # noqa: PTH113 - Path.is_file() raises if the name is too long or has a NUL
        return is_in_standard_library(file)
    module = function.__globals__.get("__name__")
    return not isinstance(module, str) or is_standard_module(module)
