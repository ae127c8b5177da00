"""The site of architectures in a browser, opened from its files."""

import pytest
from click.testing import CliRunner

from archstat.cli import cli


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of eight architectures, made at the command line."""
    folder = tmp_path_factory.mktemp("site")
    made = CliRunner().invoke(cli, ["report", "gallery", str(folder), "lenet5*", "alexnet*", "zfnet*", "nin_*"])
    assert made.exit_code == 0, made.output
    return folder


def test_every_link_opens_a_page_that_draws_itself(site, opened):
    with opened(site / "index.html") as start:
        links = start.page.eval_on_selector_all("a", "all => all.map(e => e.href)")
    inner = {link.partition("#")[0] for link in links if link.startswith("file:")}
    assert len(inner) == 8 + 1, "the architectures, and the page of a layer"
    for name in ("lenet5_modern", "alexnet"):
        with opened(site / "architectures" / f"{name}.html") as found:
            assert found.page.locator(".plot .main-svg").count() > 0
            found.page.locator("button.open").first.click()
            found.page.locator(".sums").first.wait_for()
            found.page.locator("a.back").click()
            found.page.wait_for_selector("html[data-ready]", state="attached")
            assert found.page.locator("h1").inner_text() == "What 8 architectures cost"


def test_the_page_of_a_layer_is_a_click_away(site, opened):
    with opened(site / "index.html") as found:
        found.page.locator(".links a").click()
        found.page.wait_for_selector("html[data-ready]", state="attached")
        assert "Conv2d 480→48 5×5" in found.page.locator("#layer-kind").inner_text()
        found.page.locator("a.back").click()
        found.page.wait_for_selector("html[data-ready]", state="attached")
        assert found.page.locator("h1").inner_text() == "What 8 architectures cost"


def test_the_search_of_the_start_page_finds_what_is_printed_and_what_is_typed(site, opened):
    with opened(site / "index.html") as found:
        rows = found.page.locator("table.data").first.locator("tbody tr")
        for typed in ("nin_imagenet", "NIN (ImageNet)"):
            found.page.locator(".dt-search input").first.fill(typed)
            assert [text.partition("\t")[0] for text in rows.all_inner_texts()] == ["nin_imagenet"]


@pytest.mark.rare
def test_the_search_of_the_start_page_finds_authors(site, opened):
    with opened(site / "index.html") as found:
        found.page.locator(".dt-search input").first.fill("krizhevsky")
        rows = found.page.locator("table.data").first.locator("tbody tr")
        assert [text.partition("\t")[0] for text in rows.all_inner_texts()] == ["alexnet", "alexnet_one_column"]
        found.page.locator("tbody a").first.click()
        found.page.wait_for_selector("html[data-ready]", state="attached")
        assert found.page.locator("h1").inner_text() == "AlexNet"


@pytest.mark.parametrize("width", [390, 1100, 1920])
@pytest.mark.sampled(3)
def test_no_page_is_wider_than_its_window(site, opened, width):
    for place in ("index.html", "architectures/alexnet.html"):
        with opened(site / place, width=width) as found:
            assert found.page.evaluate("document.documentElement.scrollWidth") <= width
