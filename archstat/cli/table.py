"""``archstat table``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._networks import cost_of, measured_of, network_of, training_of
from archstat.cli._options import convention_option, input_options, is_given, output_options, put, put_table

if TYPE_CHECKING:
    from archstat.analysis.network import Network
    from archstat.records import Step
    from archstat.tables import Table


@click.command()
@click.argument("name")
@click.option(
    "--by", type=click.Choice(["layer", "op", "stage"]), default="layer", show_default=True, help="What a row is."
)
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@click.option("--sort", metavar="COLUMN", help="Sort by this column of the CSV, largest first.")
@click.option("--explain", is_flag=True, help="Show the sums of parameters and MACs (JSON has none).")
@click.option("--training", "is_training", is_flag=True, help="Show the work of a training step, forward and backward.")
@click.option(
    "--memory", "is_memory", is_flag=True, help="Show the memory of each layer, and what training keeps of it."
)
@click.option("--measured", type=click.Path(path_type=Path), help="Show the times of this measurement beside the work.")
@click.option("--peaks", metavar="PEAKS", help="The device's best: a file, or '1.2e12,2e11' FLOP/s and bytes/s.")
@convention_option
@input_options
@output_options
def table(
    name: str,
    *,
    by: str,
    depth: int | None,
    sort: str | None,
    explain: bool,
    is_training: bool,
    is_memory: bool,
    measured: Path | None,
    peaks: str | None,
    convention: str | None,
    format_: str,
    output: Path | None,
    is_exact: bool,
    **given: Any,
) -> None:
    """Show what each layer of NAME costs, in the order of execution.

    JSON is the whole cost, layers and ops, whatever the rows; saved in a file, it is a NAME for every command. With
    --training, --memory and --measured it is the rows.

    Example: archstat table resnet50 --depth 2 --format markdown
    """
    from archstat.files.results import to_json
    from archstat.tables import layer_table, op_table

    depth = 1 if by == "stage" else depth
    kinds = {"--explain": explain, "--training": is_training, "--memory": is_memory, "--measured": bool(measured)}
    _refuse(by, depth, convention, kinds)
    if peaks and measured is None:
        raise click.UsageError("'--peaks' is what measured layers are held against: give '--measured' too.")
    if measured is not None:
        put_table(_measured_table(name, measured, peaks, sort, **given), format_, output, is_exact=is_exact)
        return
    if is_training or is_memory:
        put_table(_step_table(name, sort, is_memory=is_memory, **given), format_, output, is_exact=is_exact)
        return
    network = network_of(name, **given)
    cost, tally = network.cost, network.tally(convention) if convention else None
    if format_ == "json":
        put(to_json(cost), output)
    elif by == "op":
        put_table(op_table(cost, sort=sort), format_, output, is_exact=is_exact)
    else:
        explained = network.explanations() if explain else None
        shown = layer_table(cost, depth=depth, sort=sort, explained=explained, tally=tally)
        sums = () if depth or sort else _sums(network, format_)
        put_table(shown, format_, output, is_exact=is_exact, sums=sums)


def _sums(network: Network, format_: str) -> Sequence[tuple[Step, ...]]:
    """The sums behind the rows, for the format that can open them."""
    if format_ != "html":
        return ()
    from archstat.report.compose import sums_of

    return sums_of(network)


def _measured_table(name: str, path: Path, peaks: str | None, sort: str | None, **given: Any) -> Table:
    """The layers beside their times."""
    from archstat.tables import measured_table

    chosen = {option: given[option] for option in ("batch_size", "dtype") if is_given(option)}
    network, measurement, best = measured_of(name, path, peaks, chosen, **given)
    return measured_table(network.cost, network.traffic(), measurement, best, sort=sort)


def _step_table(name: str, sort: str | None, *, is_memory: bool, **given: Any) -> Table:
    """The layers of a training step: its memory, or its work."""
    from archstat.tables import memory_table, training_table

    step = training_of(name, **given)
    return memory_table(cost_of(name, **given), step, sort=sort) if is_memory else training_table(step, sort=sort)


def _refuse(by: str, depth: int | None, convention: str | None, kinds: dict[str, bool]) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: Two kinds of columns, or one that needs single layers and other rows.
    """
    chosen = [option for option, is_chosen in kinds.items() if is_chosen]
    if chosen and (by == "op" or depth):
        raise click.UsageError(f"'{chosen[0]}' shows what belongs to single layers: leave out '--by' and '--depth'.")
    if len(chosen) > 1 or (convention and chosen and chosen != ["--explain"]):
        raise click.UsageError(f"'{chosen[0]}' has columns of its own: leave out '{[*chosen, '--convention'][1]}'.")
    if convention and by == "op":
        raise click.UsageError("'--convention' has a number for each layer, none for an op: leave out '--by'.")
