"""The command ``archstat scale``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import scaling_named
from archstat.cli._options import input_options, output_options, put, put_table

if TYPE_CHECKING:
    from archstat.scaling import Over


@command()
@click.argument("name", type=NetworkName())
@click.option(
    "--over",
    type=click.Choice(["resolution", "batch", "sequence"]),
    default="resolution",
    show_default=True,
    help="What varies: the side of the image, the inputs at once, or the first axis of each input.",
)
@click.option("--sizes", metavar="SIZES", help="Count at these, as 64,96,128, and nowhere else.")
@input_options
@output_options
def scale(
    name: str, over: Over, sizes: str | None, format_: str, output: Path | None, *, is_exact: bool, **given: Any
) -> None:
    """Show how the cost of NAME grows with its input: counts at many sizes, and the exact law where there is one.

    A law is a polynomial that gives every count to the last digit, also at sizes that it was not fitted on. For a
    network with attention: the size from which on that costs more than all the rest.

    Example: archstat scale resnet50 --over resolution
    """
    from archstat.scaling import scaling_to_json
    from archstat.tables import scale_table

    scaling = scaling_named(name, over, sizes, **given)
    if format_ == "json":
        put(scaling_to_json(scaling), output)
    else:
        put_table(scale_table(scaling), format_, output, is_exact=is_exact)
