"""The limits of a project's own networks, as claims that each has no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from archstat.claims.files import Claim, ClaimsFile
from archstat.claims.spending import check_limit
from archstat.errors import ArchstatError, DataError, quoted
from archstat.files.text import text_of
from archstat.networks.project import PROJECT_FILE, Project, ProjectNetwork
from archstat.networks.trust import PROJECT


def is_project(path: Path) -> bool:
    """Whether a file lists the networks of a project, by its name."""
    return path.name in (PROJECT_FILE, PROJECT)


def project_limits(project: Project) -> ClaimsFile:
    """A claim for each limit of a project.

    Raises:
        DataError: A limit is none, or of a network that is counted as no claim can say.
    """
    lines = _lines(project.path)
    claims = [claim for name, each in project.networks.items() for claim in _limits(project.path, name, each, lines)]
    return ClaimsFile(str(project.path), "", tuple(claims), ())


def _limits(path: Path, name: str, network: ProjectNetwork, lines: Mapping[str, int]) -> list[Claim]:
    line = lines.get(name, 0)
    if network.max and (network.test_size or network.strict):
        told = "has limits: say its 'resolution', and no 'test_size' or 'strict'"
        raise DataError(f"{path}:{line}: network {quoted(name)} {told}.")
    how = {key: value for key, value in msgspec.to_builtins(network).items() if key not in ("network", "max")}
    own = {**how, "architecture": network.network, "line": line}
    try:
        return [_limit(name, own, quantity, f"<= {most}") for quantity, most in network.max.items()]
    except (msgspec.ValidationError, ValueError, ArchstatError) as error:
        raise DataError(f"{path}:{line}: network {quoted(name)}: {str(error).rstrip('.')}.") from error


def _limit(name: str, own: Mapping[str, Any], quantity: str, stated: str) -> Claim:
    check_limit(quantity, stated)
    claim = msgspec.convert({**own, "id": f"{name}: {quantity}", "quantity": quantity, "stated": stated}, Claim)
    claim.check()
    return claim


def _lines(path: Path) -> dict[str, int]:
    """The line in which the table of each network begins."""
    heading = re.compile(r"\s*\[(?:tool\.archstat\.)?networks\.[\"']?([\w-]+)[\"']?\]")
    found = ((heading.match(line), number) for number, line in enumerate(text_of(path).splitlines(), start=1))
    return {match[1]: number for match, number in found if match}
