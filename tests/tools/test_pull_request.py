"""``action.yml``: its steps, as a runner makes them, on a repository and against an API on the loopback."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "pull_request.py"))
MARK = TOOL["MARK"]
GIT, BASH = shutil.which("git"), shutil.which("bash")

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, {width}), nn.ReLU(), nn.Linear({width}, 2))
"""

PROJECT = """
[networks.small]
network = "./net.py:Net"
input = "4"
max = {{ parameters = {most} }}
"""


class Api(BaseHTTPRequestHandler):
    """The part of GitHub's API that keeps comments."""

    comments: list
    asked: list
    is_fork = False

    def _answer(self, value, status=200):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def _content(self):
        self.asked.append((self.command, self.path, self.headers["Authorization"]))
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")

    def do_GET(self):
        self._content()
        page = int(re.search(r"[?&]page=(\d+)", self.path)[1])
        self._answer(self.comments[100 * (page - 1) : 100 * page])

    def do_POST(self):
        content = self._content()
        if self.is_fork:
            return self._answer({"message": "Resource not accessible by integration"}, 403)
        self.comments.append({"id": 1000 + len(self.comments), **content})
        return self._answer(self.comments[-1], 201)

    def do_PATCH(self):
        content = self._content()
        (known,) = (each for each in self.comments if self.path.endswith(f"/comments/{each['id']}"))
        known.update(content)
        self._answer(known)

    def log_message(self, *_):
        """The test's own output is enough."""


@pytest.fixture
def api():
    """A server that keeps comments, on a port of its own."""
    kind = type("Api", (Api,), {"comments": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kind.address = f"http://127.0.0.1:{server.server_port}"
    yield kind
    server.shutdown()
    server.server_close()


class Repository:
    """A repository with a base and a change."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(width=8)
        self.commit()
        self.base = self.git("rev-parse", "HEAD")

    def git(self, *words):
        who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        how = {"cwd": self.folder, "env": {**os.environ, **who}, "capture_output": True, "text": True}
        return subprocess.run([GIT, *words], check=True, **how).stdout.strip()

    def write(self, width, most=100):
        (self.folder / "net.py").write_text(NET.format(width=width))
        (self.folder / "archstat.toml").write_text(PROJECT.format(most=most))

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=x")


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "work").mkdir()
    return Repository(tmp_path / "work")


@pytest.fixture
def act(tmp_path, api, repository):
    """Runs the last step of the action as a runner does, on a pull request or on a push."""
    (step,) = [each for each in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"] if "env" in each][1:]

    def run(*, is_pull_request=True, event=None, **inputs):
        told = {"pull_request": {"number": 7, "base": {"sha": repository.base}}} if is_pull_request else {}
        (tmp_path / "event.json").write_text(json.dumps(told if event is None else event))
        given = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
        of_inputs = {name: inputs.get(name.lower(), given[name.lower()]["default"]) for name in step["env"]}
        environment = {
            **os.environ,
            **of_inputs,
            "TOKEN": "secret",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ARCHSTAT_CACHE": str(tmp_path / "cache"),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": api.address,
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": "us/nets",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        how = {"cwd": repository.folder, "env": environment, "capture_output": True, "text": True}
        return subprocess.run([BASH, "-e", "-c", step["run"]], check=False, **how)

    run.summary = tmp_path / "summary.md"
    return run


def test_a_pull_request_that_costs_more_says_so_in_one_comment(act, api, repository):
    repository.write(width=9)
    repository.commit()
    first = act()
    assert first.returncode == 0, first.stderr
    (comment,) = api.comments
    assert "| small | 58 → 65 (+12.1 %) |" in comment["body"]
    assert f"did cost at {repository.base[:7]}**" in comment["body"]
    assert comment["body"].startswith(MARK)
    assert act.summary.read_text() in f"{comment['body'].removeprefix(MARK).lstrip()}\n"
    assert {token for _, _, token in api.asked} == {"Bearer secret"}

    repository.write(width=10)
    api.comments[:0] = [{"id": number, "body": "Nice."} for number in range(130)]
    assert act().returncode == 0
    assert [each["body"] for each in api.comments[:-1]] == ["Nice."] * 130
    assert "58 → 72 (+24.1 %)" in api.comments[-1]["body"]


def test_a_broken_limit_fails_and_stands_at_its_line(act, api, repository):
    repository.write(width=9, most=60)
    found = act()
    assert found.returncode == 1
    assert "::error file=archstat.toml,line=2,title=small%3A parameters::" in found.stdout
    assert "8.3 %25 (5) over the limit" in found.stdout
    assert "&lt;= 60" in api.comments[0]["body"]


@pytest.mark.rare
def test_a_network_that_cannot_be_built_is_told_and_fails(act, api, repository):
    (repository.folder / "net.py").write_text("from torch import nn\n")
    found = act(comment="false")
    assert found.returncode == 2
    assert "It cannot be counted" in act.summary.read_text()
    assert api.asked == []


@pytest.mark.rare
def test_a_fork_that_may_write_no_comment_does_not_fail(act, api):
    api.is_fork = True
    found = act()
    assert found.returncode == 0
    assert "::warning::The comment could not be written" in found.stdout
    assert "small" in act.summary.read_text()


@pytest.mark.rare
def test_networks_and_a_base_can_be_named(act, repository):
    repository.write(width=16)
    found = act(networks="./net.py:Net lenet5_no", base=repository.base, check="archstat.toml", comment="false")
    assert found.returncode == 2, "one of them is none"
    assert act(networks="small", base="HEAD", check="archstat.toml", comment="false").returncode == 1
    assert "58 → 114" in act.summary.read_text()


@pytest.mark.rare
def test_a_push_has_nothing_to_compare_with_and_is_checked(act, api):
    found = act(is_pull_request=False)
    assert found.returncode == 0
    assert "::notice::This is no pull request" in found.stdout
    assert api.asked == []


@pytest.mark.rare
def test_a_base_that_is_not_there_is_fetched(act, repository, tmp_path):
    repository.write(width=9)
    repository.commit()
    subprocess.run(
        [GIT, "clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "shallow")], check=True
    )
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.folder = tmp_path / "shallow"
    found = act()
    assert found.returncode == 0, found.stderr
    assert "58 → 65" in act.summary.read_text()


def test_a_comment_is_never_longer_than_one_may_be(api):
    environment = {"GITHUB_API_URL": api.address, "GITHUB_REPOSITORY": "us/nets", "TOKEN": "x"}
    TOOL["_comment"](environment, 1, "a line of some length\n" * 5000)
    assert len(api.comments[0]["body"]) < 65_536
    assert api.comments[0]["body"].endswith("The rest is in the summary of the run.")


def test_the_action_installs_what_it_runs():
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert 'pip install --quiet "$GITHUB_ACTION_PATH"' in steps[0]["run"]
    assert all(each["shell"] == "bash" for each in steps)
