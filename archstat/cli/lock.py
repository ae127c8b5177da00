"""The command ``archstat lock``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName, is_saved
from archstat.cli._networks import analyse_quietly
from archstat.cli._options import input_options, is_given, put, trust_option
from archstat.cli._progress import watched
from archstat.cli._streams import tell
from archstat.errors import ArchstatError, DataError, InputError, quoted

if TYPE_CHECKING:
    from archstat.claims.locks import Lock, LockedNetwork
    from archstat.networks.written import WrittenSetting
    from archstat.records import ModelCost


@command()
@click.argument("names", nargs=-1, metavar="[NAME...]", type=NetworkName())
@click.option("--update", is_flag=True, help="Count the networks of a lock anew: NAME is the lock, or archstat.lock.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Put the networks into this lock, not on the terminal."
)
@trust_option
@input_options
def lock(names: tuple[str, ...], output: Path | None, *, update: bool, is_trusted: bool, **given: Any) -> None:
    """Write down what networks cost, for 'archstat check' to hold them to.

    With no NAME, those that the project lists in its archstat.toml or pyproject.toml (docs/project.md).

    A lock is a file of TOML with a table for each network: its input, a line for each total and a line for each layer,
    so that git can merge it. Networks that the file holds already, and that are not named, stay as they are; take one
    out with an editor. Paths in it begin at its folder.

    A lock is data: 'FILE.py:NAME' and 'MODULE:NAME' in it are counted anew only with --trust, or where your
    pyproject.toml trusts its folder; SECURITY.md says how.

    Example: archstat lock lenet5 resnet50 --output archstat.lock
    """
    if update:
        _refuse_inputs(given)
        put(*_renewed(names, output, is_trusted=is_trusted))
    else:
        put(_with(names or _of_project(), output, given), output)


def _of_project() -> tuple[str, ...]:
    """The networks of the project that is worked in.

    Raises:
        UsageError: There are none.
    """
    from archstat.networks.project import project_here

    names = tuple(project_here().networks)
    if not names:
        raise click.UsageError("Missing argument 'NAME...', and no project here lists networks of its own.")
    return names


def _refuse_inputs(given: dict[str, Any]) -> None:
    """Refuse an input where the recorded ones are used.

    Raises:
        UsageError: An option of the input was written.
    """
    if any(map(is_given, given)):
        raise click.UsageError("'--update' counts with the inputs that the lock records: leave out those options.")


def _with(names: Sequence[str], output: Path | None, given: dict[str, Any]) -> str:
    """The lock with these networks in it."""
    from archstat.claims.locks import Lock, lock_text, locked, read_lock, with_networks
    from archstat.files.saving import check_place
    from archstat.networks.beside import for_folder, is_there
    from archstat.networks.project import written_in_project
    from archstat.networks.written import WrittenSetting, written_as
    from archstat.published.figures import expand

    if output is not None:
        check_place(output)
    before = read_lock(output) if output is not None and is_there(output) else Lock("", ())
    folder = Path() if output is None else output.parent
    how = WrittenSetting(**written_as(**given))
    networks = []
    for name in watched(expand(names)):
        _refuse_saved_cost(name)
        place, counted = written_in_project(name, how)
        cost = analyse_quietly(place, counted.setting).cost
        _tell_of(name, cost)
        networks.append(locked(for_folder(place, folder), _as_written(counted, folder), cost))
    return lock_text(with_networks(before, networks))


def _as_written(how: WrittenSetting, folder: Path) -> WrittenSetting:
    """How networks are counted, paths of functions that make inputs beginning at the folder of the lock."""
    import msgspec

    from archstat.networks.beside import for_folder

    written = tuple(f"@{for_folder(each[1:], folder)}" if each.startswith("@") else each for each in how.input)
    return msgspec.structs.replace(how, input=written)


def _refuse_saved_cost(name: str) -> None:
    if is_saved(name):
        raise InputError(f"{quoted(name)} is a saved cost, which never changes: name the network itself.")


def _tell_of(name: str, cost: ModelCost) -> None:
    """What a reader must know of a count that others are held to."""
    from archstat import units

    if cost.input_origin.startswith("assumed"):
        tell(f"Note: {name} is counted on {units.shapes(cost.input_shapes)}, which is {cost.input_origin}.")
    if cost.uncounted:
        ops = ", ".join(each.op for each in cost.uncounted)
        tell(f"Note: the totals of {name} are lower bounds: no rule counts {ops}.")


# -- anew --------------------------------------------------------------------------------------------------------------


def _renewed(names: Sequence[str], output: Path | None, *, is_trusted: bool) -> tuple[str, Path]:
    """The text of a lock whose networks are counted anew, and where it goes.

    Raises:
        UsageError: Several files are named.
    """
    from archstat.claims.locks import LOCK_NAME, lock_text, read_lock, with_networks
    from archstat.files.saving import check_place
    from archstat.networks.trust import NOTHING, Trust

    files = [*names, *([] if output is None else [str(output)])]
    if len(set(files)) > 1:
        raise click.UsageError("'--update' takes one file, the lock: its networks stand in it.")
    path = Path(files[0] if files else LOCK_NAME)
    found = read_lock(path)
    check_place(path)
    trust = Trust.of([path]) if is_trusted else NOTHING
    analyse = trust.within(path, analyse_quietly)
    watch = watched([each.label for each in found.networks])
    renewed = [_anew(found, each, analyse) for each, _ in zip(found.networks, watch, strict=True)]
    return lock_text(with_networks(found, renewed)), path


def _anew(found: Lock, network: LockedNetwork, analyse: Any) -> LockedNetwork:
    """A network of a lock as it costs now."""
    from archstat.claims.lock_checks import counted_now
    from archstat.claims.locks import locked

    try:
        cost = counted_now(found, network, analyse)
    except ArchstatError as error:
        where = f"{found.path}:{network.line}: network {quoted(network.label)}"
        raise DataError(f"{where}: {error}", helps=error.helps) from error
    _tell_of(network.name, cost)
    return locked(network.name, network.how, cost)
