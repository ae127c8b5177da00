"""What a browser refuses to do on a page, should something have come to stand on it that archstat did not put there."""

import functools

import pytest

from archstat.analysis.inference import analyse
from archstat.report.blocks import Link, Links, Page
from archstat.report.compose import compose
from archstat.report.material import material_from
from archstat.report.page import render
from archstat.report.writing.reports import pages_of
from tests.report.folders import report

INJECTED = {
    "script": "<script>document.documentElement.dataset.owned = 'yes'</script>",
    "handler": "<img src=x onerror=\"document.documentElement.dataset.owned = 'yes'\">",
    "data": "<script src=\"data:text/javascript,document.documentElement.dataset.owned='yes'\"></script>",
    "frame": "<iframe srcdoc=\"<script>parent.document.documentElement.dataset.owned = 'yes'</script>\"></iframe>",
    "base": "<base href='https://example.org/'>",
}


@functools.cache
def one_network():
    return render(compose(material_from(["lenet5"], (), analyse)))


@pytest.mark.parametrize("kind", INJECTED)
@pytest.mark.sampled(3)
def test_what_is_injected_into_a_page_is_not_run(browser, tmp_path, kind):
    path = tmp_path / "page.html"
    path.write_text(one_network().replace("<main>", f"<main>{INJECTED[kind]}"), encoding="utf-8")
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    assert page.evaluate("document.documentElement.dataset.owned") is None
    assert page.evaluate("document.baseURI") == path.as_uri()
    assert any("Content Security Policy" in text for text in refused)
    page.close()


def test_a_form_on_a_page_reaches_nobody(browser, tmp_path):
    path = tmp_path / "page.html"
    form = "<form action='https://example.org/' method=post><button id=send>Send</button></form>"
    path.write_text(one_network().replace("<main>", f"<main>{form}"), encoding="utf-8")
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.evaluate("document.getElementById('send').click()")
    assert not any("example.org" in url for url in asked)
    page.close()


NAMES = ["javascript:document.title='owned';index={html:1};1", "C# nets", "100%25 sure?", "a&b=c", "x;y", "ünïcode 3×3"]


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_a_folder_of_any_name_leads_to_its_page(browser, tmp_path, name):
    made = pages_of([report(tmp_path / name)], analyse)
    for path, page in made:
        path.write_text(render(page), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert page.title() == "Reports"
    page.click("ul.links a")
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    assert page.title() == "A report"
    page.click("a.back")
    page.wait_for_function("document.title === 'Reports'")
    page.close()


def test_the_policy_names_no_script_that_is_not_on_the_page(opened):
    with opened(render(Page("A", (Links((Link("./b.html", "B", "b"),)),)))) as found:
        policy = found.page.get_attribute("meta[http-equiv]", "content")
    assert "script-src 'sha256-" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert "unsafe-eval" not in policy
