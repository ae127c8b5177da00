"""The line on stderr that says how far a command is."""

import io
from types import SimpleNamespace

import pytest

from archstat.cli import _progress
from archstat.cli._progress import watched, watching


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, and nobody who waits long before a word."""
    found = Terminal()
    monkeypatch.setattr(_progress, "sys", SimpleNamespace(stderr=found))  # that of pytest changes under a fixture
    monkeypatch.setattr(_progress, "_PATIENCE_S", -1.0)
    return found


def test_names_are_told_while_they_are_looked_at_and_the_line_is_empty_at_the_end(terminal):
    assert list(watched(["a", "b"])) == ["a", "b"]
    assert terminal.getvalue() == "\r\x1b[KCounting 1 of 2: a\r\x1b[KCounting 2 of 2: b\r\x1b[K"


def test_a_function_tells_its_name_and_the_line_is_empty_even_if_it_fails(terminal):
    def fail(name, more):
        raise ValueError(f"{name!r} {more}")

    with pytest.raises(ValueError, match=r"'a\\n' 3"), watching(fail) as look:
        look("a\n", 3)
    assert terminal.getvalue().startswith("\r\x1b[KCounting a")
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert "\n" not in terminal.getvalue()


def test_who_does_not_wait_is_told_nothing(terminal, monkeypatch):
    monkeypatch.setattr(_progress, "_PATIENCE_S", 60.0)
    with watching(str.upper) as look:
        assert look("a") == "A"
    assert terminal.getvalue() == "\r\x1b[K"


def test_what_is_no_terminal_stays_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "_PATIENCE_S", -1.0)
    assert list(watched(["a"])) == ["a"]
    assert capsys.readouterr().err == ""
