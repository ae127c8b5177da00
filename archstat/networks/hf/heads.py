"""From a config to the class of the network: the one that the config names, or the base model, or one with a head."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from archstat.errors import ArchstatError, SourceError, UnknownNameError, first_line, quoted


def network_class(spec: str, config: Any, head: str) -> type[Any]:
    """The class of the network.

    Args:
        spec: The network as the user wrote it.
        config: The config of the network.
        head: What stands after ``AutoModelFor`` in the library, or the name of a class; ``""``: what the config says
            in ``architectures``, or the base model if it says nothing.

    Raises:
        SourceError: The library has no such network, or needs another library for it.
    """
    try:
        return _usable(spec, _with_head(spec, config, head) if head else _headless(spec, config))
    except ArchstatError:
        raise
    except Exception as error:  # a module of the library that cannot be imported, for want of another library
        raise SourceError(f"{quoted(spec)} cannot be built: {first_line(error)}.") from error


def _headless(spec: str, config: Any) -> Any:
    """The class that the config names, else the base model."""
    named = [_class_named(config, name) for name in getattr(config, "architectures", None) or ()]
    found: Any = next((each for each in named if each is not None), None) or _base(config)
    if found is None:
        raise SourceError(
            f"{quoted(spec)} names no network: transformers has none for a {type(config).__name__} alone."
        )
    return found


def _usable(spec: str, found: Any) -> type[Any]:
    """The class, if what it needs is installed: another one stands in for it else, which says what is missing."""
    try:
        found.forward  # noqa: B018 - looking it up asks for the libraries
    except ImportError as error:
        said = " ".join(str(error).split()).partition(" Please")[0].rstrip(".")
        raise SourceError(f"{quoted(spec)} cannot be built: {said}.") from error
    return found  # type: ignore[no-any-return]  # as all that the library makes


def _mappings() -> dict[str, Any]:
    """From each head to the classes with it: ``"CausalLM"`` → a mapping from classes of configs."""
    auto = import_module("transformers.models.auto.modeling_auto")
    heads = {}
    for name, value in vars(auto).items():
        if name.startswith("AutoModel") and hasattr(value, "_model_mapping"):
            heads[name.removeprefix("AutoModelFor").removeprefix("AutoModel")] = value._model_mapping  # noqa: SLF001 - there is no public way to ask for a class
    return heads


def _with_head(spec: str, config: Any, head: str) -> Any:
    heads = _mappings()
    plain = head.removeprefix("AutoModelFor").removeprefix("AutoModel").removeprefix("For")
    own = _class_named(config, head)
    if own is not None:
        return own
    found = {name.lower(): name for name in heads}.get(plain.lower())
    if found is None:
        wrong = UnknownNameError.of("head of transformers", head, sorted(filter(None, heads)))
        raise SourceError(f"{quoted(spec)} does not fit: {wrong}")
    cls = _mapped(heads[found], config)
    if cls is None:
        types = {name: mapping._model_mapping for name, mapping in heads.items() if name}  # noqa: SLF001 - the classes themselves would all be imported
        others = sorted(name for name, known in types.items() if config.model_type in known)
        instead = f" It has {', '.join(others)}." if others else ""
        raise SourceError(f"{quoted(spec)} does not fit: {config.model_type!r} has no head {found!r}.{instead}")
    return cls


def _mapped(mapping: Any, config: Any) -> Any:
    """The class for a config; of several the one that the config names, or the first."""
    try:
        found = mapping[type(config)]
    except (KeyError, ValueError):  # ValueError: the library lists a class that it has not
        return None
    if not isinstance(found, tuple | list):
        return found
    named = getattr(config, "architectures", None) or ()
    return next((each for each in found if each.__name__ in named), found[0])


def _class_named(config: Any, name: str) -> Any:
    """A class of networks of that name: of the config's own modules, or of any."""
    for module in _modelings(config):
        found = getattr(module, name, None)
        if _is_network(found):
            return found
    try:
        found = getattr(import_module("transformers"), name, None)
    except (ImportError, RuntimeError):
        return None
    return found if _is_network(found) else None


def _is_network(found: Any) -> bool:
    """Whether a class is one of networks, or stands for one that needs a library that is not installed."""
    try:
        return isinstance(found, type) and hasattr(found, "config_class") and hasattr(found, "forward")
    except ImportError:
        return True


def _base(config: Any) -> Any:
    """The base model of a config, else the first network that the library has for it."""
    heads = _mappings()
    base = _mapped(heads[""], config)
    if base is not None:
        return base
    of_its_own = list(_own_classes(config))
    if of_its_own:
        return of_its_own[0]
    return next(filter(None, (_mapped(mapping, config) for name, mapping in heads.items() if name)), None)


def _own_classes(config: Any) -> Iterator[type[Any]]:
    """The networks in the config's own modules that are made for this class of configs, the plainest first."""
    for module in _modelings(config):
        classes = [each for each in vars(module).values() if _is_network(each) and each.__module__ == module.__name__]
        fitting = [each for each in classes if _config_class(each) is type(config) and "forward" in vars(each)]
        yield from sorted(fitting, key=lambda each: (not each.__name__.endswith("Model"), len(each.__name__)))


def _config_class(cls: type[Any]) -> Any:
    said = inspect.get_annotations(cls).get("config", cls.config_class)
    return getattr(sys.modules[cls.__module__], said, None) if isinstance(said, str) else said


def _modelings(config: Any) -> Iterator[Any]:
    """The modules with networks that lie beside the module of the config."""
    own = type(config).__module__
    name = own.replace(".configuration_", ".modeling_")
    if name == own or not own.startswith("transformers."):
        return
    try:
        yield import_module(name)
    except ModuleNotFoundError:
        return
    except (ImportError, RuntimeError) as error:
        raise SourceError(f"transformers cannot import {name}: {first_line(error)}") from error
