"""The command ``archstat changes``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named
from archstat.cli._options import columns_asked, input_options, output_options, put_table, put_tables
from archstat.cli._progress import watched
from archstat.cli._streams import tell
from archstat.errors import ArchstatError

if TYPE_CHECKING:
    from archstat.tables.changes import ChangedNetwork


@command()
@click.argument("names", nargs=-1, metavar="[NAME...]", type=NetworkName())
@click.option(
    "--base", default="HEAD", show_default=True, metavar="REVISION", help="The revision of git to look back to."
)
@input_options
@output_options
@click.pass_context
def changes(
    context: click.Context,
    /,
    names: tuple[str, ...],
    base: str,
    format_: str,
    output: Path | None,
    *,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show what a change of code makes of several networks: what each costs, and did cost at a revision of git.

    NAME is 'FILE.py:NAME' or 'MODULE:NAME'; without one, the networks that the project lists (docs/project.md). Below
    the table stand, network by network, the layers that changed. A network that the revision has not is new; one that
    could not be counted there is told. Exit code 2: one cannot be counted now.

    Example: archstat changes docs/examples/net.py:Net --input 3x32x32
    """
    from archstat.tables.changes import change_tables, changes_table

    found, errors = [], []
    for name in watched(names or _of_project()):
        change, error = _change(name, base, given)
        found.append(change)
        errors += [] if error is None else [error]
    is_full = format_ in ("csv", "json") or bool(columns_asked())
    table = changes_table(found, base, is_full=is_full)
    if is_full:
        put_table(table, format_, output, is_exact=is_exact)
    else:
        put_tables([table, *change_tables(found, base)], format_, output, is_exact=is_exact)
    for each in errors:
        tell(f"Error: {each}")
    context.exit(2 if errors else 0)


def _of_project() -> tuple[str, ...]:
    """The networks of the project that lie in it: git knows nothing of those of libraries.

    Raises:
        UsageError: There are none.
    """
    from archstat.networks.project import project_here
    from archstat.networks.trust import names_code

    project = project_here()
    names = tuple(name for name, each in project.networks.items() if names_code(each.network))
    if not names:
        raise click.UsageError("Missing argument 'NAME...', and no project here lists networks of its own.")
    return names


def _change(name: str, base: str, given: dict[str, Any]) -> tuple[ChangedNetwork, ArchstatError | None]:
    """A network before and after, and why it cannot be counted now, if it cannot."""
    from archstat.errors import AbsentError
    from archstat.tables.changes import ChangedNetwork

    before, after, notes, failed = None, None, [], None
    try:
        before = cost_named(f"{base}:{name}", **given)
    except AbsentError as error:
        notes.append(f"{error} All of it is new.")
    except ArchstatError as error:
        notes.append(f"At {base} it could not be counted: {error}")
    try:
        after = cost_named(name, **given)
    except ArchstatError as error:
        notes = [f"It cannot be counted: {error}"]
        failed = error
    return ChangedNetwork(name, before, after, " ".join(notes)), failed
