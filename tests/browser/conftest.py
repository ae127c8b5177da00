"""Pages in a real browser."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[Browser]:
    """Chromium without a window."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # as root it refuses to start with one
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


class Opened:
    """A page that was opened, and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self._told(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: self._asked(request.url))

    def _told(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith(("file:", "blob:", "data:")):
            self.requests.append(url)


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page, or HTML, at a width and in a colour scheme, and waits until everything is drawn."""

    @contextmanager
    def open_(source, *, width=1100, scheme="light", touch=False) -> Iterator[Opened]:
        path = tmp_path / "page.html"
        if isinstance(source, str):
            path.write_text(source, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=touch, offline=True
        )
        found = Opened(context.new_page())
        found.page.goto((path if isinstance(source, str) else source).resolve().as_uri())
        found.page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
        yield found
        assert (found.complaints, found.requests) == ([], [])
        context.close()

    return open_
