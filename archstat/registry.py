"""Named functions: one decorated function is one architecture, or one chart, and nothing else has to be edited.

Every file of the registry's folder whose name does not start with an underscore is imported on the first look-up. For
``archstat/architectures/`` that needs torch, so the names alone (``archstat list``) are read from
``published/figures.toml``.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from archstat.errors import SourceError, UnknownNameError, quoted

Function = TypeVar("Function", bound=Callable[..., Any])


class Architecture(msgspec.Struct, frozen=True):
    """One architecture of ours.

    Attributes:
        name: The name of its function, which is what a user types.
        family: The name of its file.
        input_shape: The shape of one input without the batch dimension, e.g. ``(3, 224, 224)``.
        build: Makes the ``nn.Module``; its keyword arguments are the variants of the architecture.
    """

    name: str
    family: str
    input_shape: tuple[int, ...]
    build: Callable[..., Any]

    @property
    def arguments(self) -> str:
        """The arguments that the architecture can be varied by, with the defaults, as a user writes them."""
        return arguments_of(self.build)


def arguments_of(function: Callable[..., Any]) -> str:
    """The arguments of a function as a user writes them: ``"classes=1000, reduction=16"``."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(str(parameter.replace(annotation=parameter.empty)) for parameter in parameters)


class Named(Protocol):
    """What a registry holds."""

    @property
    def name(self) -> str:
        """What a user types."""
        ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """Entries by name, collected from the files of one package on first use."""

    def __init__(self, package: str, what: str, hint: str = "") -> None:
        """A registry of the ``what`` that the files of ``package`` define; the hint says where all names stand."""
        self._package = package
        self._what = what
        self._hint = hint
        self._entries: dict[str, Entry] = {}
        self._complete = False

    def add(self, entry: Entry) -> None:
        """Take in one entry.

        Raises:
            ValueError: Another entry has the name already; a programming error, so no ``ArchstatError``.
        """
        if entry.name in self._entries:
            message = f"Two of {self._package} are named {entry.name!r}."
            raise ValueError(message)
        self._entries[entry.name] = entry

    def all(self) -> Mapping[str, Entry]:
        """Every entry by name, in the order of the files and within a file as written."""
        self._load()
        return self._entries

    def get(self, name: str) -> Entry:
        """The entry of that name.

        Raises:
            UnknownNameError: There is none; the message has the closest names.
        """
        self._load()
        if name not in self._entries:
            hint = self._hint or f"The {self._what}s are {', '.join(self._entries)}."
            raise UnknownNameError.of(self._what, name, self._entries, hint)
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the entries, in order."""
        return iter(self.all())

    def _load(self) -> None:
        if self._complete:
            return
        import_all(self._package)
        self._complete = True


def import_all(package: str) -> None:
    """Import every file of a package whose name does not start with an underscore, so that it registers its entries."""
    for file in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not file.name.startswith("_"):
            importlib.import_module(f"{package}.{file.name}")


architectures: Registry[Architecture] = Registry(
    "archstat.architectures", "architecture", "'archstat list' shows every name."
)


def architecture(*, input_shape: tuple[int, ...]) -> Callable[[Function], Function]:
    """Register the decorated function as an architecture under its own name.

    Args:
        input_shape: The shape of one input without the batch dimension, e.g. ``(3, 224, 224)``.
    """

    def register(build: Function) -> Function:
        family = build.__module__.rpartition(".")[2]
        architectures.add(Architecture(build.__name__, family, input_shape, build))
        return build

    return register


_SPEC = re.compile(r"(.*?\.py:[^(]*|[^(]*)(\(.*)?", re.DOTALL)
"""A place, and the call that may follow it; the path of a file may have parentheses too."""


def parse_call(spec: str) -> tuple[str, list[Any], dict[str, Any]]:
    """What names a network, before and in the parentheses; nothing is evaluated.

    >>> parse_call("se_resnet50(reduction=8)")
    ('se_resnet50', [], {'reduction': 8})

    Raises:
        SourceError: The arguments are no literals.
    """
    place, call_text = _SPEC.fullmatch(spec.strip()).groups()  # type: ignore[union-attr]  # any text is one
    if not call_text:
        return place, [], {}
    wrong = f"{quoted(spec)} cannot be read: arguments are literals, as in 'resnet50(classes=10)'."
    try:
        text = f"_{call_text}"
        call = ast.parse(text, mode="eval").body
        if ast.get_source_segment(text, call) != text:  # to Python, what follows a "#" is a comment
            raise SourceError(
                f"{quoted(spec)} cannot be read: arguments come last, as in 'hf:gpt2#CausalLM(n_layer=2)'."
            )
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise SourceError(wrong)
        args = [ast.literal_eval(arg) for arg in call.args]
        kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise SourceError(wrong) from error
    if None in kwargs or len(kwargs) < len(call.keywords):
        raise SourceError(wrong)
    return place, args, cast("dict[str, Any]", kwargs)
