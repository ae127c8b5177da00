"""Networks of transformers: ``hf:bert``, ``hf:./folder``, ``hf:config.json``, ``hf:NAME#CausalLM``.

Before the ``#`` stands a model type, whose config is the library's default; a folder with a ``config.json`` or such a
file; or the name of a model whose config is on this machine. Behind it stands a head; without one the network is the
one that the config's ``architectures`` names, and the base model if it names none, as by default. Arguments replace
fields of the config. Nothing is fetched, and no code but the library's own is run.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable
from typing import Any

import torch

from archstat.errors import SourceError, quoted
from archstat.networks.hf.configs import config_of, config_types
from archstat.networks.hf.heads import network_class
from archstat.networks.hf.needs import Need
from archstat.networks.hf.offline import offline
from archstat.networks.hf.probing import count_tokens
from archstat.networks.hf.takes import inputs_for_need
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_positions, said_by, told_by_config
from archstat.networks.input_specs import AnyInput, InputSpec
from archstat.networks.libraries import library_of
from archstat.networks.settings import Setting
from archstat.networks.source import Source


def _library() -> Any:
    """The library, which imports each network, and torchvision for some, when it is asked for."""
    return library_of("hf", "transformers")


def _names() -> Iterable[str]:
    """Every model type."""
    _library()
    return list(config_types().keys())


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of a config, and what it takes."""
    _library()
    with offline():
        refuse_positions(spec, args, "hf:bert(num_hidden_layers=2)")
        place, _, head = name.partition("#")
        config = config_of(spec, place, kwargs)
        network = network_class(spec, config, head)

    def build() -> Any:
        with offline():
            own = config_of(spec, place, kwargs)  # a network changes its config
            if hasattr(own, "use_pretrained_backbone"):
                own.use_pretrained_backbone = False
            return _built(spec, network, own)

    source = Source(spec, build)

    @functools.cache
    def tokens_for(kind: str, media: tuple[InputSpec, ...]) -> int:
        with offline():
            return count_tokens(source, kind, media)

    def takes(setting: Setting) -> tuple[AnyInput, ...] | None:
        return told_by_config(spec, lambda: inputs_for_need(Need(config, network, setting), tokens_for))

    return Source(spec, build, takes)


def _built(spec: str, network: Any, config: Any) -> Any:
    """The network of a config; without values, where it is to have none.

    Raises:
        SourceError: The config makes no network: its fields do not fit each other.
    """
    try:
        return network._from_config(config)  # noqa: SLF001 - what the library's AutoModel.from_config calls
    except Exception as error:
        if torch.empty(0).is_meta:  # a constructor may do what tensors of which some have values cannot
            with contextlib.suppress(Exception), torch.device("meta"):
                return network._from_config(config)  # noqa: SLF001 - likewise
        if isinstance(error, RuntimeError):  # for want of values, which are there at the next try
            raise
        raise SourceError(f"{quoted(spec)} cannot be built: {said_by(error)}") from error


HUBS.add(Hub("hf", "transformers", _source, _names, "transformers by model type, config file or name"))
