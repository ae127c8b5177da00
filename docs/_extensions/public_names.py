"""Directives that document what the package itself says is public: ``archstat.__all__``, the records, the errors."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import archstat
from archstat import errors, records

ROOMS = {
    "cost": "What one forward pass costs",
    "explanation": "The sums behind it",
    "memory": "What memory goes to",
    "measurement": "What a device took",
    "energy": "How much energy",
    "conditions": "Under which conditions",
    "reasons": "Why something is missing",
    "environment": "In which environment",
    "trace": "What a forward pass did",
    "graph": "What feeds what in it",
}
"""The files of ``archstat/records``, and what a reader looks for in them."""


def public_functions() -> list[str]:
    """What ``archstat.__all__`` holds that can be called and is no class."""
    return [name for name in archstat.__all__ if inspect.isroutine(getattr(archstat, name))]


def public_classes() -> list[type]:
    """The classes in ``archstat.__all__``."""
    return [value for name in archstat.__all__ if inspect.isclass(value := getattr(archstat, name))]


def public_modules() -> list[str]:
    """The modules in ``archstat.__all__``."""
    return [name for name in archstat.__all__ if inspect.ismodule(getattr(archstat, name))]


def is_elsewhere(value: type) -> bool:
    """Whether a class is documented with the records or the errors."""
    return value in public_errors() or any(value in found for found in records_by_room().values())


def without_place() -> set[str]:
    """Public names that are neither function, class nor module, and so would be missing from the manual."""
    classes = {value.__name__ for value in public_classes()}
    return set(archstat.__all__) - {*public_functions(), *public_modules(), *classes, "__version__"}


def public_errors() -> list[type]:
    """The errors that archstat raises on purpose, the one that all derive from first."""
    return [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]


def records_by_room() -> dict[str, list[type]]:
    """The records of ``archstat.records``, by the file that each stands in."""
    found: dict[str, list[type]] = defaultdict(list)
    for name in records.__all__:
        value = getattr(records, name)
        if inspect.isclass(value) and issubclass(value, msgspec.Struct):
            found[value.__module__.rpartition(".")[2]].append(value)
    return {room: sorted(found.pop(room), key=_line) for room in ROOMS} | dict(found)


def _line(record: type) -> int:
    return inspect.getsourcelines(record)[1]


class _Written(SphinxDirective):
    """A directive that is reStructuredText which it writes itself."""

    def run(self) -> list[nodes.Node]:
        """The nodes of what was written."""
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        raise NotImplementedError


class PublicNames(_Written):
    """The functions of ``archstat.__all__``, and where its classes stand."""

    def lines(self) -> Iterator[str]:
        """A function each.

        Raises:
            ExtensionError: A name would be missing.
        """
        if missing := without_place():
            raise ExtensionError(f"The manual has no place for these public names: {', '.join(sorted(missing))}.")
        for name in public_functions():
            yield from (f".. autofunction:: archstat.{name}", "")
        own = [value for value in public_classes() if not is_elsewhere(value)]
        for value in own:
            yield from (f".. autoclass:: archstat.{value.__name__}", "   :members:", "")
        for name in public_modules():
            yield from (f".. automodule:: archstat.{name}", "   :members: draw_chart", "")
        for value in filter(is_elsewhere, public_classes()):
            yield f"* ``archstat.{value.__name__}``: :class:`{_asked_of(value)}.{value.__name__}`"
        yield from ("", "``archstat.__version__`` is the version, as a text.")


class Errors(_Written):
    """The errors."""

    def lines(self) -> Iterator[str]:
        """A class each."""
        yield from _automatic("autoexception", public_errors(), "   :show-inheritance:")


class Records(_Written):
    """The records, a section for each file of them."""

    def lines(self) -> Iterator[str]:
        """A class each."""
        for room, found in records_by_room().items():
            title = ROOMS[room]
            yield from (title, "-" * len(title), "")
            yield from _automatic("autoclass", found, "   :members:")


def _automatic(directive: str, values: Iterable[type], *options: str) -> Iterator[str]:
    for value in values:
        yield from (f".. {directive}:: {_asked_of(value)}.{value.__name__}", *options, "")


def _asked_of(value: type) -> str:
    """Where users import it from: a record from ``archstat.records``, and not from the file that it stands in."""
    return ".".join(value.__module__.split(".")[:2])


def without_signature(_app: Sphinx, what: str, _name: str, value: Any, *_rest: Any) -> tuple[str, None] | None:
    """A record is read and not made by its users: its fields say more than the arguments that make it."""
    return ("", None) if what == "class" and issubclass(value, msgspec.Struct) else None


_FIELD = re.compile(r"^(    )(\w+): ")


def with_types(_app: Sphinx, what: str, _name: str, value: Any, _options: Any, lines: list[str]) -> None:
    """Set the type of each field beside it, as it is annotated, and call the section what it is."""
    if what != "class" or not issubclass(value, msgspec.Struct) or "Attributes:" not in lines:
        return
    types = {field: kind for each in reversed(value.__mro__) for field, kind in _annotations(each).items()}
    start = lines.index("Attributes:")
    for number, line in enumerate(lines[start:], start):
        if (found := _FIELD.match(line)) and found[2] in types:
            lines[number] = _FIELD.sub(rf"\1\2 ({types[found[2]]}): ", line)
    lines[start] = "Fields:"


def _annotations(value: type) -> dict[str, str]:
    held = vars(value).get("__annotations__", {})
    return {
        name: kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind)) for name, kind in held.items()
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the directives; types are set in before napoleon reads the sections."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("archstat-errors", Errors)
    app.add_directive("archstat-records", Records)
    app.connect("autodoc-process-signature", without_signature)
    app.connect("autodoc-process-docstring", with_types, priority=100)
    return {"parallel_read_safe": True}
