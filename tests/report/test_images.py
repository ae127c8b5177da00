"""Charts as picture files."""

import xml.etree.ElementTree as ET

import pytest

from archstat.errors import OutputError
from archstat.report import images
from archstat.report.chart import Chart, View
from archstat.report.drawing import theme
from archstat.report.images import image, write_images

BARS = View(
    "MACs", theme.figure(theme.go.Bar(x=[1, 2], y=[3, 4], marker={"color": theme.BLUE}), height=200), "two bars"
)
CHART = Chart("bars", "Two/bars: <b>", (BARS, View("FLOPs", BARS.figure, "the same")))


@pytest.fixture
def drawn(monkeypatch):
    """What is handed to the library that draws."""
    calls = []

    def draw(figure, **options):
        calls.append((figure, options))
        return b"a picture"

    monkeypatch.setattr(images.io, "to_image", draw)
    return calls


def test_each_view_is_a_file_with_a_name_that_every_system_takes(drawn, tmp_path):
    paths = write_images([CHART, CHART], tmp_path / "new" / "folder", "svg")
    names = [path.name for path in paths]
    assert names == ["two-bars-b-macs.svg", "two-bars-b-flops.svg", "two-bars-b-macs-1.svg", "two-bars-b-flops-1.svg"]
    assert all(path.read_bytes() == b"a picture" for path in paths)
    assert len(drawn) == 4


def test_without_a_chart_there_is_no_picture_and_no_silence(tmp_path):
    with pytest.raises(OutputError, match="no chart can be drawn"):
        write_images([], tmp_path / "new", "svg")
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_where_the_last_one_cannot_be_drawn(monkeypatch, tmp_path):
    pictures = iter([b"a picture"])

    def draw(*_, **__):
        if (picture := next(pictures, None)) is None:
            raise RuntimeError("gone")
        return picture

    monkeypatch.setattr(images.io, "to_image", draw)
    with pytest.raises(OutputError, match="gone"):
        write_images([CHART], tmp_path, "svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn")
def test_a_title_in_any_script_is_no_longer_than_a_file_name_may_be(tmp_path):
    (path,) = write_images([Chart("bars", "网络" * 99, (BARS,))], tmp_path, "svg")
    assert len(path.name.encode()) <= 110
    assert path.exists()


def test_a_picture_has_light_colours_on_white_paper(drawn):
    image(BARS, "png")
    figure, options = drawn[0]
    assert figure["data"][0]["marker"]["color"] == theme.LIGHT["blue"]
    assert figure["layout"]["paper_bgcolor"] == "#ffffff"
    assert "var(" not in str(figure)
    assert (options["format"], options["height"], options["scale"]) == ("png", 200, 2)


@pytest.mark.parametrize("error", [ImportError, ValueError, RuntimeError])
def test_without_kaleido_or_a_browser_it_says_what_to_install(monkeypatch, error, tmp_path):
    def fail(*_, **__):
        raise error("no kaleido\nmore")

    monkeypatch.setattr(images.io, "to_image", fail)
    with pytest.raises(
        OutputError, match=r"\(no kaleido\): pictures need kaleido and a Chrome or Chromium: pip install kaleido\."
    ):
        write_images([CHART], tmp_path, "png")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file cannot be made"):
        write_images([CHART], tmp_path / "file", "svg")


@pytest.mark.usefixtures("chromium")
def test_a_real_picture_shows_the_bars():
    tree = ET.fromstring(image(BARS, "svg"))  # noqa: S314 - ours
    assert tree.tag.endswith("svg")
    assert len(tree.findall(".//{*}g[@class='point']")) == 2
