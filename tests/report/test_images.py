"""Charts as picture files."""

import asyncio
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import pytest
from kaleido.errors import KaleidoError
from pypdf import PdfReader

from archstat.errors import OutputError
from archstat.report import images
from archstat.report.chart import Chart, View
from archstat.report.drawing import theme
from archstat.report.drawing.bar_rows import BarRow, End, Group, Rows
from archstat.report.images import drawing_of, write_images
from archstat.report.pictures import browser
from archstat.report.pictures.sizes import DEFAULT, PICTURE_SIZES, picture_size
from archstat.report.pictures.words import words_of


def bars(canvas):
    bar = theme.go.Bar(x=[1, 2], y=[3, 4], marker={"color": theme.BLUE})
    return theme.figure(bar, height=canvas.height or 200)


VIEW = View("MACs", bars, "Two bars of 3 and 4 MACs.")
CHART = Chart("bars", "Two/bars: <b>", (VIEW, View("FLOPs", bars, "The same.")), "Of an input of 1×3.")
WORDS = words_of(CHART, VIEW)


@pytest.fixture
def drawn(monkeypatch):
    """What is handed to the browser; it gives back what is no picture."""
    calls = {}

    def draw(drawings, format_, watch):
        calls.update({name: (drawings[name], format_) for name in watch(list(drawings))})
        return dict.fromkeys(drawings, b"a picture")

    monkeypatch.setattr(images, "draw_all", draw)
    return calls


def test_each_view_is_a_file_with_a_name_that_every_system_takes_beside_its_words(drawn, tmp_path):
    paths = write_images([CHART, CHART], tmp_path / "new" / "folder", "svg")
    stems = ["two-bars-b-macs", "two-bars-b-flops", "two-bars-b-macs-1", "two-bars-b-flops-1"]
    assert [path.name for path in paths] == [f"{stem}.{kind}" for stem in stems for kind in ("svg", "txt")]
    assert list(drawn) == stems
    assert paths[0].read_bytes() == b"a picture"
    assert paths[1].read_text(encoding="utf-8").startswith("Two/bars: <b>: MACs\n")


@pytest.mark.usefixtures("drawn")
def test_equal_charts_give_equal_texts(tmp_path):
    first, second = ((write_images([CHART], tmp_path / name, "svg")[1]).read_bytes() for name in "ab")
    assert first == second


def test_without_a_chart_there_is_no_picture_and_no_silence(tmp_path):
    with pytest.raises(OutputError, match="no chart can be drawn"):
        write_images([], tmp_path / "new", "svg")
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_where_the_last_one_cannot_be_drawn(monkeypatch, tmp_path):
    class Browser:
        def __init__(self, **_):
            self.pictures = iter([b"a picture"])

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        async def calc_fig(self, *_):
            await asyncio.sleep(0)
            if (picture := next(self.pictures, None)) is None:
                raise RuntimeError("gone")
            return picture

    monkeypatch.setattr("kaleido.Kaleido", Browser)
    with pytest.raises(OutputError, match="gone"):
        write_images([CHART], tmp_path, "svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn")
def test_a_title_in_any_script_is_no_longer_than_a_file_name_may_be(tmp_path):
    path, _ = write_images([Chart("bars", "网络" * 99, (VIEW,))], tmp_path, "svg")
    assert len(path.name.encode()) <= 110
    assert path.exists()


def test_a_picture_has_light_colours_on_white_paper():
    drawing = drawing_of(VIEW, WORDS, DEFAULT, density=DEFAULT.density)
    assert drawing.figure["data"][0]["marker"]["color"] == theme.LIGHT["blue"]
    assert drawing.figure["layout"]["paper_bgcolor"] == "#ffffff"
    assert "var(" not in str(drawing.figure)
    assert (drawing.width, drawing.height, drawing.scale) == (900, 200, 2)


# -- its size ----------------------------------------------------------------------------------------------------------


def rows(count):
    bar = End(1.0, "1", "1", theme.BLUE, "")
    return View("MACs", Rows((Group("", tuple(BarRow(str(n), (bar,)) for n in range(count))),)).figure, "Bars.")


@pytest.mark.parametrize("has_caption", [False, True])
@pytest.mark.parametrize("count", [1, 8, 40])
@pytest.mark.parametrize("name", ["slide", "1600x900", "640x480"])
def test_a_picture_has_just_the_shape_that_is_asked_for(name, count, has_caption):
    size = picture_size(name)
    drawing = drawing_of(rows(count), WORDS, size, has_caption=has_caption)
    assert drawing.width * drawing.scale == pytest.approx(size.width)
    assert drawing.height * drawing.scale == pytest.approx(size.height)
    assert drawing.figure["layout"]["height"] <= drawing.height + 0.5


def test_type_is_as_large_as_asked_for_while_there_is_room_and_smaller_where_rows_need_it():
    few, many = (drawing_of(rows(count), WORDS, PICTURE_SIZES["slide"]).scale * 13 * 0.75 for count in (8, 40))
    assert few == pytest.approx(18)  # points
    assert 8 < many < 18


def test_what_no_reader_could_read_is_refused_with_what_to_do():
    with pytest.raises(
        OutputError, match=r"has no room in a picture of the size slide: its type would be too small .*"
    ):
        drawing_of(rows(400), WORDS, PICTURE_SIZES["slide"])
    assert drawing_of(rows(400), WORDS, PICTURE_SIZES["column"]).height > 5000


# -- what draws --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ImportError, ValueError, RuntimeError, OSError, asyncio.TimeoutError])
def test_without_kaleido_or_a_browser_it_says_what_to_install(monkeypatch, error, tmp_path):
    def fail(**_):
        raise error("no kaleido\nmore")

    monkeypatch.setattr("kaleido.Kaleido", fail)
    with pytest.raises(
        OutputError, match=r"\(no kaleido\): pictures need kaleido and a Chrome or Chromium: pip install kaleido\."
    ):
        write_images([CHART], tmp_path, "png")
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_drawn_where_a_loop_runs_already_as_in_a_notebook(monkeypatch):
    class Browser:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        async def calc_fig(self, *_):
            await asyncio.sleep(0)
            return b"a picture"

    async def notebook():
        await asyncio.sleep(0)
        return browser.draw_all({"a": drawing_of(VIEW, WORDS, DEFAULT)}, "svg", iter)

    monkeypatch.setattr("kaleido.Kaleido", lambda **_: Browser())
    with ThreadPoolExecutor(1) as beside:  # tests of pages leave a loop running in this thread
        assert beside.submit(asyncio.run, notebook()).result() == {"a": b"a picture"}


def test_what_the_script_in_the_browser_complains_of_is_told(monkeypatch):
    def fail(**_):
        raise KaleidoError(525, "no such trace")

    monkeypatch.setattr("kaleido.Kaleido", fail)
    with pytest.raises(OutputError, match="no such trace"):
        browser.draw_all({"a": drawing_of(VIEW, WORDS, DEFAULT)}, "svg", iter)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file cannot be made"):
        write_images([CHART], tmp_path / "file", "svg")


@pytest.mark.usefixtures("chromium")
def test_real_pictures_have_their_words_in_them_and_the_size_that_is_asked_for(tmp_path):
    hostile = Chart("bars", '<script>alert("1")</script> & 网络', (VIEW,), "Under ]]> <b> it.")
    svg, _ = write_images([hostile], tmp_path, "svg", size=PICTURE_SIZES["column"], has_caption=True)
    tree = ET.fromstring(svg.read_text(encoding="utf-8"))  # noqa: S314 - ours
    assert len(tree.findall(".//{*}g[@class='point']")) == 2
    title, description = tree.find("{*}title"), tree.find("{*}desc")
    assert title.text == hostile.title
    assert "Two bars of 3 and 4 MACs." in description.text
    assert tree.get("role") == "img"
    assert tree.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert float(tree.get("width")) == pytest.approx(3.5 * 96, abs=0.01)
    assert any(
        "Under ]]> <b> it." in "".join(text.itertext()) for text in tree.iter("{http://www.w3.org/2000/svg}text")
    )
    png, _ = write_images([CHART], tmp_path, "png", size=PICTURE_SIZES["slide"])[:2]
    head = png.read_bytes()[16:24]
    assert (int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")) == (1920, 1080)
    pdf, _ = write_images([hostile], tmp_path, "pdf", size=PICTURE_SIZES["column"])[:2]
    assert PdfReader(pdf).metadata.title == hostile.title
