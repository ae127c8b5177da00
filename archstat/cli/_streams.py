"""Standard output and standard error: all of a result or an error, and messages that steer no terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from typing import Any, TextIO

import click

from archstat.errors import OutputError, shortened
from archstat.files.text import escaped, inert

_LONGEST = 1200
"""More characters than these of a message are no help: what a file or a network says can go on for pages."""


def tell(message: str) -> None:
    """Say something on stderr, in one line."""
    click.echo(inert(escaped(shortened(" ".join(message.split()), _LONGEST))), err=True)


def tell_lines(message: str) -> None:
    """Say something on stderr that has lines of its own, as help has."""
    for line in message.splitlines():
        click.echo(inert(escaped(shortened(line, _LONGEST))), err=True)


def put_on_stdout(text: str) -> None:
    """Write a result on stdout, whole; a reader that has seen enough is no failure.

    Raises:
        OutputError: The result cannot be written.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError("The result cannot be written: standard output is closed.")
    try:
        _write(stream, text)
    except OSError as error:
        _discard(stream)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"The result cannot be written: {error.strerror}.") from error


def _write(stream: TextIO, text: str) -> None:
    """Write to the file itself, where there is one: Python takes a write of which a part was done for the whole."""
    if stream is not sys.__stdout__ or os.name == "nt":
        click.echo(text, file=stream, nl=False, color=True)
        return
    stream.flush()
    rest = memoryview(text.encode(stream.encoding, stream.errors or "replace"))
    while rest:
        rest = rest[_written(stream.fileno(), rest) :]


def _written(number: int, rest: memoryview) -> int:
    """How much of it was written: all, or what there was room for."""
    try:
        return os.write(number, rest)
    except BlockingIOError:  # a pipe that does not wait, and is full
        select.select([], [number], [])
        return 0


def _discard(stream: Any) -> None:
    """Let what is still to come go nowhere, or Python fails again when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_closed() -> None:
    """Give the numbers 0 to 2 to nothing where they are closed: the next file that is opened would get them."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
