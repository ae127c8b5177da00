"""Budgets and formulas in tests: a pytest plugin with the fixtures ``archstat_budget`` and ``archstat_formula``.

.. code-block:: python

    def test_the_model_stays_small(archstat_budget):
        archstat_budget(Net(), torch.empty(1, 3, 224, 224), macs="<= 4.1G", parameters=25_557_032)


    def test_the_model_does_not_grow(archstat_budget):
        archstat_budget("./net.py:Net", torch.empty(1, 3, 224, 224), growth="3 %")  # over archstat.lock


    def test_our_formula_is_what_is_counted(archstat_formula):
        archstat_formula(macs_of, lambda config: (Net(config), tokens_of(config)), configs)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from torch import nn

    from archstat.claims.formulas import Case, Stated
    from archstat.quantities import Part


def assert_cost(
    model: nn.Module | str,
    *inputs: Any,
    layer: str = "",
    growth: str | Mapping[str, str | int] = "",
    baseline: str | Path = "",
    kwargs: Mapping[str, Any] | None = None,
    **limits: Any,
) -> None:
    """Fail where a network costs more, or less, than it is allowed to.

    Args:
        model: A network, or the name of one.
        inputs: What the network's ``forward`` takes, on any device, also meta; an architecture of ours needs none.
        layer: The path of a layer, a block or a stage; ``""``: the whole network.
        growth: By how much each total may be more than in ``baseline``: ``"3 %"``, or by total, ``{"macs": "3 %"}``.
        baseline: A saved cost, or a lock that holds the network under its name or that of its class; in a test,
            ``""`` stands for the nearest ``archstat.lock`` in the folder of the test or above it.
        kwargs: What the network's ``forward`` takes by a name that is also that of a quantity, such as ``depth``.
        limits: By quantity (:data:`archstat.quantities.QUANTITIES`): a bound (``"<= 4.1G"``), or the number as printed;
            by any other name, what the network's ``forward`` takes by that name.

    Raises:
        AssertionError: A limit does not hold; the message lists every one that does not, with the layers that spend
            most or that have grown.
        ArchstatError: There is no limit, no such quantity or layer, or the network cannot be analysed.
    """
    from archstat.analysis.inference import analyse_model
    from archstat.errors import InputError
    from archstat.quantities import part_of

    __tracebackhide__ = True
    if bool(growth) != bool(baseline):
        message = "'growth' and 'baseline', a saved cost or a lock, go together."
        raise InputError(message)
    held, named = _told_apart(model, limits)
    if not (held or growth):
        message = "No limit is given, and a test that holds nothing passes always: write one, as 'macs=\"<= 4.1G\"'."
        raise InputError(message)
    part = part_of(analyse_model(model, *inputs, **named, **(kwargs or {})), layer)
    broken = [*_broken(part, held), *(_grown(part, growth, Path(baseline)) if growth else ())]
    if broken:
        name = f"{layer} of {part.network.cost.architecture}" if layer else part.network.cost.architecture
        raise AssertionError(f"{name}: " + "\n".join(broken))


def _told_apart(model: nn.Module | str, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The limits, and the inputs that go by a name.

    Raises:
        UnknownNameError: A name is neither that of a quantity nor one that the network takes.
    """
    from archstat.errors import UnknownNameError
    from archstat.quantities import QUANTITIES

    limits = {name: value for name, value in given.items() if name in QUANTITIES}
    inputs = {name: value for name, value in given.items() if name not in QUANTITIES}
    for name in inputs:
        if not _takes(model, name):
            raise UnknownNameError.of("quantity", name, QUANTITIES, f"The quantities are {', '.join(QUANTITIES)}.")
    return limits, inputs


def _takes(model: nn.Module | str, name: str) -> bool:
    """Whether a network takes an input of that name; of one that is only named, that is seen when it is run."""
    import inspect

    if isinstance(model, str):
        return False
    taken = inspect.signature(model.forward).parameters
    return name in taken or any(each.kind is each.VAR_KEYWORD for each in taken.values())


def _broken(part: Part, limits: Mapping[str, Any]) -> Iterator[str]:
    """What is to be said of each limit that does not hold."""
    from archstat.claims import shown_value, verdict_on
    from archstat.claims.spending import broken_by
    from archstat.quantities import unit_of, value_of

    found = {quantity: value_of(part, quantity) for quantity in limits}
    for quantity, value in found.items():
        limit, unit = str(limits[quantity]), unit_of(quantity)
        if verdict_on(limit, value, unit) in ("does not hold", "truncated"):
            how = "" if isinstance(value, tuple) else f": {broken_by(part, quantity, limit, value)}"
            yield f"{quantity} is {shown_value(value, '', unit)}, not {limits[quantity]}{how}"


def _grown(part: Part, given: str | Mapping[str, str | int], baseline: Path) -> Iterator[str]:
    """What is to be said of each total that has grown by more than is allowed."""
    from archstat.claims.baselines import baseline_called
    from archstat.claims.growth import TOTALS, allowances, allowed, growth

    may = allowances(given)
    totals = [total for total in TOTALS if not (part.layer and total == "peak_activation_bytes")]
    before = baseline_called(baseline, part.network.cost.architecture)
    for total in totals if isinstance(given, str) else may:
        grown = growth(before, part.network.cost, total, part.layer)
        if not (more := allowed(total, may)).holds(grown.before, grown.after):
            yield f"{grown.text}; {more.text} more is allowed"


@pytest.fixture
def archstat_budget(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Hold a network to a budget, as in ``archstat_budget(Net(), images, mask=mask, macs="<= 4.1G", growth="3 %")``.

    :func:`assert_cost`, for a test; ``growth`` is over the nearest ``archstat.lock``, unless ``baseline`` names a file.
    """

    def hold(model: nn.Module | str, *inputs: Any, **given: Any) -> None:
        __tracebackhide__ = True
        if given.get("growth") and not given.get("baseline"):
            given["baseline"] = _nearest_lock(request.path.parent, request.config.rootpath)
        assert_cost(model, *inputs, **given)

    return hold


def _nearest_lock(folder: Path, top: Path) -> Path:
    """The lock in a folder or the nearest one above it, up to the top.

    Raises:
        DataError: There is none.
    """
    from archstat.claims.locks import LOCK_NAME
    from archstat.errors import DataError

    within = [each for each in (folder, *folder.parents) if each == top or top in each.parents]
    found = next((each / LOCK_NAME for each in within if (each / LOCK_NAME).is_file()), None)
    if found is None:
        where = f"There is no {LOCK_NAME} in {folder} or above it"
        message = f"{where}: 'archstat lock' writes one; or name a 'baseline'."
        raise DataError(message)
    return found


# -- formulas ----------------------------------------------------------------------------------------------------------


def assert_formula(
    formula: Callable[[Any], Stated | Mapping[str, Stated]],
    build: Callable[[Any], Any],
    configs: Iterable[Any],
    *,
    convention: str = "conv+linear",
) -> None:
    """Fail where a formula, of a framework or a paper, is not what is counted in the networks that it speaks of.

    Args:
        formula: From a config to a number, or to terms by their names, which add up to it.
        build: From a config to a network and what its ``forward`` takes, ``(Net(config), tokens)``, best on the meta
            device; or to the name of a network.
        configs: What both take; enough of them that a wrong formula is not right by chance.
        convention: What the formula counts, a key of :data:`archstat.counting.conventions.CONVENTIONS`.

    Raises:
        AssertionError: The formula differs on some configs; the message has both numbers of each, and what the
            differences fit on all of them: layers that are left out, counted twice or not like that.
        ArchstatError: There is no such convention, it cannot be told, or a network cannot be analysed.
    """
    from archstat.claims.formulas import told_of_formula
    from archstat.counting.conventions import CONVENTIONS
    from archstat.errors import DataError, UnknownNameError

    __tracebackhide__ = True
    if convention not in CONVENTIONS:
        raise UnknownNameError.of("convention", convention, CONVENTIONS, f"They are {', '.join(CONVENTIONS)}.")
    given = list(configs)
    if not given:
        message = "There are no configs to hold the formula to: give one at least."
        raise DataError(message)
    said = [formula(config) for config in given]
    cases = [_case(config, each, build, convention) for config, each in zip(given, said, strict=True)]
    terms = [each for each in said if isinstance(each, Mapping)]
    unit = CONVENTIONS[convention].unit
    if message := told_of_formula(cases, convention, unit, terms if len(terms) == len(said) else ()):
        raise AssertionError(message)


def _case(config: Any, said: Stated | Mapping[str, Stated], build: Callable[[Any], Any], convention: str) -> Case:
    """A config, with what the formula says of it and what is counted.

    Raises:
        DataError: The formula gives no number, or what the convention says of the network cannot be told.
    """
    from archstat.analysis.inference import analyse_model
    from archstat.claims.formulas import Case, groups_of, total_of
    from archstat.errors import DataError

    stated = total_of(said, config)
    built = build(config)
    model, *inputs = built if isinstance(built, tuple) else (built,)
    network = analyse_model(model, *inputs)
    tally = network.tally(convention)
    if tally.number is None:
        message = f"What {convention} says of {config!r} cannot be told: {tally.refusal}."
        raise DataError(message)
    elements = math.prod(network.cost.input_shapes[0]) if network.cost.input_shapes else 0
    return Case(config, stated, tally.number, groups_of(network.cost.layers, tally.rows, elements))


@pytest.fixture
def archstat_formula() -> Callable[..., None]:
    """Hold a formula to what is counted, as in ``archstat_formula(macs_of, build, configs, convention="thop")``.

    :func:`assert_formula`, for a test: where the formula differs, the failure says by how much, on which configs, and
    which layers make the difference.
    """
    return assert_formula
