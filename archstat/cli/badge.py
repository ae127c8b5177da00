"""The command ``archstat badge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._names import NetworkName
from archstat.cli._networks import cost_named
from archstat.cli._options import input_options, language_option, put

_TOTALS = ("parameters", "macs", "flops", "activation_bytes", "peak_activation_bytes")


@command()
@click.argument("name", type=NetworkName())
@click.option("--show", type=click.Choice(_TOTALS), default="macs", show_default=True, help="Which total.")
@click.option("--label", default="", help="What stands on the left; else what the total is called.")
@click.option("--format", "format_", type=click.Choice(["svg", "json"]), help="Else what the file ends in, or svg.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal.")
@language_option
@input_options
def badge(name: str, show: str, label: str, format_: str | None, output: Path | None, **given: Any) -> None:
    """Make a badge of NAME for a README: a picture, or the JSON that shields.io draws one from.

    Example: archstat badge resnet50 --show parameters --output parameters.svg
    """
    from archstat.report.badge import badge_json, badge_svg
    from archstat.tables.quantities import EVERY_QUANTITY

    is_json = format_ == "json" or (format_ is None and output is not None and output.suffix == ".json")
    quantity = next(each for each in EVERY_QUANTITY if each.key == show)
    make = badge_json if is_json else badge_svg
    put(make(cost_named(name, **given), quantity, label), output)
