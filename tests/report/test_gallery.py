"""The site of all architectures: its pages, and that each leads where it says."""

import functools
import html
import posixpath
import re

import msgspec
import pytest

from archstat.analysis.inference import analyse
from archstat.published.figures import counted, published
from archstat.report.blocks import Links, Paper, Sheet
from archstat.report.gallery import PLAY, SCRIPTS, START, bibtex, gallery_of
from archstat.report.page import render
from tests.measured import measured

NAMES = ["lenet5", "lenet5_modern", "alexnet", "vgg11", "vgg13"]


@functools.cache
def pages():
    return {each.place: each for each in gallery_of(NAMES, functools.cache(analyse))}


def test_there_is_a_page_for_each_architecture_and_one_to_start_from():
    assert list(pages()) == [*(f"architectures/{name}.html" for name in NAMES), PLAY, START]


def links_of(place):
    """The files that a page leads to or takes, from the folder of the site; and the parts of itself."""
    text = render(pages()[place].page, beside=pages()[place].beside)
    found = [html.unescape(each) for each in re.findall(r'(?:href|src)="([^"]*)"', text)]
    inner = [each for each in found if not re.match(r"https?:|data:", each)]
    parts = {each for each in inner if each.startswith("#")}
    ids = set(re.findall(r' id="([^"]+)"', text))
    files = {posixpath.normpath(posixpath.join(posixpath.dirname(place), each)) for each in set(inner) - parts}
    return files, parts, ids


def test_the_page_of_a_layer_needs_no_file_of_scripts_and_leads_back():
    files, parts, _ = links_of(PLAY)
    assert files == {START}
    assert all(part.startswith("#kind=") for part in parts)


@pytest.mark.parametrize("place", ["index.html", *(f"architectures/{name}.html" for name in NAMES)])
def test_every_link_leads_to_a_page_of_the_site_or_to_a_part_of_its_own(place):
    files, parts, ids = links_of(place)
    assert files <= {*pages(), SCRIPTS}
    assert {part[1:] for part in parts} <= ids
    assert SCRIPTS in files


def test_the_start_page_leads_to_every_architecture():
    files, _, _ = links_of(START)
    assert files == {*pages(), SCRIPTS} - {START}


def test_a_page_names_its_paper_what_was_published_and_its_relatives():
    page = pages()["architectures/vgg11.html"].page
    (paper,) = [block for block in page.blocks if isinstance(block, Paper)]
    assert "Very Deep Convolutional Networks" in paper.text
    assert paper.address == published()["vgg11"].link
    (table,) = [block.table for block in page.blocks if isinstance(block, Sheet) and block.name == "Published"]
    printed = {row[1] for row in table.rows}
    assert published()["vgg11"].parameters.printed in printed
    (others,) = [block for block in page.blocks if isinstance(block, Links)]
    assert [link.title for link in others.links] == ["VGG-13"]


def test_what_was_measured_of_an_architecture_stands_on_its_page_alone():
    own = counted()["lenet5"]
    other = measured(architecture="lenet5")
    fitting = msgspec.structs.replace(
        other,
        input_shapes=((1, 1, 32, 32),),
        counted=msgspec.structs.replace(other.counted, parameters=own.parameters, macs=own.macs),
    )
    made = gallery_of(["lenet5", "alexnet"], analyse, measurements=[fitting, other])
    texts = {each.place: render(each.page, beside=each.beside) for each in made}
    assert 'data-name="Measurements"' in texts["architectures/lenet5.html"]
    assert 'data-name="Measurements"' not in texts["architectures/alexnet.html"]
    made = gallery_of(["lenet5"], analyse, measurements=[other])
    assert not any('data-name="Measurements"' in render(each.page) for each in made), "it was of another input"


def test_one_network_after_the_other_is_told():
    told = []

    def watch(names):
        for name in names:
            told.append(name)
            yield name

    list(gallery_of(["lenet5", "alexnet"], analyse, watch=watch))
    assert told == ["lenet5", "alexnet"]


@pytest.mark.parametrize("name", published())
def test_every_paper_can_be_cited(name):
    entry = bibtex(name, published()[name])
    assert entry.count("{") == entry.count("}")
    assert not re.search(r"(?<!\\)[&%#]", re.sub(r"url = .*", "", entry))
    assert "author = {}" not in entry
