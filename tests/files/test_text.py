"""Reading what people write."""

import os
from pathlib import Path

import pytest

from archstat.errors import DataError
from archstat.files.text import LARGEST_TEXT, bytes_of, text_of, toml_of


def test_a_text_is_read_without_the_mark_that_some_editors_begin_it_with(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes("\ufefftitle = 'é'\r\n".encode())
    assert bytes_of(path).startswith(b"\xef\xbb\xbf")
    assert text_of(path) == "title = 'é'\n"
    assert toml_of(text_of(path), "a.toml") == {"title": "é"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "No such file"),
        ("a" * 5000, "File name too long"),
        ("a\0b", "null (byte|character)"),
        (".", "Is a directory"),
    ],
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


# -- files that never end, or are small and take all memory ------------------------------------------------------------


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_no_file(place, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(place)
    for path in (Path(place), link):
        for read in (bytes_of, text_of):
            with pytest.raises(DataError, match="cannot be read: it is a pipe or a device, and no regular file"):
                read(path)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="it is a pipe or a device"):
        bytes_of(tmp_path / "pipe")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        bytes_of(tmp_path)


def test_a_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"a" * (2**20 + 1))
    with pytest.raises(DataError, match="cannot be read: it holds more than 1 MiB"):
        bytes_of(path, 2**20)
    assert len(bytes_of(path, 2**20 + 1)) == 2**20 + 1
    with path.open("wb") as file:
        file.truncate(LARGEST_TEXT + 1)
    with pytest.raises(DataError, match="it holds more than 4 MiB"):
        text_of(path)


DEEP = {
    "bare": f"a{'.a' * 40_000} = 1",
    "spaced": f"a{' . a' * 40_000} = 1",
    "quoted": '"a,"' + '."a,"' * 40_000 + " = 1",
    "literal": "'a='" + ".'a='" * 40_000 + " = 1",
    "table": f"[a{'.a' * 40_000}]",
    "tables": f"[[a{'.a' * 40_000}]]",
    "inline": f"x = {{ a{'.a' * 40_000} = 1 }}",
    "after a string": f'x = """\n. """\na{".a" * 101} = 1',
    "after a comment": f"x = 1 # it's\na{'.a' * 101} = 1",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_key_of_very_many_parts_is_refused_before_it_takes_all_memory(text):
    with pytest.raises(DataError, match=r"it\.toml:[123]: a key has more than 100 parts"):
        toml_of(text, "it.toml")


FLAT = {
    "string": f'x = "a{".a" * 1000}"',
    "long string": f'x = """a{".a" * 1000}\n"""',
    "literal": f"x = 'a{'.a' * 1000}'",
    "escapes": f'x = "\\"{".a" * 1000}"',
    "comment": f"# a{'.a' * 1000}\nx = 1",
    "numbers": f"x = [{'1.5, ' * 1000}]",
    "keys": "\n".join(f"a{number}.b.c = 1.5" for number in range(1000)),
}


@pytest.mark.parametrize("text", FLAT.values(), ids=FLAT)
def test_dots_elsewhere_are_no_parts_of_a_key(text):
    assert toml_of(text, "it.toml")


NO_TOML = ['"' * 100_000, '"\\"' * 100_000, "'" * 99_999, '"""' * 33_333 + '"', "a" * 10**6, "[" * 10**5]


@pytest.mark.parametrize("text", NO_TOML, ids=lambda text: text[:3])
def test_a_text_that_is_no_toml_is_refused_at_once(text):
    with pytest.raises(DataError, match=r"it\.toml is no TOML"):
        toml_of(text, "it.toml")
