"""Reading what people write."""

from pathlib import Path

import pytest

from archstat.errors import DataError
from archstat.texts import bytes_of, text_of, toml_of


def test_a_text_is_read_without_the_mark_that_some_editors_begin_it_with(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes("\ufefftitle = 'é'\r\n".encode())
    assert bytes_of(path).startswith(b"\xef\xbb\xbf")
    assert text_of(path) == "title = 'é'\n"
    assert toml_of(text_of(path), "a.toml") == {"title": "é"}


@pytest.mark.parametrize(
    ("name", "why"),
    [("none", "No such file"), ("a" * 5000, "File name too long"), ("a\0b", "null byte"), (".", "Is a directory")],
)
def test_a_place_that_holds_no_file_is_refused_in_a_sentence(tmp_path, name, why):
    with pytest.raises(DataError, match=f"cannot be read: .*{why}"):
        bytes_of(tmp_path / name)


def test_what_is_no_text_or_no_toml_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"a cannot be read: it is no UTF-8 text\."):
        text_of(tmp_path / "a")
    with pytest.raises(DataError, match="a is no TOML: Invalid value"):
        toml_of("x = ", "a")
    for opening in ("[", "{a="):
        with pytest.raises(DataError, match="a is no TOML that can be read: it is nested too deeply"):
            toml_of(f"x = {opening * 5000}", "a")


def test_a_path_is_enough():
    assert "Reading what people write" in text_of(Path(__file__))
