"""Where a network comes from: ``resnet50``, ``timm:resnet50``, ``./net.py:Net(width=2)``, ``pkg.mod:f``, ``net.pt2``.

Arguments are Python literals; nothing is evaluated. A network is built on the meta device, so it takes no memory and no
initialiser runs; a constructor that needs values is run again on the CPU.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from archstat.errors import QUOTED_MOST, AbsentError, InputError, SourceError, UnknownNameError, quoted, shortened
from archstat.networks.construction import on_meta
from archstat.networks.file_formats import format_of, network_in
from archstat.networks.hub import HUBS, hub_of
from archstat.networks.importing import (
    attribute_at,
    check_module_name,
    imported_file,
    imported_module,
    is_past,
    python_error,
    see_working_folder,
)
from archstat.networks.input_specs import AnyInput, InputSpec, at_resolution
from archstat.networks.libraries import backend_hint, keras_on_torch, library_of
from archstat.networks.makers import check_maker
from archstat.networks.revisions import AtRevision, at_revision, checked_out
from archstat.networks.settings import Setting
from archstat.networks.source import Built, Source
from archstat.networks.trust import Reach
from archstat.published.figures import published
from archstat.registry import Architecture, architectures, arguments_of, parse_call
from archstat.tracing.keras_layers import fresh_names
from archstat.tracing.nested import tensors_in


def find(spec: str, reach: Reach | None = None) -> Source:
    """The network that a text names; a file and a module are imported, which runs them.

    Args:
        spec: An architecture of ours, ``HUB:NAME``, ``FILE.py:NAME`` or ``PACKAGE.MODULE:NAME``, with or without
            ``(arguments)``; or a file that holds a network, as ``net.pt2``. Before a file or a module can stand a
            revision of git: ``main:./net.py:Net``.
        reach: The code that it may lead to, if a file names it; ``None``: a user does, and may name any.

    Raises:
        UnknownNameError: No architecture has that name.
        SourceError: There is no such file, module or name, the arguments do not fit, or a library is not installed.
        AbsentError: A revision has no such file, or no such name in it.
    """
    place, args, kwargs = parse_call(spec)
    then = at_revision(place)
    if then is not None:
        return _of_revision(spec, then, args, kwargs, reach)
    kind = format_of(place)
    if kind is not None:
        return network_in(place, kind, reach, has_arguments=bool(args or kwargs))
    hub, name = hub_of(place)
    if hub is not None:
        try:
            source: Source = hub.source(spec, name, args, kwargs)
        except UnknownNameError:
            if not _is_in_module(place):
                raise
        else:
            return source
    container, colon, attribute = place.rpartition(":")
    if not colon and not place.endswith(".py"):
        return _own(spec, _architecture(place), args, kwargs)
    _refuse_half(spec, container, attribute)
    function = _code_at(spec, container, attribute, reach)
    if not isinstance(function, nn.Module):
        check_maker(spec, function, reach)
    return Source(spec, _checked_call(spec, function, args, kwargs))


def _refuse_half(spec: str, container: str, attribute: str) -> None:
    """Refuse a name without the file or module, or without what is in it.

    Raises:
        SourceError: A part of the name is missing.
    """
    if container in HUBS and not attribute:
        raise SourceError(
            f"{quoted(spec)} names no network: what one of {container} is called is missing.",
            helps={"source": container},
        )
    if not container or not attribute:
        raise SourceError(
            f"{quoted(spec)} names no network: write it as './net.py:Net' or 'torchvision.models:resnet50'."
        )


def _of_revision(spec: str, then: AtRevision, args: list[Any], kwargs: dict[str, Any], reach: Reach | None) -> Source:
    """A network as git has it; what is named by a file is of what is worked on."""
    if reach is not None:
        raise reach.refusal(spec)
    files = checked_out(spec, then)
    kind = format_of(str(files.file))
    if kind is not None:
        return msgspec.structs.replace(
            network_in(str(files.file), kind, None, has_arguments=bool(args or kwargs)), name=spec
        )
    is_past(files.folder)
    with files.worked_in():
        module = imported_file(files.file)
        if not hasattr(module, then.attribute.partition(".")[0]):
            raise AbsentError(f"{quoted(then.container)} had no {quoted(then.attribute)} at {quoted(then.revision)}.")
        function = attribute_at(module, then.container, then.attribute)
    if not isinstance(function, nn.Module):
        check_maker(spec, function, None)
    build = _checked_call(spec, function, args, kwargs)

    def build_then() -> nn.Module | Built:
        with files.worked_in():
            return build()

    return Source(spec, build_then)


def _is_in_module(place: str) -> bool:
    """Whether a name of a hub is one of its library's functions: ``timm:create_model``."""
    module, _, attribute = place.partition(":")
    if module not in HUBS or HUBS.get(module).package != module:
        return False
    try:
        return hasattr(library_of(module, module), attribute.partition(".")[0])
    except SourceError:
        return False


def _architecture(name: str) -> Architecture:
    """An architecture of ours; of another name, the hubs that have it are named too.

    Raises:
        UnknownNameError: None of ours has that name.
    """
    try:
        return architectures.get(name)
    except UnknownNameError as error:
        is_near = "Did you mean" in str(error)  # a slip of the pen: no library need be imported, which takes seconds
        others = [] if is_near else [f"{hub.name}:{name}" for hub in HUBS.all().values() if hub.has(name)]
        if not others:
            raise
        raise UnknownNameError(f"{error} There is {' and '.join(map(repr, others))}.") from error


def _code_at(spec: str, container: str, attribute: str, reach: Reach | None) -> Any:
    """What a file or a module has of that name."""
    if container.endswith(".py"):
        if reach is not None and not reach.has(container):
            raise reach.refusal(spec)
        return attribute_at(imported_file(Path(container), reach), container, attribute)
    check_module_name(container)
    see_working_folder()
    if reach is not None:
        reach.check_module(spec, container)
    return attribute_at(imported_module(container), container, attribute)


def call_maker(place: str, batch_size: int, reach: Reach | None = None) -> Any:
    """What a function of the user's returns that makes inputs.

    Args:
        place: ``"inputs.py:make"``.
        batch_size: How many inputs at once: handed to a function that has an argument of that name.
        reach: The code that it may lead to, if a file names it.

    Raises:
        SourceError: There is no such function, or it may not be called.
        InputError: The function raised, or makes one batch size only and another one is asked for.
    """
    container, colon, attribute = place.rpartition(":")
    if not colon or not container or not attribute:
        raise InputError(f"{quoted('@' + place)} names no function that makes inputs: write it as '@inputs.py:make'.")
    function = _code_at(f"@{place}", container, attribute, reach)
    check_maker(f"@{place}", function, reach)
    takes_size = "batch_size" in inspect.signature(function).parameters
    if batch_size != 1 and not takes_size:
        raise InputError(f"'@{place}' makes inputs of its own batch size: give it an argument 'batch_size'.")
    try:
        with torch.random.fork_rng(devices=[]):
            return function(**({"batch_size": batch_size} if takes_size else {}))
    except (Exception, SystemExit) as error:
        raise InputError(f"'@{place}' failed: {python_error(error)}") from error


def _own(spec: str, entry: Architecture, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """An architecture of ours; its arguments are checked against its annotations."""
    build = _checked_call(spec, entry.build, args, kwargs)
    hints = typing.get_type_hints(entry.build, include_extras=True)
    for name, value in kwargs.items():
        misfit = _misfit(value, hints[name])
        if misfit:
            raise SourceError(f"{quoted(spec)} does not fit: {name}: {misfit}. {_usage(entry.build)}")

    def takes(setting: Setting) -> tuple[AnyInput, ...]:
        return at_resolution((InputSpec(entry.input_shape),), setting.resolution)

    about = published().get(entry.name)
    if about is None:
        return Source(spec, build, takes)
    return Source(spec, build, takes, about.note, about.paper)


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


def _checked_call(spec: str, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Callable[[], nn.Module | Built]:
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

    return lambda: _built(spec, function(*args, **kwargs))


def _built(spec: str, made: Any) -> nn.Module | Built:
    """What a factory returned: a network, or ``(model, args)`` or ``(model, args, kwargs)``."""
    if isinstance(made, nn.Module):
        return made
    if isinstance(made, tuple) and 2 <= len(made) <= 3 and isinstance(made[0], nn.Module):
        model, args, kwargs = (*made, {})[:3]
        if isinstance(args, dict) and len(made) == 2:
            args, kwargs = (), args
        args = tuple(args) if isinstance(args, tuple | list) else (args,)
        if isinstance(kwargs, dict) and tensors_in((args, kwargs)):
            return Built(model, (args, kwargs))
    raise SourceError(
        f"{quoted(spec)} makes no torch.nn.Module: what it returns is of type {type(made).__name__}. A factory returns "
        f"the network, or '(model, args, kwargs)'.{backend_hint(made)}"
    )


def _usage(function: Any) -> str:
    """The arguments that would fit."""
    arguments = arguments_of(function)
    return f"Its arguments are ({arguments})." if arguments else "It takes no arguments."


# -- building ----------------------------------------------------------------------------------------------------------


def build_on_meta(source: Source) -> nn.Module:
    """The network without memory; on the CPU where its constructor needs values.

    Raises:
        SourceError: The constructor of the network raised.
    """
    return whole_on_meta(source).model


def whole_on_meta(source: Source) -> Built:
    """The network without memory, as :func:`build_on_meta` makes it, and what it was made with to be called.

    Raises:
        SourceError: The constructor of the network raised.
    """
    try:
        with keras_on_torch(), on_meta(), fresh_names():
            return _whole(source.build())
    except SourceError:
        raise
    except (Exception, SystemExit):  # noqa: BLE001 - whatever the constructor could not do without values
        return whole_on_cpu(source)


def _whole(made: nn.Module | Built) -> Built:
    return made if isinstance(made, Built) else Built(made)


def build_on_cpu(source: Source, seed: int | None = None) -> nn.Module:
    """The network with values; the random number generator is left as it was.

    Args:
        source: The network.
        seed: What the weights are drawn with; ``None``: the generator as it is.

    Raises:
        SourceError: The constructor of the network raised.
    """
    return whole_on_cpu(source, seed).model


def whole_on_cpu(source: Source, seed: int | None = None) -> Built:
    """The network with values, as :func:`build_on_cpu` makes it, and what it was made with to be called.

    Raises:
        SourceError: The constructor of the network raised.
    """
    try:
        with keras_on_torch(), torch.random.fork_rng(devices=[]), fresh_names():
            if seed is not None:
                torch.manual_seed(seed)
            return _whole(source.build())
    except SourceError:
        raise
    except (Exception, SystemExit) as error:
        raise SourceError(f"{quoted(source.name)} could not be built: {python_error(error)}") from error
