"""A JupyterLab of its own: a server on loopback, and notebooks in it that Chromium opens."""

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page

import archstat

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are there to be measured
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
"""What a user has set in JupyterLab: all cells are on the page, and it asks nobody for news."""

UNUSED = ("debugger", "extensionmanager", "lsp", "terminal", "apputils-extension:splash")
"""Parts of JupyterLab that show nothing of a notebook: without them it opens in two thirds of the time."""

LONGEST_START_S = 120
"""A server that has not begun by then is ended, so that its test fails and does not wait."""


class Server:
    """A Jupyter server, which has JupyterLab and Notebook 7.

    Attributes:
        address: Where it answers.
        work: The folder of its notebooks.
    """

    def __init__(self, address: str, token: str, work: Path) -> None:
        self.address, self._token, self.work = address, token, work

    def url(self, app: str, name: str) -> str:
        """The address of a notebook in ``"lab/tree"`` or ``"notebooks"``."""
        return f"{self.address}/{app}/{name}?token={self._token}"

    def write(self, name: str, cells: list[dict]) -> None:
        """Put a notebook into the folder; nobody has trusted it."""
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.work / name).write_text(json.dumps(made), encoding="utf-8")


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server that keeps all that it writes within a folder, and is gone in the end."""
    token, work = secrets.token_hex(16), folder / "work"
    environment = _prepared(folder, token, work)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={work}"]
    with subprocess.Popen(command, cwd=work, env=environment, stderr=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(LONGEST_START_S, process.kill)
        timer.start()
        try:
            address = _address(process)
            reader = threading.Thread(target=process.stderr.read)  # a full pipe would stop the server
            reader.start()
            _wait_for(f"{address}/api/status?token={token}", process)
            timer.cancel()
            yield Server(address, token, work)
        finally:
            timer.cancel()
            process.terminate()  # its kernels end with it
            process.wait()
    reader.join()


def _prepared(folder: Path, token: str, work: Path) -> dict[str, str]:
    """The environment of a server with a home, a configuration and settings of its own."""
    config, settings = folder / "config", folder / "settings" / "@jupyterlab"
    for place in (work, config):
        place.mkdir(parents=True)
    for name, content in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(content))
    disabled = {f"@jupyterlab/{name}{'' if ':' in name else '-extension'}": True for name in UNUSED}
    (config / "labconfig").mkdir()
    (config / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    unused = dict.fromkeys(("jupyter_lsp", "jupyter_server_terminals"), False)
    never = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
    server = {
        "ServerApp": {"ip": "127.0.0.1", "port": 0, "allow_root": os.geteuid() == 0, "jpserver_extensions": unused},
        "IdentityProvider": {"token": token},
        "LabApp": {"expose_app_in_browser": True, "check_for_updates_class": never, "extension_manager": "readonly"},
        "JupyterNotebookApp": {"expose_app_in_browser": True},
    }
    (config / "jupyter_server_config.json").write_text(json.dumps(server))
    places = {
        "PYTHONPATH": Path(archstat.__file__).parents[1],  # kernels import what is tested, not what is installed
        "HOME": folder,
        "JUPYTER_CONFIG_DIR": config,
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        "IPYTHONDIR": folder / "ipython",
    }
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


def _address(process: subprocess.Popen) -> str:
    """Where a server that begins says that it answers, in the line after the one that says so."""
    told = []
    for line in process.stderr:
        told.append(line)
        if len(told) > 1 and "is running at" in told[-2]:
            return line.split()[-1].partition("/lab")[0]
    raise RuntimeError("".join(told))


def _wait_for(address: str, process: subprocess.Popen) -> None:
    """Until a server answers, which is a moment after it says that it does."""
    while not _answers(address):
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}.")
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        urlopen(address).close()  # noqa: S310 - of our own server
    except URLError:
        return False
    return True


def code(source: str, name: str, outputs: tuple[dict, ...] = ()) -> dict:
    """A cell of code."""
    more = {"execution_count": None, "metadata": {}, "outputs": list(outputs)}
    return {"cell_type": "code", "id": name, "source": source, **more}


def shown_as_html(html: str) -> dict:
    """What is saved of a cell whose value has HTML."""
    data = {"text/html": html, "text/plain": "…"}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


class Notebook:
    """An open notebook, and what its page asked for outside of its server.

    Attributes:
        page: The page that shows it.
        cells: The names of its cells, in order.
        requests: The addresses that are not of the server.
        dialogs: What was said in windows that scripts opened.
    """

    def __init__(self, page: Page, server: Server, cells: list[str]) -> None:
        self.page, self.cells = page, cells
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        page.route(lambda url: not url.startswith((server.address, "data:", "blob:")), self._refuse)
        page.on("dialog", self._dismiss)

    def _refuse(self, route) -> None:
        self.requests.append(route.request.url)
        route.abort()

    def _dismiss(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str) -> None:
        """Open an address, and wait for the cells."""
        self.page.goto(address)
        self.page.wait_for_function(_READY, arg=len(self.cells), timeout=60_000, polling=200)

    def run_all_but_the_last(self) -> None:
        """Run the cells, and leave the last one as it was opened."""
        self.page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = Infinity")
        self.command("notebook:run-all-above")

    def command(self, name: str, **arguments: object) -> None:
        """Run a command of JupyterLab's, and wait until it has run."""
        self.page.evaluate("([name, given]) => jupyterapp.commands.execute(name, given)", [name, arguments])

    def dress(self, theme: str) -> None:
        """Change JupyterLab's theme, and wait until the page has put it on."""
        if theme != self.page.evaluate(_THEME):
            self.command("apputils:change-theme", theme=theme)
            self.page.wait_for_function(f"theme => {_THEME} === theme", arg=theme)
            self.page.evaluate(_SETTLED)

    def output(self, name: str):
        """What stands under a cell."""
        return self.page.locator(".jp-CodeCell").nth(self.cells.index(name)).locator(".jp-OutputArea-output")


_THEME = "document.body.dataset.jpThemeName"
_SETTLED = """() => new Promise((done) => { // outputs are out of sight while the style sheet of a theme is changed
  const isSeen = () => [...document.querySelectorAll(".jp-OutputArea-output")].every((each) => each.offsetHeight);
  const look = (before) => requestAnimationFrame(() => before && isSeen() ? done() : look(isSeen()));
  look(false);
})"""
_READY = """(count) => typeof jupyterapp !== "undefined" && document.querySelectorAll(".jp-CodeCell").length === count
  && jupyterapp.shell.currentWidget?.sessionContext?.isReady"""
