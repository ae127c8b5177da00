"""Networks of diffusers: ``diffusers:UNet2DConditionModel``, ``diffusers:./config.json``, ``diffusers:./folder#unet``.

A name is a class, in the sizes that it has by default; a folder with a ``config.json``, or such a file, whose
``_class_name`` decides; or a model in the local hub cache, with the folder of its part behind ``#``. Arguments are
those of the class, and replace fields of the config. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archstat.errors import SourceError, quoted
from archstat.networks.diffusion.needs import PartNeed
from archstat.networks.diffusion.parts import PipelinePart, classes_with_defaults, pipeline_part
from archstat.networks.diffusion.takes import inputs_for_part
from archstat.networks.hf.offline import offline
from archstat.networks.hub import HUBS, Hub
from archstat.networks.hub_arguments import refuse_positions, said_by, told_by_config
from archstat.networks.input_specs import AnyInput
from archstat.networks.libraries import library_of, unheard
from archstat.networks.settings import Setting
from archstat.networks.source import Source


def _library() -> Any:
    """The library, which imports each class when it is asked for, and torchvision with some."""
    return library_of("diffusers", "diffusers")


def _names() -> Iterable[str]:
    """The classes that make a network by themselves."""
    _library()
    return classes_with_defaults()


def _source(spec: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Source:
    """The network of a class or of a config, and what it takes."""
    _library()
    refuse_positions(spec, args, "diffusers:UNet2DModel(sample_size=32)")
    with unheard(), offline():
        part = pipeline_part(spec, name, kwargs)

    def takes(setting: Setting) -> tuple[AnyInput, ...] | None:
        return told_by_config(spec, lambda: inputs_for_part(PartNeed(part.network, part.fields, setting)))

    return Source(spec, lambda: _built(spec, part, kwargs), takes)


def _built(spec: str, part: PipelinePart, given: dict[str, Any]) -> Any:
    """The network.

    Raises:
        SourceError: The config makes no network: its fields do not fit each other.
    """
    try:
        with unheard(), offline():
            return part.network.from_config(dict(part.held), **given) if part.held else part.network(**given)
    except RuntimeError:  # for want of values, which are there at the next try
        raise
    except Exception as error:
        raise SourceError(f"{quoted(spec)} cannot be built: {said_by(error)}") from error


HUBS.add(Hub("diffusers", "diffusers", _source, _names, "diffusers by class, config file, folder or name"))
