"""The folder of entries: whole or not there, bounded, and shared by processes."""

import os
import subprocess
import sys

import pytest

from archstat.files.cache import Cache, cache_folder

KEY = "0123456789abcdef"


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def the_file(cache):
    [path] = cache.folder.rglob("*.entry")
    return path


def test_what_was_put_in_comes_out(cache):
    cache.put(KEY, b"the answer")
    assert cache.get(KEY) == b"the answer"
    assert cache.get(KEY[::-1]) is None


def test_a_second_entry_takes_the_place_of_the_first(cache):
    cache.put(KEY, b"one")
    cache.put(KEY, b"two")
    assert cache.get(KEY) == b"two"
    assert cache.size().entries == 1


DAMAGES = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[:-1],
    "only a digest": lambda whole: whole[:16],
    "longer": lambda whole: whole + b"\0",
    "a bit changed": lambda whole: whole[:20] + bytes([whole[20] ^ 1]) + whole[21:],
    "a bit of the digest changed": lambda whole: bytes([whole[0] ^ 1]) + whole[1:],
    "something else": lambda _: b"{}" * 40,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_not_there(cache, damage):
    cache.put(KEY, b"the answer")
    path = the_file(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(KEY) is None
    cache.put(KEY, b"again")
    assert cache.get(KEY) == b"again"


def test_a_folder_in_the_place_of_an_entry_is_no_entry(cache):
    cache.put(KEY, b"the answer")
    path = the_file(cache)
    path.unlink()
    path.mkdir()
    assert cache.get(KEY) is None
    cache.put(KEY, b"again")  # nothing can be kept there, and nothing fails


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put(KEY, b"the answer")
    assert cache.get(KEY) is None
    assert cache.size().entries == 0


def test_what_was_used_longest_ago_makes_room(tmp_path):
    cache = Cache(tmp_path, limit_bytes=250)
    keys = [f"{number:02x}{'1' * 14}" for number in range(5)]
    for age, key in enumerate(keys):
        cache.put(key, os.urandom(80))
        os.utime(cache._path(key), (1000 + age, 1000 + age))
    assert cache.get(keys[0])  # so that it was used last
    cache.make_room()
    assert [key for key in keys if cache.get(key)] == [keys[0], keys[4]]


def test_the_size_is_looked_after_while_entries_come(tmp_path):
    cache = Cache(tmp_path, limit_bytes=2000)
    for number in range(200):
        cache.put(f"{number:016x}"[::-1], os.urandom(80))
    assert cache.size().nbytes <= 2000 + 16 * 200


def test_clearing_leaves_what_is_not_ours(cache):
    cache.put(KEY, b"the answer")
    (cache.folder / "letter.txt").write_text("mine")
    (cache.folder / "01" / "diary.txt").write_text("mine too")
    assert cache.clear().entries == 1
    assert cache.size().entries == 0
    assert sorted(path.name for path in cache.folder.rglob("*.txt")) == ["diary.txt", "letter.txt"]


def test_what_a_process_that_died_has_left_is_thrown_away(cache):
    cache.put(KEY, b"the answer")
    left, fresh = the_file(cache).with_name(".part-old"), the_file(cache).with_name(".part-new")
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (0, 0))
    cache.clear()
    assert not left.exists()
    assert fresh.exists(), "another process may be writing it"


WRITER = """
import sys
from pathlib import Path
from archstat.files.cache import Cache
cache = Cache(Path(sys.argv[1]), limit_bytes=4000)
for turn in range(150):
    key = f"{turn % 20:016x}"[::-1]
    cache.put(key, key.encode() * 20)
    found = cache.get(key)
    assert found in (None, key.encode() * 20), found
    if turn % 50 == 49:
        cache.clear()
"""


def test_processes_that_write_read_and_clear_at_once_never_see_a_part(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 4
    assert not list(tmp_path.rglob(".part-*"))


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSTAT_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"


def test_a_user_who_is_not_there_has_no_folder(monkeypatch):
    monkeypatch.setenv("ARCHSTAT_CACHE", "~nobody-of-that-name/x")
    assert str(cache_folder()) == "~nobody-of-that-name/x"


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", ""])
def test_the_environment_says_that_nothing_is_kept(monkeypatch, word):
    monkeypatch.setenv("ARCHSTAT_CACHE", word)
    assert cache_folder() is None


def test_the_folder_is_the_one_of_the_system_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHSTAT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "archstat"
    assert cache_folder().name == "archstat"
