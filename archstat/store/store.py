"""A store: results and measurements go in once, and come out by what is asked of them."""

from __future__ import annotations

import contextlib
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, Engine, Select, delete, false, insert, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import IntegrityError

from archstat.errors import DataError, UnknownNameError, quoted
from archstat.published.figures import is_glob
from archstat.records import Measurement, ModelCost
from archstat.store.opening import complaining, opened, without_password, writing
from archstat.store.packing import (
    packed_cost,
    packed_environment,
    packed_measurement,
    row_of,
    unpacked_cost,
    unpacked_measurement,
)
from archstat.store.questions import EVERYTHING, Limit, Wanted
from archstat.store.records import ListedMeasurement, ListedResult, StoredResult, clean
from archstat.store.schema import COSTS, ENVIRONMENTS, MEASUREMENTS, RESULTS

_Item = TypeVar("_Item")
_AT_ONCE = 400
"""As many keys in one statement: SQLite takes 999 variables where it was built long ago."""

_TRIES = 10
"""How often a transaction is begun again in which another writer was the first with a key."""


class Store(contextlib.AbstractContextManager["Store"]):
    """A database of results.

    Attributes:
        place: The file or URL, without a password.
    """

    def __init__(self, place: str | Path, *, is_made: bool = False) -> None:
        """Open a store.

        Args:
            place: The path of an SQLite file, or the URL of a database.
            is_made: Make one where there is none.

        Raises:
            DataError: There is none, it cannot be reached, or it is something else.
            MissingPackageError: The driver of the database is not installed.
        """
        self._engine: Engine = opened(str(place), is_made=is_made)
        self.place = without_password(str(place))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    # -- what is there ---------------------------------------------------------------------------------------------

    def known(self, keys: Iterable[str], *, with_failures: bool = True) -> set[str]:
        """Which of these results are stored.

        Args:
            keys: Keys of results.
            with_failures: Whether a network that failed counts as one.
        """
        known: set[str] = set()
        with self._reading() as connection:
            for some in _batches(keys):
                wanted = select(RESULTS.c.key).where(RESULTS.c.key.in_(some))
                if not with_failures:
                    wanted = wanted.where(RESULTS.c.failure_kind == "")
                known.update(connection.execute(wanted).scalars())
        return known

    def measured(self, tasks: Iterable[str]) -> set[str]:
        """Which of these tasks of a sweep have left a measurement."""
        found: set[str] = set()
        with self._reading() as connection:
            for some in _batches(tasks):
                wanted = select(MEASUREMENTS.c.task).where(MEASUREMENTS.c.task.in_(some))
                found.update(connection.execute(wanted).scalars())
        return found

    def results(self, question: Wanted = EVERYTHING) -> list[ListedResult]:
        """The results that are asked for.

        Raises:
            UnknownNameError: There is no such column.
        """
        wanted = _asked(RESULTS, ListedResult, question)
        if question.has_failed is not None:
            wanted = wanted.where((RESULTS.c.failure_kind != "") == question.has_failed)
        with self._reading() as connection:
            return [ListedResult(*row) for row in connection.execute(wanted)]

    def measurements(self, question: Wanted = EVERYTHING) -> list[ListedMeasurement]:
        """The measurements that are asked for.

        Raises:
            UnknownNameError: There is no such column.
        """
        with self._reading() as connection:
            wanted = _asked(MEASUREMENTS, ListedMeasurement, question)
            return [ListedMeasurement(*row) for row in connection.execute(wanted)]

    def cost(self, key: str) -> ModelCost:
        """The whole cost of a result.

        Raises:
            DataError: There is no such result, the network failed, or the row is damaged.
        """
        wanted = select(COSTS.c.content).join(RESULTS).where(RESULTS.c.key == key)
        with self._reading() as connection:
            content = connection.execute(wanted).scalar()
        if content is None:
            raise DataError(f"The store {self.place} holds no cost {quoted(key)}.")
        return unpacked_cost(content)

    def measurement(self, key: str) -> Measurement:
        """A whole measurement, with its environment.

        Raises:
            DataError: There is no such measurement, or a row is damaged.
        """
        wanted = select(MEASUREMENTS.c.content, ENVIRONMENTS.c.content).join(ENVIRONMENTS)
        with self._reading() as connection:
            found = connection.execute(wanted.where(MEASUREMENTS.c.key == key)).first()
        if found is None:
            raise DataError(f"The store {self.place} holds no measurement {quoted(key)}.")
        return unpacked_measurement(*found)

    # -- what goes in ----------------------------------------------------------------------------------------------

    def add(self, results: Iterable[StoredResult]) -> int:
        """Store results, each once; a cost takes the place of a failure, and nothing that of a cost.

        Returns:
            How many were new.

        Raises:
            DataError: A count is too large, or the database failed; then none of its batch is stored.
        """
        return sum(self._add_batch(batch) for batch in _batches(results))

    def _add_batch(self, results: Sequence[StoredResult]) -> int:
        given = {result.key: result for result in results}
        # Packing takes longer than all the rest, and the second run of a sweep brings what is there already.
        done = self.known(given, with_failures=False)
        once = {key: result for key, result in given.items() if key not in done}
        rows = {key: row_of(result) for key, result in once.items()}
        packed = {key: None if result.cost is None else packed_cost(result.cost) for key, result in once.items()}
        return self._written(lambda connection: _insert(connection, rows, packed)) if once else 0

    def add_measurements(self, measurements: Iterable[Measurement], *, task: str = "") -> int:
        """Store measurements, each once, with their environments.

        Args:
            measurements: What was measured.
            task: The task of a sweep that they come from; ``""``: none.

        Returns:
            How many were new.

        Raises:
            DataError: A number in one is not possible, or the database failed; then none of its batch is stored.
        """
        return sum(self._add_measured(batch, task) for batch in _batches(measurements))

    def _add_measured(self, measurements: Sequence[Measurement], task: str) -> int:
        rows = [(*packed_measurement(each), *packed_environment(each.environment)) for each in measurements]
        once = {columns["key"]: (columns, content, place) for columns, content, place, _ in rows}
        environments = {place: content for _, _, place, content in rows}

        def write(connection: Connection) -> int:
            numbers = _numbered(connection, environments)
            there = set(connection.execute(select(MEASUREMENTS.c.key).where(MEASUREMENTS.c.key.in_(once))).scalars())
            new = [
                {**columns, "task": task, "content": content, "environment_id": numbers[place]}
                for key, (columns, content, place) in once.items()
                if key not in there
            ]
            if new:
                connection.execute(insert(MEASUREMENTS), new)
            return len(new)

        return self._written(write)

    def _written(self, write: Any) -> int:
        """What a transaction returns; it is begun again where another writer was the first with a key."""
        with complaining(self.place):
            for _ in range(_TRIES - 1):
                with contextlib.suppress(IntegrityError), writing(self._engine) as connection:
                    count: int = write(connection)
                    return count
            with writing(self._engine) as connection:
                last: int = write(connection)
                return last

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with complaining(self.place), self._engine.connect() as connection:
            yield connection


def columns_of(record: type) -> dict[str, type]:
    """The columns of a listing, with the type of each; ``None`` stands for what is not known, whatever the type.

    >>> columns_of(ListedMeasurement)["latency_s"]
    <class 'float'>
    """
    hints = get_type_hints(record)
    return {name: _plain(hints[name]) for name in record.__struct_fields__}  # type: ignore[attr-defined]  # of msgspec


def _plain(hint: Any) -> type:
    members = [each for each in getattr(hint, "__args__", (hint,)) if each is not type(None)]
    found: type = members[0]
    return found


def _asked(table: SqlTable, record: type, question: Wanted) -> Select[Any]:
    """The rows of a table that are asked for, with the columns of a listing.

    Raises:
        UnknownNameError: There is no such column.
    """
    columns = columns_of(record)
    wanted = select(*(table.c[name] for name in columns))
    if question.pattern:
        wanted = wanted.where(table.c.network.like(clean(_form(question.pattern)), escape="\\"))
    for limit in question.limits:
        wanted = wanted.where(_compared(table, limit))
    if question.sort is not None:
        if question.sort not in columns:
            raise UnknownNameError.of("column", question.sort, columns, f"The columns are {', '.join(columns)}.")
        column = table.c[question.sort]
        is_text = columns[question.sort] is str
        # What is not known comes last, wherever a database would put it.
        wanted = wanted.order_by(column.is_(None), column if is_text else column.desc())
    return wanted.order_by(table.c.id).limit(question.most)


def _compared(table: SqlTable, limit: Limit) -> Any:
    column = table.c[limit.quantity]
    is_beyond = isinstance(limit.bound, int) and abs(limit.bound) > 2**63 - 1
    if is_beyond:  # no database can compare with it: every number lies below it
        return column.is_not(None) if limit.relation in ("<", "<=", "!=") else false()
    bound = clean(limit.bound) if isinstance(limit.bound, str) else limit.bound
    return _COMPARISONS[limit.relation](column, bound)


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def _form(pattern: str) -> str:
    r"""A description of names as SQL writes it.

    >>> _form("resnet*"), _form("vit_b"), _form("?it")
    ('resnet%', '%vit\\_b%', '_it')
    """
    plain = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return plain.replace("*", "%").replace("?", "_") if is_glob(pattern) else f"%{plain}%"


def _insert(connection: Connection, rows: Mapping[str, dict[str, Any]], packed: Mapping[str, bytes | None]) -> int:
    """Store results that are not there, and those that have a cost where a failure is; how many were new."""
    wanted = select(RESULTS.c.key, RESULTS.c.failure_kind).where(RESULTS.c.key.in_(rows))
    there = _pairs(connection, wanted)
    mended = [key for key, kind in there.items() if kind and packed[key] is not None]
    if mended:
        connection.execute(delete(RESULTS).where(RESULTS.c.key.in_(mended)))
    new = [key for key in rows if key not in there or key in mended]
    if new:
        connection.execute(insert(RESULTS), [rows[key] for key in new])
    numbers = connection.execute(select(RESULTS.c.key, RESULTS.c.id).where(RESULTS.c.key.in_(new)))
    contents = [{"result_id": number, "content": packed[key]} for key, number in numbers if packed[key] is not None]
    if contents:
        connection.execute(insert(COSTS), contents)
    return len(new)


def _pairs(connection: Connection, wanted: Select[Any]) -> dict[str, Any]:
    """The second column of each row by the first."""
    return {row[0]: row[1] for row in connection.execute(wanted)}


def _numbered(connection: Connection, environments: Mapping[str, bytes]) -> dict[str, int]:
    """The numbers of environments by key; those that are not there are stored."""
    wanted = select(ENVIRONMENTS.c.key, ENVIRONMENTS.c.id).where(ENVIRONMENTS.c.key.in_(environments))
    there = _pairs(connection, wanted)
    new = [{"key": key, "content": content} for key, content in environments.items() if key not in there]
    if new:
        connection.execute(insert(ENVIRONMENTS), new)
        there = _pairs(connection, wanted)
    return there


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, _AT_ONCE)):
        yield batch
