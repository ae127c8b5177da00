"""The committed pages are those that their reports make: ``make reports`` renews them."""

import base64
import gzip
import re
from pathlib import Path

import pytest

from archstat.analysis.inference import analyse
from archstat.report.assets import LIBRARIES
from archstat.report.page import render
from archstat.report.writing.reports import pages_of

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("reports/*/report.toml"))
PACKED = re.compile(r'(<script type="application/gzip" id="library-(\w+)">)([^<]*)(</script>)')


@pytest.fixture(scope="module")
def made():
    """Every page as it is made now."""
    return {path: render(page) for path, page in pages_of(FOLDERS, analyse)}


def unpacked(page):
    """A page without its libraries, of which zlib makes other bytes on another machine, and what they hold."""
    libraries = {
        name: gzip.decompress(base64.b64decode(packed)).decode() for _, name, packed, _ in PACKED.findall(page)
    }
    return PACKED.sub(r"\1\4", page), libraries


def test_the_four_reports_and_the_start_page_are_made(made):
    names = ["cnn-architectures", "errata", "inception-bottleneck", "lenet-to-vgg", "reports"]
    assert sorted(path.parent.name for path in made) == names


@pytest.mark.parametrize("name", [*(folder.name for folder in FOLDERS), "."])
@pytest.mark.sampled(3)
def test_a_committed_page_is_the_one_that_is_made_of_it(made, name):
    path = ROOT / "reports" / name / "index.html"
    committed, libraries = unpacked(path.read_text(encoding="utf-8"))
    fresh, _ = unpacked(made[path])
    assert committed == fresh, f"{path} is old: renew it with 'make reports'"
    assert all(text == LIBRARIES[library]() for library, text in libraries.items())


def test_pages_are_small_enough_to_send(made):
    assert max(len(page.encode()) for page in made.values()) < 4_000_000
