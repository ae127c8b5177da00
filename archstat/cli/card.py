"""The command ``archstat card``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archstat.cli._commands import command
from archstat.cli._documents import check_card, evidence_named, put_into
from archstat.cli._names import NetworkName
from archstat.cli._options import convention_option, input_options, is_given, language_option, put


@command()
@click.argument("names", nargs=-1, metavar="NAME|RESULT.json...", type=NetworkName())
@click.option("--store", "place", metavar="FILE|URL", help="Take what a store has measured of them too.")
@click.option("--into", type=click.Path(path_type=Path), help="Put it into this card, where its two comments stand.")
@convention_option
@input_options
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal.")
@language_option
@click.option(
    "--format", "format_", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True, help="Which."
)
def card(
    names: tuple[str, ...],
    *,
    place: str | None,
    into: Path | None,
    convention: str | None,
    format_: str,
    output: Path | None,
    **given: Any,
) -> None:
    """Make the block that a model card of Hugging Face takes: what each NAME costs, and what was measured of it.

    It is a section in Markdown and a key of the YAML in front of it, with a paragraph on how all numbers came about.
    Files of 'archstat measure' beside their NAME, and a store, add what was measured. With --into, the section goes
    between the lines '<!-- archstat: begin -->' and '<!-- archstat: end -->' of a card, and the key into its front
    matter; every other byte stays as it is.

    Example: archstat card resnet50 reports/cnn-architectures/results/resnet50-cpu-fp32-b1.json
    """
    from archstat.documents.card import card_json, new_card

    if into is not None and (output is not None or is_given("format_")):
        raise click.UsageError("'--into' writes Markdown into a card: leave out '--output' and '--format'.")
    if into is not None:
        check_card(into)
    found = evidence_named(names, place, convention, **given)
    if into is not None:
        put_into(into, found)
    else:
        put(card_json(found) if format_ == "json" else new_card(found), output)
