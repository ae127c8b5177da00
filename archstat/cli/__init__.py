"""The command line: one file is one command, which registers itself.

A failure that archstat expects is one line on stderr and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys

import click

from archstat.cli._commands import Commands
from archstat.cli._remedies import with_options
from archstat.cli._streams import open_closed, tell, tell_lines
from archstat.errors import ArchstatError, MissingPackageError, first_line
from archstat.version import __version__


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="archstat")
def cli() -> None:
    """What a neural network costs, layer by layer, and whether the paper says so too.

    NAME is an architecture of 'archstat list', a network of a library ('timm:convnext_tiny', 'torchvision:resnet50',
    'hf:bert'; 'archstat list --source timm' has their names), a file ('./net.py:Net', './net.py:make(width=2)'),
    anything that can be imported ('torchvision.models:resnet50'), a file that holds a network ('net.onnx', 'net.pt2'),
    or a saved cost ('cost.json'). To name a file of Python or a module is to import it, which runs its code.
    """


INTERRUPTED_CODE = 130


def main() -> None:
    """Run the command line.

    What goes wrong is one sentence on stderr and exit code 2, a mistake of ours too; ``ARCHSTAT_TRACEBACK=1`` shows
    where that was made.
    """
    open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "×" gets "?"
    try:
        sys.exit(cli.main(prog_name="archstat", standalone_mode=False))
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        tell_lines(shown.getvalue())
    except click.Abort:
        sys.exit(INTERRUPTED_CODE)
    except ArchstatError as error:
        tell(f"Error: {with_options(error)}")
    except Exception as error:
        if os.environ.get("ARCHSTAT_TRACEBACK"):
            raise
        missing = MissingPackageError.of(error) if isinstance(error, ModuleNotFoundError) else None
        tell(f"Error: {missing or _unforeseen(error)}")
    sys.exit(2)


def _unforeseen(error: Exception) -> str:
    """A failure that nobody has foreseen, in a sentence."""
    said = first_line(error)
    what = _LIMITS.get(type(error)) or f"it failed with {type(error).__name__}{f': {said}' if said else ''}"
    return f"This is more than archstat can do: {what.rstrip('.')}. ARCHSTAT_TRACEBACK=1 shows where."


_LIMITS: dict[type[Exception], str] = {
    MemoryError: "it takes more memory than there is",
    RecursionError: "something is nested too deeply",
    OverflowError: "a number is too large",
}
