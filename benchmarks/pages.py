"""How large a page is and how fast a browser draws it, of one network and of all that archstat has.

``python benchmarks/pages.py [--rounds 5]`` prints, for each page, its size, the seconds that it took to make, and the
median seconds from opening it in Chromium until every chart and table is drawn, with the ratio to an empty page.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from archstat.analysis.inference import analyse
from archstat.published.figures import published
from archstat.report.blocks import Heading, Page
from archstat.report.compose import compose
from archstat.report.material import material_from
from archstat.report.page import render

PAGES = {"nothing": [], "resnet152": ["resnet152"], "all architectures": list(published())}


def main() -> None:
    """Print a row for each page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="How often each page is opened.")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = {
            name: _made(Path(folder) / f"{number}.html", names) for number, (name, names) in enumerate(PAGES.items())
        }
        program = shutil.which("chromium") or shutil.which("google-chrome")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        times: dict[str, list[float]] = {name: [] for name in made}
        for _ in range(rounds):  # by turns, so that a slow moment is shared
            for name, (path, _) in made.items():
                times[name].append(_drawn_s(browser, path))
        browser.close()
        _print(made, times)


def _made(path: Path, names: list[str]) -> tuple[Path, float]:
    start = time.perf_counter()
    material = material_from(names, (), functools.cache(analyse))
    page = compose(material) if names else Page("Nothing", (Heading("Nothing"),))
    path.write_text(render(page), encoding="utf-8")
    return path, time.perf_counter() - start


def _drawn_s(browser: Browser, path: Path) -> float:
    """From opening a page until its script says that all is drawn."""
    page: Any = browser.new_page(viewport={"width": 1100, "height": 900})
    start = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    elapsed = time.perf_counter() - start
    page.close()
    return elapsed


def _print(made: dict[str, tuple[Path, float]], times: dict[str, list[float]]) -> None:
    print(f"{'page':<20}{'networks':>9}{'MB':>8}{'made in s':>11}{'drawn in s':>12}{'ratio':>7}")
    empty = statistics.median(times["nothing"])
    for name, (path, made_s) in made.items():
        drawn = statistics.median(times[name])
        size = path.stat().st_size / 1e6
        print(f"{name:<20}{len(PAGES[name]):>9}{size:>8.2f}{made_s:>11.1f}{drawn:>12.2f}{drawn / empty:>7.1f}")


if __name__ == "__main__":
    main()
