"""Names of networks as arguments of commands, which shells can complete."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from archstat.networks.hub import HUB_NAMES


class NetworkName(click.ParamType):  # type: ignore[type-arg]  # of which click 8.1 has none
    """A name of a network: one of ours, of a hub, a file, a module or a saved cost; any text, looked up later."""

    name = "name"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - click's signature
        incomplete: str,
    ) -> list[CompletionItem]:
        """What may follow: names of ours and hubs, the names of a hub behind its colon, and files."""
        found = [name for name in _names(incomplete) if name.startswith(incomplete)]
        return [*map(CompletionItem, found), CompletionItem(incomplete, type="file")]


def _names(incomplete: str) -> list[str]:
    """Every name that may be meant; a hub's library is imported only behind its own colon."""
    if ":" not in incomplete:
        from archstat.published.figures import published

        return [*_of_project(), *published(), *(f"{hub}:" for hub in HUB_NAMES)]
    hub = incomplete.partition(":")[0]
    if hub not in HUB_NAMES:
        return []
    from archstat.networks.hub import HUBS, names_in

    return [f"{hub}:{name}" for name in names_in(HUBS.get(hub))]


def _of_project() -> list[str]:
    """The names of the project that is worked in; a file that does not hold together is no matter while one types."""
    from archstat.errors import DataError
    from archstat.networks.project import project_here

    try:
        return list(project_here().networks)
    except DataError:
        return []


def is_saved(name: str) -> bool:
    """Whether a name is that of a file that archstat wrote, and not of a config that a hub builds a network from."""
    return name.endswith(".json") and name.partition(":")[0] not in HUB_NAMES
