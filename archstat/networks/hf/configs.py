"""From what a user writes to a config of transformers; nothing is fetched, and no code of a repository is run."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from archstat.errors import SourceError, UnknownNameError, first_line, quoted
from archstat.networks.hf.foreign import refuse_other_library
from archstat.networks.hf.well_known import WELL_KNOWN
from archstat.networks.hub_arguments import said_by

_LARGEST_FILE = 16 << 20


def config_types() -> Mapping[str, type[Any]]:
    """The class of the config of each model type of the installed library, which is imported when it is asked for."""
    mapping: Mapping[str, type[Any]] = import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    return mapping


def config_of(spec: str, name: str, given: Mapping[str, Any]) -> Any:
    """The config that a name leads to.

    Args:
        spec: The network as the user wrote it.
        name: A model type, a folder with a ``config.json``, such a file, or the name of a model.
        given: Fields that are to be others, as a dictionary those of a config inside it.

    Raises:
        UnknownNameError: The place is none of these.
        SourceError: The file is no config of transformers, or a field does not fit.
    """
    if is_path(name):
        return _config_with(spec, _content(config_file(name)), given)
    if name in set(config_types().keys()):
        return _typed(spec, name, {}, given)
    cached = cached_file(name)
    if cached is not None:
        return _config_with(spec, _content(cached), given)
    if name in WELL_KNOWN:
        return _config_with(spec, dict(WELL_KNOWN[name].config), given)
    if is_folder(name):
        return _config_with(spec, _content(config_file(name)), given)
    raise _unknown(name)


def is_path(name: str) -> bool:
    """Whether a name is meant as a place of files and nothing else."""
    return name.startswith((".", "/", "~")) or name.endswith(".json") or "\\" in name


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder here."""
    try:
        return bool(name) and Path(name).is_dir()
    except (OSError, ValueError):
        return False


def _unknown(name: str) -> UnknownNameError:
    """No such model type, and no such model on this machine."""
    if "/" not in name:
        hint = (
            "A model of that name is not on this machine either: download its config.json and name that file, "
            "as in 'hf:./config.json'."
        )
        known = [*config_types().keys(), *WELL_KNOWN]
        return UnknownNameError.of("model type of transformers", name, known, hint, helps={"source": "hf"})
    return UnknownNameError(
        f"The config of {quoted(name)} is not on this machine, and nothing is fetched: download the config.json of "
        f"that model and name the file, as in 'hf:./config.json'.{_near_types(name)}"
    )


def _near_types(name: str) -> str:
    """The model types whose names a model's name begins with."""
    plain = _letters(name.rpartition("/")[2])
    near = sorted((each for each in config_types() if plain.startswith(_letters(each))), key=len)
    return f" Networks of its kind, in the library's default sizes: 'hf:{near[-1]}'." if near else ""


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


# -- files -------------------------------------------------------------------------------------------------------------


def config_file(name: str, library: str = "transformers") -> Path:
    """The file that a path names, or that is in the folder that it names.

    Raises:
        SourceError: There is none.
    """
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            path /= "config.json"
            if not path.is_file():
                raise SourceError(f"The folder {quoted(name)} has no config.json, which a model of {library} has.")
        if path.is_file():
            return path
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{quoted(name)} cannot be read: {first_line(error)}") from error
    raise SourceError(f"There is no file and no folder {quoted(name)}.")


def cached_file(name: str, file: str = "config.json") -> Path | None:
    """A file of a model whose files were once downloaded; of a name without owner if but one model has it.

    Args:
        name: The name of the model.
        file: The name of the file in the folder of the model.
    """
    try:
        hub = import_module("huggingface_hub")
        folder = Path(import_module("huggingface_hub.constants").HF_HUB_CACHE)
        names = [name]
        if "/" not in name:
            found = [path.name for path in folder.glob(f"models--*--{_plain(name)}")]
            names += [each.removeprefix("models--").replace("--", "/", 1) for each in found]
        paths = {path for path in (hub.try_to_load_from_cache(each, file) for each in names) if _is_file(path)}
    except (OSError, ValueError, ImportError):
        return None
    return Path(paths.pop()) if len(paths) == 1 else None


def _plain(name: str) -> str:
    """A name without what a pattern of file names would understand otherwise."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_file(path: Any) -> bool:
    return isinstance(path, str) and Path(path).is_file()


def json_fields(path: Path) -> dict[str, Any]:
    """The fields that a file of JSON holds.

    Raises:
        SourceError: The file cannot be read, or holds something else.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise SourceError(f"{quoted(path)} is no config: it has more than {_LARGEST_FILE >> 20} MiB.")
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{quoted(path)} cannot be read: {first_line(error)}") from error
    except ValueError as error:
        raise SourceError(f"{quoted(path)} is no JSON: {first_line(error)}.") from error
    if not isinstance(held, dict):
        raise SourceError(f"{quoted(path)} is no config: it holds no fields.")
    return held


def _content(path: Path) -> dict[str, Any]:
    """What a config of transformers says.

    Raises:
        SourceError: The file cannot be read, or holds something else.
    """
    held = json_fields(path)
    refuse_other_library(str(path), held)
    return held


# -- fields ------------------------------------------------------------------------------------------------------------


def _config_with(spec: str, held: dict[str, Any], given: Mapping[str, Any]) -> Any:
    """The config of fields that a file holds, of which some are to be others."""
    model_type = held["model_type"]
    if model_type not in config_types():
        if held.get("auto_map"):
            raise SourceError(
                f"{quoted(spec)} needs code of its repository, which is never run: transformers has no model type "
                f"{quoted(model_type)}. Make the network yourself, and name the function that does, as in "
                "'./net.py:make'."
            )
        known = config_types().keys()
        raise UnknownNameError.of("model type of transformers", model_type, known, "A newer version may have it.")
    return _typed(spec, model_type, held, given)


def _typed(spec: str, model_type: str, held: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """The config of a model type.

    Raises:
        SourceError: A field does not fit.
    """
    config_class = config_types()[model_type]
    try:
        plain = config_class(**{name: value for name, value in held.items() if name not in _NO_FIELDS})
    except Exception as error:
        raise SourceError(f"{quoted(spec)} has no whole config: {said_by(error)}") from error
    if not given:
        return plain
    _check_fields(spec, plain, given)
    merged = _merged(plain, held, given)
    try:
        return config_class(**merged)
    except Exception as error:
        raise SourceError(f"{quoted(spec)} does not fit: {said_by(error)}") from error


_NO_FIELDS = frozenset({"auto_map", "model_type", "transformers_version", "quantization_config"})
"""What a file says that is no size of the network; quantized weights are counted as what they are before that."""


def _check_fields(spec: str, config: Any, given: Mapping[str, Any], place: str = "") -> None:
    """Refuse fields that no such config has.

    Raises:
        SourceError: One is none.
    """
    for name, value in given.items():
        known = _fields(config)
        if name not in known:
            wrong = UnknownNameError.of(f"field of {type(config).__name__}", place + name, known)
            raise SourceError(f"{quoted(spec)} does not fit: {wrong}")
        inner = getattr(config, name, None)
        if isinstance(value, dict) and hasattr(inner, "to_dict"):
            _check_fields(spec, inner, value)


def _fields(config: Any) -> list[str]:
    """The fields that a config can be made with, under both of their names."""
    parameters: Iterable[str] = inspect.signature(type(config).__init__).parameters
    known = {*parameters, *config.to_dict(), *config.attribute_map, *_ALL_CONFIGS}
    return sorted(name for name in known - {"self", "args", "kwargs", *_NO_FIELDS} if not name.startswith("_"))


_ALL_CONFIGS = ("attn_implementation", "num_labels", "output_attentions", "output_hidden_states", "use_cache")


def _merged(config: Any, held: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a file with others in their place; those that a file does not say are left to the class.

    A list with one entry for each layer is cut where there are to be fewer.
    """
    fields = {name: value for name, value in held.items() if name not in _NO_FIELDS}
    layers, fewer = held.get("num_hidden_layers"), given.get("num_hidden_layers")
    if isinstance(layers, int) and isinstance(fewer, int) and 0 < fewer < layers:
        fields = {
            name: value[:fewer] if isinstance(value, list) and len(value) == layers else value
            for name, value in fields.items()
        }
    for name, value in given.items():
        inner: Any = getattr(config, name, None)
        own = fields.get(name)
        if isinstance(value, dict) and hasattr(inner, "to_dict"):
            of_file = own if isinstance(own, dict) else _own_fields(config, name)
            type_field = {"model_type": inner.model_type} if inner.model_type else {}
            fields[name] = {**type_field, **_merged(inner, of_file, value)}
        else:
            fields[name] = value
    return fields


def _own_fields(config: Any, name: str) -> dict[str, Any]:
    """What a config says of one inside it where that is not as its class has it by default."""
    inner = getattr(config, name)
    told: dict[str, Any] = inner.to_diff_dict()
    return told
