"""The commands, one file each; a failure that archstat expects is one line on stderr and exit code 2."""

from __future__ import annotations

import io
import sys

import click

from archstat import __version__
from archstat.cli.check import check
from archstat.cli.compare import compare
from archstat.cli.diff import diff
from archstat.cli.explain import explain
from archstat.cli.list import list_
from archstat.cli.measure import measure
from archstat.cli.memory import memory
from archstat.cli.peaks import peaks
from archstat.cli.reconcile import reconcile
from archstat.cli.report import report
from archstat.cli.scale import scale
from archstat.cli.selftest import selftest
from archstat.cli.table import table
from archstat.errors import ArchstatError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="archstat")
def cli() -> None:
    """What a neural network costs, layer by layer, and whether the paper says so too.

    NAME is an architecture of 'archstat list', a file ('./net.py:Net', './net.py:make(width=2)'), anything that can be
    imported ('torchvision.models:resnet50'), or a saved cost ('cost.json'). To name a file or a module is to import it,
    which runs its code.
    """


for command in (
    list_,
    table,
    explain,
    compare,
    diff,
    reconcile,
    memory,
    scale,
    measure,
    selftest,
    peaks,
    report,
    check,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "×" gets "?"
    try:
        sys.exit(cli.main(prog_name="archstat", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except ArchstatError as error:
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
