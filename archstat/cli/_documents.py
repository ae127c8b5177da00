"""From the names and files on a command line to what a card and a paper are written from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._names import is_saved
from archstat.cli._networks import inference_memory_named, measured_in_store, network_of, networks_and_measurements
from archstat.cli._options import wrote
from archstat.cli._progress import watched
from archstat.cli._streams import tell
from archstat.errors import InputError

if TYPE_CHECKING:
    from archstat.documents.evidence import Evidence
    from archstat.records import Measurement

_NAMED_MAX = 8


def evidence_named(
    names: Sequence[str], place: str | None, convention: str | None, **given: Any
) -> tuple[Evidence, ...]:
    """What is known of the networks that are named, with what files and a store have measured of them.

    Args:
        names: Networks, and files of measurements.
        place: A store; ``None``: none.
        convention: Another convention to count by as well.
        given: All options of the input.

    Raises:
        UsageError: Nothing is named.
        InputError: Measurements alone are named, of networks that only their user can name.
    """
    if not names:
        raise click.UsageError("Missing argument 'NAME|RESULT.json...'. Name a network.")
    chosen, measurements = networks_and_measurements(names)
    if not chosen:
        raise InputError("No network is named whose measurements these are: name it beside its files.")
    stored = [] if place is None else measured_in_store(place, chosen)
    found = tuple(_evidence(each, [*measurements, *stored], convention, given) for each in watched(chosen))
    _tell_unused(found, measurements)
    return found


def _evidence(
    name: str, measurements: Sequence[Measurement], convention: str | None, given: dict[str, Any]
) -> Evidence:
    from archstat.documents.evidence import Evidence, measured_of_network, programs_of
    from archstat.networks.project import as_in_project
    from archstat.networks.settings import Setting
    from archstat.store.records import Versions

    network = network_of(name, **given)
    tally = network.tally(convention) if convention else None
    measured = measured_of_network(network.cost, measurements)
    if is_saved(name):
        return Evidence(network.cost, Versions(), None, measured, tally)
    memory = inference_memory_named(name, **given)
    programs = programs_of(as_in_project(name, Setting())[0])
    activations = network.tally("timm-activations").number
    return Evidence(network.cost, programs, memory, measured, tally, timm_activations=activations)


def _tell_unused(found: Sequence[Evidence], measurements: Sequence[Measurement]) -> None:
    """Say whose measurements are used for nothing."""
    from archstat.files.text import named_up_to

    known = {each.name for each in found}
    unused = list(dict.fromkeys(each.architecture for each in measurements if each.architecture not in known))
    if unused:
        tell(f"Note: measurements of networks that are not named are left out: {named_up_to(unused, _NAMED_MAX)}.")


def check_card(path: Path) -> None:
    """Find out whether a card can take a section, before the work that is to go into it is done.

    Raises:
        ArchstatError: The card cannot be read or written, or does not say where the section is to stand.
    """
    from archstat.documents.section import BEGIN, END, with_section
    from archstat.files.saving import check_place
    from archstat.files.text import exact_text_of

    with_section(exact_text_of(path), f"{BEGIN}\n{END}\n", str(path))
    check_place(path)


def put_into(path: Path, found: Sequence[Evidence]) -> None:
    """Put a section and an entry of the front matter into a card, whose other bytes stay as they are.

    Raises:
        ArchstatError: The card cannot be read, does not say where the section is to stand, or cannot be written.
    """
    from archstat.documents.card import KEY, card_entry, card_section
    from archstat.documents.front_matter import with_front_matter
    from archstat.documents.section import with_section
    from archstat.files.saving import write_whole
    from archstat.files.text import exact_text_of

    before = exact_text_of(path)
    after = with_front_matter(with_section(before, card_section(found), str(path)), KEY, card_entry(found))
    if after == before:
        tell(f"{path} is up to date.")
        return
    write_whole(path, after)
    wrote([path])
