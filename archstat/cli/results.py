"""The command ``archstat results``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archstat.cli._commands import COMMANDS
from archstat.cli._names import NetworkName
from archstat.cli._options import output_options, put, put_table, wrote
from archstat.cli._store import question_of, question_options, store_option
from archstat.errors import DataError, InputError, quoted

if TYPE_CHECKING:
    from archstat.store.store import Store
    from archstat.tables import Table


@click.group()
def results() -> None:
    """List, show, export and import the results in a store, which 'archstat sweep' fills.

    Example: archstat results list --where 'macs<1G' --sort parameters
    """


COMMANDS.add(results)


@results.command(name="list")
@click.argument("pattern", default="")
@click.option("--measured", "is_measured", is_flag=True, help="List measurements, not counts.")
@store_option
@question_options
@output_options
def list_results(
    pattern: str, *, place: str, is_measured: bool, format_: str, output: Path | None, is_exact: bool, **asked: Any
) -> None:
    """List results, one row each.

    PATTERN is looked for in the names of networks; one with * or ? is the form of a whole name. CSV and JSON have every
    column, each of which '--where' and '--sort' take.

    Example: archstat results list 'timm:*' --where 'macs<1G' --where 'parameters<6M' --sort macs
    """
    from archstat.store.store import Store

    with Store(place) as store:
        table = _listed(store, pattern, is_measured=is_measured, is_full=format_ in ("csv", "json"), **asked)
    put_table(table, format_, output, is_exact=is_exact)


def _listed(store: Store, pattern: str, *, is_measured: bool, is_full: bool, **asked: Any) -> Table:
    """The results or measurements that are asked for, as a table."""
    from archstat.store.records import ListedMeasurement, ListedResult
    from archstat.tables.results import results_table, stored_measurements_table

    if is_measured:
        if asked["has_failed"] is not None:
            raise InputError("'--failed' and '--counted' are of counts: leave out '--measured'.")
        found = store.measurements(question_of(pattern, ListedMeasurement, **asked))
        return stored_measurements_table(found, is_full=is_full)
    return results_table(store.results(question_of(pattern, ListedResult, **asked)), is_full=is_full)


@results.command(name="show")
@click.argument("name", type=NetworkName())
@click.option("--depth", type=click.IntRange(1), help="Put what lies deeper than this into one row.")
@store_option
@click.option("--where", "limits", multiple=True, metavar="LIMIT", help="Which of several, as 'batch_size=8'.")
@output_options
def show_result(
    name: str,
    *,
    depth: int | None,
    place: str,
    limits: tuple[str, ...],
    format_: str,
    output: Path | None,
    is_exact: bool,
) -> None:
    """Show what each layer of NAME costs, as it was stored.

    JSON is the whole cost; saved in a file, it is a NAME for every command.

    Example: archstat results show timm:resnet50 --where batch_size=8
    """
    from archstat.files.results import cost_to_json
    from archstat.store.store import Store
    from archstat.tables import layer_table

    with Store(place) as store:
        cost = store.cost(_key_of(store, name, limits))
    if format_ == "json":
        put(cost_to_json(cost), output)
    else:
        put_table(layer_table(cost, depth=depth), format_, output, is_exact=is_exact)


def _key_of(store: Store, name: str, limits: tuple[str, ...]) -> str:
    """The one result that is meant.

    Raises:
        DataError: There is none, it failed, or there are several.
    """
    from archstat.store.records import ListedResult

    asked = question_of("", ListedResult, limits=(f"network={name}", *limits), has_failed=None, sort=None, most=None)
    found = store.results(asked)
    counted = [row for row in found if not row.failure_kind]
    if len(counted) == 1:
        return counted[0].key
    if counted:
        told = "; ".join(f"{row.setting or 'by default'}, torch {row.torch or '?'}" for row in counted[:5])
        raise DataError(f"{len(counted)} results of {quoted(name)} are stored: {told}. Choose one with '--where'.")
    why = f" It failed: {found[0].reason}" if found else ""
    raise DataError(f"The store {store.place} holds no cost of {quoted(name)}.{why}")


@results.command(name="export")
@click.argument("pattern", default="")
@click.option("--measured", "is_measured", is_flag=True, help="Export measurements, not counts.")
@store_option
@question_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "json", "parquet"]),
    default="csv",
    show_default=True,
    help="All have every column, in base units.",
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Write to this file.")
def export_results(pattern: str, *, place: str, is_measured: bool, format_: str, output: Path, **asked: Any) -> None:
    """Write every column of results into a file, for pandas, a spreadsheet or a database.

    Example: archstat results export 'timm:*' --format parquet --output timm.parquet
    """
    from archstat.files.saving import check_place
    from archstat.store.records import ListedMeasurement, ListedResult
    from archstat.store.store import Store, columns_of

    check_place(output)
    with Store(place) as store:
        table = _listed(store, pattern, is_measured=is_measured, is_full=True, **asked)
    if format_ == "parquet":
        _write_parquet(table, columns_of(ListedMeasurement if is_measured else ListedResult), output)
    else:
        put_table(table, format_, output, is_exact=True)


def _write_parquet(table: Table, kinds: Mapping[str, type], output: Path) -> None:
    """Write a table as Parquet, each column of its kind, whole or not at all."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    from archstat.files.saving import write_whole

    columns = {column.key: [row[place] for row in table.rows] for place, column in enumerate(table.columns)}
    of_kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(key, of_kinds[kinds[key]]) for key in columns])  # also where every value is missing
    file = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), file)
    write_whole(output, file.getvalue())
    wrote([output])


@results.command(name="import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@store_option
def import_results(files: tuple[Path, ...], *, place: str) -> None:
    """Store what 'archstat table --format json' and 'archstat measure --save' have written, each result once.

    Example: archstat results import results/*.json --store results.db
    """
    from archstat.store.imports import import_files
    from archstat.store.store import Store

    with Store(place, is_made=True) as store:
        told = import_files(store, files)
    put(told, None)
