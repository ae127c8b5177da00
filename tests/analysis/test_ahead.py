"""What the wheel brings: used with the program that it was made with, and with no other."""

import msgspec
import pytest

import archstat
from archstat.analysis import ahead
from archstat.analysis.kept import Answers, KeptNetwork, entry_of
from archstat.files.cache import Cache
from archstat.networks.ingredients import Ingredients, version_of_torch
from archstat.networks.settings import Setting


@pytest.fixture
def marked(tmp_path, monkeypatch):
    """Such a file, with a cost that nobody counts."""
    cost = msgspec.structs.replace(archstat.count("lenet5"), note="counted ahead")
    path = tmp_path / "counted.zip"
    monkeypatch.setattr(ahead, "FILE", path)
    ahead._archive.cache_clear()
    ahead.write_ahead(path, {ahead.member_of("cost", "lenet5"): entry_of(Ingredients(), cost)})
    yield path
    ahead._archive.cache_clear()


def note_of(tmp_path, name="lenet5", **given):
    return KeptNetwork(Answers(Cache(tmp_path / "cache")), name, Setting(**given)).cost.note


@pytest.mark.usefixtures("marked")
def test_what_was_counted_ahead_is_not_counted_again(tmp_path):
    assert note_of(tmp_path) == "counted ahead"
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("given", [{"batch_size": 2}, {"name": "lenet5(classes=10)"}, {"name": "alexnet"}])
def test_another_input_or_network_is_counted(tmp_path, given):
    assert note_of(tmp_path, **given) != "counted ahead"


@pytest.mark.usefixtures("marked")
def test_without_a_cache_it_is_counted():
    assert KeptNetwork(Answers(None), "lenet5", Setting()).cost.note != "counted ahead"


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("field", ahead.MadeWith.__struct_fields__)
def test_it_is_not_used_with_another_program(tmp_path, monkeypatch, field):
    other = msgspec.structs.replace(ahead.MadeWith.now(), **{field: "another"})
    monkeypatch.setattr(ahead.MadeWith, "now", lambda: other)
    assert note_of(tmp_path) != "counted ahead"


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_a_damaged_file_is_none(marked, tmp_path, content):
    marked.write_bytes(content)
    assert note_of(tmp_path) != "counted ahead"


def test_a_file_with_a_damaged_part_is_counted_anew(marked, tmp_path):
    whole = bytearray(marked.read_bytes())
    whole[len(whole) // 2] ^= 255
    marked.write_bytes(bytes(whole))
    assert note_of(tmp_path) != "counted ahead"


def test_equal_entries_make_equal_files(tmp_path):
    for name in ("a.zip", "b.zip"):
        ahead.write_ahead(tmp_path / name, {"cost/b.json": b"2", "cost/a.json": b"1"})
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_version_of_torch_is_told_without_importing_it():
    import torch

    assert version_of_torch() == torch.__version__.partition("+")[0]
