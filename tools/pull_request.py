"""What ``action.yml`` runs on a pull request: tables into the summary and one comment, annotations, an exit code.

Everything comes from the environment: ``NETWORKS``, ``CHECK``, ``BASE``, ``COMMENT`` and ``TOKEN`` from the action's
inputs, the rest from the runner.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archstat.claims.locks import LOCK_NAME
from archstat.networks.project import project_here

MARK = "<!-- what networks cost: archstat -->"
"""What tells the comment from others: an empty line to a reader."""

LONGEST = 65_000
"""The most of a comment, which may have 65,536 characters."""

_PER_PAGE = 100
_SECONDS = 30


def main(environment: Mapping[str, str]) -> int:
    """The exit code: 0 if all is as it should be, 1 if a limit is broken, 2 if something could not be worked out."""
    event = _event(environment)
    base = environment.get("BASE") or _base(event)
    codes, parts = [], []
    if base:
        code, table = _archstat("changes", *_words(environment, "NETWORKS"), "--base", base, "--format", "markdown")
        codes.append(code)
        parts.append(table)
    else:
        _say("notice", "This is no pull request, and no base was named: there is nothing to compare with.")
    code, table = _checked(_words(environment, "CHECK"))
    codes.append(code)
    parts.append(table)
    body = "\n\n".join(part.strip() for part in parts if part.strip())
    _summarise(environment, body)
    number = event.get("pull_request", {}).get("number")
    if number and body and environment.get("COMMENT", "true").lower() == "true":
        _comment(environment, int(number), body)
    return max(codes)


def _words(environment: Mapping[str, str], name: str) -> list[str]:
    return shlex.split(environment.get(name, ""))


def _say(kind: str, text: str) -> None:
    """A line that the runner shows as an annotation."""
    sys.stdout.write(f"::{kind}::{text.replace('%', '%25').replace(chr(10), '%0A')}\n")
    sys.stdout.flush()


# -- what is compared ------------------------------------------------------------------------------------------------


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    """What happened, as the runner tells it."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).is_file() else {}


def _base(event: Mapping[str, Any]) -> str:
    """The commit that a pull request goes out from; ``""``: there is no pull request.

    Where the history is not there, it is the tip of the base, which a checkout of the merge goes out from too.
    """
    tip = event.get("pull_request", {}).get("base", {}).get("sha", "")
    if not tip:
        return ""
    if _git("cat-file", "-e", f"{tip}^{{commit}}") is None:
        _git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", tip)
    found = _git("merge-base", tip, "HEAD") or tip
    return _git("rev-parse", "--short", found) or found


def _git(*words: str) -> str | None:
    """What git answers; ``None``: it failed."""
    found = subprocess.run(["git", *words], check=False, capture_output=True, text=True)  # noqa: S607
    return found.stdout.strip() if found.returncode == 0 else None


# -- what archstat says ----------------------------------------------------------------------------------------------


def _archstat(*words: str) -> tuple[int, str]:
    """The exit code of a command and what it puts out; what it says goes into the log."""
    found = subprocess.run([sys.executable, "-m", "archstat", *words], check=False, stdout=subprocess.PIPE, text=True)
    return found.returncode, found.stdout


def _checked(files: list[str]) -> tuple[int, str]:
    """Limits and locks: annotations into the log, and a table of what is broken."""
    trusted = ["--trust"] if files else []
    if not files and not _has_something_to_check():
        return 0, ""
    code, annotations = _archstat("check", *trusted, *files, "--format", "github")
    sys.stdout.write(annotations)
    _, table = _archstat("check", *trusted, *files, "--only-unexpected", "--format", "markdown")
    return code, table


def _has_something_to_check() -> bool:
    """Whether the project has limits or a lock of its networks."""
    project = project_here()
    return Path(LOCK_NAME).is_file() or any(each.max for each in project.networks.values())


# -- where it is shown -----------------------------------------------------------------------------------------------


def _summarise(environment: Mapping[str, str], body: str) -> None:
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{body}\n")


def _comment(environment: Mapping[str, str], number: int, body: str) -> None:
    """Write the comment of an earlier run anew, or the first one; a fork may not, which fails no pull request."""
    if len(body) > LONGEST:
        body = f"{body[:LONGEST].rpartition(chr(10))[0]}\n\nThe rest is in the summary of the run."
    repository = environment["GITHUB_REPOSITORY"]
    try:
        known = _comment_of(environment, repository, number)
        method, place = ("POST", f"issues/{number}") if known is None else ("PATCH", f"issues/comments/{known}")
        address = f"repos/{repository}/{place}{'/comments' if known is None else ''}"
        _ask(environment, method, address, {"body": f"{MARK}\n{body}"})
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        _say("warning", f"The comment could not be written, and the summary has the tables: {error}")


def _comment_of(environment: Mapping[str, str], repository: str, number: int) -> int | None:
    """The comment that an earlier run wrote."""
    page = 1
    while True:
        address = f"repos/{repository}/issues/{number}/comments?per_page={_PER_PAGE}&page={page}"
        comments = _ask(environment, "GET", address)
        own = [each["id"] for each in comments if (each.get("body") or "").startswith(MARK)]
        if own:
            return int(own[0])
        if len(comments) < _PER_PAGE:
            return None
        page += 1


def _ask(environment: Mapping[str, str], method: str, address: str, content: Any = None) -> Any:
    """What GitHub's API answers."""
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {environment.get('TOKEN', '')}"}
    data = None if content is None else json.dumps(content).encode()
    where = f"{environment['GITHUB_API_URL']}/{address}"
    request = urllib.request.Request(where, data, headers, method=method)  # noqa: S310 - the runner says where
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - likewise
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main(os.environ))
