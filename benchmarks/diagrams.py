"""How long it takes to draw networks of thousands of ops, in a file and on a page, and whether the page stays quick.

``python benchmarks/diagrams.py`` prints a row for each network: the boxes that are to be seen, the seconds that it took
to count it and to draw it into a file, the size of that file and of a page with all boxes open, the seconds from a
click that opens the last level until Chromium shows it, and the longest time in which the page answered nothing, while
it was laid out and when it was put in. The ratio is the time in the page to that of the first row.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import torch
from playwright.sync_api import Browser, sync_playwright
from torch import nn
from torch.nn import functional

from archstat.analysis.inference import analyse_model
from archstat.report.blocks import Page
from archstat.report.diagram.diagram import Diagram, diagram_of
from archstat.report.page import render

WIDTH = 32
STAGES = {"1,000 ops, folded": (2, True), "1,000 ops": (2, False), "5,000 ops": (10, False)}
"""How many stages of 20 blocks of either sort each network has, and whether equal ones are one box."""


class Mixed(nn.Module):
    """Three branches of convolutions that are joined and added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.short = nn.Conv2d(WIDTH, 8, 1)
        self.middle = nn.Sequential(nn.Conv2d(WIDTH, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
        deep = (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
        self.long = nn.Sequential(nn.Conv2d(WIDTH, 8, 1), nn.ReLU(), *deep)
        self.join = nn.Conv2d(24, WIDTH, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map N×32×8×8 to the same."""
        return functional.relu(x + self.join(torch.cat([self.short(x), self.middle(x), self.long(x)], 1)))


class Attending(nn.Module):
    """Attention and a perceptron, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map N×64×32 to the same."""
        y = self.norm(x)
        weights = (self.query(y) @ self.key(y).transpose(1, 2) / WIDTH**0.5).softmax(-1)
        x = x + self.out(weights @ self.value(y))
        return x + self.mlp(self.norm2(x))


class Deep(nn.Module):
    """Stages of both blocks by turns, each stage added to what came in."""

    def __init__(self, stages: int) -> None:
        super().__init__()
        self.mixed = nn.ModuleList(nn.Sequential(*(Mixed() for _ in range(20))) for _ in range(stages))
        self.attending = nn.ModuleList(nn.Sequential(*(Attending() for _ in range(20))) for _ in range(stages))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map N×32×8×8 to the same."""
        for mixed, attending in zip(self.mixed, self.attending, strict=True):
            seen = mixed(x).flatten(2).transpose(1, 2)
            x = x + attending(seen).transpose(1, 2).reshape(x.shape)
        return x


def main() -> None:
    """Print a row for each network."""
    argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]).parse_args()
    columns = ("boxes", "counted s", "drawn s", "SVG MB", "page MB", "on a page s", "busy ms", "put in ms", "ratio")
    print(f"{'network':<20}" + "".join(f"{column:>13}" for column in columns))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        first = None
        for name, (stages, is_folded) in STAGES.items():
            row = _row(browser, Path(folder) / "page.html", stages, is_folded=is_folded)
            first = first or row[5]
            print(f"{name:<20}" + "".join(f"{value:>13,.4g}" for value in (*row, row[5] / first)), flush=True)
        browser.close()


def _row(browser: Browser, path: Path, stages: int, *, is_folded: bool) -> tuple[float, ...]:
    start = time.perf_counter()
    network = analyse_model(Deep(stages), torch.zeros(1, WIDTH, 8, 8))
    counted = time.perf_counter()
    diagram = diagram_of(network, depth=None if is_folded else 9, is_folded=is_folded)
    size = len(diagram.svg())
    drawn = time.perf_counter()
    whole = len(render(Page("Deep", (diagram,))))
    path.write_text(render(Page("Deep", (_closed(diagram),))), encoding="utf-8")
    return (
        diagram.content.seen(diagram.look.opened),
        counted - start,
        drawn - counted,
        size / 1e6,
        whole / 1e6,
        *_in_page(browser, path),
    )


def _closed(diagram: Diagram) -> Diagram:
    """A diagram with all boxes closed."""
    return msgspec.structs.replace(diagram, look=msgspec.structs.replace(diagram.look, opened=()))


_OPEN = """async () => {
    const figure = document.querySelector("figure.diagram"), drawing = figure.querySelector(".drawing");
    let isPutIn, found, seen = 0;
    new MutationObserver(() => { isPutIn = true; }).observe(drawing, { childList: true });
    for (;;) {
        await new Promise((rested) => setTimeout(rested, 500)); // until what was put in before is painted
        const start = performance.now(), longest = [0, 0];
        let last = start;
        isPutIn = false;
        figure.querySelector('[data-levels="1"]').click();
        do {
            await new Promise((answered) => requestAnimationFrame(() => setTimeout(answered)));
            const now = performance.now(), when = Number(isPutIn);
            longest[when] = Math.max(longest[when], now - last);
            last = now;
        } while (figure.hasAttribute("aria-busy") || !isPutIn);
        const boxes = drawing.querySelectorAll(".box").length;
        if (boxes === seen) return found;
        seen = boxes;
        found = [(performance.now() - start) / 1000, ...longest];
    }
}"""
"""Opens level by level until none is left: the seconds of the last one, and the longest time between two frames."""


def _in_page(browser: Browser, path: Path) -> Any:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    found = page.evaluate(_OPEN)
    page.close()
    return found


if __name__ == "__main__":
    main()
